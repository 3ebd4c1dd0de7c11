"""Who lives among the processes that share a PostgreSQL, and what the dead have left behind.

Each is a plain function of a ``Connection``. Times are the database's: replicas' clocks may differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, Connection, Select, Text, column, exists, func, literal, select, table

from sovetnik.storage.tables import chats, replicas

QUEUED = "queued"

LEASE = timedelta(seconds=12)
"""A replica that has not been seen for so long owns nothing any more."""

GONE = timedelta(seconds=5)
"""The same for one whose session has ended: its process is gone, or knows that it is cut off."""

SESSION = "sovetnik duty"
"""With its id behind it, the name of the session by which a replica lives."""


def alive() -> Select[tuple[str]]:
    """Ids of the replicas that were seen lately; one whose session has ended is given less time."""
    sessions = table("pg_stat_activity", column("application_name"))
    name = literal(f"{SESSION} ", Text) + replicas.c.id
    in_session = exists().select_from(sessions).where(sessions.c.application_name == name)
    age = func.clock_timestamp() - replicas.c.seen_at
    return select(replicas.c.id).where((age < GONE) | ((age < LEASE) & in_session))


def alone(connection: Connection) -> bool:
    """Whether no other replica lives; on SQLite none ever does."""
    if connection.dialect.name != "postgresql":
        return True
    return living(connection) <= 1


def living(connection: Connection) -> int:
    """How many replicas live, on PostgreSQL."""
    return connection.execute(select(func.count()).select_from(alive().subquery())).scalar_one()


def abandoned() -> ColumnElement[bool]:
    """Condition on chats whose owner's replica is dead; a token begins with its replica's id."""
    owner = func.split_part(chats.c.owner, "-", 1)
    return chats.c.owner.is_not(None) & (chats.c.owner != QUEUED) & owner.not_in(alive())


def still_queued(connection: Connection, ids: Sequence[int]) -> list[int]:
    """Those of the chats that nobody has taken yet."""
    found = select(chats.c.id).where(chats.c.id.in_(ids), chats.c.owner == QUEUED)
    return list(connection.execute(found).scalars())
