"""One browser for all, one demo in each language, both started when first needed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from tests.browser.stage import FLAGS, Demo, demo, find_browser
from tests.demo_web.stage import Scene, opened

HERE = Path(__file__).parent
MISSING = "NO BROWSER: the page is not tested. `scripts/browser` gets one (or install chromium)."


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if find_browser() is not None:
        return
    for item in items:
        if item.path.parent == HERE:
            item.add_marker(pytest.mark.skip(reason=MISSING))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncGenerator[Browser]:
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
        yield started
        await started.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def demos(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[dict[str, Demo]]:
    """Both started side by side: each takes seconds."""
    async with AsyncExitStack() as stack:
        starts = [
            stack.enter_async_context(demo(tmp_path_factory.mktemp(name), name)) for name in ("ru", "en")
        ]
        yield {running.language: running for running in await asyncio.gather(*starts)}


@pytest.fixture
def russian(demos: dict[str, Demo]) -> Demo:
    return demos["ru"]


@pytest.fixture(params=["ru", "en"])
def either(request: pytest.FixtureRequest, demos: dict[str, Demo]) -> Demo:
    """A test for each language."""
    return demos[request.param]


@pytest_asyncio.fixture(loop_scope="session")
async def scene() -> AsyncGenerator[Scene]:
    """The page alone, with a bot that says what the test tells it to."""
    async with opened() as ready:
        yield ready
