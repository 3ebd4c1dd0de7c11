"""The words of the hosted knowledge: what comes out of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sovetnik.core.errors import SovetnikError

Progress = Callable[[int, int, str], None]
"""Called with the number of files that are settled, the number of files, and a file's name: the one that
was settled just now, or one that the provider is still indexing."""

Status = Literal["in_progress", "completed", "failed", "cancelled"]


class HostedError(SovetnikError):
    """The provider cannot be reached or keeps failing; what is done so far stays, the next sync goes on."""


@dataclass(frozen=True, slots=True)
class HostedFile:
    """What the vector store holds of one document.

    Attributes:
        source: Path relative to the knowledge folder, with "/".
        status: The provider's word: only `completed` is searched.
        bytes: What it takes of the store.
        sha256: Of the document's bytes when it was uploaded; empty where nothing was.
        error: Why it is not searched, in the provider's words or ours.
    """

    source: str
    status: Status
    bytes: int = 0
    sha256: str = ""
    error: str | None = None


@dataclass(frozen=True, slots=True)
class HostedSync:
    """How many files a sync found new, changed, gone and as they were; and those that are not up to date.

    A failed file is in none of the figures; an earlier version of it, if there is one, is still searched.
    """

    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0
    failed: tuple[HostedFile, ...] = ()
