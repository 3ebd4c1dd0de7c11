"""What the store asks of a database; SQLite and PostgreSQL each have their own way to run a unit of work."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar

from sqlalchemy import Connection, Engine

from sovetnik.storage.crew import Crew, Drain

T = TypeVar("T")


class Database(Protocol):
    """Runs plain functions of a sync ``Connection``.

    Attributes:
        gathers: Whether updates that arrive together have to be put into one transaction by the store.

    Raises (all methods):
        StorageError: the database refused; nothing was written.
    """

    gathers: bool

    @property
    def engine(self) -> Engine:
        """For long work on a thread of its own."""
        ...

    async def write(self, unit: Callable[[Connection], T]) -> T:
        """Run a unit of work in one transaction; returns after it is on disk."""
        ...

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Run a short read."""
        ...

    async def read_apart(self, query: Callable[[Connection], T]) -> T:
        """Run a long read: thousands of rows must not hold up the event loop."""
        ...

    def share(self, connection: Connection, chats: Iterable[int]) -> set[int]:
        """Leave the chats that this process has no room for to others, with the running transaction.

        Args:
            connection: Of the transaction that queued them.
            chats: Those that were queued.

        Returns:
            Those that were left.
        """
        ...

    def crew(self, drain: Drain, room: int) -> Crew:
        """Those who work on this database, for a process that runs the bot.

        Args:
            drain: Does everything that waits in a chat.
            room: Chats that the process works on at the same time, where others could take them.
        """
        ...

    async def wipe(self) -> bool:
        """See that erased words are gone from the database's files; False when somebody is in the way."""
        ...
