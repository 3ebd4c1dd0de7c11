"""The words of the index: what goes in and what comes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]
"""One row of unit length for each text."""


@dataclass(frozen=True, slots=True)
class Passage:
    """One piece of a document that a question brings.

    Attributes:
        source: The file's path inside the folder, with ``/``.
        heading: The headings above it, from the outermost.
        text: The piece itself.
        score: 0..1. Within one answer it orders; between questions it says how likely the documents
            hold an answer at all (see :func:`sovetnik.knowledge.index.fits`).
    """

    source: str
    heading: str
    text: str
    score: float


@dataclass(frozen=True, slots=True)
class FileStatus:
    """What the index knows of one file; ``error`` is the reason why it could not be read."""

    source: str
    chunks: int
    error: str | None
    synced_at: datetime


@dataclass(frozen=True, slots=True)
class SyncResult:
    """How many files a sync found new, changed, gone and as they were; and those it could not read."""

    added: int
    changed: int
    removed: int
    unchanged: int
    failed: tuple[FileStatus, ...]


class ChunkLike(Protocol):
    """A piece as the readers hand it over."""

    @property
    def heading(self) -> str:
        """The headings above it."""
        ...

    @property
    def text(self) -> str:
        """The piece itself."""
        ...


class Reader(Protocol):
    """Reads one file into pieces; raises what it likes when it cannot, the message is kept."""

    async def read(self, path: Path, source: str) -> Sequence[ChunkLike]:
        """The pieces of a file.

        Args:
            path: Where it is.
            source: Its path inside the folder, with ``/``.
        """
        ...


class EmbedderError(Exception):
    """An embedder gave no vectors.

    Args:
        detail: For the log and the status; holds no text of a customer.
        blame: ``moment``: try again later; ``text``: this text will never have a vector; ``embedder``:
            nothing will (not installed, wrong key).
    """

    def __init__(self, detail: str, blame: Literal["moment", "text", "embedder"] = "moment") -> None:
        super().__init__(detail)
        self.blame = blame


class Embedder(Protocol):
    """Turns texts into vectors whose dot product says how close they are in meaning."""

    @property
    def name(self) -> str:
        """Model and way of use: vectors of another name are thrown away and made again."""
        ...

    async def passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of documents' pieces, a row for each.

        Raises:
            EmbedderError: none could be had.
        """
        ...

    async def questions(self, texts: Sequence[str]) -> Vectors:
        """Vectors of questions, a row for each; never waits for :meth:`passages`.

        Raises:
            EmbedderError: none could be had.
        """
        ...

    async def close(self) -> None:
        """Let go of processes and connections."""
        ...
