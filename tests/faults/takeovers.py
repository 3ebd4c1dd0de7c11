"""How long it takes until others do what a lost replica had begun."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from sqlalchemy.exc import DBAPIError

from tests.faults.grounds import PostgresGround
from tests.faults.judge import Takeover
from tests.faults.rig import Life, Rig

LOOK_EVERY = 0.2
PATIENCE = 90.0


class Watch:
    """Measures each takeover while the run goes on.

    Seconds in which nobody could work, because everything was down, do not count: nobody was there to take
    over.
    """

    def __init__(self, rig: Rig) -> None:
        self.found: list[Takeover] = []
        self._rig = rig
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, life: Life, why: str, back: Callable[[], bool] = lambda: False) -> None:
        """Measure one, unless the lost replica is back before it is over.

        Args:
            life: The lost replica's.
            why: For the table.
            back: Whether it is back.
        """
        if isinstance(self._rig.ground, PostgresGround) and life.replica:
            self._tasks.add(asyncio.create_task(self._measure(life, why, back)))

    async def end(self) -> list[Takeover]:
        """Wait for the last; gives all."""
        await asyncio.gather(*self._tasks)
        return self.found

    async def _measure(self, life: Life, why: str, back: Callable[[], bool]) -> None:
        duty, chats, waited = life.on_duty, 0, 0.0
        looked = time.monotonic()
        while waited < PATIENCE:
            others = [one for one in self._rig.sound() if one is not life]
            owned = await self._owned(life)
            now = time.monotonic()
            if others and owned is not None:
                waited += now - looked
            looked = now
            chats = max(chats, owned or 0)
            if owned == 0 and (not duty or any(one.on_duty for one in others)):
                break
            if back():
                return
            await asyncio.sleep(LOOK_EVERY)
        if chats or duty:
            self.found.append(Takeover(why, waited, chats))

    async def _owned(self, life: Life) -> int | None:
        """How many chats are still the lost replica's; None while the database is away."""
        assert isinstance(self._rig.ground, PostgresGround)
        try:
            return await self._rig.ground.owned_by(life.replica)
        except DBAPIError:
            return None
