"""Dialogues that another bot has led: stored as if they had been led here, long ago.

They are what the customer and the bot remember of each other, so they stand before everything that was said
here since; and they are nobody's news, so no report shows them.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, delete, select, update

from sovetnik.core.texts import language_of, storable
from sovetnik.storage.answers import close_conversations
from sovetnik.storage.quiet import keep_quiet
from sovetnik.storage.rows import AnyRow, insert_once
from sovetnik.storage.store import SqlStore, utcnow
from sovetnik.storage.tables import chats, messages, outbox

BEFORE_REPORTS = 0
"""``report_id`` of what no report ever shows: the first report's id is 1."""


@dataclass(frozen=True, slots=True)
class OldMessage:
    """A line of an old dialogue.

    Attributes:
        key: Tells it from all others, on each import anew.
    """

    key: str
    role: Literal["customer", "assistant"]
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class OldDialogue:
    """What was said in one chat, oldest first."""

    chat_id: int
    messages: tuple[OldMessage, ...]
    name: str = ""
    username: str | None = None


async def import_dialogues(store: SqlStore, dialogues: Sequence[OldDialogue]) -> int:
    """Store dialogues in one transaction; what is stored already is left as it is.

    Only while no bot runs: a turn at work must not find its messages renumbered.

    Returns:
        How many messages are new.

    Raises:
        ConfigError: a bot runs; nothing was written.
        StorageError: nothing was written.
    """

    def unit(connection: Connection) -> int:
        keep_quiet(connection)
        return sum(_import(connection, dialogue, utcnow()) for dialogue in dialogues)

    return await store.write(unit)


def _import(connection: Connection, dialogue: OldDialogue, now: datetime) -> int:
    known = set(
        connection.execute(
            select(messages.c.update_id).where(
                messages.c.chat_id == dialogue.chat_id, messages.c.update_id < 0
            )
        ).scalars()
    )
    new = list({row["update_id"]: row for row in _rows(dialogue) if row["update_id"] not in known}.values())
    if not new:
        return 0
    _note_chat(connection, dialogue, new[0]["created_at"])
    here = connection.execute(
        select(messages).where(messages.c.chat_id == dialogue.chat_id).order_by(messages.c.id)
    ).all()
    if here:
        _put_in_order(connection, dialogue.chat_id, here, new)
        close_conversations(connection, dialogue.chat_id, now)  # the provider does not know what came in
    else:
        connection.execute(messages.insert(), new)
    return len(new)


def _rows(dialogue: OldDialogue) -> list[dict[str, Any]]:
    return [
        {
            "chat_id": dialogue.chat_id,
            "role": message.role,
            "kind": "text" if message.role == "customer" else "answer",
            "text": storable(message.text),
            "created_at": message.at,
            "update_id": _number(f"{dialogue.chat_id}/{message.key}"),
            "report_id": BEFORE_REPORTS,
        }
        for message in dialogue.messages
    ]


def _number(key: str) -> int:
    """A number that stands for a message in the unique ``update_id``; Telegram's own are positive."""
    return -1 - int.from_bytes(hashlib.sha256(key.encode()).digest()[:7])


def _note_chat(connection: Connection, dialogue: OldDialogue, first: datetime) -> None:
    said = " ".join(message.text for message in dialogue.messages if message.role == "customer")
    connection.execute(
        insert_once(connection, chats).values(
            id=dialogue.chat_id,
            name=dialogue.name,
            username=dialogue.username,
            language=language_of(said, None),
            created_at=first,
        )
    )
    connection.execute(
        update(chats)
        .where(chats.c.id == dialogue.chat_id, chats.c.created_at > first)
        .values(created_at=first)
    )


def _put_in_order(
    connection: Connection, chat_id: int, here: Sequence[AnyRow], new: Sequence[dict[str, Any]]
) -> None:
    """Number a chat's messages anew, by time: dialogues are read in the order of their ids.

    What points at a message is moved with it: answers in the outbox, and where the memory begins.
    """
    rows = [dict(row._mapping) for row in here]  # noqa: SLF001 - SQLAlchemy's public name for it
    connection.execute(delete(messages).where(messages.c.chat_id == chat_id))
    moved: dict[int, int] = {}
    for row in heapq.merge(new, rows, key=lambda row: row["created_at"]):
        values = {name: value for name, value in row.items() if name != "id" and value is not None}
        number = connection.execute(messages.insert().values(values).returning(messages.c.id)).scalar_one()
        if "id" in row:
            moved[row["id"]] = number
    for old, number in sorted(moved.items(), reverse=True):  # new numbers are above all old ones
        connection.execute(
            update(outbox)
            .where(outbox.c.chat_id == chat_id, outbox.c.kind == "answer", outbox.c.ref == old)
            .values(ref=number, key=f"answer-{number}")
        )
    forgotten = select(chats.c.history_from).where(chats.c.id == chat_id)
    since = connection.execute(forgotten).scalar_one()
    if since:
        kept = [number for old, number in moved.items() if old <= since]
        connection.execute(
            update(chats).where(chats.c.id == chat_id).values(history_from=max(kept, default=0))
        )
