"""What Telegram changes afterwards: an edited message, a group that became a supergroup.

Each is a plain function of a ``Connection`` and may be run again after a rollback.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, Table, delete, select, update

from sovetnik.core.model import Incoming
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
        if payload["kind"] == "text" and _begun(connection, row.update_id):
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


def migrate(connection: Connection, old: int, new: int) -> bool:
    """Give everything of a group to the supergroup it became; False when nothing of it is known."""
    if connection.execute(select(chats.c.id).where(chats.c.id == old)).first() is None:
        return False
    known = connection.execute(select(chats.c.id).where(chats.c.id == new)).first()
    if known is None:
        # Whoever works on a turn of the old chat is fenced off; it is done again under the new id.
        connection.execute(update(chats).where(chats.c.id == old).values(id=new, owner=None))
    else:
        connection.execute(delete(chats).where(chats.c.id == old))
        if connection.execute(select(leads.c.id).where(leads.c.chat_id == new)).first() is not None:
            connection.execute(delete(leads).where(leads.c.chat_id == old))
    moved: tuple[Table, ...] = (messages, conversations, leads, inbox, outbox)
    for table in moved:
        connection.execute(update(table).where(table.c.chat_id == old).values(chat_id=new))
    return True


def migrated(connection: Connection, incoming: Incoming) -> int | None:
    """Note a migration; gives the new chat's id when it has something to do."""
    new = int(incoming.text)
    if not migrate(connection, incoming.chat_id, new):
        return None
    waiting = connection.execute(
        select(inbox.c.update_id).where(inbox.c.chat_id == new, inbox.c.done_at.is_(None))
    ).first()
    return new if waiting is not None else None
