"""Replicas that live side by side: the limit they share, and the duty of one of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from sovetnik.storage import replica as module
from sovetnik.storage.postgres import connection_string
from sovetnik.storage.replica import IDLE, Replica
from tests import postgres


class Living(Replica):
    """A replica of which the test says what it needs."""

    def __init__(self, url: str, wants: float = 0.0) -> None:
        super().__init__(connection_string(url))
        self.wants, self.share = wants, 0.0
        self.need = lambda: self.wants
        self.allow = self._allowed

    def _allowed(self, share: float) -> None:
        self.share = share


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(module, "BEAT", 0.05)
    return postgres.fresh()


@asynccontextmanager
async def alive(*crew: Replica) -> AsyncGenerator[None]:
    tasks = [asyncio.create_task(one.run()) for one in crew]
    try:
        for one in crew:
            await one.seen.wait()
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.01)


async def test_one_that_is_alone_has_everything_and_a_second_gets_its_half(url: str) -> None:
    first, second = Living(url), Living(url)
    async with alive(first):
        await until(lambda: first.share == 1)
        async with alive(second):
            await until(lambda: second.share == pytest.approx(0.5))
            assert first.share == pytest.approx(0.5)
        await until(lambda: first.share == 1)


async def test_whoever_needs_more_gets_what_the_others_do_not_need(url: str) -> None:
    busy, idle = Living(url, wants=1.0), Living(url)
    async with alive(busy, idle):
        await until(lambda: busy.share > 0.97)
        assert IDLE / 2 < idle.share <= 0.03
        idle.wants = 1.0
        await until(lambda: abs(idle.share - 0.5) < 0.01)
        assert busy.share == pytest.approx(0.5)


async def test_while_shares_change_all_together_stay_within_the_limit(url: str) -> None:
    crew = [Living(url) for _ in range(3)]
    most = 0.0
    async with alive(*crew):
        await until(lambda: all(one.share == pytest.approx(1 / 3) for one in crew))
        for busy in (0, 1, 2, 1, 0):
            for number, one in enumerate(crew):
                one.wants = float(number == busy)
            while crew[busy].share < 0.9:
                most = max(most, sum(one.share for one in crew))
                await asyncio.sleep(0.001)
    # On a machine that is short of time one may be given up for dead and come back with an idle share.
    assert most <= 1 + 3 * IDLE


async def test_one_that_was_given_up_takes_only_what_the_others_left(url: str) -> None:
    thawed, other = Living(url), Living(url)
    async with alive(thawed):
        await until(lambda: thawed.share == 1)
    thawed.share = thawed._share = 1.0
    async with alive(other):
        await until(lambda: other.share == 1)
        shares = []
        thawed.allow = shares.append
        thawed.seen.clear()
        async with alive(thawed):
            assert shares[0] == pytest.approx(IDLE)


async def test_leaving_the_duty_and_being_cancelled_at_that_moment_ends_it(url: str) -> None:
    """A stop does both, one right after the other."""
    one = Living(url)
    begun = asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.05)  # what it has in hand

    async with alive(one):
        keeping = asyncio.create_task(one.keep(work))
        await asyncio.wait_for(begun.wait(), 20)
        one.resign()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.wait_for(keeping, 20)
        assert keeping.cancelled()
