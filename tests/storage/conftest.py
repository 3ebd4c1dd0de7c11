"""An open store."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from sovetnik.storage import SqlStore
from tests.storage.samples import Clock, database


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return database(tmp_path, request.param)


@pytest.fixture
async def store(url: str, clock: Clock) -> AsyncGenerator[SqlStore]:
    async with SqlStore.open(url, exclusive=True, clock=clock) as opened:
        yield opened
