"""How well the index finds, measured on labelled questions."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

from sovetnik.core.errors import ConfigError
from sovetnik.knowledge.index import Passage
from sovetnik.knowledge.index.mix import Method

METHODS: tuple[Method, ...] = ("bm25", "embeddings", "hybrid")

LOOKED_AT = 20
"""Passages that are looked at for a hit: a right one further down counts as not found."""

_KEYS = {"question", "source", "contains", "also"}


@dataclass(frozen=True, slots=True)
class Right:
    """A right passage: of this file and, where ``contains`` is given, holding this text."""

    source: str
    contains: str | None = None

    def is_hit(self, passage: Passage) -> bool:
        """Whether a passage is it; white space and the case of letters do not count."""
        if passage.source != self.source:
            return False
        return self.contains is None or _plain(self.contains) in _plain(passage.text)


@dataclass(frozen=True, slots=True)
class Case:
    """A question and the passages that answer it; any of them is a hit."""

    question: str
    right: tuple[Right, ...]


class Searched(Protocol):
    """What is measured: :class:`sovetnik.knowledge.index.LocalIndex`."""

    @property
    def method(self) -> Method:
        """What searches go by now."""
        ...

    async def search(self, query: str, k: int = 6, *, method: Method = "in_use") -> list[Passage]:
        """The best passages for a question."""
        ...


async def measure(
    index: Searched, cases: Sequence[Case], methods: Sequence[Method] = METHODS
) -> dict[str, Any]:
    """The figures hit@1, hit@3 and MRR of each method, and the name of the one in use.

    Without vectors only ``bm25`` is measured.

    Returns:
        ``{"bm25": {"hit@1": 0.61, "hit@3": 0.81, "mrr": 0.71}, …, "in_use": "hybrid"}``.
    """
    found: dict[str, Any] = {}
    for method in methods:
        if method == "bm25" or index.method != "bm25":
            found[method] = _figures([await _rank(index, case, method) for case in cases])
    found["in_use"] = index.method
    return found


async def misses(index: Searched, cases: Sequence[Case], k: int = 3) -> list[tuple[Case, list[Passage]]]:
    """Questions whose right passage is not among the first ``k``, with what came instead."""
    missed: list[tuple[Case, list[Passage]]] = []
    for case in cases:
        passages = await index.search(case.question, k)
        if _place(case, passages) == 0:
            missed.append((case, passages))
    return missed


def read_cases(path: Path) -> list[Case]:
    """Labelled questions, one JSON object a line; empty lines do not count.

    Raises:
        ConfigError: names the file and the line, and what is wrong with it.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8; save it as UTF-8") from error
    cases = [_case(f"{path}:{n}", line) for n, line in enumerate(lines, start=1) if line.strip()]
    if not cases:
        raise ConfigError(f'{path}: holds no question; write lines like {{"question": …, "source": …}}')
    return cases


def _case(where: str, line: str) -> Case:
    try:
        row: object = json.loads(line)
    except ValueError as error:
        raise ConfigError(f"{where}: not JSON: {error}; each line is one JSON object") from error
    if not isinstance(row, dict):
        raise ConfigError(f"{where}: each line is one JSON object")
    values = cast("dict[str, object]", row)
    unknown = sorted(set(values) - _KEYS)
    if unknown:
        raise ConfigError(f"{where}: unknown key {unknown[0]!r}; possible are {', '.join(sorted(_KEYS))}")
    also = values.get("also", [])
    if not isinstance(also, list):
        raise ConfigError(f'{where}: "also" must be a list of {{"source": …, "contains": …}}')
    more = [_right(where, each) for each in cast("list[object]", also)]
    return Case(_text(where, values, "question"), (_right(where, values), *more))


def _right(where: str, values: object) -> Right:
    if not isinstance(values, dict):
        raise ConfigError(f'{where}: "also" must be a list of {{"source": …, "contains": …}}')
    fields = cast("dict[str, object]", values)
    contains = _text(where, fields, "contains") if fields.get("contains") is not None else None
    return Right(_text(where, fields, "source"), contains)


def _text(where: str, values: dict[str, object], key: str) -> str:
    value = values.get(key)
    if not isinstance(value, str) or not value.strip():
        raise ConfigError(f'{where}: "{key}" is missing or is no text')
    return value


async def _rank(index: Searched, case: Case, method: Method) -> int:
    return _place(case, await index.search(case.question, LOOKED_AT, method=method))


def _place(case: Case, passages: Sequence[Passage]) -> int:
    """The place of the first right passage from 1; 0 when there is none."""
    for place, passage in enumerate(passages, start=1):
        if any(right.is_hit(passage) for right in case.right):
            return place
    return 0


def _figures(places: Sequence[int]) -> dict[str, float]:
    number = max(len(places), 1)
    return {
        "hit@1": round(sum(place == 1 for place in places) / number, 4),
        "hit@3": round(sum(1 <= place <= 3 for place in places) / number, 4),
        "mrr": round(sum(1 / place for place in places if place) / number, 4),
    }


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
