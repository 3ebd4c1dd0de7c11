"""`sovetnik demo`: the whole product in a browser, against servers on this machine."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import signal
import tempfile
import webbrowser
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog
from pydantic import SecretStr
from rich.console import Console

from sovetnik.app import run_until
from sovetnik.core.errors import ConfigError
from sovetnik.core.model import Language, Trace
from sovetnik.demo.botapi import BotApi
from sovetnik.demo.mailbox import Mail, Mailbox
from sovetnik.demo.serving import serve
from sovetnik.demo.web import DemoPage
from sovetnik.knowledge.form import read_form
from sovetnik.library import open_library
from sovetnik.mail import render_report_html
from sovetnik.parts import make_look
from sovetnik.settings import Settings, load_settings
from sovetnik.storage import SqlStore
from sovetnik.words import words

log = structlog.get_logger("sovetnik.demo")

TOKEN = "7000000001:demo-token-that-only-this-machine-knows"  # noqa: S105 - opens nothing

STATE = "demo.json"
"""Chats, traces and mails of a demo that is kept."""


def example_folder(language: Language) -> Path:
    """The sample business: inside the installed package, or in the checkout."""
    installed = Path(__file__).parent / "examples" / language
    return installed if installed.is_dir() else Path(__file__).parents[2] / "examples" / language


async def show(
    language: Language, folder: Path | None, *, port: int, browser: bool, keep: Path | None
) -> None:
    """Serve the demo until Ctrl-C or SIGTERM.

    Args:
        language: What the page and the sample business speak at first.
        folder: The owner's consultant folder instead of the sample.
        port: Of the page; 0 takes a free one.
        browser: Open it.
        keep: Keep everything in this folder over restarts.

    Raises:
        ConfigError: the folder cannot be read, or the port is taken.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        data = keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sovetnik-demo-")))
        state = _load(data)
        telegram = (
            BotApi.load(state["telegram"]) if state else BotApi(TOKEN, name=_bot_name(language, folder))
        )
        mailbox = await stack.enter_async_context(Mailbox())
        for mail in state.get("mails", ()):
            mailbox.mails.append(Mail(mail["from"], mail["to"], base64.b64decode(mail["raw"])))
        api_url = await stack.enter_async_context(serve(telegram.app))
        settings = _settings(language, folder, data, api_url, mailbox.port)
        await _read_documents(settings)
        page = DemoPage(
            telegram,
            mailbox,
            language=language,
            model=settings.openai_model if settings.openai_api_key else None,
            report=lambda: _report(settings),
            example=folder is None,
        )
        page.traces.update({int(chat): rows for chat, rows in state.get("traces", {}).items()})
        url = await stack.enter_async_context(_served(page, port))
        _announce(url, settings, browser=browser)
        try:
            await run_until(stop, settings, lambda trace: page.trace(trace.chat_id, _plain(trace)))
        finally:
            if keep:
                _save(data, telegram, mailbox, page)


def _bot_name(language: Language, folder: Path | None) -> str:
    """As a shop would call its bot: the sample's name, or ours above the owner's own documents."""
    russian, english = ("Тихий дом", "Quiet Home") if folder is None else ("Советник", "Sovetnik")
    return russian if language == "ru" else english


def _settings(language: Language, folder: Path | None, data: Path, api_url: str, smtp_port: int) -> Settings:
    """The owner's model settings, everything else of this machine."""
    return load_settings(
        telegram_token=SecretStr(TOKEN),
        telegram_base_url=api_url,
        telegram_proxy=None,
        telegram_webhook_url=None,
        consultant_dir=folder or example_folder(language),
        database_url=SecretStr(f"sqlite:///{data.absolute()}/demo.db"),
        smtp_host="127.0.0.1",
        smtp_port=smtp_port,
        smtp_security="none",
        smtp_from="sovetnik@shop.example",
        smtp_username=None,
        smtp_proxy=None,
        leads_to=("owner@shop.example",),
        report_to=("owner@shop.example",),
        language=language,
        http_listen=None,
    )


async def _read_documents(settings: Settings) -> None:
    """Before anybody asks; learning their meaning goes on while the demo runs."""
    async with open_library(settings) as library:
        await library.index.sync(library.folder)


@asynccontextmanager
async def _served(page: DemoPage, port: int) -> AsyncGenerator[str]:
    async with AsyncExitStack() as stack:
        try:
            url = await stack.enter_async_context(serve(page.app, port=port))
        except OSError as error:
            raise ConfigError(f"--port: cannot listen on {port}: {error.strerror}; name another") from error
        yield url


def _announce(url: str, settings: Settings, *, browser: bool) -> None:
    console = Console(highlight=False, soft_wrap=True)
    said = words()
    who = (
        said.demo_model.format(model=settings.openai_model) if settings.openai_api_key else said.demo_no_model
    )
    console.print(said.demo_ready, style="bold")
    console.print(who, style="dim")
    console.print(said.demo_stop, style="dim")
    print(url, flush=True)
    if browser and _has_screen():
        with contextlib.suppress(webbrowser.Error):
            webbrowser.open(url)


def _has_screen() -> bool:
    """Without one, `webbrowser` would start a text browser in this terminal."""
    return (
        os.name != "posix"
        or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
        or (os.uname().sysname == "Darwin")
    )


async def _report(settings: Settings) -> str:
    async with SqlStore.open(settings.database_url.get_secret_value(), exclusive=False) as store:
        found = await store.open_report(datetime.now(settings.timezone).date())
    form = read_form(settings.consultant_dir / "contact_form.toml", settings.phone_region)
    return await asyncio.to_thread(render_report_html, found, make_look(settings, form))


def _plain(trace: Trace) -> dict[str, object]:
    """A trace as the page takes it."""
    return {
        "passages": [asdict(passage) for passage in trace.answer.passages],
        "tools": [
            {"name": name, "arguments": arguments, "result": result}
            for name, arguments, result in trace.tools
        ],
        "usage": asdict(trace.answer.usage) if trace.answer.usage else {},
        "seconds": trace.seconds,
        "kind": trace.answer.kind,
    }


def _load(data: Path) -> dict[str, Any]:
    try:
        return json.loads((data / STATE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"--keep: {data / STATE} cannot be read: {error}; delete it or name another"
        ) from error


def _save(data: Path, telegram: BotApi, mailbox: Mailbox, page: DemoPage) -> None:
    mails = [
        {"from": mail.mail_from, "to": mail.rcpt_to, "raw": base64.b64encode(mail.raw).decode()}
        for mail in mailbox.mails
    ]
    state = {"telegram": telegram.dump(), "traces": page.traces, "mails": mails}
    path = data / STATE
    with os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
    ) as file:
        json.dump(state, file, ensure_ascii=False)
    log.info("demo_kept", path=str(path))
