"""How fast the index is, and how much memory it takes, on made-up pieces.

    .venv/bin/python benchmarks/knowledge/speed.py [PIECES]

The vectors are random: what they cost to search does not depend on what they mean.
"""

from __future__ import annotations

import asyncio
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np

from sovetnik.knowledge.chunks import Chunk
from sovetnik.knowledge.index import LocalIndex

PER_FILE = 50
LINES = 6  # of a piece, as in the sample folders
SAMPLE = Path(__file__).parents[2] / "examples" / "ru" / "knowledge"


class MadeUp:
    """Readers: each file is fifty pieces of words from the sample, with new endings for a big vocabulary."""

    def __init__(self) -> None:
        text = " ".join(f.read_text(encoding="utf-8") for f in sorted(SAMPLE.iterdir()))
        self.words = [word for word in text.split() if word.isalpha()]

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[MadeUp]:
        yield self

    async def read(self, _path: Path, source: str) -> list[Chunk]:
        return await asyncio.to_thread(self.chunks, source)  # it is not the readers that are measured

    def chunks(self, source: str) -> list[Chunk]:
        pick = random.Random(source)
        return [Chunk(source, f"Раздел › {n}", self.text(pick)) for n in range(PER_FILE)]

    def text(self, pick: random.Random) -> str:
        lines = [" ".join(pick.choices(self.words, k=10)) for _ in range(LINES)]
        lines[0] += f" {pick.choice(self.words)}{pick.randrange(20_000)}"
        return "\n".join(lines)


class Random:
    """An embedder of random vectors as wide as E5's."""

    name = "random"

    def __init__(self) -> None:
        self.make = np.random.default_rng(0)

    async def questions(self, texts: Sequence[str]) -> np.ndarray:
        return await self.passages(texts)

    async def passages(self, texts: Sequence[str]) -> np.ndarray:
        rows = self.make.standard_normal((len(texts), 384), np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    async def close(self) -> None:
        pass


class Stalls:
    """The longest time that the event loop could not run."""

    async def __aenter__(self) -> Stalls:
        self.longest = 0.0
        self.task = asyncio.create_task(self.look())
        return self

    async def __aexit__(self, *_: object) -> None:
        self.task.cancel()

    async def look(self) -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.001)
            self.longest = max(self.longest, time.perf_counter() - began - 0.001)


def memory() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


def size(path: Path) -> float:
    return path.stat().st_size / 2**20


def make(folder: Path, files: int) -> None:
    folder.mkdir()
    for n in range(files):
        (folder / f"{n:05}.md").write_text(str(n))


async def queries(index: LocalIndex, label: str, number: int = 300) -> None:
    words, pick, times = MadeUp().words, random.Random(1), []
    async with Stalls() as stalls:
        for _ in range(number):
            query = " ".join(pick.choices(words, k=5)) + " опечатко"
            began = time.perf_counter()
            await index.search(query)
            times.append((time.perf_counter() - began) * 1000)
    p99 = sorted(times)[int(number * 0.99)]
    median = statistics.median(times)
    print(f"{label}: median {median:.1f} ms, p99 {p99:.1f} ms, loop {stalls.longest * 1000:.1f} ms")


async def main(pieces: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        documents, database = Path(folder, "knowledge"), Path(folder, "knowledge.db")
        make(documents, pieces // PER_FILE)
        before = memory()
        async with LocalIndex.open(database, Random(), readers=MadeUp()) as index:
            async with Stalls() as stalls:
                began = time.perf_counter()
                await index.sync(documents)
                took = time.perf_counter() - began
            print(f"sync of {pieces} pieces: {took:.1f} s, loop {stalls.longest * 1000:.1f} ms")
            await queries(index, "query by words")
            async with Stalls() as stalls:
                await index.embedded()
            print(
                f"vectors kept, shown: loop {stalls.longest * 1000:.1f} ms, {memory() - before:.0f} MB more"
            )
            await queries(index, "query by both")
            Path(documents, "00000.md").write_text("another")  # noqa: ASYNC240
            async with Stalls() as stalls:
                began = time.perf_counter()
                await index.sync(documents)
                took = time.perf_counter() - began
            print(f"sync of one changed file: {took:.1f} s, loop {stalls.longest * 1000:.1f} ms")
        async with Stalls() as stalls:
            began = time.perf_counter()
            async with LocalIndex.open(database, None, readers=MadeUp()):
                took = time.perf_counter() - began
        print(
            f"open and build: {took:.1f} s, {pieces / took:.0f} pieces/s, loop {stalls.longest * 1000:.1f} ms"
        )
        print(f"file {size(database):.0f} MB, memory {memory():.0f} MB (before {before:.0f})")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
