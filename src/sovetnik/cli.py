"""The command line. Commands import what they need when they run: `--help` must answer at once."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import sys
from collections.abc import AsyncIterator, Coroutine, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, Parameter

from sovetnik import __version__
from sovetnik.core.errors import SovetnikError
from sovetnik.words import language, words

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from sovetnik.core.contacts import ContactForm
    from sovetnik.core.model import Chat, Lead, Report
    from sovetnik.settings import Settings
    from sovetnik.storage import SqlStore

W = words()
Format = Annotated[Literal["jsonl", "csv"], Parameter(help=W.format)]

app = App(
    name="sovetnik",
    help=W.about,
    version=__version__,
    help_format="plaintext",
    default_parameter=Parameter(negative=()),
)


def main() -> None:
    """The ``sovetnik`` command."""
    try:
        app()
    except SovetnikError as error:
        for line in str(error).splitlines():
            print(f"sovetnik: {line}", file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:  # `sovetnik export | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


@app.command(help=W.run)
def run() -> None:
    """Run the bot."""
    from sovetnik.app import run as run_bot

    settings = _settings()
    _ = settings.token  # before anything else: it is what a new owner forgets
    _go(run_bot(settings))


@app.command(help=W.demo)
def demo(
    *,
    folder: Annotated[Path | None, Parameter(help=W.demo_folder)] = None,
) -> None:
    """One conversation through the whole product."""
    from sovetnik.ops.logs import set_up_logs
    from sovetnik.showcase import show

    set_up_logs("ERROR", "console", ())
    _go(show(language(), folder))


@app.command(help=W.report)
def report(
    *,
    date: Annotated[date | None, Parameter(help=W.report_date)] = None,
    html: Annotated[Path | None, Parameter(help=W.report_html)] = None,
    send: Annotated[bool, Parameter(help=W.report_send)] = False,
) -> None:
    """The daily report, on demand."""
    _go(_report(_settings(), date, html, send=send))


@app.command(help=W.export)
def export(
    *,
    from_: Annotated[datetime | None, Parameter(name="--from", help=W.export_from)] = None,
    to: Annotated[datetime | None, Parameter(help=W.export_to)] = None,
    format: Format = "jsonl",  # noqa: A002 - the option's name
) -> None:
    """Every stored message."""
    settings = _settings()
    start, end = _aware(from_, settings.timezone), _aware(to, settings.timezone)

    async def rows(store: SqlStore) -> AsyncIterator[Mapping[str, object]]:
        async for exported in store.export(start, end):
            message, chat = exported.message, exported.chat
            yield {
                "chat_id": message.chat_id,
                "time": message.created_at.astimezone(UTC).isoformat(),
                "role": message.role,
                "text": message.text,
                "kind": message.kind,
                "id": message.id,
                "customer": chat.name,
                "username": chat.username,
                "source": chat.source,
                "error_code": message.error_code,
                "input_tokens": message.usage.input_tokens if message.usage else None,
                "output_tokens": message.usage.output_tokens if message.usage else None,
            }

    _go(_print_rows(settings, rows, format))


@app.command(help=W.leads)
def leads(*, format: Format = "jsonl") -> None:  # noqa: A002 - the option's name
    """Every lead."""
    settings = _settings()
    form = _form(settings)

    async def rows(store: SqlStore) -> AsyncIterator[Mapping[str, object]]:
        async for lead, chat in store.leads():
            yield _lead_row(lead, chat, form)

    _go(_print_rows(settings, rows, format))


@app.command(help=W.completion)
def completion(
    shell: Annotated[Literal["bash", "zsh", "fish"], Parameter(help=W.shell_name)] = "bash",
) -> None:
    """Print a completion script."""
    print(app.generate_completion(shell=shell))


def _settings() -> Settings:
    from sovetnik.ops.logs import set_up_logs
    from sovetnik.settings import load_settings

    settings = load_settings()
    set_up_logs(settings.log_level, settings.log_format, settings.secrets())
    return settings


def _go(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def _form(settings: Settings) -> ContactForm:
    from sovetnik.knowledge.form import read_form

    return read_form(settings.consultant_dir / "contact_form.toml", settings.phone_region)


def _aware(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    if moment is None or moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=zone)


async def _report(settings: Settings, day: date | None, html: Path | None, *, send: bool) -> None:
    from sovetnik.app import make_look
    from sovetnik.core.reports import calendar_day
    from sovetnik.mail import render_report_html, render_report_text
    from sovetnik.storage import SqlStore

    async with SqlStore.open(settings.database_url.get_secret_value(), exclusive=False) as store:
        if day is None:
            found = await store.open_report(datetime.now(settings.timezone).date())
        else:
            found = await store.day_report(calendar_day(day, settings.timezone))
    look = make_look(settings, _form(settings))
    if html:
        _write_private(html, render_report_html(found, look))
        print(W.report_written.format(path=html))
    if send:
        await _send_report(settings, found)
    if not html and not send:
        print(render_report_text(found, look))


def _write_private(path: Path, text: str) -> None:
    """Write a file that holds customers' phones: for its owner only."""
    from sovetnik.core.errors import ConfigError

    try:
        path.write_text(text, encoding="utf-8")
        path.chmod(0o600)
    except OSError as error:
        raise ConfigError(f"--html: cannot write {path}: {error.strerror}; name another file") from error


async def _send_report(settings: Settings, found: Report) -> None:
    from sovetnik.app import make_mailer
    from sovetnik.core.errors import ConfigError

    accepted = await make_mailer(settings, _form(settings)).send_report(found, ())
    if accepted is None:
        raise ConfigError(W.report_nobody)
    print(W.report_sent.format(count=len(accepted)))


def _lead_row(lead: Lead, chat: Chat, form: ContactForm) -> dict[str, object]:
    row: dict[str, object] = {
        "id": lead.id,
        "chat_id": lead.chat_id,
        "created_at": lead.created_at.astimezone(UTC).isoformat(),
        "name": lead.contact.name,
        "phone": lead.contact.phone,
        "order": lead.contact.order,
        "updated_at": lead.updated_at.astimezone(UTC).isoformat(),
        "revision": lead.revision,
        "username": chat.username,
        "source": chat.source,
    }
    names = dict.fromkeys([*form.labels(), *lead.contact.fields])  # a field that left the form is kept
    return row | {name: lead.contact.fields.get(name) for name in names if name not in row}


async def _print_rows(settings: Settings, rows: Any, format_: Literal["jsonl", "csv"]) -> None:  # noqa: ANN401
    from sovetnik.storage import SqlStore

    writer: csv.DictWriter[str] | None = None
    async with SqlStore.open(settings.database_url.get_secret_value(), exclusive=False) as store:
        async for row in rows(store):
            if format_ == "jsonl":
                print(json.dumps(row, ensure_ascii=False))
                continue
            if writer is None:
                writer = csv.DictWriter(sys.stdout, list(row), extrasaction="ignore")
                writer.writeheader()
            writer.writerow(row)
