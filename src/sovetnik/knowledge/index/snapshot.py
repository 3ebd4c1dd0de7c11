"""What a search looks at: an immutable picture of the index at one moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from sovetnik.knowledge.index.bm25 import Bm25, Counted, Vocabulary, count
from sovetnik.knowledge.index.mix import Method, ranked
from sovetnik.knowledge.index.model import Passage, Vectors
from sovetnik.knowledge.index.questions import Slips, terms
from sovetnik.knowledge.index.store import Piece


@dataclass(slots=True)
class Counts:
    """Pieces already counted, so that the next snapshot costs only what is new."""

    vocabulary: Vocabulary = field(default_factory=Vocabulary)
    known: dict[tuple[str, bytes], Counted] = field(default_factory=dict[tuple[str, bytes], Counted])

    def of(self, pieces: Sequence[Piece]) -> list[Counted]:
        """The counts of pieces; those of pieces that are gone are let go."""
        fresh: dict[tuple[str, bytes], Counted] = {}
        for piece in pieces:
            key = (piece.source, piece.hash)
            fresh[key] = self.known.get(key) or count(self.vocabulary, _heading(piece), piece.text)
        self.known = fresh
        return [fresh[piece.source, piece.hash] for piece in pieces]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Pieces with their postings and, as far as they are made, their vectors.

    Attributes:
        vectors: A row for each piece, zeros where there is none yet; None when there are none at all.
    """

    pieces: tuple[Piece, ...]
    bm25: Bm25
    slips: Slips
    vectors: Vectors | None = None

    @classmethod
    def of(cls, pieces: Sequence[Piece], counts: Counts) -> Snapshot:
        """Count pieces and build their postings."""
        bm25 = Bm25(counts.of(pieces), counts.vocabulary)
        return cls(tuple(pieces), bm25, Slips(counts.vocabulary, bm25))

    def with_vectors(self, known: Mapping[bytes, bytes]) -> Snapshot:
        """The same with vectors, given as float16 by the pieces' hashes."""
        if not known or not self.pieces:
            return replace(self, vectors=None)
        width = len(next(iter(known.values()))) // 2
        vectors = np.zeros((len(self.pieces), width), np.float32)
        for row, piece in enumerate(self.pieces):
            blob = known.get(piece.hash)
            if blob is not None and len(blob) == 2 * width:
                vectors[row] = np.frombuffer(blob, np.float16)
        return replace(self, vectors=vectors)

    def search(self, query: str, vector: Vectors | None, k: int, method: Method = "in_use") -> list[Passage]:
        """The best passages for a question.

        Args:
            query: As the customer wrote it.
            vector: The question's, or None to go by words alone.
            k: How many at most.
            method: What to rank by; for measurements.
        """
        if not self.pieces:
            return []
        words = self.bm25.scores(self.bm25.numbers(terms(query, self.slips)))
        near = None if vector is None or self.vectors is None else self.vectors @ vector
        return [
            Passage((p := self.pieces[row]).source, p.heading, p.text, score)
            for row, score in ranked(words, near, k, method)
        ]


def _heading(piece: Piece) -> str:
    """What stands above a piece: its headings, and its file's name as owners choose it."""
    name = piece.source.rsplit(".", 1)[0].replace("_", " ").replace("-", " ").replace("/", " ")
    return f"{name}\n{piece.heading}"
