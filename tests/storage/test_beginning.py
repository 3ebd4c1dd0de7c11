"""A chat that begins while its update is on its way to the disk, on SQLite with its one writer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from sovetnik.core.model import Limits, Step, Turn
from sovetnik.storage import SqlStore
from tests.storage.samples import database, incoming

LIMITS = Limits(join=0, per_minute=0)


@pytest.fixture
async def alone(tmp_path: Path) -> AsyncGenerator[SqlStore]:
    async with SqlStore.open(database(tmp_path, "sqlite"), exclusive=True) as opened:
        yield opened


async def test_the_first_step_finds_what_is_still_being_stored(alone: SqlStore) -> None:
    steps: list[Step] = []

    async def drain(chat_id: int) -> None:
        steps.append(await alone.next_step(chat_id, f"token-{chat_id}", LIMITS))

    crew = alone.crew(drain, room=1)
    accepting = asyncio.ensure_future(alone.accept([incoming(chat, chat_id=chat) for chat in (1, 2, 3)]))
    assert crew.begin({1, 2, 3}) == {1, 2, 3}

    assert await accepting == {1, 2, 3}
    await crew.stop(5)
    assert sorted(step.chat.id for step in steps if isinstance(step, Turn)) == [1, 2, 3]


async def test_a_chat_that_somebody_is_at_is_left_to_the_waking(alone: SqlStore) -> None:
    going_on, looked_again = asyncio.Event(), asyncio.Event()

    async def drain(_chat_id: int) -> None:
        if going_on.is_set():
            looked_again.set()
        await going_on.wait()

    crew = alone.crew(drain, room=1)
    crew.wake([1])
    assert crew.begin({1}) == set()
    crew.wake(await alone.accept([incoming(1)]))
    going_on.set()
    async with asyncio.timeout(5):  # the update came too late for the first look
        await looked_again.wait()
    await crew.stop(5)


async def test_an_update_that_gives_nothing_to_do_leaves_its_chat_idle(alone: SqlStore) -> None:
    steps: list[Step] = []

    async def drain(chat_id: int) -> None:
        steps.append(await alone.next_step(chat_id, "token", LIMITS))

    crew = alone.crew(drain, room=1)
    accepting = asyncio.ensure_future(alone.accept([incoming(1, kind="blocked", text="")]))
    crew.begin({1})
    assert await accepting == set()
    await crew.stop(5)
    assert steps == [None]
    assert await alone.accept([incoming(2)]) == {1}
