"""A database of its own for each test, a clock that stands, and updates to put in."""

from __future__ import annotations

import asyncio
import functools
import os
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sovetnik.core.model import Answer, Contact, Delivery, Incoming, Limits, Turn
from sovetnik.storage import SqlStore

MORNING = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)


class Clock:
    """Stands still until told otherwise."""

    def __init__(self, now: datetime = MORNING) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def later(self, **span: float) -> datetime:
        self.now += timedelta(**span)
        return self.now


@functools.cache
def _migrated() -> Path:
    """An empty database with the schema, made once: migrating takes longer than most tests."""
    path = Path(tempfile.mkdtemp(prefix="sovetnik-tests-")) / "empty.db"

    async def make() -> None:
        async with SqlStore.open(f"sqlite:///{path}", exclusive=False):
            pass

    path.touch()
    with ThreadPoolExecutor(1) as pool:  # whoever asks runs inside a loop already
        pool.submit(lambda: asyncio.run(make())).result()
    return path


def database(folder: Path, kind: str | None = None) -> str:
    """`DATABASE_URL` of a fresh database, on SQLite in the folder; of the kind that the run is for."""
    if (kind or os.environ.get("TESTS_DATABASE", "sqlite")) == "postgres":
        from tests import postgres

        return postgres.fresh()
    path = folder / "sovetnik.db"
    shutil.copy(_migrated(), path)
    return f"sqlite:///{path}"


def incoming(update_id: int, text: str = "Здравствуйте", chat_id: int = 1, **values: Any) -> Incoming:
    values = {"kind": "text", "sent_at": MORNING, "message_id": update_id + 1000, "name": "Анна", **values}
    return Incoming(update_id=update_id, chat_id=chat_id, text=text, **values)


def contact(**values: Any) -> Contact:
    given = {"name": "Анна", "phone": "+79123456789", "order": "Кровать", **values}
    return Contact(**given)


async def take_turn(store: SqlStore, chat_id: int = 1, token: str = "worker") -> Turn:
    step = await store.next_step(chat_id, token, Limits())
    assert isinstance(step, Turn), step
    return step


async def answer_turn(
    store: SqlStore, text: str = "Да", chat_id: int = 1, token: str = "worker", **values: Any
) -> Delivery:
    """Take the chat's turn and store an answer to it, undelivered."""
    return await store.answered(await take_turn(store, chat_id, token), Answer(text, **values))


async def converse(
    store: SqlStore, update_id: int, text: str = "Здравствуйте", answer: str = "Да", chat_id: int = 1
) -> None:
    """One question, answered and delivered; the chat is idle afterwards."""
    await store.accept([incoming(update_id, text, chat_id)])
    delivery = await answer_turn(store, answer, chat_id)
    assert await store.next_step(chat_id, "worker", Limits(), (delivery.id, (update_id,))) is None


async def texts(store: SqlStore) -> list[str]:
    return [row.message.text async for row in store.export(None, None)]
