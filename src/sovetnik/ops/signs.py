"""What `/healthz` and `/metrics` tell, looked up each time somebody asks, within a second."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sovetnik.core.errors import StorageError
from sovetnik.core.owner import Vitals

PATIENCE = 0.85
"""Seconds that the database gets; whoever asks is answered within one, whatever it does."""

ModelState = Literal["ok", "away", "none"]


@dataclass(frozen=True, slots=True)
class Inside:
    """Where the program is asked about itself.

    Attributes:
        vitals: What the tables know; raises StorageError.
        touch: Writes to the database, to see that it can be written; raises StorageError.
        model: Whether the model answers; ``none`` where no model is set up.
        folder: Where the database lies.
    """

    vitals: Callable[[], Awaitable[Vitals]]
    touch: Callable[[], Awaitable[None]]
    model: Callable[[], ModelState]
    folder: Path


@dataclass(frozen=True, slots=True)
class Signs:
    """How the bot is at one moment.

    Attributes:
        poll_age: Seconds since Telegram answered a poll; None where there is no polling.
        model: Whether the model answers; None where nobody can tell.
        database: What is wrong with it, None when it is well.
        vitals: None when the database did not give them.
        disk_free: Bytes on the database's disk; None when unknown.
    """

    poll_age: float | None
    model: ModelState | None = None
    database: str | None = None
    vitals: Vitals | None = None
    disk_free: int | None = None


class Observer:
    """Looks at the bot.

    Args:
        polled_at: ``time.monotonic()`` of the last completed poll, None before the first; no callable
            where there is no polling.
        inside: Where the rest is asked; without it, only the poll's age is known.
    """

    def __init__(self, polled_at: Callable[[], float | None] | None, inside: Inside | None = None) -> None:
        self._polled_at = polled_at
        self._inside = inside
        self._started_at = time.monotonic()
        self._disk_free: int | None = None
        self._asking: asyncio.Task[tuple[Vitals | None, str | None]] | None = None

    async def look(self) -> Signs:
        """How the bot is now; takes :data:`PATIENCE` at most."""
        if self._inside is None:
            return Signs(self._poll_age())
        vitals, trouble = await self._ask_in_time(self._inside)
        return Signs(self._poll_age(), self._inside.model(), trouble, vitals, self._disk_free)

    def close(self) -> None:
        """Give up a question that is still open."""
        if self._asking:
            self._asking.cancel()

    def _poll_age(self) -> float | None:
        if self._polled_at is None:
            return None
        return time.monotonic() - (self._polled_at() or self._started_at)

    async def _ask_in_time(self, inside: Inside) -> tuple[Vitals | None, str | None]:
        """One question at a time: a database that hangs must not collect them."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask(inside))
        done, _ = await asyncio.wait({self._asking}, timeout=PATIENCE)
        return self._asking.result() if done else (None, f"no answer within {PATIENCE} s")

    async def _ask(self, inside: Inside) -> tuple[Vitals | None, str | None]:
        try:
            self._disk_free = (await asyncio.to_thread(shutil.disk_usage, inside.folder)).free
            await inside.touch()
            return await inside.vitals(), None
        except (StorageError, OSError) as error:
            return None, str(error)
