"""Units of work of the owner: whose chats are the owner's, and whether the bot is paused.

Each is a plain function of a ``Connection`` and may be run again after a rollback.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select

from sovetnik.storage.rows import insert_once
from sovetnik.storage.tables import owners, pairing, state

PAIRING_LASTS = timedelta(days=1)

PAUSED = "paused_at"


def owner_chats(connection: Connection) -> set[int]:
    """Chats that were paired."""
    return set(connection.execute(select(owners.c.chat_id)).scalars())


def offer_pairing(connection: Connection, code: str, now: datetime) -> None:
    """Let a code make a chat the owner's, once, within a day."""
    connection.execute(delete(pairing).where(pairing.c.expires_at <= now))
    connection.execute(pairing.insert().values(digest=_digest(code), expires_at=now + PAIRING_LASTS))


def pair(connection: Connection, chat_id: int, code: str, now: datetime) -> bool:
    """Spend a code, and with it those of earlier starts; False when it is none."""
    spent = connection.execute(
        delete(pairing).where(pairing.c.digest == _digest(code), pairing.c.expires_at > now)
    )
    if not spent.rowcount:
        return False
    connection.execute(delete(pairing))
    connection.execute(insert_once(connection, owners).values(chat_id=chat_id, paired_at=now))
    return True


def set_paused(connection: Connection, now: datetime, *, paused: bool) -> None:
    """Stop or go on with answering customers."""
    if paused:
        connection.execute(insert_once(connection, state).values(key=PAUSED, value=now.isoformat()))
    else:
        connection.execute(delete(state).where(state.c.key == PAUSED))


def paused_at(connection: Connection) -> datetime | None:
    """Since when nobody is answered; None while customers are."""
    value = connection.execute(select(state.c.value).where(state.c.key == PAUSED)).scalar_one_or_none()
    return datetime.fromisoformat(value) if value else None


def _digest(code: str) -> str:
    return hashlib.sha256(code.strip().upper().encode()).hexdigest()
