"""The folder goes in: only what changed is read, what cannot be read is named, nothing done is lost."""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path

import pytest

from sovetnik.core.errors import ConfigError, StorageError
from sovetnik.knowledge.index import LocalIndex, SyncResult

from .conftest import PlainReaders, until


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def spoil(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database at all" * 100)


async def sources(index: LocalIndex, query: str) -> list[str]:
    return [passage.source for passage in await index.search(query)]


async def test_first_sync_reads_all(index: LocalIndex, folder: Path) -> None:
    seen: list[tuple[int, int, str]] = []
    result = await index.sync(folder, lambda *at: seen.append(at))
    assert result == SyncResult(added=3, changed=0, removed=0, unchanged=0, failed=())
    assert seen == [(1, 3, "beds.md"), (2, 3, "delivery.md"), (3, 3, "shop/visit.md")]
    assert [(s.source, s.chunks, s.error) for s in index.status()] == [
        ("beds.md", 2, None),
        ("delivery.md", 2, None),
        ("shop/visit.md", 1, None),
    ]


async def test_only_changed_files_are_read_again(
    index: LocalIndex, folder: Path, readers: PlainReaders
) -> None:
    await index.sync(folder)
    readers.asked.clear()
    (folder / "beds.md").write_text("# Кровати\nТеперь есть бамбук.", encoding="utf-8")
    os.utime(folder / "delivery.md")  # touched, not changed
    result = await index.sync(folder)
    assert (result.changed, result.unchanged, readers.asked) == (1, 2, ["beds.md"])
    assert await sources(index, "бамбук") == ["beds.md"]
    assert "62 900" not in "".join(p.text for p in await index.search("ясень 160х200"))


async def test_removed_file_leaves(index: LocalIndex, folder: Path) -> None:
    await index.sync(folder)
    (folder / "shop" / "visit.md").unlink()
    assert (await index.sync(folder)).removed == 1
    assert await sources(index, "парковка шоурум") == []
    assert [s.source for s in index.status()] == ["beds.md", "delivery.md"]


async def test_renamed_file_keeps_its_vectors(
    database: Path, folder: Path, readers: PlainReaders, embedder: object
) -> None:
    async with LocalIndex.open(database, embedder, readers=readers) as index:
        await index.sync(folder)
        await index.embedded()
        made = len(embedder.embedded)
        (folder / "beds.md").rename(folder / "catalogue.md")
        result = await index.sync(folder)
        await index.embedded()
        assert (result.added, result.removed, index.pending) == (1, 1, 0)
        assert len(embedder.embedded) == made
        assert (await sources(index, "ясень"))[0] == "catalogue.md"


async def test_unreadable_file_is_named_and_the_rest_goes_in(index: LocalIndex, folder: Path) -> None:
    (folder / "prices.pdf").write_text("%PDF")
    result = await index.sync(folder)
    assert [(f.source, f.error) for f in result.failed] == [("prices.pdf", "protected by a password")]
    assert result.added == 4
    assert await sources(index, "подъём на этаж")
    (folder / "prices.pdf").unlink()
    assert (await index.sync(folder)).failed == ()


async def test_unreadable_file_is_tried_again_when_asked(
    index: LocalIndex, folder: Path, readers: PlainReaders
) -> None:
    (folder / "prices.pdf").write_text("%PDF")
    await index.sync(folder)
    readers.asked.clear()
    await index.sync(folder, retry=False)
    assert readers.asked == []
    await index.sync(folder)
    assert readers.asked == ["prices.pdf"]


async def test_other_files_are_left_alone(index: LocalIndex, folder: Path) -> None:
    for name in ("photo.heic", "~$offer.docx", ".hidden.md"):
        (folder / name).write_text("x")
    (folder / ".git").mkdir()
    (folder / ".git" / "notes.md").write_text("x")
    assert (await index.sync(folder)).added == 3


async def test_missing_folder_names_itself(index: LocalIndex, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere"):
        await index.sync(tmp_path / "nowhere")


async def test_killed_sync_goes_on_where_it_was(database: Path, folder: Path, readers: PlainReaders) -> None:
    readers.slow = 0.05
    async with LocalIndex.open(database, None, readers=readers) as index:
        sync = asyncio.create_task(index.sync(folder))
        await until(lambda: len(readers.asked) == 2)
        sync.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sync
    readers.asked.clear()
    async with LocalIndex.open(database, None, readers=readers) as index:
        assert await sources(index, "ясень") == ["beds.md"]  # found before the sync that completes it
        result = await index.sync(folder)
        assert (result.unchanged, result.added, readers.asked) == (1, 2, ["delivery.md", "shop/visit.md"])


async def test_answers_come_from_the_old_index_during_a_sync(
    index: LocalIndex, folder: Path, readers: PlainReaders
) -> None:
    await index.sync(folder)
    (folder / "beds.md").write_text("# Кровати\nБамбук.", encoding="utf-8")
    readers.slow = 0.2
    sync = asyncio.create_task(index.sync(folder))
    await asyncio.sleep(0.05)
    assert await sources(index, "ясень") == ["beds.md"]
    assert await sources(index, "бамбук") == []
    await sync
    assert await sources(index, "бамбук") == ["beds.md"]


async def test_index_is_there_after_a_restart(database: Path, folder: Path, readers: PlainReaders) -> None:
    async with LocalIndex.open(database, None, readers=readers) as index:
        await index.sync(folder)
    async with LocalIndex.open(database, None, readers=readers) as index:
        assert (await sources(index, "подъём"))[0] == "delivery.md"
        assert len(index.status()) == 3
    assert mode(database) == 0o600


async def test_what_another_process_read_is_found(
    index: LocalIndex, database: Path, folder: Path, readers: PlainReaders
) -> None:
    """``sovetnik knowledge sync`` beside the running bot."""
    await index.sync(folder)
    (folder / "beds.md").write_text("# Кровати\nБамбук.", encoding="utf-8")
    async with LocalIndex.open(database, None, readers=readers) as other:
        await other.sync(folder)
    assert (await index.sync(folder)).unchanged == 3
    assert await sources(index, "бамбук") == ["beds.md"]


async def test_broken_database_is_made_again(database: Path, folder: Path, readers: PlainReaders) -> None:
    spoil(database)
    async with LocalIndex.open(database, None, readers=readers) as index:
        assert (await index.sync(folder)).added == 3


async def test_database_that_cannot_be_opened_says_so(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    with pytest.raises(StorageError, match=r"knowledge\.db"):
        async with LocalIndex.open(tmp_path / "data" / "knowledge.db", None):
            pass


async def test_product_readers_read_the_sample(database: Path) -> None:
    sample = Path(__file__).parents[2] / "examples" / "en" / "knowledge"
    async with LocalIndex.open(database, None) as index:
        result = await index.sync(sample)
        assert (result.added, result.failed) == (12, ())
        assert "delivery-and-assembly.md" in await sources(index, "do you deliver on sundays")


async def test_watch_follows_the_folder_even_when_it_goes_and_comes(
    index: LocalIndex, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sovetnik.knowledge.index import watching

    for name, value in (("QUIET", 50), ("MISSING", 0.05), ("LOOK_EVERY", 0.5)):
        monkeypatch.setattr(watching, name, value)
    results: asyncio.Queue[SyncResult] = asyncio.Queue()
    watch = asyncio.create_task(index.watch(folder, results.put_nowait))
    async with asyncio.timeout(15):
        assert (await results.get()).added == 3
        (folder / "new.md").write_text("# Новое\nБамбук.", encoding="utf-8")
        assert (await results.get()).added == 1
        away = folder.with_name("away")
        folder.rename(away)  # noqa: ASYNC240
        await asyncio.sleep(0.3)
        assert await sources(index, "бамбук") == ["new.md"]  # a folder that is gone empties nothing
        away.rename(folder)
        (folder / "new.md").write_text("# Новое\nРотанг.", encoding="utf-8")
        assert (await results.get()).changed == 1
        assert await sources(index, "ротанг") == ["new.md"]
    watch.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watch
