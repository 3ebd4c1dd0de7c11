"""Units of work around a chat: accept updates, take the next step, recover after a start.

Each is a plain function of a ``Connection`` and may be run again after a rollback.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import takewhile
from typing import Any, Literal

from sqlalchemy import Connection, String, bindparam, func, select, union, update

from sovetnik.core.model import Command, Delivery, Flood, Incoming, Limits, Step, Turn, Wait
from sovetnik.core.texts import language_of
from sovetnik.storage import replicas
from sovetnik.storage.answers import USED, close_conversations, close_delivery, keyboard_from
from sovetnik.storage.batches import (
    FLOOD_LOOK,
    KIND,
    MAX_BATCH,
    MAX_FLOOD,
    MINUTE,
    first_command,
    fitting,
    flooding,
    goes_on,
    joining,
    waiting,
)
from sovetnik.storage.changes import edit, migrated
from sovetnik.storage.incoming import incoming_of, payload_of, store_incoming
from sovetnik.storage.owners import PAUSED
from sovetnik.storage.prepared import Prepared, insert_new
from sovetnik.storage.replicas import QUEUED
from sovetnik.storage.rows import (
    ONE,
    AnyRow,
    chat_from,
    columns,
    insert_once,
    lead_from,
    message_from,
)
from sovetnik.storage.tables import chats, conversations, inbox, leads, messages, outbox, state

SILENT = frozenset({"blocked", "unblocked", "migrated"})
"""Kinds of updates that nobody answers."""

UNLIKE = SILENT | {"edited"}
"""Kinds of updates that do not simply give a chat something to do."""


_TOKEN = bindparam("token", type_=String)
_IDLE = Prepared(update(chats).where(chats.c.id == bindparam("chat"), chats.c.owner.is_(None)))
_CLAIM = Prepared(
    update(chats).where(chats.c.id == bindparam("chat"), chats.c.owner.in_((QUEUED, _TOKEN))).returning(chats)
)
_CHAT = update(chats).where(chats.c.id == bindparam("chat"))
_CHANGE = Prepared(_CHAT)
_CHANGED = Prepared(_CHAT.returning(chats))
_ANSWER = Prepared(
    select(outbox, messages.c.text)
    .join(messages, messages.c.id == outbox.c.ref)
    .where(outbox.c.id == bindparam("answer"))
)


def accept(connection: Connection, updates: Sequence[Incoming], now: datetime) -> set[int]:
    """Store updates, once each; gives the chats that went from idle to queued."""
    woken: set[int] = set()
    for incoming in updates:
        row = {
            "update_id": incoming.update_id,
            "chat_id": incoming.chat_id,
            "payload": payload_of(incoming),
            "received_at": now,
            "done_at": now if incoming.kind in SILENT else None,
        }
        if insert_new(connection, inbox).row(connection, **row) is not None:
            if incoming.kind not in UNLIKE and _queue_known(connection, incoming):
                woken.add(incoming.chat_id)
                continue
            chat_id = _note(connection, incoming, now)
            if chat_id is not None and _queue(connection, chat_id):
                woken.add(chat_id)
    return woken


def _queue_known(connection: Connection, incoming: Incoming) -> bool:
    """The usual case in one statement: a customer that we know, and nobody is at their chat."""
    return bool(_IDLE.run(connection, chat=incoming.chat_id, owner=QUEUED, **_known(incoming)))


def _known(incoming: Incoming) -> dict[str, Any]:
    """What an update tells of its sender."""
    return {
        "name": incoming.name,
        "username": incoming.username,
        "language_code": incoming.language_code,
        "blocked_at": None,
    }


def _note(connection: Connection, incoming: Incoming, now: datetime) -> int | None:
    """Do what an update does at once; gives the chat that it gives work to."""
    if incoming.kind == "migrated":
        return migrated(connection, incoming, now)
    if incoming.kind in {"blocked", "unblocked"}:  # nobody becomes a customer by that
        blocked_at = now if incoming.kind == "blocked" else None
        connection.execute(update(chats).where(chats.c.id == incoming.chat_id).values(blocked_at=blocked_at))
        return None
    known = _known(incoming)
    statement = insert_once(connection, chats, on=["id"], update_with=known)
    connection.execute(statement.values(id=incoming.chat_id, created_at=now, **known))
    if incoming.kind == "edited":
        edit(connection, incoming, now)
        return None
    return incoming.chat_id


def _queue(connection: Connection, chat_id: int) -> bool:
    return bool(_IDLE.run(connection, chat=chat_id, owner=QUEUED))


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
    owner = None if done else token  # after an answer there is mostly nothing more to do
    # Claims the chat, or sees that it is still ours; its row stays locked until the unit is committed.
    chat = _CLAIM.row(connection, chat=chat_id, token=token, owner=owner)
    if chat is None:
        return None
    answer, rows, edits = waiting(connection, chat.id)
    needed = token if rows or answer is not None else None  # an edit alone waits for the next message
    if needed != owner:
        _CHANGE.run(connection, chat=chat.id, owner=needed)
    if answer is not None:
        return _open_answer(connection, chat, answer, now)
    return _next_update(connection, chat, token, limits, now, rows, edits) if rows else None


def _next_update(
    connection: Connection,
    chat: AnyRow,
    token: str,
    limits: Limits,
    now: datetime,
    rows: Sequence[AnyRow],
    edits: Sequence[AnyRow],
) -> Turn | Command | Flood | Wait:
    if rows[0].payload["kind"] != "text":
        return _command(connection, chat, token, rows[0])
    texts = list(takewhile(lambda row: row.payload["kind"] == "text", rows))
    pause = joining(texts, limits.join, now)
    if pause > 0 and len(texts) == len(rows):
        return Wait(pause)
    flooded = chat.flood_told_at is not None and chat.flood_told_at > now - 2 * MINUTE
    pause = flooding(connection, texts, limits.per_minute, now)
    if pause > 0:
        command = first_command(connection, chat.id)
        if command is not None:
            return _command(connection, chat, token, command)
        return Wait(min(pause, FLOOD_LOOK)) if flooded else Flood(chat=chat_from(chat), token=token)
    taken = fitting(texts[: MAX_FLOOD if flooded else MAX_BATCH])
    if flooded and goes_on(taken, limits.per_minute, now):
        connection.execute(update(chats).where(chats.c.id == chat.id).values(flood_told_at=now))
    if len(texts) < len(rows):  # what comes after a command waits with it
        edits = [row for row in edits if row.update_id < rows[len(texts)].update_id]
    batch = sorted([*taken, *edits[:MAX_BATCH]], key=lambda row: row.update_id)
    return _take(connection, chat, token, batch, now)


def _command(connection: Connection, chat: AnyRow, token: str, row: AnyRow) -> Command:
    chat = _learn_language(connection, chat, "")
    return Command(chat=chat_from(chat), token=token, incoming=incoming_of(row))


def _open_answer(connection: Connection, chat: AnyRow, answer: int, now: datetime) -> Delivery | Wait:
    row = _ANSWER.one(connection, answer=answer)
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


def _take(connection: Connection, chat: AnyRow, token: str, batch: Sequence[AnyRow], now: datetime) -> Turn:
    updates = tuple(row.update_id for row in batch)
    stored = [store_incoming(connection, incoming_of(row), "text", row.received_at) for row in batch]
    lines = [row for row in stored if row is not None]
    if len(lines) < len(stored):  # some were stored before the process died
        again = select(messages).where(messages.c.update_id.in_(updates)).order_by(messages.c.id)
        lines = list(connection.execute(again))
    chat = _learn_language(connection, chat, " ".join(row.text for row in lines))
    known = _KNOWN.one(connection, chat=chat.id, key=PAUSED)
    return Turn(
        chat=chat_from(chat),
        token=token,
        messages=tuple(message_from(row) for row in lines),
        updates=updates,
        conversation=_take_conversation(connection, chat.id, known, token, now),
        lead=lead_from(known, "lead_") if known.lead_id is not None else None,
        paused=_paused(known.paused, chat),
    )


def _paused(value: str | None, chat: AnyRow) -> Literal["tell", "silent"] | None:
    if value is None:
        return None
    since = datetime.fromisoformat(value)
    return "silent" if chat.pause_told_at is not None and chat.pause_told_at >= since else "tell"


_newest = (
    select(func.max(conversations.c.id))
    .where(conversations.c.chat_id == bindparam("chat"), conversations.c.closed_at.is_(None))
    .scalar_subquery()
)
_KNOWN = Prepared(
    select(
        *columns(leads, "lead_"),
        *columns(conversations, "conversation_"),
        state.c.value.label("paused"),
    ).select_from(
        ONE.outerjoin(leads, leads.c.chat_id == bindparam("chat"))
        .outerjoin(conversations, conversations.c.id == _newest)
        .outerjoin(state, state.c.key == bindparam("key"))
    )
)
"""What a turn has to know beside its chat: the lead, the open conversation, the pause."""


def _take_conversation(
    connection: Connection, chat_id: int, known: AnyRow, token: str, now: datetime
) -> str | None:
    """The provider's conversation, marked as in use; None when there is none whose content is known."""
    if known.conversation_id is None:
        return None
    if known.conversation_busy is not None:
        close_conversations(connection, chat_id, now)
        return None
    USED.run(connection, conversation=known.conversation_id, busy=token)
    return str(known.conversation_provider_id)


def hurry(connection: Connection, now: datetime) -> None:
    """After a start, make mails due at once: whatever held them up may have been mended by it."""
    mails = update(outbox).where(outbox.c.done_at.is_(None), outbox.c.kind != "answer")
    if not replicas.alone(connection):  # others are at work: only what has failed is hurried
        mails = mails.where(outbox.c.error.is_not(None))
    connection.execute(mails.values(due_at=now))


def sweep(connection: Connection) -> tuple[list[int], set[int]]:
    """Free the chats of dead owners, queue those with work that nobody is at.

    On SQLite nobody else lives, so every owner is dead.

    Returns:
        All that are queued, those with the oldest question first; and which of them were idle until now.
    """
    shared = connection.dialect.name == "postgresql"
    dead = replicas.abandoned() if shared else chats.c.owner.is_not(None)
    connection.execute(update(chats).where(dead).values(owner=None))
    waiting = union(
        select(inbox.c.chat_id).where(inbox.c.done_at.is_(None), KIND != "edited"),
        select(outbox.c.chat_id).where(outbox.c.done_at.is_(None), outbox.c.kind == "answer"),
    ).subquery()
    idle = chats.c.owner.is_(None) & chats.c.id.in_(select(waiting.c.chat_id))
    lately = connection.execute(update(chats).where(idle).values(owner=QUEUED).returning(chats.c.id))
    fresh = set[int](lately.scalars())
    oldest = (
        select(func.min(inbox.c.update_id))
        .where(inbox.c.chat_id == chats.c.id, inbox.c.done_at.is_(None))
        .scalar_subquery()
    )
    found = connection.execute(select(chats.c.id).where(chats.c.owner == QUEUED).order_by(oldest))
    return list(found.scalars()), fresh


def _learn_language(connection: Connection, chat: AnyRow, text: str) -> AnyRow:
    language = language_of(text, chat.language_code, chat.language)
    if language is None or language == chat.language:
        return chat
    return _CHANGED.one(connection, chat=chat.id, language=language)
