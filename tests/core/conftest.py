"""A shop that is open."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from sovetnik.core.turn import Turns
from sovetnik.storage import SqlStore
from tests.core.shop import FORM, Assistant, Messenger, Shop
from tests.storage.samples import Clock, database


@pytest.fixture
async def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Shop]:
    clock = Clock()
    async with SqlStore.open(database(tmp_path), exclusive=True, clock=clock) as store:
        woken: list[None] = []
        assistant, messenger = Assistant(), Messenger()
        turns = Turns(
            store=store,
            assistant=assistant,
            messenger=messenger,
            form=FORM,
            wake_mails=lambda: woken.append(None),
        )

        async def pause(self: Turns, seconds: float) -> None:
            clock.later(seconds=seconds)
            await asyncio.sleep(0)

        monkeypatch.setattr(Turns, "_pause", pause)
        yield Shop(store, assistant, messenger, turns, clock, woken)
