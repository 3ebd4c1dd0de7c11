"""The one thread that writes to SQLite.

Units of work are plain functions of a sync ``Connection``. Waiting ones are put into one transaction
(group commit), so that a hundred producers pay for one fsync; when one of them raises, the batch is
rolled back and redone one by one, so units must have no effect outside the database. One writer also
ends every "database is locked" of our own making.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from sovetnik.core.errors import StorageError

T = TypeVar("T")

BATCH = 500
"""Units in one COMMIT at most: past this the fsync is already shared by enough (measured)."""


CLOSING = 5.0
"""Seconds that what is queued gets at the end; the thread is a daemon and goes with the process."""


@dataclass(slots=True)
class _Job:
    unit: Callable[[Connection], Any]
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop
    value: Any = None
    error: BaseException | None = None


class Writer:
    """Runs units of work on its own thread; start it before use, close it at the end."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="sovetnik-writer", daemon=True)
        self._closed = False
        self._connection: Connection | None = None

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    async def run(self, unit: Callable[[Connection], T]) -> T:
        """Run a unit of work; returns after it is committed to disk.

        Raises:
            StorageError: nothing of the unit was written.
        """
        if self._closed:
            raise StorageError("the database is closed")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._queue.put(_Job(unit, future, loop))
        return await future

    async def close(self) -> None:
        """Finish what is queued, within :data:`CLOSING`, then end the thread."""
        self._closed = True
        self._queue.put(None)
        if self._thread.is_alive():
            await asyncio.to_thread(self._thread.join, CLOSING)

    def _work(self) -> None:
        last = False
        while not last and (job := self._queue.get()) is not None:
            batch = [job]
            last = self._fill(batch)
            self._commit(batch)
            _settle(batch)
        if self._connection is not None:
            self._connection.close()

    def _fill(self, batch: list[_Job]) -> bool:
        """Add what else waits; True when the end was among it."""
        while len(batch) < BATCH:
            try:
                job = self._queue.get_nowait()
            except Empty:
                return False
            if job is None:
                return True
            batch.append(job)
        return False

    def _commit(self, batch: list[_Job]) -> None:
        inside = False
        try:
            if self._connection is None:  # kept: taking one from the pool costs as much as five statements
                self._connection = self._engine.connect()
            with self._connection.begin():
                inside = True
                for job in batch:
                    job.value = job.unit(self._connection)
                inside = False
        except Exception as error:  # noqa: BLE001 - whatever a unit raises goes to whoever asked for it
            if inside and len(batch) > 1:  # one of them is to blame, the others are not
                for job in batch:
                    self._commit([job])
                return
            for job in batch:  # BEGIN or COMMIT was refused: trying each alone would only wait again
                job.error = _ours(error)


def _ours(error: Exception) -> Exception:
    if isinstance(error, DBAPIError):
        return StorageError(str(error.orig))
    if isinstance(error, SQLAlchemyError):
        return StorageError(str(error))
    return error


def _settle(batch: list[_Job]) -> None:
    """Hand the results over, with one wake-up for each event loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[_Job]] = {}
    for job in batch:
        by_loop.setdefault(job.loop, []).append(job)
    for loop, jobs in by_loop.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_resolve, jobs)


def _resolve(jobs: list[_Job]) -> None:
    for job in jobs:
        if job.future.done():  # the one who asked was cancelled; the unit is committed all the same
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.value)
