"""`sovetnik demo`: one conversation through the whole product, against servers on this machine."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from pydantic import SecretStr
from rich.console import Console
from rich.padding import Padding
from rich.panel import Panel
from rich.rule import Rule
from rich.text import Text

from sovetnik.app import make_folder, make_look, run_until
from sovetnik.core.model import Language
from sovetnik.demo.botapi import BotApi, Person
from sovetnik.demo.mailbox import Mail, Mailbox
from sovetnik.demo.serving import serve
from sovetnik.library import open_library
from sovetnik.mail import render_report_text
from sovetnik.settings import Settings, load_settings
from sovetnik.storage import SqlStore

T = TypeVar("T")

TOKEN = "7000000001:demo-token-that-only-this-machine-knows"  # noqa: S105 - opens nothing


@dataclass(frozen=True, slots=True)
class Script:
    """What the customer says, and how the demo comments on it."""

    name: str
    says: tuple[str, ...]
    intro: str
    mailbox: str
    report: str
    no_model: str
    outro: str


RU = Script(
    name="Мария Лебедева",
    says=(
        "Сколько стоит кровать Нерль из ясеня 160 на 200?",
        "А доставка в Суздаль сколько?",
        "Хочу заказать Нерль",
        "Меня зовут Мария, телефон 8 912 345",
        "Ой, вот так: 8 912 345-67-89",
    ),
    intro="Настоящий бот разговаривает с покупателем — через Bot API и почту на этом компьютере.",
    mailbox="Письмо владельцу",
    report="Ежедневный отчёт",
    no_model="Модели здесь не было: бот отвечал выдержками из документов. С OPENAI_API_KEY отвечает модель.",
    outro="Отвечала модель с вашим ключом, документы и почта — с этого компьютера.",
)

EN = Script(
    name="Mary Swan",
    says=(
        "How much is the Nerl bed in ash, 160 by 200?",
        "And delivery to Suzdal?",
        "I would like to order the Nerl",
        "My name is Mary, phone 8 912 345",
        "Sorry, it is 8 912 345-67-89",
    ),
    intro="The real bot talks with a customer, through a Bot API and a mailbox on this machine.",
    mailbox="The owner's mail",
    report="The daily report",
    no_model="There was no model: the bot quoted the documents. With OPENAI_API_KEY a model answers.",
    outro="The model answered with your key; documents and mailbox are of this machine.",
)


def example_folder(language: Language) -> Path:
    """The sample business: inside the installed package, or in the checkout."""
    installed = Path(__file__).parent / "examples" / language
    return installed if installed.is_dir() else Path(__file__).parents[2] / "examples" / language


async def show(language: Language, folder: Path | None) -> None:
    """Play the conversation and print what customer, mailbox and report got."""
    console = Console(highlight=False)
    script = RU if language == "ru" else EN
    telegram = BotApi(TOKEN)
    async with AsyncExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sovetnik-demo-")))
        mailbox = await stack.enter_async_context(Mailbox())
        settings = load_settings(
            telegram_token=SecretStr(TOKEN),
            telegram_base_url=await stack.enter_async_context(serve(telegram.app)),
            telegram_proxy=None,
            telegram_webhook_url=None,
            telegram_chat_rate=0,
            consultant_dir=folder or example_folder(language),
            database_url=SecretStr(f"sqlite:///{data}/demo.db"),
            smtp_host="127.0.0.1",
            smtp_port=mailbox.port,
            smtp_security="none",
            smtp_from="sovetnik@shop.example",
            smtp_username=None,
            smtp_proxy=None,
            leads_to=("owner@shop.example",),
            report_to=("owner@shop.example",),
            language=language,
            http_listen=None,
            join_messages=0,
        )
        async with open_library(settings) as library:
            await library.index.sync(library.folder)
        stop = asyncio.Event()
        running = asyncio.create_task(run_until(stop, settings))
        try:
            console.print(Rule("Sovetnik"), Padding(script.intro, (1, 0)))
            async with asyncio.timeout(60):
                await _first_of(running, _talk(console, telegram, script))
                mails = await _first_of(running, mailbox.wait_for(1))
        finally:
            stop.set()
            await asyncio.gather(running, return_exceptions=True)
        _print_mail(console, script, mails[0])
        await _print_report(console, script, settings)
        console.print(Padding(script.no_model if settings.openai_api_key is None else script.outro, (1, 0)))


async def _first_of(running: asyncio.Task[None], work: Coroutine[Any, Any, T]) -> T:
    """The work's result; the bot's own error when that ends first."""
    task = asyncio.create_task(work)
    await asyncio.wait({running, task}, return_when=asyncio.FIRST_COMPLETED)
    if not task.done():
        task.cancel()
        running.result()
        raise RuntimeError("the bot stopped before the conversation ended")
    return task.result()


async def _talk(console: Console, telegram: BotApi, script: Script) -> None:
    first, _, last = script.name.partition(" ")
    customer = telegram.person(first_name=first, last_name=last, username="swan")
    customer.start("demo")
    await _print_answers(console, telegram, customer, 0, 1)
    for number, text in enumerate(script.says, start=1):
        console.print(Padding(Text(text, style="bold"), (0, 0, 0, 4)))
        customer.say(text)
        await _print_answers(console, telegram, customer, number, number + 1)


async def _print_answers(console: Console, telegram: BotApi, person: Person, seen: int, upto: int) -> None:
    await telegram.wait_for_messages(person.id, upto, timeout=30)
    for answer in telegram.answers(person.id)[seen:]:
        console.print(Padding(Panel(Text(answer), expand=False, border_style="cyan"), (0, 12, 0, 0)))


def _print_mail(console: Console, script: Script, mail: Mail) -> None:
    console.print(Rule(script.mailbox))
    console.print(Text(mail.subject, style="bold"))
    console.print(Text(mail.text.strip()))


async def _print_report(console: Console, script: Script, settings: Settings) -> None:
    form = make_folder(settings).form(settings.phone_region)
    async with SqlStore.open(settings.database_url.get_secret_value(), exclusive=False) as store:
        report = await store.open_report(datetime.now(UTC).astimezone(settings.timezone).date())
    console.print(Rule(script.report))
    console.print(Text(render_report_text(report, make_look(settings, form)).strip()))
