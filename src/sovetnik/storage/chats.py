"""Units of work around a chat: accept updates, take the next step, recover after a start.

Each is a plain function of a ``Connection`` and may be run again after a rollback.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, func, select, union, update

from sovetnik.core.model import Command, Delivery, Flood, Incoming, Limits, Step, Turn, Wait
from sovetnik.core.texts import language_of
from sovetnik.storage.answers import close_conversations, close_delivery, keyboard_from
from sovetnik.storage.changes import edit, migrated
from sovetnik.storage.incoming import incoming_of, payload_of, store_incoming
from sovetnik.storage.owners import paused_at
from sovetnik.storage.rows import AnyRow, chat_from, insert_once, lead_from, message_from
from sovetnik.storage.tables import chats, conversations, inbox, leads, messages, outbox

QUEUED = "queued"

MAX_JOIN = 5.0
"""Seconds after which a chatty customer is answered even if messages keep coming."""

MAX_BATCH = 50
"""Messages answered together at most."""

ALBUM_JOIN = 1.0
"""Seconds that an album's next part is waited for: Telegram delivers each as an update of its own."""

MINUTE = timedelta(minutes=1)

SILENT = frozenset({"blocked", "unblocked", "migrated"})
"""Kinds of updates that nobody answers."""


def accept(connection: Connection, updates: Sequence[Incoming], now: datetime) -> set[int]:
    """Store updates, once each; gives the chats that went from idle to queued."""
    woken: set[int] = set()
    for incoming in updates:
        stored = connection.execute(
            insert_once(connection, inbox).values(
                update_id=incoming.update_id,
                chat_id=incoming.chat_id,
                payload=payload_of(incoming),
                received_at=now,
                done_at=now if incoming.kind in SILENT else None,
            )
        )
        if stored.rowcount:
            chat_id = _note(connection, incoming, now)
            if chat_id is not None and _queue(connection, chat_id):
                woken.add(chat_id)
    return woken


def _note(connection: Connection, incoming: Incoming, now: datetime) -> int | None:
    """Do what an update does at once; gives the chat that it gives work to."""
    if incoming.kind == "migrated":
        return migrated(connection, incoming)
    known: dict[str, Any] = {
        "name": incoming.name,
        "username": incoming.username,
        "language_code": incoming.language_code,
        "blocked_at": now if incoming.kind == "blocked" else None,
    }
    statement = insert_once(connection, chats, on=["id"], update_with=known)
    connection.execute(statement.values(id=incoming.chat_id, created_at=now, **known))
    if incoming.kind == "edited":
        edit(connection, incoming, now)
    return None if incoming.kind in SILENT or incoming.kind == "edited" else incoming.chat_id


def _queue(connection: Connection, chat_id: int) -> bool:
    flip = update(chats).where(chats.c.id == chat_id, chats.c.owner.is_(None)).values(owner=QUEUED)
    return bool(connection.execute(flip).rowcount)


def next_step(
    connection: Connection,
    chat_id: int,
    token: str,
    limits: Limits,
    done: tuple[int, tuple[int, ...]] | None,
    now: datetime,
) -> Step:
    """Close a delivery, then say what the chat needs next.

    The delivery is closed whoever owns the chat by now: that it arrived is true all the same.
    """
    if done is not None:
        close_delivery(connection, *done, now)
    chat = connection.execute(select(chats).where(chats.c.id == chat_id)).one_or_none()
    if chat is None or not _own(connection, chat, token):
        return None
    answer = _open_answer(connection, chat, now)
    if answer is not None:
        return answer
    rows = _open_updates(connection, chat_id)
    first = next((row for row in rows if row.payload["kind"] != "edited"), None)
    if first is None:  # an edit alone waits for the customer's next message
        connection.execute(update(chats).where(chats.c.id == chat_id).values(owner=None))
        return None
    if first.payload["kind"] != "text":
        chat = _learn_language(connection, chat, "")
        return Command(chat=chat_from(chat), token=token, incoming=incoming_of(first))
    batch = _text_prefix(rows)
    pause = _joining(batch, limits.join, now)
    if pause > 0 and len(batch) == len(rows):
        return Wait(pause)
    pause = _flooding(connection, chat_id, limits.per_minute, now)
    if pause > 0:
        told = chat.flood_told_at is not None and chat.flood_told_at > now - MINUTE
        return Wait(pause) if told else Flood(chat=chat_from(chat), token=token)
    return _take(connection, chat, token, batch[:MAX_BATCH], now)


def _own(connection: Connection, chat: AnyRow, token: str) -> bool:
    if chat.owner == token:
        return True
    if chat.owner != QUEUED:
        return False
    claim = update(chats).where(chats.c.id == chat.id, chats.c.owner == QUEUED).values(owner=token)
    return bool(connection.execute(claim).rowcount)


def _open_answer(connection: Connection, chat: AnyRow, now: datetime) -> Delivery | Wait | None:
    row = connection.execute(
        select(outbox, messages.c.text)
        .join(messages, messages.c.id == outbox.c.ref)
        .where(outbox.c.chat_id == chat.id, outbox.c.kind == "answer", outbox.c.done_at.is_(None))
        .order_by(outbox.c.id)
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    if row.due_at > now:
        return Wait((row.due_at - now).total_seconds())
    return Delivery(
        id=row.id,
        chat_id=chat.id,
        message_id=row.ref,
        text=row.text,
        sent=tuple(row.progress or ()),
        attempts=row.attempts,
        keyboard=keyboard_from(row.payload),
        preview=chat.preview,
    )


def _open_updates(connection: Connection, chat_id: int) -> Sequence[AnyRow]:
    return connection.execute(
        select(inbox)
        .where(inbox.c.chat_id == chat_id, inbox.c.done_at.is_(None))
        .order_by(inbox.c.update_id)
        .limit(2 * MAX_BATCH)
    ).all()


def _text_prefix(rows: Sequence[AnyRow]) -> list[AnyRow]:
    batch: list[AnyRow] = []
    for row in rows:
        if row.payload["kind"] not in {"text", "edited"}:
            break
        batch.append(row)
    return batch


def _joining(batch: Sequence[AnyRow], join: float, now: datetime) -> float:
    """Seconds still to wait for another message of the same customer."""
    newest = max(row.received_at for row in batch)
    oldest = min(row.received_at for row in batch)
    if any(row.payload.get("album") for row in batch):
        join = max(join, ALBUM_JOIN)
    until = min(newest + timedelta(seconds=join), oldest + timedelta(seconds=max(MAX_JOIN, join)))
    return (until - now).total_seconds()


def _flooding(connection: Connection, chat_id: int, per_minute: int, now: datetime) -> float:
    """Seconds until the customer has written less than the limit within a minute."""
    if not per_minute:
        return 0.0
    at = connection.execute(
        select(messages.c.created_at)
        .where(messages.c.chat_id == chat_id, messages.c.update_id.is_not(None))
        .order_by(messages.c.id.desc())
        .offset(per_minute - 1)
        .limit(1)
    ).scalar()
    return (at + MINUTE - now).total_seconds() if at else 0.0


def _take(connection: Connection, chat: AnyRow, token: str, batch: Sequence[AnyRow], now: datetime) -> Turn:
    updates = tuple(row.update_id for row in batch)
    for row in batch:
        store_incoming(connection, incoming_of(row), "text", row.received_at)
    stored = connection.execute(
        select(messages).where(messages.c.update_id.in_(updates)).order_by(messages.c.id)
    ).all()
    chat = _learn_language(connection, chat, " ".join(row.text for row in stored))
    lead = connection.execute(select(leads).where(leads.c.chat_id == chat.id)).one_or_none()
    return Turn(
        chat=chat_from(chat),
        token=token,
        messages=tuple(message_from(row) for row in stored),
        updates=updates,
        conversation=_take_conversation(connection, chat.id, token, now),
        lead=lead_from(lead) if lead else None,
        paused=_paused(connection, chat),
    )


def _paused(connection: Connection, chat: AnyRow) -> Literal["tell", "silent"] | None:
    since = paused_at(connection)
    if since is None:
        return None
    return "silent" if chat.pause_told_at is not None and chat.pause_told_at >= since else "tell"


def _take_conversation(connection: Connection, chat_id: int, token: str, now: datetime) -> str | None:
    """The provider's conversation, marked as in use; None when there is none whose content is known."""
    row = connection.execute(
        select(conversations)
        .where(conversations.c.chat_id == chat_id, conversations.c.closed_at.is_(None))
        .order_by(conversations.c.id.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    if row.busy is not None:
        close_conversations(connection, chat_id, now)
        return None
    connection.execute(update(conversations).where(conversations.c.id == row.id).values(busy=token))
    return str(row.provider_id)


def recover(connection: Connection, now: datetime) -> list[int]:
    """After a start: free every chat of its dead owner, queue those with work, oldest first.

    Only for the database's single process. Mails are made due at once: whatever held them up may
    have been mended by the restart.
    """
    connection.execute(update(chats).where(chats.c.owner.is_not(None)).values(owner=None))
    waiting = union(
        select(inbox.c.chat_id).where(inbox.c.done_at.is_(None)),
        select(outbox.c.chat_id).where(outbox.c.done_at.is_(None), outbox.c.kind == "answer"),
    ).subquery()
    connection.execute(update(chats).where(chats.c.id.in_(select(waiting.c.chat_id))).values(owner=QUEUED))
    connection.execute(
        update(outbox).where(outbox.c.done_at.is_(None), outbox.c.kind != "answer").values(due_at=now)
    )
    oldest = (
        select(func.min(inbox.c.update_id))
        .where(inbox.c.chat_id == chats.c.id, inbox.c.done_at.is_(None))
        .scalar_subquery()
    )
    found = connection.execute(select(chats.c.id).where(chats.c.owner == QUEUED).order_by(oldest))
    return list(found.scalars())


def _learn_language(connection: Connection, chat: AnyRow, text: str) -> AnyRow:
    language = language_of(text, chat.language_code, chat.language)
    if language is None or language == chat.language:
        return chat
    changed = update(chats).where(chats.c.id == chat.id).values(language=language).returning(chats)
    return connection.execute(changed).one()
