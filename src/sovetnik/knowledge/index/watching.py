"""Noticing that the knowledge folder has changed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog
from watchfiles import Change, awatch  # pyright: ignore[reportUnknownVariableType] - anyio's

from sovetnik.core.errors import SovetnikError
from sovetnik.knowledge.index.folders import is_document

log = structlog.get_logger("sovetnik.knowledge")

QUIET = 800
"""Milliseconds without a change after which a burst of them (a copy, a save in Word) is over."""

LOOK_EVERY = 60.0
"""Seconds between looks without any notice: network folders and container mounts give none."""

MISSING = 2.0
"""Seconds between looks for a folder that is not there."""


async def folder_changes(folder: Path, sync: Callable[[], Awaitable[None]]) -> None:
    """Call ``sync`` now, after each burst of changes and now and then; runs until cancelled."""
    while True:
        if not await asyncio.to_thread(folder.is_dir):
            log.warning("knowledge_folder_missing", folder=str(folder))
            while not await asyncio.to_thread(folder.is_dir):  # noqa: ASYNC110 - nobody tells us of it
                await asyncio.sleep(MISSING)
        await _try(sync)
        try:
            await _follow(folder, sync)
        except (OSError, RuntimeError) as error:  # no inotify watches left, the folder gone meanwhile
            log.warning("knowledge_folder_unwatched", error=str(error), look_every_seconds=LOOK_EVERY)
            await asyncio.sleep(LOOK_EVERY)


async def _follow(folder: Path, sync: Callable[[], Awaitable[None]]) -> None:
    """Until the folder is no longer the one that is watched."""
    stamp = await asyncio.to_thread(_identity, folder)
    async for _ in awatch(
        folder,
        watch_filter=_matters,
        debounce=30_000,
        step=QUIET,
        rust_timeout=int(LOOK_EVERY * 1000),
        yield_on_timeout=True,
        ignore_permission_denied=True,
    ):
        if await asyncio.to_thread(_identity, folder) != stamp:
            return
        await _try(sync)


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        stat = folder.stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino


def _matters(_change: Change, path: str) -> bool:
    """A document, or something without a suffix: a folder that came or went takes documents with it."""
    name = Path(path).name
    return is_document(name) or ("." not in name)


async def _try(sync: Callable[[], Awaitable[None]]) -> None:
    try:
        await sync()
    except SovetnikError as error:  # the next change, or the next look, may do better
        log.warning("knowledge_sync_failed", error=str(error))
