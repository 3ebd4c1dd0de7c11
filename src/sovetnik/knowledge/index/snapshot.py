"""What a search looks at: an immutable picture of the index at one moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sovetnik.knowledge.index.bm25 import Bm25, Counted, Vocabulary, count
from sovetnik.knowledge.index.mix import Found, Method, ranked
from sovetnik.knowledge.index.model import Passage, Vectors
from sovetnik.knowledge.index.questions import Slips, asked, terms
from sovetnik.knowledge.index.store import Piece
from sovetnik.knowledge.index.vectors import Nearness


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
    """Pieces with their postings and, when enough of them are made, their vectors."""

    pieces: tuple[Piece, ...]
    bm25: Bm25
    slips: Slips
    nearness: Nearness | None = None

    @classmethod
    def of(cls, pieces: Sequence[Piece], counts: Counts) -> Snapshot:
        """Count pieces and build their postings."""
        bm25 = Bm25(counts.of(pieces), counts.vocabulary)
        return cls(tuple(pieces), bm25, Slips(counts.vocabulary, bm25))

    def with_vectors(self, known: Mapping[bytes, bytes], centre: Vectors | None) -> Snapshot:
        """The same with vectors: float16 rows by the pieces' hashes, and the mean of questions."""
        return replace(self, nearness=Nearness.of(self.pieces, known, centre))

    def found(self, query: str, vector: Vectors | None) -> Found:
        """What a question brings, for all pieces."""
        weighted = self.bm25.numbers(terms(query, self.slips))
        words, ideal = self.bm25.scores(weighted), self.bm25.ideal(weighted)
        near = None
        if vector is not None and self.nearness is not None:
            near = self.nearness.near(vector, words / max(ideal, 1e-6))
        return Found(words, ideal, asked(query, self.slips), near)

    def search(self, query: str, vector: Vectors | None, k: int, method: Method = "in_use") -> list[Passage]:
        """The best passages for a question, where there are any pieces.

        Args:
            query: As the customer wrote it.
            vector: The question's, or None to go by words alone.
            k: How many at most.
            method: What to rank by; for measurements.
        """
        if k < 1 or (method == "embeddings" and vector is None):
            return []
        return [
            Passage((p := self.pieces[row]).source, p.heading, p.text, score)
            for row, score in ranked(self.found(query, vector), k, method)
        ]


def _heading(piece: Piece) -> str:
    """What stands above a piece: its headings, and its file's name as owners choose it."""
    name = piece.source.rsplit(".", 1)[0].replace("_", " ").replace("-", " ").replace("/", " ")
    return f"{name}\n{piece.heading}"
