"""The page on phones and for screen readers, in both languages."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.stage import PHONE, Demo, visit
from tests.demo_web.stage import Scene

pytestmark = pytest.mark.asyncio(loop_scope="session")

ENDLESS = "Длинноеимябезединогопробела" * 8
CONTROLS = {
    "button",
    "link",
    "textbox",
    "tab",
    "option",
    "menuitem",
    "listbox",
    "checkbox",
    "combobox",
    "Iframe",
}
WIDEST = """() => Math.max(innerWidth, document.documentElement.scrollWidth, document.body.scrollWidth)"""


async def _fill(scene: Scene) -> None:
    await scene.do("start")
    await scene.do("say", text=f"https://example.com/{ENDLESS} <b>{ENDLESS}</b>")
    board = {"keyboard": [[{"text": "Оставить телефон", "request_contact": True}, {"text": ENDLESS[:60]}]]}
    await scene.bot(
        "sendMessage",
        chat_id=scene.customer,
        text=f"<pre>{ENDLESS}</pre>\n<code>{ENDLESS}</code> {ENDLESS}",
        parse_mode="HTML",
        reply_markup=board,
    )
    inline = {"inline_keyboard": [[{"text": ENDLESS[:60], "callback_data": "a"}] * 3]}
    await scene.bot("sendMessage", chat_id=scene.customer, text="Верно?", reply_markup=inline)
    path = f"/api/customers/{scene.customer}/upload/file"
    await scene.http.post(path, params={"name": ENDLESS[:190] + ".pdf"}, content=b"%PDF")
    for _ in range(7):
        added = (await scene.http.post("/api/customers", json={"first_name": ENDLESS[:60]})).json()
        await scene.do("start", added["id"])
        await scene.bot("sendMessage", chat_id=added["id"], text="Здравствуйте!")
    await scene.mail(
        f"Заявка: {ENDLESS}", text=ENDLESS, html=f"<html><head></head><body>{ENDLESS}</body></html>"
    )
    passage = {"source": f"{ENDLESS}.md", "heading": ENDLESS, "score": 0.5, "text": ENDLESS * 3}
    tool = {"name": "save_contact", "arguments": {"name": ENDLESS}, "result": ENDLESS}
    usage = {"input_tokens": 1234567, "output_tokens": 9, "calls": 2, "model": ENDLESS}
    trace = {"passages": [passage], "tools": [tool], "usage": usage, "seconds": 12.5, "kind": "answer"}
    scene.page.trace(scene.customer, trace)


async def test_nothing_is_wider_than_a_phone(browser: Browser, scene: Scene) -> None:
    await _fill(scene)
    for width in (390, 360):
        phone = {**PHONE, "viewport": {"width": width, "height": 740}}
        async with visit(browser, scene.url, **phone) as visitor:
            page = visitor.page
            for language in ("ru", "en"):
                await page.wait_for_selector(f"html[lang={language}]")
                for pane in ("chat", "mail", "turn"):
                    await page.click(f"[data-go={pane}]")
                    await expect(page.locator(f"#pane-{pane}")).to_be_visible()
                    assert await page.evaluate(WIDEST) == width, (language, pane)
                await page.click("[data-try=report]")
                assert await page.evaluate(WIDEST) == width
                await page.click("#language")


async def test_a_phone_shows_the_real_conversation(browser: Browser, either: Demo) -> None:
    customer = await either.customer("Нина" if either.language == "ru" else "Nina")
    async with visit(browser, either.url, **PHONE, color_scheme="dark") as visitor:
        page = visitor.page
        await visitor.choose(customer)
        await page.tap("[data-try=price]")
        await page.tap("#send")
        await expect(visitor.said("62")).to_be_visible()
        assert await page.evaluate(WIDEST) == 390
        await visitor.said("62").locator(".look").tap()
        await expect(page.locator("#turn-view .card").first).to_be_visible()
        assert await page.evaluate(WIDEST) == 390
        await page.tap("[data-try=report]")
        await expect(page.frame_locator("#mail-view iframe").locator("body")).to_contain_text("160")
        assert await page.evaluate(WIDEST) == 390


async def test_the_newest_message_is_in_view_above_the_reply_keyboard(browser: Browser, scene: Scene) -> None:
    await scene.do("start")
    for number in range(30):
        await scene.bot("sendMessage", chat_id=scene.customer, text=f"Сообщение {number}")
    board = {"keyboard": [[{"text": f"Кнопка {number}"}] for number in range(5)]}
    await scene.bot("sendMessage", chat_id=scene.customer, text="Последнее", reply_markup=board)
    async with visit(browser, scene.url, **PHONE) as visitor:
        await expect(visitor.page.locator("#keyboard button")).to_have_count(5)
        await expect(visitor.said("Последнее")).to_be_in_viewport()
        await expect(visitor.page.locator("#to-end")).to_be_hidden()


async def test_unread_answers_and_mails_are_counted(browser: Browser, scene: Scene) -> None:
    added = (await scene.http.post("/api/customers", json={"first_name": "Игорь"})).json()
    await scene.do("start", added["id"])
    async with visit(browser, scene.url, **PHONE) as visitor:
        page = visitor.page
        for _ in range(2):
            await scene.bot("sendMessage", chat_id=added["id"], text="Здравствуйте!")
        await scene.mail("Заявка: Игорь")
        tab = page.locator(f"#customers [data-id='{added['id']}']")
        await expect(tab).to_have_attribute("aria-label", "Игорь, непрочитанных: 2")
        await expect(page.locator("#mail-dot")).to_have_text("1")
        await page.click("[data-go=mail]")
        await expect(page.locator("#mail-dot")).to_be_hidden()
        await page.click("[data-go=chat]")
        await visitor.choose(added["id"])
        await expect(tab).to_have_attribute("aria-label", "Игорь")
        await page.reload()
        await expect(tab).to_have_attribute("aria-label", "Игорь")
        await expect(page.locator("#mail-dot")).to_be_hidden()


async def _nameless(page: Page) -> list[str]:
    session = await page.context.new_cdp_session(page)
    tree = await session.send("Accessibility.getFullAXTree")
    await session.detach()
    nodes = [node for node in tree["nodes"] if not node["ignored"]]
    named = [(node["role"]["value"], node.get("name", {}).get("value", "").strip()) for node in nodes]
    assert len([role for role, _ in named if role in CONTROLS]) >= 5
    return [role for role, name in named if role in CONTROLS and not name]


async def test_every_control_has_a_name(browser: Browser, scene: Scene) -> None:
    await _fill(scene)
    await scene.bot(
        "sendMessage", chat_id=scene.customer, text="<tg-spoiler>x</tg-spoiler>", parse_mode="HTML"
    )
    async with visit(browser, scene.url) as visitor:
        page = visitor.page
        for language in ("ru", "en"):
            await page.wait_for_selector(f"html[lang={language}]")
            assert await _nameless(page) == []
            for opener in ("#attach", "#menu-button"):
                await page.click(opener)
                assert await _nameless(page) == []
                await page.keyboard.press("Escape")
            await page.click(".customer.add")
            assert await _nameless(page) == []
            await page.click("#add-cancel")
            await page.click("#language")


async def test_what_the_bot_does_is_seen_as_it_happens(browser: Browser, scene: Scene) -> None:
    async with visit(browser, scene.url) as visitor:
        page = visitor.page
        await page.click("#start")
        await expect(page.locator(".message.out")).to_contain_text("/start")
        await scene.bot("sendChatAction", chat_id=scene.customer, action="typing")
        await expect(page.locator("#bot-status")).to_contain_text("печатает")
        await scene.bot("sendMessageDraft", chat_id=scene.customer, draft_id=1, text="Здрав")
        await expect(page.locator(".draft")).to_have_text("Здрав")
        await scene.bot("sendMessage", chat_id=scene.customer, text="Здравствуйте!")
        await expect(page.locator(".draft")).to_have_count(0)
        await expect(page.locator(".message.in")).to_contain_text(["Здравствуйте!"])
        await expect(page.locator(".message.out .ticks")).to_have_text("✓✓")
