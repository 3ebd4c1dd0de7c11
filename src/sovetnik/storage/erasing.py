"""Erasing a customer: everything here at once, what the provider holds through the outbox.

Each is a plain function of a ``Connection`` and may be run again after a rollback.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, select, update

from sovetnik.core.model import Answer, Delivery, Incoming
from sovetnik.core.owner import Erasure
from sovetnik.storage.answers import check_owner, store_answer
from sovetnik.storage.incoming import payload_of
from sovetnik.storage.rows import insert_once
from sovetnik.storage.tables import chats, conversations, inbox, leads, messages, outbox

_KIND = inbox.c.payload["kind"].as_string()


def forget(connection: Connection, chat_id: int, token: str, answer: Answer, now: datetime) -> Delivery:
    """Erase a customer who asked for it in the chat; kept are our last word and what they wrote since."""
    chat = check_owner(connection, chat_id, token)
    asked = connection.execute(
        select(func.min(inbox.c.update_id)).where(
            inbox.c.chat_id == chat_id, inbox.c.done_at.is_(None), _KIND == "press"
        )
    ).scalar()
    since = select(inbox.c.update_id).where(
        inbox.c.chat_id == chat_id,
        inbox.c.done_at.is_(None),
        inbox.c.update_id > asked,
        _KIND.not_in(("press", "edited")),
    )
    later = list(connection.execute(since).scalars())
    _erase(connection, chat_id, now, keep=later)
    connection.execute(
        chats.insert().values(
            id=chat_id, name="", language=chat.language, created_at=now, owner=token, keyboard=chat.keyboard
        )
    )
    return store_answer(connection, chat_id, None, answer, now)


def forget_wholly(connection: Connection, chat_id: int, now: datetime) -> bool:
    """Erase a customer without a trace; False when nothing of them is known."""
    found = select(chats.c.id).where(chats.c.id == chat_id).with_for_update()
    known = connection.execute(found).first() is not None
    _erase(connection, chat_id, now)
    return known


def _erase(connection: Connection, chat_id: int, now: datetime, keep: Sequence[int] = ()) -> None:
    held = connection.execute(
        select(conversations.c.provider_id).where(conversations.c.chat_id == chat_id).distinct()
    ).scalars()
    erasures = [
        {
            "kind": "erase",
            "key": f"erase-{provider_id}",
            "ref": 0,
            "revision": 1,
            "attempts": 0,
            "created_at": now,
            "due_at": now,
            "payload": {"conversation": provider_id},
        }
        for provider_id in held
    ]
    # Answers that wait and mails that were not sent go too: they hold the same words.
    for table in (messages, leads, conversations, outbox):
        connection.execute(delete(table).where(table.c.chat_id == chat_id))
    connection.execute(delete(chats).where(chats.c.id == chat_id))
    # The rows stay without their words: Telegram may deliver the same updates again.
    blank = payload_of(Incoming(0, 0, "text", "", now))
    connection.execute(
        update(inbox)
        .where(inbox.c.chat_id == chat_id, inbox.c.update_id.not_in(keep))
        .values(payload=blank, chat_id=0, done_at=now)
    )
    if erasures:
        connection.execute(insert_once(connection, outbox), erasures)


def due_erasures(connection: Connection, limit: int, now: datetime) -> Sequence[Erasure]:
    """Conversations at the provider whose time to go has come."""
    rows = connection.execute(
        select(outbox)
        .where(outbox.c.done_at.is_(None), outbox.c.kind == "erase", outbox.c.due_at <= now)
        .order_by(outbox.c.due_at, outbox.c.id)  # by the index: the outbox holds days of answers
        .limit(limit)
    )
    return [
        Erasure(id=row.id, conversation=row.payload["conversation"], attempts=row.attempts) for row in rows
    ]


def erased(connection: Connection, erasure_id: int) -> None:
    """Forget that there was something to erase."""
    connection.execute(delete(outbox).where(outbox.c.id == erasure_id))


def erasure_postponed(
    connection: Connection, erasure_id: int, seconds: float, error: str, now: datetime
) -> None:
    """Try again later."""
    connection.execute(
        update(outbox)
        .where(outbox.c.id == erasure_id)
        .values(due_at=now + timedelta(seconds=seconds), error=error, attempts=outbox.c.attempts + 1)
    )
