"""From a question to the owner's mail, as a visitor of the demo sees it."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from playwright.async_api import Browser, expect

from tests.browser.stage import Demo, visit

pytestmark = pytest.mark.asyncio(loop_scope="session")

HOSTILE = "<img src=x onerror=\"document.title='owned'\">"


class Words(NamedTuple):
    question: str
    price: str
    contact: str
    name: str


WORDS = {
    "ru": Words(
        "Сколько стоит кровать Нерль из ясеня 160 на 200?",
        "62 900 ₽",
        "Хочу заказать. Меня зовут Мария, телефон 8 912 345-67-89",
        "Мария",
    ),
    "en": Words(
        "How much is the Nerl bed in ash, 160 by 200?",
        "RUB 62,900",
        "I would like to order. My name is Mary, phone +7 912 345-67-89",
        "Mary",
    ),
}


async def test_a_question_a_lead_its_mail_the_report(browser: Browser, either: Demo) -> None:
    words = WORDS[either.language]
    async with visit(browser, either.url) as visitor:
        page = visitor.page
        assert await page.get_attribute("html", "lang") == either.language
        await page.click("#start")
        await page.wait_for_selector(".message.in")
        await visitor.ask(words.question)
        await expect(visitor.said(words.price)).to_be_visible()
        await expect(page.locator("#turn-view .card").first).to_contain_text(".md")
        await visitor.ask(words.contact)
        await expect(page.locator("#mail-list [role=option]").first).to_contain_text(words.name)
        mail = page.frame_locator("#mail-view iframe").locator("body")
        await expect(mail).to_contain_text("+7 912 345-67-89")
        await expect(mail).to_contain_text(words.question)
        await expect(mail).to_contain_text(words.price)
        await page.locator("#mail-view .switch button").nth(1).click()
        text = page.locator("#mail-view pre.text")
        await expect(text).to_contain_text("+7 912 345-67-89")
        await expect(text).to_contain_text(words.question)
        await page.click("#report")
        report = page.frame_locator("#mail-view iframe").locator("body")
        await expect(report).to_contain_text(words.question)
        await expect(report).to_contain_text(words.name)
        # And all of it is still there after a reload.
        shown = await page.locator("#messages .message .text").all_text_contents()
        await page.reload()
        await expect(page.locator("#messages .message .text")).to_have_text(shown)


async def test_markup_of_a_customer_is_text_everywhere(browser: Browser, russian: Demo) -> None:
    customer = await russian.customer(HOSTILE)
    async with visit(browser, russian.url) as visitor:
        page = visitor.page
        await visitor.choose(customer)
        await visitor.ask(HOSTILE)
        await expect(page.locator("#messages .message.out").last).to_contain_text(HOSTILE)
        await visitor.ask("Меня зовут Лариса, телефон 8 912 345-67-80")
        await expect(page.locator("#mail-list [role=option]").first).to_contain_text("Лариса")
        await expect(page.locator("#mail-view .mail-head h3")).to_contain_text("Лариса")
        mail = page.frame_locator("#mail-view iframe").locator("body")
        await expect(mail).to_contain_text(HOSTILE)
        await expect(mail.locator("img[src=x]")).to_have_count(0)
        await page.click("#report")
        report = page.frame_locator("#mail-view iframe").locator("body")
        await expect(report).to_contain_text(HOSTILE)
        await expect(report.locator("img[src=x]")).to_have_count(0)
        await expect(page.locator("img[src=x]")).to_have_count(0)
        assert await page.title() != "owned"


async def _focused(page: Any) -> str:
    return await page.evaluate(
        "document.activeElement.id || document.activeElement.getAttribute('role') || ''"
    )


async def _tab_to(page: Any, wanted: str, key: str = "Tab") -> None:
    for _ in range(40):
        if await _focused(page) == wanted:
            return
        await page.keyboard.press(key)
    raise AssertionError(f"{key} never reaches {wanted}")


async def test_everything_is_within_reach_of_a_keyboard(browser: Browser, russian: Demo) -> None:
    for name, phone in (("Егор", "8 912 345-67-81"), ("Жанна", "8 912 345-67-82")):
        await russian.say(await russian.customer(name), f"Меня зовут {name}, телефон {phone}")
    await russian.customer("Зоя")
    async with visit(browser, russian.url) as visitor:
        page = visitor.page
        await expect(page.locator("#mail-list")).to_contain_text("Жанна")
        await _tab_to(page, "tab")
        await page.keyboard.press("ArrowLeft")  # round the corner to the last one
        chosen = page.locator("#customers [aria-selected=true]")
        await expect(chosen).to_have_attribute("aria-label", "Зоя")
        assert await _focused(page) == "tab"
        await _tab_to(page, "text")
        await page.keyboard.type("Сколько стоит доставка в Суздаль?")
        await page.keyboard.press("Enter")
        await expect(visitor.said("2 200 ₽")).to_be_visible()
        await _tab_to(page, "mail-list")
        shown = page.locator("#mail-view .mail-head h3")
        await expect(shown).to_contain_text("Жанна")
        await page.keyboard.press("ArrowDown")
        await expect(shown).to_contain_text("Егор")
        await _tab_to(page, "report", "Shift+Tab")
        await page.keyboard.press("Enter")
        await expect(page.frame_locator("#mail-view iframe").locator("body")).to_contain_text("Суздаль")
        await _tab_to(page, "mail-list")
        await page.keyboard.press("Enter")
        await expect(shown).to_contain_text("Егор")
        await _tab_to(page, "menu-button", "Shift+Tab")
        await page.keyboard.press("Enter")
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("Enter")
        await expect(page.locator("#composer")).to_be_hidden()
        await _tab_to(page, "start")
        await page.keyboard.press("Enter")
        await expect(page.locator("#text")).to_be_focused()
