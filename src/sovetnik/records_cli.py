"""The commands over what is stored: report, export, leads, forget, backup, restore."""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, date, datetime
from json import dumps
from pathlib import Path

from sovetnik.core.contacts import ContactForm
from sovetnik.core.errors import AssistantError, ConfigError
from sovetnik.core.model import Chat, Lead, Message
from sovetnik.core.owner import Report
from sovetnik.core.reports import calendar_day
from sovetnik.knowledge.form import read_form
from sovetnik.mail import render_report_html, render_report_text
from sovetnik.parts import make_look, make_mailer
from sovetnik.settings import Settings
from sovetnik.storage import SqlStore
from sovetnik.storage.backup import back_up, database_file
from sovetnik.storage.backup import restore as put_back
from sovetnik.storage.transfer import transfer
from sovetnik.words import words

W = words()

ERASURES = 1000
"""Conversations that one `forget` erases at the provider."""


async def report(settings: Settings, day: date | None, html: Path | None, *, send: bool) -> None:
    """Show, write or send the daily report.

    Raises:
        ConfigError: the day is still to come, the file cannot be written, or nobody is there to send it to.
    """
    if day is not None and day > datetime.now(settings.timezone).date():
        raise ConfigError(W.report_future.format(day=day))
    async with _open(settings) as store:
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


async def export(settings: Settings, start: datetime | None, end: datetime | None, format_: str) -> None:
    """Print every stored message of a span."""

    async def rows(store: SqlStore) -> AsyncIterator[Mapping[str, object]]:
        async for exported in store.export(start, end):
            yield _exported_row(exported.message, exported.chat)

    await _print_rows(settings, rows, _EXPORTED, format_)


async def leads(settings: Settings, format_: str) -> None:
    """Print every lead."""
    columns = (*_LEAD, *_form(settings).labels())

    async def rows(store: SqlStore) -> AsyncIterator[Mapping[str, object]]:
        async for lead, chat in store.leads():
            row = _lead_row(lead, chat)
            yield {name: row.get(name) for name in dict.fromkeys((*columns, *row))}

    await _print_rows(settings, rows, columns, format_)


async def forget(settings: Settings, chat_id: int) -> None:
    """Erase a customer here, and at the provider as far as it answers now.

    Raises:
        ConfigError: nothing of that customer is known.
    """
    async with _open(settings) as store:
        if not await store.forget_wholly(chat_id):
            raise ConfigError(W.forget_unknown.format(chat=chat_id))
        print(W.forgotten.format(chat=chat_id))
        left = await _erase_at_provider(settings, store)
    if left:
        print(W.forget_later.format(count=left))


def backup(settings: Settings, file: Path, *, force: bool) -> None:
    """Copy the database, also while the bot runs."""
    held = back_up(_database(settings), file, force=force)
    print(
        W.backed_up.format(
            path=file,
            megabytes=held.size / 1e6,
            customers=held.customers,
            messages=held.messages,
            leads=held.leads,
        )
    )


def restore(settings: Settings, file: Path) -> None:
    """Put a copy in the place of the database."""
    held, aside = put_back(file, _database(settings))
    print(W.restored.format(path=file, customers=held.customers, messages=held.messages, leads=held.leads))
    if held.unanswered or held.unsent:
        print(W.restored_waiting.format(unanswered=held.unanswered, unsent=held.unsent))
    if aside:
        print(W.restored_aside.format(path=aside))


async def migrate_db(source: str, destination: str) -> None:
    """Copy everything from one database into another, empty one."""
    counts = await transfer(source, destination)
    for table, rows in counts.items():
        print(f"{table:<14}{rows:>10}")
    print(W.migrated)


def _database(settings: Settings) -> Path:
    return database_file(settings.database_url.get_secret_value())


async def _erase_at_provider(settings: Settings, store: SqlStore) -> int:
    """Erase what waits; gives how many conversations could not be erased now. `run` goes on with them."""
    waiting = await store.due_erasures(ERASURES)
    if not waiting or settings.openai_api_key is None:
        return len(waiting)
    from sovetnik.assistant import erase_conversation, make_client  # the SDK: 60 MB, for this command alone
    from sovetnik.library import model_settings

    left = 0
    async with make_client(model_settings(settings, settings.openai_api_key)) as client:
        for erasure in waiting:
            try:
                await erase_conversation(client, erasure.conversation)
            except AssistantError as error:
                print(f"sovetnik: {error}", file=sys.stderr)
                left += 1
            else:
                await store.erased(erasure.id)
    return left


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
    accepted = await make_mailer(settings, _form(settings)).send_report(found, ())
    if accepted is None:
        raise ConfigError(W.report_nobody)
    print(W.report_sent.format(count=len(accepted)))


def _open(settings: Settings) -> AbstractAsyncContextManager[SqlStore]:
    return SqlStore.open(settings.database_url.get_secret_value(), exclusive=False)


def _form(settings: Settings) -> ContactForm:
    return read_form(settings.consultant_dir / "contact_form.toml", settings.phone_region)


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
    "consent",
    "consent_at",
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
        lead.consent,
        lead.consent_at.astimezone(UTC).isoformat() if lead.consent_at else None,
    )
    return {**contact.fields, **dict(zip(_LEAD, values, strict=True))}


Rows = Callable[["SqlStore"], AsyncIterator[Mapping[str, object]]]


async def _print_rows(settings: Settings, rows: Rows, columns: Sequence[str], format_: str) -> None:
    writer = csv.DictWriter(sys.stdout, columns, extrasaction="ignore")
    if format_ == "csv":
        writer.writeheader()
    async with _open(settings) as store:
        async for row in rows(store):
            if format_ == "csv":
                writer.writerow(row)
            else:
                print(dumps(row, ensure_ascii=False))
