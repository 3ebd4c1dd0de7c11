"""A process beside others on a PostgreSQL: its sign of life, its share of the chats, its duty."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence, Set
from typing import Any

import structlog

from sovetnik.core.errors import ConfigError, StorageError
from sovetnik.storage.crew import Sweep
from sovetnik.storage.replica import Replica
from sovetnik.storage.wakeups import SharedRunner

log = structlog.get_logger("sovetnik.replica")

SWEEP_EVERY = 3.0
"""Seconds between looks for chats whose worker died or whose wake-up was lost."""

JOINING = 30.0
"""Seconds that the first sign of life may take."""


class Shared:
    """See :class:`sovetnik.storage.crew.Crew`.

    Args:
        conninfo: Of the database.
        runner: Begins this process's chats.
    """

    def __init__(self, conninfo: str, runner: SharedRunner) -> None:
        self._replica = Replica(conninfo)
        self._runner = runner
        self.worker = f"{self._replica.id}-"

    @property
    def on_duty(self) -> bool:
        """Whether this process does what only one may do."""
        return self._replica.on_duty

    def in_touch(self) -> bool:
        """Whether the last sign of life is younger than the lease."""
        return self._replica.in_touch()

    def divide(self, need: Callable[[], float], share: Callable[[float], None]) -> None:
        """Divide a common limit by what each replica needs, with each sign of life."""
        self._replica.need, self._replica.allow = need, share

    async def join(self, sweep: Sweep) -> Sequence[asyncio.Task[Any]]:
        """Show a sign of life, or nobody would respect what this process owns; then take part.

        Raises:
            ConfigError: the database takes none.
        """
        tasks = [asyncio.create_task(self._replica.run(), name="replica")]
        try:
            async with asyncio.timeout(JOINING):
                await self._replica.seen.wait()
        except TimeoutError:
            tasks[0].cancel()
            raise ConfigError(
                "DATABASE_URL: no session for a sign of life (see the log); is max_connections too small?"
            ) from None
        log.info("joined", replica=self._replica.id)
        tasks.append(asyncio.create_task(self._runner.serve(), name="wake-ups"))
        tasks.append(asyncio.create_task(self.keep(lambda: self._sweep(sweep)), name="sweep"))
        return tasks

    def wake(self, chats: Iterable[int]) -> None:
        """Begin these chats, as far as there is room; jobs name the others to whoever has some."""
        self._runner.wake(chats)

    def begin(self, chats: Set[int]) -> Set[int]:
        """Nobody: the transactions of a replica overtake each other."""
        del chats
        return set()

    async def keep(self, work: Callable[[], Awaitable[None]]) -> None:
        """Have something done while this replica is on duty."""
        await self._replica.keep(work)

    def resign(self) -> None:
        """Leave the duty to another replica."""
        self._replica.resign()

    async def stop(self, seconds: float) -> int:
        """Let running turns finish."""
        return await self._runner.stop(seconds)

    async def _sweep(self, sweep: Sweep) -> None:
        queued: set[int] = set()
        while True:
            try:
                due, queued = await sweep(queued)
                self._runner.wake(due)
                await self._runner.rescue()
            except StorageError as error:
                log.error("storage_refused", error=str(error), retry_s=SWEEP_EVERY)
            await asyncio.sleep(SWEEP_EVERY)
