"""How fast we send, on a clock that leaps instead of waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sovetnik.telegram_ui import pace as pace_module
from sovetnik.telegram_ui.pace import Pace
from tests.telegram_ui.simulated import clock, run

SLOWEST = 1.06
"""Seconds between two messages that may come once a second."""


def times(pace: Pace, chats: Sequence[int]) -> list[float]:
    """When each chat's message goes out, in seconds from the start; all ask at the same moment."""

    async def send(chat: int) -> float:
        await pace.wait(chat)
        return clock()

    async def all_() -> list[float]:
        return await asyncio.gather(*(send(chat) for chat in chats))

    return run(all_())


def busiest(at: Sequence[float], seconds: float) -> int:
    """Most messages in any span of so many seconds."""
    return max((sum(begin <= one < begin + seconds for one in at) for begin in at), default=0)


def test_one_chat_gets_a_message_a_second() -> None:
    at = times(Pace(30, 1), [7, 7, 7])
    assert at[0] == 0
    assert all(1 <= later - earlier <= SLOWEST for earlier, later in pairwise(at))


def test_a_chat_with_much_to_read_does_not_hold_up_the_others() -> None:
    assert times(Pace(30, 1), [7, 7, 7, 8])[3] == 0


def test_all_chats_together_stay_under_the_rate_in_any_second() -> None:
    at = times(Pace(10, 0), range(100))
    assert at == sorted(at)
    assert at[:10] == [0] * 10
    assert busiest(at, 1) == 10
    assert max(at) <= 10 * SLOWEST


def test_a_rate_below_one_is_kept() -> None:
    assert busiest(times(Pace(0.5, 0), [1, 2, 3, 4]), 2) == 1


def test_without_limits_nobody_waits() -> None:
    assert times(Pace(0, 0), [7] * 50 + [-7] * 50) == [0] * 100


def test_a_pause_earns_a_chat_no_burst() -> None:
    async def play() -> list[float]:
        pace = Pace(30, 1)
        at: list[float] = []
        for pause in (10, 0, 0):
            await asyncio.sleep(pause)
            await pace.wait(7)
            at.append(clock())
        return at

    at = run(play())
    assert at[0] == 10
    assert busiest(at, 1) == 1


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([7, 8, -1, -2]), st.floats(0, 40)), max_size=60))
def test_whatever_is_asked_no_limit_is_passed(wishes: list[tuple[int, float]]) -> None:
    sent: list[tuple[int, float]] = []

    async def play() -> None:
        pace = Pace(5, 1)

        async def send(chat: int, later: float) -> None:
            await asyncio.sleep(later)
            await pace.wait(chat)
            sent.append((chat, clock()))

        await asyncio.gather(*(send(*wish) for wish in wishes))

    run(play())
    assert len(sent) == len(wishes)
    assert busiest([at for _, at in sent], 1) <= 5
    for chat in {chat for chat, _ in sent}:
        in_chat = [at for one, at in sent if one == chat]
        assert busiest(in_chat, 1) == 1
        if chat < 0:
            assert busiest(in_chat, 60) <= 20


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 90), max_size=60), st.lists(st.floats(0, 150), max_size=100))
def test_a_group_gets_twenty_messages_in_any_minute_and_previews_leave_half_of_them(
    finals: list[float], previews: list[float]
) -> None:
    answered: list[float] = []
    shown: list[float] = []

    async def play() -> None:
        pace = Pace(0, 1)

        async def answer(at: float) -> None:
            await asyncio.sleep(at)
            await pace.wait(-1)
            answered.append(clock())

        async def preview(at: float) -> None:
            await asyncio.sleep(at)
            if pace.spare(-1):
                shown.append(clock())

        await asyncio.gather(*map(answer, finals), *map(preview, previews))

    run(play())
    assert len(answered) == len(finals)
    assert busiest(answered + shown, 60) <= 20
    assert busiest(shown, 60) <= 10
    assert busiest(answered + shown, 1) <= 1


def test_what_can_be_left_out_leaves_room_for_answers() -> None:
    async def play() -> None:
        pace = Pace(10, 0)
        assert [pace.spare() for _ in range(10)] == [True] * 5 + [False] * 5
        began = clock()
        for chat in range(5):
            await pace.wait(chat)
        assert clock() == began
        assert not pace.spare()
        await asyncio.sleep(1.1)
        assert pace.spare()

    run(play())


def test_drafts_are_no_messages_of_their_chat_and_previews_are() -> None:
    async def play() -> None:
        pace = Pace(30, 1)
        assert pace.spare()
        await pace.wait(7)
        assert clock() == 0
        assert not pace.spare(7)
        assert pace.spare(8)
        await pace.wait(8)
        assert 1 <= clock() <= SLOWEST

    run(play())


def test_without_limits_nothing_gives_way() -> None:
    async def play() -> None:
        pace = Pace(0, 0)
        assert all(pace.spare(-1) and pace.spare() for _ in range(100))

    run(play())


def test_chats_that_are_free_again_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace_module, "FORGET_ABOVE", 10)

    async def play() -> None:
        pace = Pace(0, 1)
        for number in range(1, 200):
            await pace.wait(number)
            await pace.wait(-number)
            await asyncio.sleep(0.5)
        kept = [value for value in vars(pace).values() if isinstance(value, dict)]
        assert [len(value) <= 10 + 130 for value in kept] == [True, True]
        assert not pace.spare(-199)

    run(play())


def test_a_share_that_shrinks_holds_for_those_who_wait_already() -> None:
    async def play() -> None:
        pace = Pace(10, 0)
        sent: list[float] = []

        async def send(chat: int) -> None:
            await pace.wait(chat)
            sent.append(clock())

        async with asyncio.TaskGroup() as tasks:
            for chat in range(60):
                tasks.create_task(send(chat))
            await asyncio.sleep(1.5)
            before = len(sent)
            pace.share(0.2)
        assert before == 20
        assert busiest([at for at in sent[before:] if at > 2.2], 1) == 2
        assert max(sent) <= 22 * SLOWEST

    run(play())


def test_a_share_that_grows_is_used_within_a_moment() -> None:
    async def play() -> None:
        pace = Pace(10, 0)
        pace.share(0.1)
        async with asyncio.TaskGroup() as tasks:
            for chat in range(40):
                tasks.create_task(pace.wait(chat))
            await asyncio.sleep(0.5)
            pace.share(1.0)
        assert clock() <= 5 * SLOWEST

    run(play())


def test_what_is_needed_is_what_was_asked_for_and_what_waits() -> None:
    async def play() -> None:
        pace = Pace(10, 0)
        pace.need()
        for chat in range(10):
            await pace.wait(chat)
        await asyncio.sleep(2)
        assert pace.need() == pytest.approx(0.25)  # 5 a second of 10, half of it believed at once
        await asyncio.sleep(2)
        assert pace.need() == pytest.approx(0.125)
        tasks = [asyncio.create_task(pace.wait(chat)) for chat in range(100)]
        await asyncio.sleep(2)
        assert pace.need() > 0.5
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for _ in range(12):
            await asyncio.sleep(2)
            pace.need()
        assert pace.need() < 0.01

    run(play())
