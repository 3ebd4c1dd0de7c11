"""Several processes on one machine with one index file: replicas that share a data folder."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from sovetnik.knowledge.index import LocalIndex

from .conftest import PlainReaders

PROCESS = """
import asyncio, sys
from pathlib import Path
from sovetnik.knowledge.index import LocalIndex

async def main():
    print("here", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    async with LocalIndex.open(Path(sys.argv[1]), None) as index:
        await index.sync(Path(sys.argv[2]))
        print(*[status.source for status in index.status() if status.chunks])
        print(*[passage.source for passage in await index.search("доставка")][:1])

asyncio.run(main())
"""


@pytest.mark.parametrize("before", ["nothing", "another version"])
async def test_processes_that_start_at_the_same_moment_each_know_everything(
    tmp_path: Path, folder: Path, before: str
) -> None:
    path = tmp_path / "data" / "knowledge.db"
    if before == "another version":
        path.parent.mkdir()
        with sqlite3.connect(path) as other:
            other.execute("PRAGMA user_version = 99")
        other.close()
    command = [sys.executable, "-c", PROCESS, str(path), str(folder)]
    processes = [
        await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=PIPE) for _ in range(3)
    ]
    for process in processes:
        assert process.stdout
        assert await process.stdout.readline() == b"here\n"
    outputs = await asyncio.gather(*(process.communicate(b"\n") for process in processes))
    for out, err in outputs:
        assert out.decode().split()[-4:] == ["beds.md", "delivery.md", "shop/visit.md", "delivery.md"], (
            err.decode()
        )


async def test_what_one_has_read_the_other_does_not_read_again(tmp_path: Path, folder: Path) -> None:
    path, first_reads, second_reads = tmp_path / "knowledge.db", PlainReaders(), PlainReaders()
    async with (
        LocalIndex.open(path, None, readers=first_reads) as first,
        LocalIndex.open(path, None, readers=second_reads) as second,
    ):
        await first.sync(folder)
        await second.sync(folder)
        assert second_reads.asked == []
        assert next(passage.source for passage in await second.search("доставка")) == "delivery.md"
        (folder / "returns.md").write_text("# Возврат\nЧетырнадцать дней.", encoding="utf-8")
        await second.sync(folder)
        await first.sync(folder)
        assert second_reads.asked == ["returns.md"]
        assert "returns.md" not in first_reads.asked
        assert next(passage.source for passage in await first.search("возврат")) == "returns.md"
