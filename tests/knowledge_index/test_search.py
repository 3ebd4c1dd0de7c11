"""What a customer writes finds what the document says."""

from __future__ import annotations

from pathlib import Path

import pytest

from sovetnik.knowledge.index import LocalIndex, Passage, fits
from sovetnik.knowledge.index.words import words


async def first(index: LocalIndex, query: str) -> Passage:
    return (await index.search(query))[0]


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ("подьем на этож", "400 ₽ за этаж"),  # slips
        ("салфетка", "Протирать сухой салфеткой"),  # another form of the word
        ("кровать", "160×200"),  # stems of «кровать» and «кровати» differ
        ("возите на дачу", "возим на дачу"),
        ("ёще подъём", "Ещё возим"),  # ё and е are one letter
        ("160х200", "62 900"),
        ("160 на 200", "62 900"),
        ("160*200 цена", "62 900"),
        ("что за 62900", "62 900"),
        ("где припарковаться", "парковка"),  # a synonym
        ("wifi", "Wi-Fi"),
        ("gfhrjdrf", "парковка"),  # «парковка» with the English keyboard switched on
    ],
)
async def test_found_by(index: LocalIndex, folder: Path, query: str, holds: str) -> None:
    await index.sync(folder)
    assert holds in (await first(index, query)).text


async def test_heading_counts(index: LocalIndex, folder: Path) -> None:
    await index.sync(folder)
    found = await first(index, "доставка")  # no text holds the word
    assert (found.source, found.heading.split(" › ")[0]) == ("delivery.md", "Доставка")


async def test_scores_fall_and_stay_between_0_and_1(index: LocalIndex, folder: Path) -> None:
    await index.sync(folder)
    scores = [p.score for p in await index.search("доставка на этаж кровати")]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


async def test_nothing_fits(index: LocalIndex, folder: Path) -> None:
    await index.sync(folder)
    assert await index.search("криптовалюта") == []
    assert not fits([])
    assert not fits(await index.search("какой курс доллара завтра на бирже в городе"))
    assert fits(await index.search("подъём на этаж"))


@pytest.mark.parametrize("query", ["", "   ", "?!", "и", "🙂", "a" * 5000, "'; DROP TABLE chunks; --", "\0"])
async def test_odd_questions_are_no_error(index: LocalIndex, folder: Path, query: str) -> None:
    await index.sync(folder)
    assert isinstance(await index.search(query), list)


async def test_empty_index_answers_nothing(index: LocalIndex) -> None:
    assert await index.search("кровать") == []


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("62 900", "62900"),
        ("62,900", "62900"),
        ("62\u00a0900", "62 900"),
        ("1,5 часа", "1.5 часа"),
        ("50 тыс", "50000"),
        ("30к", "30 000"),
        ("160 х 200", "160x200"),
        ("Ёлка", "елка"),
    ],
)
def test_written_differently_and_the_same(text: str, same: str) -> None:
    assert list(words(text)) == list(words(same))
