"""How words and meaning become one order, and one score. The figures are measured: see docs/knowledge.md."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sovetnik.knowledge.index.model import Vectors

Method = Literal["bm25", "embeddings", "hybrid", "in_use"]
"""What to rank by; ``in_use`` is hybrid where there are vectors, else bm25."""

LINES = 0.77
"""The best line's share in how near a piece is; the whole piece has the rest."""

WORDS = 0.25
"""What BM25, as the share of its ideal score, counts against nearness."""

FITS = 0.5
"""From this score on, the best passage is likely to hold an answer."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a question brings, for all pieces.

    Attributes:
        words: BM25 scores.
        ideal: The score of a piece that is all about the question.
        known: The share of the question's words that the documents have at all, by weight.
        near: How near each piece is in meaning, about -0.3..0.9; None without vectors.
    """

    words: Vectors
    ideal: float
    known: float
    near: Vectors | None

    @property
    def cover(self) -> Vectors:
        """BM25 as a share of its ideal."""
        return self.words / np.float32(max(self.ideal, 1e-6))


def ranked(found: Found, k: int, method: Method) -> list[tuple[int, float]]:
    """The best ``k`` rows with their scores, best first."""
    near = None if method == "bm25" else found.near
    if near is None:
        total = found.cover
    else:
        total = near if method == "embeddings" else (near + WORDS * found.cover).astype(np.float32)
    best = _top(total, k)
    if near is None:
        best = best[total[best] > 0]  # not a word in common
    if not len(best):
        return []
    sure = _sure(found, int(best[0]), near)
    low = float(np.median(total)) if near is not None else 0.0
    span = max(float(total[best[0]]) - low, 1e-6)
    return [(int(row), round(sure * max(float(total[row]) - low, 0.0) / span, 4)) for row in best]


def _top(total: Vectors, k: int) -> NDArray[np.intp]:
    """The rows of the ``k`` highest totals, highest first; of equal ones the earlier."""
    if len(total) > 4 * k:
        some = np.argpartition(-total, k)[: 2 * k]
        some.sort()
        return some[np.argsort(-total[some], kind="stable")][:k]
    return np.argsort(-total, kind="stable")[:k]


def _sure(found: Found, best: int, near: Vectors | None) -> float:
    """How likely the best piece answers: a logistic model of what tells answerable questions apart."""
    cover = min(float(found.cover[best]), 1.0)
    if near is None:
        return _logistic(-2.87 + 0.52 * cover + 5.3 * found.known)
    return _logistic(-4.78 + 7.64 * float(near[best]) + 0.85 * cover + 4.86 * found.known)


def _logistic(x: float) -> float:
    return 1 / (1 + exp(-x))
