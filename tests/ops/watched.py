"""`HTTP_LISTEN` over a real database, as `sovetnik run` sets it up."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from sovetnik.ops import signs
from sovetnik.ops.health import Health
from sovetnik.ops.metrics import Metrics
from sovetnik.ops.signs import Inside, ModelState
from sovetnik.storage import SqlStore
from tests.storage.samples import database


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Watched:
    """A bot's inside, and the address that tells of it."""

    database: str
    store: SqlStore
    metrics: Metrics = field(default_factory=lambda: Metrics("1.2.3"))
    url: str = ""
    model: ModelState = "ok"

    async def get(self, page: str, **headers: str) -> httpx.Response:
        async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
            return await client.get(f"{self.url}{page}", headers=headers)

    async def health(self) -> tuple[int, dict[str, Any]]:
        answer = await self.get("/healthz")
        return answer.status_code, json.loads(answer.text)


@asynccontextmanager
async def watched(
    folder: Path, polled_at: Callable[[], float | None] | None = time.monotonic, patience: float = 10.0
) -> AsyncGenerator[Watched]:
    """A bot with its pages; more patient with its database than in truth, for machines that are busy."""
    url = database(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(signs, "PATIENCE", patience)
        async with _served(folder, url, polled_at) as bot:
            yield bot


@asynccontextmanager
async def _served(
    folder: Path, url: str, polled_at: Callable[[], float | None] | None
) -> AsyncGenerator[Watched]:
    async with SqlStore.open(url, exclusive=True) as store:
        bot = Watched(url, store)
        listen = f"127.0.0.1:{free_port()}"
        inside = Inside(store.vitals, store.touch, lambda: bot.model, folder)
        health = Health(listen, polled_at, inside, bot.metrics)
        bot.url = f"http://{listen}"
        await health.start()
        try:
            yield bot
        finally:
            await health.stop()
