"""The stage as a fixture."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.acceptance.stage import Stage, stage


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncGenerator[Stage]:
    async with stage(tmp_path) as ready:
        yield ready


@pytest.fixture
async def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Stage]:
    """The same with the bot inside this process; see `stage`."""
    monkeypatch.chdir(tmp_path)  # on PostgreSQL the index of the documents lies in the working folder
    async with stage(tmp_path, inside=True) as ready:
        yield ready
