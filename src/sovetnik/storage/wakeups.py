"""Wake-ups over processes: Procrastinate jobs that say "these chats have something to do", and no more.

A job is left in the transaction that made it necessary. What it means is decided by the tables when it is
done; so one that is lost costs a moment (the sweep finds the chat), and one that is done twice nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING

import psycopg
import structlog
from procrastinate import App, BaseRetryStrategy, PsycopgConnector, RetryDecision, SyncPsycopgConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job
from procrastinate.types import JSONValue
from sqlalchemy import Connection

from sovetnik.core.errors import StorageError
from sovetnik.storage.replicas import still_queued
from sovetnik.storage.runner import LocalRunner

if TYPE_CHECKING:
    from sovetnik.storage.postgres import PostgresDatabase

log = structlog.get_logger("sovetnik.runner")
logging.getLogger("procrastinate").setLevel(logging.WARNING)  # several lines for each job

QUEUE = "sovetnik"
TASK = "sovetnik.wake"

CHATS = 8
"""Named by one job at most: more would all go to one replica."""

WORKERS = 2
"""Jobs at the same time; each only starts what it names."""

LOOK_EVERY = 0.25
"""Seconds between looks at the queue: a notification that comes during a look is lost."""

HEARTBEAT = 3.0
STALLED = 10.0
"""Seconds without a heartbeat after which a worker's jobs are done again."""

LOST = (ConnectorException, psycopg.Error)
"""No way to the queue; opening its pool gives the driver's own errors."""

_deferring = App(connector=SyncPsycopgConnector())


def defer(connection: Connection, chats: Iterable[int]) -> None:
    """Leave a job for these chats, within the connection's transaction.

    Raises:
        StorageError: the database refused it.
    """
    driver = connection.connection.driver_connection
    job = _deferring.configure_task(TASK, queue=QUEUE, connection=driver)
    ids = sorted(chats)
    try:
        for at in range(0, len(ids), CHATS):
            job.defer(chats=list[JSONValue](ids[at : at + CHATS]))
    except ConnectorException as error:
        raise StorageError(f"a wake-up cannot be left: {type(error.__cause__).__name__}") from error


class Patient(BaseRetryStrategy):
    """For ever, with growing pauses up to 5 s."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision:
        """When a job that failed is done again."""
        del exception
        return RetryDecision(retry_in={"seconds": min(5, 2 ** min(job.attempts, 3))})


class SharedRunner(LocalRunner):
    """A runner beside others: takes what it has room for, leaves the rest to them.

    A chat that was woken here is begun here, without the way through the queue, as long as there is room.

    Args:
        drain: Does everything that waits in a chat.
        database: Where the jobs are.
        room: Chats that this process works on at the same time.
    """

    def __init__(
        self, drain: Callable[[int], Awaitable[None]], database: PostgresDatabase, room: int
    ) -> None:
        super().__init__(drain)
        self._database = database
        self._room = room
        self._freed = asyncio.Event()
        self._app: App | None = None

    def wake(self, chats: Iterable[int]) -> None:
        """Begin these chats, as far as there is room."""
        free = self._room - len(self._tasks)
        super().wake([chat for place, chat in enumerate(chats) if place < free or chat in self._tasks])

    def beyond(self, chats: Iterable[int]) -> set[int]:
        """Those of the chats that there is no room for; may be asked from any thread."""
        free = self._room - len(self._tasks)
        return {chat for place, chat in enumerate(chats) if place >= free and chat not in self._tasks}

    def ended(self, chat_id: int, task: asyncio.Task[None]) -> None:
        """Make room."""
        super().ended(chat_id, task)
        self._freed.set()

    async def serve(self) -> None:
        """Do jobs until cancelled, whatever happens to the connection."""
        while True:
            try:
                await self._work()
            except LOST as error:
                log.warning("queue_lost", error=type(error.__cause__ or error).__name__, retry_s=1)
            finally:
                self._app = None
            await asyncio.sleep(1.0)

    async def rescue(self) -> None:
        """Have the jobs of dead workers done again."""
        app = self._app
        if app is None:
            return
        try:
            for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED):
                await app.job_manager.retry_job(job)
        except LOST as error:
            log.warning("rescue_failed", error=type(error.__cause__ or error).__name__)

    async def _work(self) -> None:
        app = App(
            connector=PsycopgConnector(
                conninfo=self._database.conninfo, min_size=2, max_size=WORKERS + 2, timeout=10
            )
        )
        app.task(name=TASK, queue=QUEUE, retry=Patient())(self._take)
        try:
            await app.open_async()
            self._app = app
            await app.run_worker_async(
                queues=[QUEUE],
                concurrency=WORKERS,
                fetch_job_polling_interval=LOOK_EVERY,
                delete_jobs="successful",
                install_signal_handlers=False,
                update_heartbeat_interval=HEARTBEAT,
                stalled_worker_timeout=STALLED,
                shutdown_graceful_timeout=1.0,
            )
        finally:
            # Also where opening was broken off: a pool that nobody closes keeps the process from ending.
            await app.close_async()

    async def _take(self, chats: list[int]) -> None:
        while len(self._tasks) >= self._room:
            self._freed.clear()
            await self._freed.wait()
        super().wake(await self._database.read(lambda connection: still_queued(connection, chats)))
