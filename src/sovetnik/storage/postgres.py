"""The store's database on PostgreSQL: units of work on threads, each with a connection of its own.

The units are the same plain functions as on SQLite, only that many run at the same time here, in this and
in other processes. What keeps them apart is the lock on a chat's row that each takes first.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import psycopg
from psycopg.conninfo import make_conninfo
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from sovetnik.core.errors import ConfigError, StorageError
from sovetnik.storage import migrate, wakeups
from sovetnik.storage.crew import Crew, Drain

T = TypeVar("T")

THREADS = 4
"""Units of work of this process that run at the same time; more only wait for the interpreter (measured)."""

LONG_READS = 2
"""Connections for reports and exports beside them."""

TRIES = 5
"""Of a unit that the database broke off for another's sake (deadlock) or with a connection that was dead."""

AGAIN = frozenset({"40001", "40P01"})
"""SQLSTATEs of transactions that need only be done again."""

CONNECT = {
    "connect_timeout": 10,
    # A machine that vanished must not keep its locks for hours.
    "keepalives_idle": 5,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
    "application_name": "sovetnik",
}

OPTIONS = (
    '-c search_path="$user",public,procrastinate -c timezone=UTC -c statement_timeout=60000 '
    "-c lock_timeout=15000 -c idle_in_transaction_session_timeout=10000 "
    "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=3 -c tcp_keepalives_count=3"
)
"""Of each session; a worker that freezes inside a transaction must not hold a chat's row for ever."""


def driver_url(url: str) -> URL:
    """``DATABASE_URL`` with the driver that we use and what each of our sessions needs."""
    parsed = make_url(url).set(drivername="postgresql+psycopg")
    given = parsed.query.get("options", "")
    own = given if isinstance(given, str) else " ".join(given)
    return parsed.update_query_dict({"options": f"{OPTIONS} {own}".strip()})


def connection_string(url: str) -> str:
    """The same in the driver's own words."""
    parsed = driver_url(url)
    given: dict[str, Any] = {**CONNECT, **parsed.query}
    for name, value in parsed.translate_connect_args(username="user", database="dbname").items():
        given.setdefault(name, value)
    return make_conninfo(**given)


def words(error: BaseException) -> str:
    """What the server says, without its details: those quote whole rows, customers' words among them."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, psycopg.Error):
        said = cause.diag.message_primary or str(cause).partition("\n")[0]
        return f"{type(cause).__name__}: {said}"
    return type(cause).__name__


class PostgresDatabase:
    """See :class:`sovetnik.storage.database.Database`."""

    gathers = True

    def __init__(self, engine: Engine, url: str) -> None:
        self.url = url
        self.conninfo = connection_string(url)
        self._engine = engine
        self._threads = ThreadPoolExecutor(THREADS, "sovetnik-database")
        self._beyond: Callable[[Iterable[int]], set[int]] = lambda _: set()

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, *, exclusive: bool) -> AsyncGenerator[PostgresDatabase]:
        """Connect; see :meth:`sovetnik.storage.SqlStore.open`. Any number of processes may run the bot."""
        from sovetnik.storage import server

        server.check_url(url)
        engine = create_engine(
            driver_url(url),
            hide_parameters=True,
            pool_size=THREADS,
            max_overflow=LONG_READS,
            pool_timeout=30,
            pool_use_lifo=True,
            connect_args=dict(CONNECT),
        )
        opened = cls(engine, url)
        try:
            await asyncio.to_thread(_prepare, engine, first=exclusive)
            yield opened
        finally:
            await asyncio.to_thread(opened.close)

    def close(self) -> None:
        """Finish what runs, then let go of every connection."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._engine.dispose()

    @property
    def engine(self) -> Engine:
        """For long work on a thread of its own."""
        return self._engine

    async def write(self, unit: Callable[[Connection], T]) -> T:
        """Run a unit of work; one that the database broke off is done again."""
        return await self._run(lambda: self._transact(unit))

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Run a short read."""
        return await self._run(lambda: self._transact(query))

    async def read_apart(self, query: Callable[[Connection], T]) -> T:
        """Run a long read where it does not hold up the short ones."""
        return await asyncio.to_thread(self._transact, query)

    def share(self, connection: Connection, chats: Iterable[int]) -> set[int]:
        """Leave jobs for whichever replica has room; they appear when the transaction is committed."""
        left = self._beyond(chats)
        if left:
            wakeups.defer(connection, left)
        return left

    def crew(self, drain: Drain, room: int) -> Crew:
        """This replica among the others."""
        from sovetnik.storage.shared import Shared

        runner = wakeups.SharedRunner(drain, self, room)
        self._beyond = runner.beyond
        return Shared(self.conninfo, runner)

    async def wipe(self) -> bool:
        """The server's own housekeeping does it."""
        return True

    async def _run(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except RuntimeError as error:  # the executor's word for "shut down"
            raise StorageError("the database is closed") from error

    def _transact(self, unit: Callable[[Connection], T]) -> T:
        for attempt in range(1, TRIES + 1):
            committing = False
            try:
                with self._engine.connect() as connection:
                    value = unit(connection)
                    committing = True
                    connection.commit()
                    return value
            except (DBAPIError, PoolTimeout) as error:
                # A commit without an answer may have been one: whoever asked looks at the state.
                if attempt == TRIES or committing or not _again(error):
                    raise StorageError(words(error)) from error
                time.sleep(0.02 * attempt)
            except SQLAlchemyError as error:
                raise StorageError(type(error).__name__) from error
        raise AssertionError("unreachable")


def _again(error: Exception) -> bool:
    if not isinstance(error, DBAPIError):
        return False
    return error.connection_invalidated or getattr(error.orig, "sqlstate", None) in AGAIN


def _prepare(engine: Engine, *, first: bool) -> None:
    """Bring the schema up to date; only whoever may be the first on a database makes one from nothing."""
    from sovetnik.storage import server

    try:
        with engine.connect() as connection:
            server.check(connection)
        if not first and migrate.revision(engine) is None:
            raise ConfigError(
                f"DATABASE_URL: there is nothing of Sovetnik in the database {engine.url.database}; "
                "run `sovetnik run` first"
            )
        migrate.upgrade(engine)
    except DBAPIError as error:
        raise ConfigError(server.refusal(error)) from error
