"""BM25 over numpy postings: thousands of pieces a second in, a fraction of a millisecond out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sovetnik.knowledge.index.words import STOP, root, stem, words

HEADING = 2.0
"""What a word in the headings counts against one in the text (1, 2, 3 and 4 measured)."""

ROOTS = 0.4
"""What a root counts against a stem."""

K1, B = 1.2, 0.6


@dataclass(slots=True)
class Vocabulary:
    """Words seen so far. Only ever grows, so older snapshots may share it with newer ones."""

    terms: dict[str, int] = field(default_factory=dict[str, int])
    seen: dict[str, tuple[int, ...]] = field(default_factory=dict[str, tuple[int, ...]])

    def ids(self, word: str) -> tuple[int, ...]:
        """Terms of a word of a document: its stem and, if it has one, its root."""
        known = self.seen.get(word)
        if known is None:
            known = () if word in STOP else tuple(self._id(t) for t in terms_of(word))
            self.seen[word] = known
        return known

    def _id(self, term: str) -> int:
        return self.terms.setdefault(term, len(self.terms))


def terms_of(word: str) -> list[str]:
    """Stem and root of one word."""
    start = root(word)
    return [stem(word)] if start is None else [stem(word), start]


@dataclass(frozen=True, slots=True)
class Counted:
    """One piece, counted."""

    terms: NDArray[np.int32]
    times: NDArray[np.float32]


def count(vocabulary: Vocabulary, heading: str, text: str) -> Counted:
    """Count the terms of a piece."""
    counter: Counter[int] = Counter()
    for word in words(text):
        counter.update(vocabulary.ids(word))
    weighted: dict[int, float] = dict(counter)
    for word in words(heading):
        for term in vocabulary.ids(word):
            weighted[term] = weighted.get(term, 0.0) + HEADING
    return Counted(
        np.fromiter(weighted.keys(), np.int32, len(weighted)),
        np.fromiter(weighted.values(), np.float32, len(weighted)),
    )


class Bm25:
    """Immutable postings of a set of pieces."""

    def __init__(self, pieces: Sequence[Counted], vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self.size = len(pieces)
        lengths = np.array([p.times.sum() for p in pieces], np.float32)
        average = float(lengths.mean()) if len(pieces) else 1.0
        terms = np.concatenate([np.zeros(0, np.int32), *(p.terms for p in pieces)])
        times = np.concatenate([np.zeros(0, np.float32), *(p.times for p in pieces)])
        pieces_of = np.repeat(np.arange(len(pieces), dtype=np.int32), [len(p.terms) for p in pieces])
        order = np.argsort(terms, kind="stable")
        width = int(terms.max()) + 1 if len(terms) else 0
        frequency = np.bincount(terms, minlength=width)
        self.idf = np.log1p((self.size - frequency + 0.5) / (frequency + 0.5)).astype(np.float32)
        self._starts = np.concatenate(([0], np.cumsum(frequency)))
        self._pieces = pieces_of[order]
        norm = K1 * (1 - B + B * lengths / max(average, 1e-6))
        times = times[order]
        self._weights = self.idf[terms[order]] * times * (K1 + 1) / (times + norm[self._pieces])

    def scores(self, query: Mapping[int, float]) -> NDArray[np.float32]:
        """Scores of all pieces for weighted terms."""
        scores = np.zeros(self.size, np.float32)
        for term, weight in query.items():
            if term < len(self.idf):
                at = slice(self._starts[term], self._starts[term + 1])
                scores[self._pieces[at]] += weight * self._weights[at]
        return scores

    def ideal(self, query: Mapping[int, float]) -> float:
        """What a piece that is all about the weighted terms would score, to measure scores against."""
        return (K1 + 1) * sum(w * float(self.idf[t]) for t, w in query.items() if t < len(self.idf))

    def holds(self, term: str) -> bool:
        """Whether any piece has the term."""
        number = self._vocabulary.terms.get(term, -1)
        return 0 <= number < len(self.idf) and bool(self._starts[number + 1] > self._starts[number])

    def numbers(self, terms: Iterable[tuple[str, float]]) -> dict[int, float]:
        """Weighted terms as numbers of the vocabulary; unknown ones are left out."""
        known: dict[int, float] = {}
        for term, weight in terms:
            number = self._vocabulary.terms.get(term)
            if number is not None:
                known[number] = max(known.get(number, 0.0), weight)
        return known
