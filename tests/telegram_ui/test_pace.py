"""How fast we send, on a clock that leaps instead of waiting."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any

from sovetnik.telegram_ui.pace import Pace


class LeapingLoop(asyncio.SelectorEventLoop):
    """Whenever everybody waits, it is at once as late as the first of them wants."""

    def __init__(self) -> None:
        self.now = 1000.0
        super().__init__(_Leaping(self))

    def time(self) -> float:
        return self.now


class _Leaping(selectors.SelectSelector):
    def __init__(self, loop: LeapingLoop) -> None:
        super().__init__()
        self.loop = loop

    def select(self, timeout: float | None = None) -> Any:
        self.loop.now += timeout or 0
        return super().select(0)


def run(work: Coroutine[Any, Any, Any]) -> Any:
    with asyncio.Runner(loop_factory=LeapingLoop) as runner:
        return runner.run(work)


def times(pace: Pace, chats: list[int]) -> list[float]:
    """When each chat's message goes out, in seconds from the start; all ask at the same moment."""

    async def send(chat: int) -> float:
        await pace.wait(chat)
        return asyncio.get_running_loop().time() - 1000.0

    async def all_() -> list[float]:
        return await asyncio.gather(*(send(chat) for chat in chats))

    return [round(at, 3) for at in run(all_())]


def test_one_chat_gets_a_message_a_second() -> None:
    assert times(Pace(30, 1), [7, 7, 7]) == [0, 1, 2]


def test_a_chat_with_much_to_read_does_not_hold_up_the_others() -> None:
    assert times(Pace(30, 1), [7, 7, 7, 8]) == [0, 1, 2, 0]


def test_all_chats_together_stay_under_the_rate_after_a_burst() -> None:
    at = times(Pace(10, 0), list(range(100)))
    assert at == sorted(at)
    for begin in range(10):
        assert sum(begin <= one < begin + 1 for one in at) <= 20
    assert sum(one >= 1 for one in at) >= 75
    assert max(at) >= 8.5


def test_without_limits_nobody_waits() -> None:
    assert times(Pace(0, 0), [7] * 50) == [0] * 50


def test_a_pause_earns_a_chat_no_burst() -> None:
    async def play() -> list[float]:
        pace = Pace(30, 1)
        at = []
        for pause in (10, 0, 0):
            await asyncio.sleep(pause)
            await pace.wait(7)
            at.append(round(asyncio.get_running_loop().time() - 1000.0, 3))
        return at

    assert run(play()) == [10, 11, 12]
