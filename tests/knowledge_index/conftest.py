"""A folder to index, readers without a process, and an embedder without a model."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from sovetnik.knowledge.chunks import Chunk
from sovetnik.knowledge.index import EmbedderError, LocalIndex
from sovetnik.knowledge.index.model import Vectors
from sovetnik.knowledge.index.words import STOP, stem, words

DOCUMENTS = {
    "delivery.md": "# Доставка\nПривезём по городу за 1 200 ₽, в Суздаль за 2 200 ₽.\n\n"
    "## Подъём на этаж\nБез лифта 400 ₽ за этаж. Ещё возим на дачу.",
    "beds.md": "# Кровати\nЯсень, 160×200: 62 900 ₽. Дуб дороже.\n\n## Уход\nПротирать сухой салфеткой.",
    "shop/visit.md": "# Шоурум\nОткрыт со вторника, есть парковка и Wi-Fi.",
}


class PlainReaders:
    """Reads ``#`` headings and the text below them; remembers which files it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.slow = 0.0

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[PlainReaders]:
        yield self

    async def read(self, path: Path, source: str) -> list[Chunk]:
        self.asked.append(source)
        await asyncio.sleep(self.slow)
        text = _text(path)
        if text.startswith("%PDF"):
            raise ValueError("protected by a password")
        chunks, path_of = [], [""]
        for part in text.split("\n\n"):
            head, _, body = part.partition("\n")
            level = head.count("#")
            path_of = [*path_of[: level - 1], head.strip("# ")]
            chunks.append(Chunk(source, " › ".join(path_of), body))
        return chunks


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


async def until(true: Callable[[], object]) -> None:
    """Wait for something that nobody tells of."""
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


class BagEmbedder:
    """Vectors by the stems of a text: near is what shares words. Can be told to fail."""

    name = "bag"

    def __init__(self) -> None:
        self.embedded: list[str] = []
        self.fail: EmbedderError | None = None
        self.fail_after = 10**9
        self.closed = False
        self.may_go = asyncio.Event()
        self.may_go.set()

    async def questions(self, texts: Sequence[str]) -> Vectors:
        if self.fail:
            raise self.fail
        return self._vectors(texts)

    async def passages(self, texts: Sequence[str]) -> Vectors:
        await self.may_go.wait()
        if self.fail or len(self.embedded) >= self.fail_after:
            raise self.fail or EmbedderError("away")
        self.embedded.append(texts[0])
        return self._vectors(texts)

    async def close(self) -> None:
        self.closed = True

    def _vectors(self, texts: Sequence[str]) -> Vectors:
        rows = np.full((len(texts), 64), 0.01, np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in words(text):
                if word not in STOP:
                    row[sum(stem(word).encode()) % 64] += 1
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "knowledge"
    for name, text in DOCUMENTS.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def readers() -> PlainReaders:
    return PlainReaders()


@pytest.fixture
def embedder() -> BagEmbedder:
    return BagEmbedder()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "data" / "knowledge.db"


@pytest.fixture
async def index(database: Path, readers: PlainReaders) -> AsyncIterator[LocalIndex]:
    async with LocalIndex.open(database, None, readers=readers) as opened:
        yield opened
