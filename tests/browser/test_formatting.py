"""A message's entities as Telegram shows them: nested, after emoji, from right to left."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Browser, expect

from tests.browser.stage import visit
from tests.demo_web.stage import Scene

pytestmark = pytest.mark.asyncio(loop_scope="session")

RICH = (
    "👩‍👩‍👧 <b>жирный <i>и курсив 🦊 <a href='https://shop.example/a?b=1&amp;c=2'>ссылка 🙂</a></i></b>"
    " <s><u>оба</u></s> <code>a &lt; b 🙂</code>\n"
    "<blockquote>цитата <b>жирная</b> 🙂\nвторая</blockquote>\n"
    "<pre><code class='language-python'>print('🦊')</code></pre>\nконец"
)

# What a message is made of: tags and texts, nothing else.
SKELETON = """(node) => {
  const walk = (each) => each.nodeType === 3 ? each.data : each.className === "meta" ? ""
    : `<${each.tagName.toLowerCase()}>${[...each.childNodes].map(walk).join("")}</>`;
  return [...node.childNodes].map(walk).join("");
}"""


async def _shown(browser: Browser, scene: Scene, **message: Any) -> tuple[str, dict[str, str]]:
    """The skeleton of a bot's message, and where its links lead."""
    await scene.do("start")
    await scene.bot("sendMessage", chat_id=scene.customer, **message)
    async with visit(browser, scene.url) as visitor:
        said = visitor.page.locator(".message.in .text")
        await expect(said).to_have_count(1)
        links = {
            await link.inner_text(): await link.get_attribute("href")
            for link in await said.locator("a").all()
        }
        return await said.evaluate(SKELETON), links


async def test_nested_formatting_with_emoji(browser: Browser, scene: Scene) -> None:
    shown, links = await _shown(browser, scene, text=RICH, parse_mode="HTML")
    assert shown == (
        # Telegram lets links hold the other kinds, so it cuts those where one begins.
        "👩‍👩‍👧 <strong>жирный </><strong><em>и курсив 🦊 </></><a><strong><em>ссылка 🙂</></></>"
        " <u><s>оба</></> <code>a < b 🙂</>"
        "<blockquote>цитата <strong>жирная</> 🙂\nвторая</>"
        "<pre><span>python</><code>print('🦊')</></>конец"
    )
    assert links == {"ссылка 🙂": "https://shop.example/a?b=1&c=2"}


async def test_entities_that_share_a_place(browser: Browser, scene: Scene) -> None:
    entities = [
        {"type": "italic", "offset": 0, "length": 9},
        {"type": "bold", "offset": 0, "length": 9},
        {"type": "underline", "offset": 3, "length": 6},
        {"type": "strikethrough", "offset": 9, "length": 2},
    ]
    shown, _ = await _shown(browser, scene, text="🦊 аб вгд еж", entities=entities)
    plain = shown
    for tag in ("<strong>", "<em>", "<u>", "<s>", "</>"):
        plain = plain.replace(tag, "")
    assert plain == "🦊 аб вгд еж"
    assert "<u>" in shown.split("<s>")[0]


async def test_links_lead_only_where_a_browser_may_go(browser: Browser, scene: Scene) -> None:
    text = "example.com a@example.com +7 912 345-67-89 @somebody"
    _, links = await _shown(browser, scene, text=text)
    assert links["example.com"] == "https://example.com"
    assert links["a@example.com"] == "mailto:a@example.com"
    assert all(href.startswith(("https:", "mailto:", "tel:")) for href in links.values())


async def test_right_to_left_begins_at_the_right(browser: Browser, scene: Scene) -> None:
    await scene.do("say", text="שלום עולם")
    await scene.do("say", text="مرحبا <b>hello</b>\nand a line in English")
    await scene.do("say", text="Привет שלום")
    async with visit(browser, scene.url) as visitor:
        texts = visitor.page.locator(".message.out .text")
        await expect(texts).to_have_count(3)
        directions = await texts.evaluate_all("(all) => all.map((each) => getComputedStyle(each).direction)")
        assert directions == ["rtl", "rtl", "ltr"]
