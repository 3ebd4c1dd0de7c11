"""What Telegram changes afterwards: an edited message, a group that became a supergroup.

Each is a plain function of a ``Connection`` and may be run again after a rollback.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Table, delete, select, union_all, update

from sovetnik.core.model import Incoming
from sovetnik.storage.answers import close_conversations
from sovetnik.storage.rows import AnyRow
from sovetnik.storage.tables import chats, conversations, inbox, leads, messages, outbox


def edit(connection: Connection, incoming: Incoming, now: datetime) -> None:
    """Take an edit in: a message that nobody has begun to answer is replaced.

    Otherwise the edit waits, without waking the chat, and goes with the customer's next message.
    """
    for row in _open_rows(connection, incoming.chat_id):
        payload = row.payload
        if payload["message_id"] != incoming.message_id or row.update_id == incoming.update_id:
            continue
        if payload["kind"] not in {"text", "edited"} or _begun(connection, row.update_id):
            continue
        changed = {**payload, "text": incoming.text}
        connection.execute(update(inbox).where(inbox.c.update_id == row.update_id).values(payload=changed))
        connection.execute(update(inbox).where(inbox.c.update_id == incoming.update_id).values(done_at=now))
        return


def _open_rows(connection: Connection, chat_id: int) -> Sequence[AnyRow]:
    return connection.execute(
        select(inbox).where(inbox.c.chat_id == chat_id, inbox.c.done_at.is_(None))
    ).all()


def _begun(connection: Connection, update_id: int) -> bool:
    found = select(messages.c.id).where(messages.c.update_id == update_id)
    return connection.execute(found).first() is not None


def migrated(connection: Connection, incoming: Incoming, now: datetime) -> int | None:
    """Give a group to the supergroup it became; gives the new chat's id when it has something to do."""
    old, new = incoming.chat_id, int(incoming.text)
    before = connection.execute(select(chats).where(chats.c.id == old).with_for_update()).one_or_none()
    if before is None or old == new:
        return None
    known = connection.execute(select(chats).where(chats.c.id == new).with_for_update()).one_or_none()
    if known is None:
        # Whoever works on a turn of the old chat is fenced off; it is done again under the new id.
        connection.execute(update(chats).where(chats.c.id == old).values(id=new, owner=None))
    else:
        _join(connection, before, known)
    moved: tuple[Table, ...] = (messages, conversations, leads, inbox, outbox)
    for table in moved:
        connection.execute(update(table).where(table.c.chat_id == old).values(chat_id=new))
    if known is not None:  # neither of the provider's conversations holds what the other does
        close_conversations(connection, new, now)
    return new if _has_work(connection, new) else None


def _join(connection: Connection, before: AnyRow, known: AnyRow) -> None:
    """Add to a supergroup that has written already what was known of the group."""
    connection.execute(delete(chats).where(chats.c.id == before.id))
    connection.execute(
        update(chats)
        .where(chats.c.id == known.id)
        .values(
            created_at=min(before.created_at, known.created_at),
            history_from=max(before.history_from, known.history_from),
            language=known.language or before.language,
            source=known.source or before.source,
            consent=known.consent or before.consent,
            consent_at=known.consent_at if known.consent else before.consent_at,
        )
    )
    if connection.execute(select(leads.c.id).where(leads.c.chat_id == known.id)).first() is not None:
        connection.execute(delete(leads).where(leads.c.chat_id == before.id))  # a chat has one: the newer


def _has_work(connection: Connection, chat_id: int) -> bool:
    waiting = union_all(
        select(inbox.c.update_id).where(inbox.c.chat_id == chat_id, inbox.c.done_at.is_(None)),
        select(outbox.c.id).where(
            outbox.c.chat_id == chat_id, outbox.c.done_at.is_(None), outbox.c.kind == "answer"
        ),
    )
    return connection.execute(waiting).first() is not None
