"""The day's token budget is counted by the owner's day."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sovetnik.core.budget import Budget
from tests.storage.samples import Clock

MOSCOW = ZoneInfo("Europe/Moscow")


def budget(tokens: int, used: list[tuple[datetime, int]], clock: Clock) -> Budget:
    async def since(moment: datetime) -> int:
        return sum(count for at, count in used if at >= moment)

    return Budget(tokens, MOSCOW, since, clock)


async def test_without_a_budget_nothing_is_ever_spent() -> None:
    clock = Clock()
    assert not await budget(0, [(clock.now, 10**9)], clock).spent()


async def test_the_budget_is_spent_when_it_is_used_up_and_new_at_the_owners_midnight() -> None:
    clock = Clock(datetime(2026, 11, 22, 20, 0, tzinfo=UTC))  # 23:00 in Moscow
    used = [(clock.now, 99)]
    ours = budget(100, used, clock)
    assert not await ours.spent()
    used.append((clock.now, 1))
    clock.later(seconds=10)
    assert await ours.spent()
    clock.later(minutes=59)
    assert await ours.spent()
    clock.later(minutes=1)
    assert not await ours.spent()
