"""The command line. Commands import what they need when they run: `--help` must answer at once."""

from __future__ import annotations

import asyncio
import csv
import os
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from datetime import UTC, date, datetime
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import structlog
from cyclopts import App, Parameter

from sovetnik import __version__
from sovetnik.core.errors import ConfigError, SovetnikError
from sovetnik.words import language, words

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from sovetnik.core.contacts import ContactForm
    from sovetnik.core.model import Chat, Lead, Message, Report
    from sovetnik.settings import Settings
    from sovetnik.storage import SqlStore

log = structlog.get_logger("sovetnik.cli")

W = words()
Format = Annotated[Literal["jsonl", "csv"], Parameter(help=W.format)]
Json = Annotated[bool, Parameter(name="--json", help=W.as_json)]

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
    port: Annotated[int, Parameter(help=W.demo_port)] = 0,
    no_browser: Annotated[bool, Parameter(help=W.demo_no_browser)] = False,
    folder: Annotated[Path | None, Parameter(help=W.demo_folder)] = None,
    keep: Annotated[Path | None, Parameter(help=W.demo_keep)] = None,
) -> None:
    """The whole product in a browser."""
    from sovetnik.ops.logs import set_up_logs
    from sovetnik.showcase import show

    set_up_logs("ERROR", "console", ())
    if folder is not None and not folder.is_dir():
        raise ConfigError(
            f"--folder: there is no folder {folder}; name one with instructions.md and knowledge/"
        )
    if keep is not None:
        keep.mkdir(mode=0o700, parents=True, exist_ok=True)
    _go(show(language(), folder, port=port, browser=not no_browser, keep=keep))


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
            yield _exported_row(exported.message, exported.chat)

    _go(_print_rows(settings, rows, _EXPORTED, format))


@app.command(help=W.leads)
def leads(*, format: Format = "jsonl") -> None:  # noqa: A002 - the option's name
    """Every lead."""
    settings = _settings()
    columns = (*_LEAD, *_form(settings).labels())

    async def rows(store: SqlStore) -> AsyncIterator[Mapping[str, object]]:
        async for lead, chat in store.leads():
            row = _lead_row(lead, chat)
            yield {name: row.get(name) for name in dict.fromkeys((*columns, *row))}

    _go(_print_rows(settings, rows, columns, format))


knowledge = App(name="knowledge", help=W.knowledge)
app.command(knowledge)


@knowledge.command(help=W.sync)
def sync() -> None:
    """Bring the index to what the folder holds."""
    from sovetnik import knowledge_cli

    _go(knowledge_cli.sync(_settings()))


@knowledge.command(help=W.status)
def status(*, json: Json = False) -> None:
    """What is in the index."""
    from sovetnik import knowledge_cli

    _go(knowledge_cli.status(_settings(), as_json=json))


@knowledge.command(help=W.search)
def search(
    query: Annotated[str, Parameter(help=W.search_query)],
    /,
    *,
    k: Annotated[int, Parameter(name=["-k", "--k"], help=W.search_k)] = 6,
    json: Json = False,
) -> None:
    """The passages that a question would bring."""
    from sovetnik import knowledge_cli

    _go(knowledge_cli.search(_settings(), query, k, as_json=json))


@knowledge.command(help=W.measure)
def measure(file: Annotated[Path, Parameter(help=W.measure_file)], /, *, json: Json = False) -> None:
    """How well the index finds."""
    from sovetnik import knowledge_cli

    _go(knowledge_cli.measure_file(_settings(), file, as_json=json))


@app.command(help=W.completion)
def completion(
    shell: Annotated[Literal["bash", "zsh", "fish"], Parameter(help=W.shell_name)] = "bash",
) -> None:
    """Print a completion script."""
    print(app.generate_completion(shell=shell))


def _settings() -> Settings:
    from sovetnik.ops.logs import set_up_logs
    from sovetnik.settings import load_settings, unknown_names

    settings = load_settings()
    set_up_logs(settings.log_level, settings.log_format, settings.secrets())
    for line in unknown_names():
        log.warning("unknown_setting", problem=line)
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
    from sovetnik.core.reports import calendar_day
    from sovetnik.mail import render_report_html, render_report_text
    from sovetnik.parts import make_look
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
    try:
        path.unlink(missing_ok=True)  # an older one may be readable by others
        with os.fdopen(
            os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
        ) as file:
            file.write(text)
    except OSError as error:
        raise ConfigError(f"--html: cannot write {path}: {error.strerror}; name another file") from error


async def _send_report(settings: Settings, found: Report) -> None:
    from sovetnik.parts import make_mailer

    accepted = await make_mailer(settings, _form(settings)).send_report(found, ())
    if accepted is None:
        raise ConfigError(W.report_nobody)
    print(W.report_sent.format(count=len(accepted)))


_EXPORTED = (
    "chat_id",
    "time",
    "role",
    "text",
    "kind",
    "id",
    "customer",
    "username",
    "source",
    "error_code",
    "input_tokens",
    "output_tokens",
    "documents",
    "unanswered",
)


def _exported_row(message: Message, chat: Chat) -> dict[str, object]:
    usage = message.usage
    values = (
        message.chat_id,
        message.created_at.astimezone(UTC).isoformat(),
        message.role,
        message.text,
        message.kind,
        message.id,
        chat.name,
        chat.username,
        chat.source,
        message.error_code,
        usage.input_tokens if usage else None,
        usage.output_tokens if usage else None,
        ", ".join(dict.fromkeys(passage.source for passage in message.passages)) or None,
        message.unanswered,
    )
    return dict(zip(_EXPORTED, values, strict=True))


_LEAD = (
    "id",
    "chat_id",
    "created_at",
    "name",
    "phone",
    "order",
    "updated_at",
    "revision",
    "username",
    "source",
)


def _lead_row(lead: Lead, chat: Chat) -> dict[str, object]:
    contact = lead.contact
    values = (
        lead.id,
        lead.chat_id,
        lead.created_at.astimezone(UTC).isoformat(),
        contact.name,
        contact.phone,
        contact.order,
        lead.updated_at.astimezone(UTC).isoformat(),
        lead.revision,
        chat.username,
        chat.source,
    )
    return {**contact.fields, **dict(zip(_LEAD, values, strict=True))}


Rows = Callable[["SqlStore"], AsyncIterator[Mapping[str, object]]]


async def _print_rows(settings: Settings, rows: Rows, columns: Sequence[str], format_: str) -> None:
    from sovetnik.storage import SqlStore

    writer = csv.DictWriter(sys.stdout, columns, extrasaction="ignore")
    if format_ == "csv":
        writer.writeheader()
    async with SqlStore.open(settings.database_url.get_secret_value(), exclusive=False) as store:
        async for row in rows(store):
            if format_ == "csv":
                writer.writerow(row)
            else:
                print(dumps(row, ensure_ascii=False))
