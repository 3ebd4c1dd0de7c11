"""The store's database on SQLite: one file, one writer thread, readers that never wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import IO, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from sovetnik.core.errors import ConfigError, StorageError
from sovetnik.storage import engine, migrate
from sovetnik.storage.crew import Alone, Crew, Drain
from sovetnik.storage.writer import Writer

T = TypeVar("T")

READERS = 4
"""Threads of short reads; SQLAlchemy's asyncio takes six hops between threads for what takes one here."""


class SqliteDatabase:
    """See :class:`sovetnik.storage.database.Database`."""

    gathers = False  # the writer does, with units of every kind

    def __init__(self, writer: Writer, reading: Engine, readers: Executor) -> None:
        self._writer = writer
        self._reading = reading
        self._readers = readers

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, *, exclusive: bool) -> AsyncGenerator[SqliteDatabase]:
        """Open the file; see :meth:`sovetnik.storage.SqlStore.open`."""
        path = engine.sqlite_file(url)
        if not exclusive and not path.exists():
            raise ConfigError(
                f"DATABASE_URL: there is no database at {path.absolute()}; run `sovetnik run` first"
            )
        engine.prepare_file(path)
        engine.check_database(path)
        held: IO[str] | None = engine.lock(path) if exclusive else None
        writing, reading = engine.writing_engine(path), engine.reading_engine(path)
        readers = ThreadPoolExecutor(READERS, "sovetnik-reader")
        try:
            migrate.upgrade(writing)
            writer = Writer(writing)
            writer.start()
            try:
                yield cls(writer, reading, readers)
            finally:
                await writer.close()
        except DBAPIError as error:
            raise ConfigError(f"DATABASE_URL: {path.absolute()}: {error.orig}") from error
        finally:
            readers.shutdown(wait=False, cancel_futures=True)
            reading.dispose()
            writing.dispose()
            if held:
                held.close()

    @property
    def engine(self) -> Engine:
        """For long work on a thread of its own."""
        return self._reading

    async def write(self, unit: Callable[[Connection], T]) -> T:
        """Run a unit of work on the writer thread."""
        return await self._writer.run(unit)

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Run a short read."""
        return await self._read(query, self._readers)

    async def read_apart(self, query: Callable[[Connection], T]) -> T:
        """Run a long read where no short one waits for it."""
        return await self._read(query, None)

    async def _read(self, query: Callable[[Connection], T], where: Executor | None) -> T:
        def read() -> T:
            with self._reading.connect() as connection:
                return query(connection)

        try:
            return await asyncio.get_running_loop().run_in_executor(where, read)
        except DBAPIError as error:
            raise StorageError(str(error.orig)) from error

    def share(self, connection: Connection, chats: Iterable[int]) -> set[int]:
        """Nobody else is there."""
        del connection, chats
        return set()

    def crew(self, drain: Drain, room: int) -> Crew:
        """Nobody but this process; ``exclusive`` has seen to that."""
        del room
        return Alone(drain)

    async def wipe(self) -> bool:
        """Empty the write-ahead log."""
        return await asyncio.to_thread(engine.empty_log, self._reading)
