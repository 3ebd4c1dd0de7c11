"""The page as a fixture."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from tests.demo_web.stage import Scene, opened


@pytest.fixture
async def scene() -> AsyncGenerator[Scene]:
    async with opened() as ready:
        yield ready
