"""Reports and reads: what happened in a window, the transcript, the exports.

A message belongs to the report whose id is stamped on it. The claim of a day stamps every message that
no report has yet, so whatever clocks do, no message is in two reports or in none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, literal, select, update

from sovetnik.core.model import Chat, Lead, Message
from sovetnik.core.owner import Dialogue, Report, Window
from sovetnik.storage.incoming import unanswered
from sovetnik.storage.mails import failed_mails
from sovetnik.storage.prepared import Prepared
from sovetnik.storage.rows import CHAT, LEAD, MESSAGE, AnyRow, chat_from, insert_once, lead_from, message_from
from sovetnik.storage.tables import chats, inbox, leads, messages, outbox, reports

TRANSCRIPT_MESSAGES = 200
TRANSCRIPT_CHARACTERS = 60_000
"""Bounds of what a model is given to remember: about 20,000 tokens of Russian."""

KEPT = timedelta(days=3)
"""How long answered updates and delivered answers stay in inbox and outbox."""

PAGE = 5_000
"""Rows an export holds in memory."""


def last_report(connection: Connection) -> Window | None:
    """The newest report's window."""
    row = connection.execute(select(reports).order_by(reports.c.day.desc()).limit(1)).one_or_none()
    return Window(row.day, row.window_start, row.window_end) if row else None


def first_window(connection: Connection, day: date, now: datetime) -> None:
    """Mark where the first report's window begins; does nothing where there is a report already."""
    if last_report(connection) is None:
        statement = insert_once(connection, reports)
        connection.execute(statement.values(day=day, window_start=now, window_end=now, created_at=now))


def claim_report(connection: Connection, day: date, end: datetime, now: datetime) -> bool:
    """Make a day's report and queue its mail; False when somebody else has made it."""
    before = last_report(connection)
    start = before.end if before else end
    end = max(start, end)  # the owner's zone has moved east: this day's moment is behind us already
    report_id = connection.execute(
        insert_once(connection, reports)
        .values(day=day, window_start=start, window_end=end, created_at=now)
        .returning(reports.c.id)
    ).scalar_one_or_none()
    if report_id is None:
        return False
    connection.execute(
        update(messages)
        .where(messages.c.report_id.is_(None), messages.c.created_at < end)
        .values(report_id=report_id)
    )
    _tidy(connection, now)
    connection.execute(
        outbox.insert().values(
            kind="report", key=f"report-{day.isoformat()}", ref=report_id, created_at=now, due_at=now
        )
    )
    return True


def _tidy(connection: Connection, now: datetime) -> None:
    """Drop what only guards against repetition: Telegram repeats an update for 24 hours at most."""
    old = now - KEPT
    connection.execute(delete(inbox).where(inbox.c.done_at < old))
    connection.execute(
        delete(outbox).where(outbox.c.done_at < old, outbox.c.kind == "answer", outbox.c.failed_at.is_(None))
    )


def report(connection: Connection, report_id: int) -> Report | None:
    """A report that was made."""
    row = connection.execute(select(reports).where(reports.c.id == report_id)).one_or_none()
    if row is None:
        return None
    window = Window(row.day, row.window_start, row.window_end)
    return _report(connection, window, messages.c.report_id == report_id)


def open_report(connection: Connection, day: date, now: datetime) -> Report:
    """What the next report would show if it were made now."""
    before = last_report(connection)
    start = before.end if before else _first_message_at(connection, now)
    return _report(connection, Window(day, start, now), messages.c.report_id.is_(None))


def day_report(connection: Connection, window: Window) -> Report:
    """A calendar day's messages, whatever reports they were in."""
    inside = (messages.c.created_at >= window.start) & (messages.c.created_at < window.end)
    return _report(connection, window, inside)


def _first_message_at(connection: Connection, now: datetime) -> datetime:
    first = select(func.min(messages.c.created_at)).where(messages.c.report_id.is_(None))
    return connection.execute(first).scalar() or now


def _report(connection: Connection, window: Window, which: ColumnElement[bool]) -> Report:
    between = (leads.c.updated_at >= window.start, leads.c.updated_at < window.end)
    changed = [
        lead_from(row)
        for row in connection.execute(select(leads).where(*between).order_by(leads.c.updated_at))
    ]
    new = select(func.count()).where(chats.c.created_at >= window.start, chats.c.created_at < window.end)
    waiting = select(func.count()).select_from(inbox).where(*unanswered())
    return Report(
        window=window,
        dialogues=tuple(_dialogues(connection, which)),
        leads=tuple(changed),
        new_customers=connection.execute(new).scalar_one(),
        failed_mails=failed_mails(connection, window.start, window.end),
        waiting=connection.execute(waiting).scalar_one(),
    )


def _dialogues(connection: Connection, which: ColumnElement[bool]) -> Iterator[Dialogue]:
    """Each chat's messages, chats in the order of their first message."""
    found: dict[int, list[Message]] = {}
    for row in connection.execute(select(messages).where(which).order_by(messages.c.id)):
        message = message_from(row)
        found.setdefault(message.chat_id, []).append(message)
    people = _by_id(connection, list(found))
    for chat_id, said in found.items():
        chat, lead = people[chat_id]
        yield Dialogue(chat=chat, messages=tuple(said), lead=lead)


def _by_id(connection: Connection, ids: Sequence[int]) -> dict[int, tuple[Chat, Lead | None]]:
    people: dict[int, tuple[Chat, Lead | None]] = {}
    for start in range(0, len(ids), 500):  # SQLite's limit on bound parameters is far above
        rows = connection.execute(
            select(*CHAT, *LEAD)
            .select_from(chats.outerjoin(leads, leads.c.chat_id == chats.c.id))
            .where(chats.c.id.in_(ids[start : start + 500]))
        )
        for row in rows:
            lead = lead_from(row, "lead_") if row.lead_id is not None else None
            people[row.chat_id] = (chat_from(row, "chat_"), lead)
    return people


_TRANSCRIPT = Prepared(
    select(messages)
    .where(
        messages.c.chat_id == bindparam("chat"),
        messages.c.id < bindparam("before"),
        messages.c.id > select(chats.c.history_from).where(chats.c.id == bindparam("chat")).scalar_subquery(),
        messages.c.kind.in_([literal(kind) for kind in ("text", "answer", "quote")]),
    )
    .order_by(messages.c.id.desc())
    .limit(TRANSCRIPT_MESSAGES)
)


def transcript(connection: Connection, chat_id: int, before: int) -> Sequence[Message]:
    """The running conversation below message ``before``: its newest part within the bounds, in order."""
    rows = _TRANSCRIPT.rows(connection, chat=chat_id, before=before)
    kept: list[Message] = []
    room = TRANSCRIPT_CHARACTERS
    for row in rows:
        room -= len(row.text) + len(row.note or "")
        if room < 0:
            break
        kept.append(message_from(row))
    return kept[::-1]


def tokens_since(connection: Connection, moment: datetime) -> int:
    """Tokens that answers have cost since then."""
    total = func.coalesce(func.sum(messages.c.input_tokens + messages.c.output_tokens), 0)
    return connection.execute(select(total).where(messages.c.created_at >= moment)).scalar_one()


@dataclass(frozen=True, slots=True)
class ExportedMessage:
    """A message with its customer, as exports show it."""

    message: Message
    chat: Chat


def export_page(
    connection: Connection, after: int, start: datetime | None, end: datetime | None
) -> Sequence[ExportedMessage]:
    """The next messages above id ``after``, oldest first; empty at the end."""
    statement = (
        select(*MESSAGE, *CHAT).join(chats, chats.c.id == messages.c.chat_id).where(messages.c.id > after)
    )
    if start is not None:
        statement = statement.where(messages.c.created_at >= start)
    if end is not None:
        statement = statement.where(messages.c.created_at < end)
    rows = connection.execute(statement.order_by(messages.c.id).limit(PAGE))
    return [ExportedMessage(message_from(row, "message_"), chat_from(row, "chat_")) for row in rows]


def leads_page(connection: Connection, after: int) -> Sequence[tuple[Lead, Chat]]:
    """The next leads above id ``after``, oldest first; empty at the end."""
    rows: Sequence[AnyRow] = connection.execute(
        select(*LEAD, *CHAT)
        .join(chats, chats.c.id == leads.c.chat_id)
        .where(leads.c.id > after)
        .order_by(leads.c.id)
        .limit(PAGE)
    ).all()
    return [(lead_from(row, "lead_"), chat_from(row, "chat_")) for row in rows]
