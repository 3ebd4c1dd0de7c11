"""The day's token budget."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sovetnik.core.reports import calendar_day

LOOK_EVERY = timedelta(seconds=5)
"""A sum over the day's messages is cheap, but not for every turn of a busy bot."""


@dataclass(slots=True)
class Budget:
    """Tells whether the tokens of the owner's day are spent.

    Attributes:
        tokens: ``DAILY_TOKEN_BUDGET``; 0 = no limit.
        since: Tokens used since a moment.
    """

    tokens: int
    zone: ZoneInfo
    since: Callable[[datetime], Awaitable[int]]
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    _looked: datetime | None = None
    _spent: bool = False

    async def spent(self) -> bool:
        """Whether nothing is left for today."""
        now = self.clock()
        if self.tokens and (self._looked is None or now - self._looked > LOOK_EVERY):
            midnight = calendar_day(now.astimezone(self.zone).date(), self.zone).start
            self._spent = await self.since(midnight) >= self.tokens
            self._looked = now
        return self._spent
