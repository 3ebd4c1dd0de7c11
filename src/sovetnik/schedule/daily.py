"""The daily report's clock."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from sovetnik.core.errors import StorageError
from sovetnik.core.reports import due_reports

log = structlog.get_logger("sovetnik.schedule")

TICK = 30
"""Seconds. A report is late by at most that much, and never missed: a tick looks at days, not at itself."""


class DailyReport:
    """Claims each day's report when its moment has come, also after down time.

    Args:
        at: ``REPORT_TIME``.
        zone: ``TIMEZONE``.
        last_day: Gives the day of the newest report.
        claim: Makes a day's report; False when somebody else did.
        made: Called after a report was made.
    """

    def __init__(
        self,
        *,
        at: time,
        zone: ZoneInfo,
        last_day: Callable[[], Awaitable[date]],
        claim: Callable[[date, datetime], Awaitable[bool]],
        made: Callable[[], None],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._at, self._zone = at, zone
        self._last_day, self._claim, self._made = last_day, claim, made
        self._clock = clock
        self._scheduler: Any = None

    def start(self) -> None:
        """Tick now and every :data:`TICK` seconds."""
        # Its import takes time that nobody should wait for before the first customer is answered.
        from apscheduler.schedulers.asyncio import (  # pyright: ignore[reportMissingTypeStubs]
            AsyncIOScheduler,
        )

        self._scheduler = AsyncIOScheduler(timezone=UTC)
        self._scheduler.add_job(
            self.tick,
            "interval",
            seconds=TICK,
            next_run_time=datetime.now(UTC),
            max_instances=1,
            coalesce=True,
        )
        self._scheduler.start()

    def stop(self) -> None:
        """Stop ticking."""
        if self._scheduler is not None and self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    async def tick(self) -> None:
        """Make every report that is due."""
        try:
            last = await self._last_day()
            for day, end in due_reports(last, self._clock(), self._at, self._zone):
                if await self._claim(day, end):
                    log.info("report_made", day=day.isoformat())
                    self._made()
        except StorageError as error:
            log.error("storage_refused", error=str(error), retry_s=TICK)
        except asyncio.CancelledError:  # the program ends; the scheduler would log it as a failure
            return
