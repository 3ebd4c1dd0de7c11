"""Nearness in meaning: a vector for each piece and for each of its lines.

A question of five words is nearer to the one line that answers it than to a piece of a thousand letters,
so each line is embedded beside the whole, under its headings. E5's vectors all point more or less the same
way; taking the common part away, on both sides, is worth ten points of hit@1 (docs/knowledge.md).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sovetnik.knowledge.index.mix import LINES
from sovetnik.knowledge.index.model import Vectors
from sovetnik.knowledge.index.store import Piece

LINE = 80
"""Characters below which a sentence is joined with the next; lines themselves are never joined."""

LONG = 200
"""Characters above which a line is cut into sentences."""

CANDIDATES = 300
"""Pieces whose lines are looked at; the others are too far as wholes and share too few words."""

SUBHEADING = "### "

_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[^\W\d_a-zа-я]|[«\"])")
_BLOCK = 8192


def facets(piece: Piece) -> list[str]:
    """What is embedded for a piece: first the whole, then its lines, all under their headings."""
    whole = f"{piece.heading}\n{piece.text}" if piece.heading else piece.text
    lines: list[str] = []
    head = piece.heading
    for row in piece.text.split("\n"):
        if row.startswith(SUBHEADING):  # a piece may be several small sections
            head = f"{piece.heading} › {row.removeprefix(SUBHEADING)}"
            continue
        lines += [f"{head}: {line}" if head else line for line in _sentences(row.strip())]
    return [whole, *lines]


def _sentences(row: str) -> list[str]:
    if len(row) <= LONG:
        return [row] if row else []
    lines: list[str] = []
    open_line = False
    for sentence in _SENTENCE.split(row):
        if open_line:
            lines[-1] += f" {sentence}"
        else:
            lines.append(sentence)
        open_line = len(lines[-1]) <= LINE
    return lines


def headings(pieces: Sequence[Piece], most: int = 200) -> list[str]:
    """Innermost headings, each once and evenly over the documents: the nearest there is to questions."""
    found = [p.heading.rsplit(" › ", 1)[-1] or p.text[:60] for p in pieces]
    found += [
        row.removeprefix(SUBHEADING)
        for p in pieces
        for row in p.text.split("\n")
        if row.startswith(SUBHEADING)
    ]
    names = list(dict.fromkeys(found))
    return names[:: max(1, len(names) // most)][:most]


@dataclass(frozen=True, slots=True)
class Nearness:
    """Vectors of pieces and lines, centred and of unit length.

    Attributes:
        wholes: A row for each piece; zeros where there is none.
        lines: float16 rows of all lines, piece after piece.
        starts: Where each piece's lines begin; one more than there are pieces.
        has: Which pieces have vectors.
        questions: The common part of questions.
    """

    wholes: Vectors
    lines: NDArray[np.float16]
    starts: NDArray[np.int64]
    has: NDArray[np.bool_]
    questions: Vectors

    @classmethod
    def of(
        cls, pieces: Sequence[Piece], known: Mapping[bytes, bytes], centre: Vectors | None
    ) -> Nearness | None:
        """Put vectors together; None when fewer than half of the pieces have theirs.

        Args:
            pieces: In the snapshot's order.
            known: float16 rows by the pieces' hashes, the whole first.
            centre: The mean of questions' vectors; None when it is not known yet.
        """
        blobs = [known.get(piece.hash, b"") for piece in pieces]
        has = np.array([bool(blob) for blob in blobs], np.bool_)
        if centre is None or not pieces or has.mean() < 0.5:
            return None
        width = len(centre)
        counts = np.array([len(blob) // (2 * width) for blob in blobs], np.int64)
        firsts = np.cumsum(counts) - counts
        rows = np.empty((int(counts.sum()), width), np.float16)
        for first, blob in zip(firsts, blobs, strict=True):  # one join of them all would hold the GIL
            if blob:
                own = np.frombuffer(blob, np.float16).reshape(-1, width)
                rows[first : first + len(own)] = own
        is_whole = np.zeros(len(rows), np.bool_)
        is_whole[firsts[has]] = True
        wholes = np.zeros((len(pieces), width), np.float32)
        wholes[has] = _centred(rows[is_whole]).astype(np.float32)
        starts = np.concatenate(([0], np.cumsum(np.maximum(counts - 1, 0))))
        return cls(wholes, _centred(rows[~is_whole]), starts, has, centre)

    def near(self, question: Vectors, words: Vectors) -> Vectors:
        """How near each piece is to a question.

        Args:
            question: Its vector.
            words: Each piece's share of words, 0..1: helps to choose whose lines are looked at, and stands
                in for the nearness of pieces that have no vector yet.
        """
        q = question - self.questions
        q /= max(float(np.linalg.norm(q)), 1e-6)
        whole = self.wholes @ q
        best = np.where(self.has, whole, -1.0).astype(np.float32)
        for row in self._candidates((whole + words).astype(np.float32)):
            lines = self.lines[self.starts[row] : self.starts[row + 1]]
            if len(lines):
                best[row] = LINES * float((lines.astype(np.float32) @ q).max()) + (1 - LINES) * whole[row]
        looked = best[self.has]
        low, high = float(looked.mean()), float(looked.max())
        return np.where(self.has, best, low + (high - low) * np.minimum(words, 1.0)).astype(np.float32)

    def _candidates(self, rough: Vectors) -> NDArray[np.intp]:
        if len(rough) <= CANDIDATES:
            return np.flatnonzero(self.has)
        rows = np.argpartition(-rough, CANDIDATES)[:CANDIDATES]
        return rows[self.has[rows]]


def _centred(rows: NDArray[np.float16]) -> NDArray[np.float16]:
    """Without the common part, of unit length; in blocks, so that memory stays small."""
    if not len(rows):
        return rows
    total = np.zeros(rows.shape[1], np.float64)
    for at in range(0, len(rows), _BLOCK):
        total += rows[at : at + _BLOCK].astype(np.float32).sum(axis=0)
    mean = (total / len(rows)).astype(np.float32)
    out = np.empty_like(rows)
    for at in range(0, len(rows), _BLOCK):
        block = rows[at : at + _BLOCK].astype(np.float32) - mean
        out[at : at + _BLOCK] = block / np.maximum(np.linalg.norm(block, axis=1, keepdims=True), 1e-6)
    return out
