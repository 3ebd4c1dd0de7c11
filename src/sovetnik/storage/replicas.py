"""Who lives among the processes that share a PostgreSQL, and what the dead have left behind.

Each is a plain function of a ``Connection``. Times are the database's: replicas' clocks may differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, Connection, Select, func, select

from sovetnik.storage.tables import chats, replicas

QUEUED = "queued"

LEASE = timedelta(seconds=12)
"""A replica that has not been seen for so long owns nothing any more."""


def alive() -> Select[tuple[str]]:
    """Ids of the replicas that were seen lately."""
    return select(replicas.c.id).where(replicas.c.seen_at > func.clock_timestamp() - LEASE)


def alone(connection: Connection) -> bool:
    """Whether no other replica lives; on SQLite none ever does."""
    if connection.dialect.name != "postgresql":
        return True
    return connection.execute(select(func.count()).select_from(alive().subquery())).scalar_one() <= 1


def abandoned() -> ColumnElement[bool]:
    """Condition on chats whose owner's replica is dead; a token begins with its replica's id."""
    owner = func.split_part(chats.c.owner, "-", 1)
    return chats.c.owner.is_not(None) & (chats.c.owner != QUEUED) & owner.not_in(alive())


def still_queued(connection: Connection, ids: Sequence[int]) -> list[int]:
    """Those of the chats that nobody has taken yet."""
    found = select(chats.c.id).where(chats.c.id.in_(ids), chats.c.owner == QUEUED)
    return list(connection.execute(found).scalars())
