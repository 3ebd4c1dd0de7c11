"""Pictures of the demo page for the documentation, taken by headless Chromium from the running product.

    python scripts/demo_pictures.py [--only ru] [--to FOLDER]

Needs the system's Chromium (``scripts/browser`` gets it); with ``pngquant`` the pictures take a third. The
real bot answers from the sample business's documents: no model, no network.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from sovetnik.app import run_until
from sovetnik.core.model import Language, Trace
from sovetnik.demo.botapi import BotApi, Person
from sovetnik.demo.mailbox import Mailbox
from sovetnik.demo.serving import serve
from sovetnik.demo.web import DemoPage
from sovetnik.library import open_library
from sovetnik.mail import render_report_html
from sovetnik.parts import make_folder, make_look
from sovetnik.settings import Settings, load_settings
from sovetnik.showcase import TOKEN, example_folder
from sovetnik.storage import SqlStore

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "pictures"
DESKTOP = {"width": 1400, "height": 900}
PHONE = {"width": 390, "height": 844}
LARGEST = 300_000  # bytes

SAYS: dict[Language, tuple[str, ...]] = {
    "ru": (
        "Сколько стоит кровать Нерль из ясеня 160 на 200?",
        "Дорого. В сетевом магазине кровать за 15 000",
        "Хочу заказать. Меня зовут Мария, телефон 8 912 345-67-89",
    ),
    "en": (
        "How much is the Nerl bed in ash, 160 by 200?",
        "It's expensive. A chain store has a bed for 15,000",
        "I would like to order. My name is Mary, phone +7 912 345-67-89",
    ),
}
OTHERS: dict[Language, tuple[str, str, str]] = {
    "ru": ("Игорь", "Ветров", "Вы работаете в воскресенье?"),
    "en": ("Oliver", "Finch", "Are you open on Sunday?"),
}


@dataclasses.dataclass
class Stage:
    """The running demo."""

    url: str
    api: BotApi
    mailbox: Mailbox


@contextlib.asynccontextmanager
async def stage(language: Language, port: int = 0) -> AsyncGenerator[Stage]:
    """The real bot, its Telegram, mailbox and page, as `sovetnik demo` starts them."""
    api = BotApi(TOKEN, name="Тихий дом" if language == "ru" else "Quiet Home")
    async with contextlib.AsyncExitStack() as stack:
        data = stack.enter_context(tempfile.TemporaryDirectory(prefix="sovetnik-pictures-"))
        mailbox = await stack.enter_async_context(Mailbox())
        telegram = await stack.enter_async_context(serve(api.app))
        settings = _settings(language, telegram, mailbox.port, data)
        async with open_library(settings) as library:
            await library.index.sync(library.folder)
        page = DemoPage(api, mailbox, language=language, model=None, report=lambda: _report(settings))
        stop = asyncio.Event()
        running = asyncio.create_task(run_until(stop, settings, lambda t: page.trace(t.chat_id, _plain(t))))
        url = await stack.enter_async_context(serve(page.app, port=port))
        try:
            await api.wait_until(lambda: api.updates.polled or running.done(), 30)
            yield Stage(url, api, mailbox)
        finally:
            stop.set()
            await running


def _settings(language: Language, telegram: str, smtp_port: int, data: str) -> Settings:
    return load_settings(
        telegram_token=SecretStr(TOKEN),
        telegram_base_url=telegram,
        telegram_chat_rate=0,
        consultant_dir=example_folder(language),
        database_url=SecretStr(f"sqlite:///{data}/demo.db"),
        smtp_host="127.0.0.1",
        smtp_port=smtp_port,
        smtp_security="none",
        smtp_from="sovetnik@shop.example",
        leads_to=("owner@shop.example",),
        report_to=("owner@shop.example",),
        language=language,
        join_messages=0,
        log_level="ERROR",
    )


async def _report(settings: Settings) -> str:
    form = make_folder(settings).form(settings.phone_region)
    async with SqlStore.open(settings.database_url.get_secret_value(), exclusive=False) as store:
        report = await store.open_report(datetime.now(UTC).astimezone(settings.timezone).date())
    return render_report_html(report, make_look(settings, form))


def _plain(trace: Trace) -> dict[str, Any]:
    usage = trace.answer.usage
    tools = [{"name": n, "arguments": json.loads(a), "result": r} for n, a, r in trace.tools]
    return {
        "passages": [dataclasses.asdict(passage) for passage in trace.answer.passages],
        "tools": tools,
        "usage": dataclasses.asdict(usage) if usage and usage.calls else None,
        "seconds": trace.seconds,
        "kind": trace.answer.kind,
    }


async def converse(on: Stage, language: Language) -> Person:
    """Two customers talk; the second one's answer is left unread."""
    first = on.api.person(min(on.api.world.users))
    first.start()
    await on.api.wait_for_messages(first.id, 1, timeout=20)
    for text in SAYS[language]:
        said = len(on.api.answers(first.id))
        first.say(text)
        await on.api.wait_for_messages(first.id, said + 1, timeout=20)
    await on.mailbox.wait_for(1)
    name, surname, question = OTHERS[language]
    other = on.api.person(first_name=name, last_name=surname, language_code=language)
    other.start()
    await on.api.wait_for_messages(other.id, 1, timeout=20)
    other.say(question)
    await on.api.wait_for_messages(other.id, 2, timeout=20)
    return first


@contextlib.asynccontextmanager
async def page_of(
    browser: Browser, url: str, size: dict[str, int], **options: object
) -> AsyncGenerator[Page]:
    """The page in a window of that size."""
    context = await browser.new_context(
        viewport=size, device_scale_factor=2 if size is PHONE else 1, **options
    )
    try:
        page = await context.new_page()
        page.on("console", lambda said: print("console:", said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: print("page error:", error))
        await page.goto(url)
        await page.wait_for_selector(".message.in")
        yield page
    finally:
        await context.close()


async def take(page: Page, file: Path) -> None:
    """One picture, made small."""
    await page.wait_for_timeout(700)  # frames load, animations end
    await page.screenshot(path=file)
    await asyncio.to_thread(shrink, file)


def shrink(file: Path) -> None:
    """Make the picture small enough for the repository."""
    if shutil.which("pngquant"):
        command = ["pngquant", "--force", "--skip-if-larger", "--quality", "60-92", "--output", file, file]
        subprocess.run(command, check=False)
    size = file.stat().st_size
    print(f"{file.name}: {size // 1000} kB")
    if size > LARGEST:
        sys.exit(f"{file} is larger than {LARGEST} bytes")


async def shoot(browser: Browser, url: str, language: Language, folder: Path) -> None:
    """Every picture of one language."""
    async with page_of(browser, url, DESKTOP) as page:
        await take(page, folder / f"demo-{language}-desktop.png")
    async with page_of(browser, url, DESKTOP, color_scheme="dark") as page:
        await take(page, folder / f"demo-{language}-dark.png")
    async with page_of(browser, url, PHONE, has_touch=True, is_mobile=True) as page:
        await take(page, folder / f"demo-{language}-phone.png")
        await page.click("[data-go=mail]")
        await take(page, folder / f"demo-{language}-phone-mail.png")


async def main() -> None:
    """Take the pictures."""
    from playwright.async_api import async_playwright

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=("ru", "en"))
    parser.add_argument("--to", type=Path, default=PICTURES)
    given = parser.parse_args()
    given.to.mkdir(parents=True, exist_ok=True)
    languages: tuple[Language, ...] = (given.only,) if given.only else ("ru", "en")
    async with async_playwright() as playwright:
        names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
        path = next(filter(None, map(shutil.which, names)), None) or sys.exit("no Chromium: scripts/browser")
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = await playwright.chromium.launch(executable_path=path, args=flags)
        for language in languages:
            async with stage(language) as on:
                await converse(on, language)
                await shoot(browser, on.url, language, given.to)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
