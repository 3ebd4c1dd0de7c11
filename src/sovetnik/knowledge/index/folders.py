"""Which files of the knowledge folder are documents."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from hashlib import blake2b, file_digest
from pathlib import Path

from sovetnik.core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Listing:
    """Files by their name inside the folder, and folders below it that could not be looked into."""

    files: dict[str, Path] = field(default_factory=dict[str, Path])
    unreadable: dict[str, str] = field(default_factory=dict[str, str])

    def hides(self, source: str) -> bool:
        """Whether a file may still be there, in a folder that could not be looked into."""
        return any(source.startswith(f"{folder}/") for folder in self.unreadable)


def listing(folder: Path) -> Listing:
    """The documents below a folder, by name.

    Raises:
        ConfigError: there is no such folder, or it cannot be read.
    """
    found = Listing()

    def note(error: OSError) -> None:
        where = Path(error.filename or folder)
        if where == folder:
            raise ConfigError(
                f"cannot read the folder {folder.absolute()}: {error.strerror}; make it, name another, or "
                "give it to the user who runs sovetnik"
            ) from error
        if not isinstance(error, FileNotFoundError):  # gone between two looks is gone
            found.unreadable[where.relative_to(folder).as_posix()] = error.strerror or str(error)

    for root, folders, names in os.walk(folder, onerror=note):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if is_document(name):
                path = Path(root, name)
                found.files[path.relative_to(folder).as_posix()] = path
    return found


def is_document(name: str) -> bool:
    """Whether a file of this name is read: a known suffix, not hidden, not an office program's lock."""
    from sovetnik.knowledge.reading import SUFFIXES

    return not name.startswith((".", "~$")) and Path(name).suffix.lower() in SUFFIXES


def digest_of_file(path: Path) -> bytes:
    """A short hash of a file's bytes; empty when it cannot be read, which reading it will tell."""
    try:
        with path.open("rb") as file:
            return file_digest(file, lambda: blake2b(digest_size=16)).digest()
    except OSError:
        return b""
