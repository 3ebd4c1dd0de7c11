"""The owner's folder on disk, read again when it changes."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from sovetnik.core.contacts import ContactForm
from sovetnik.core.errors import ConfigError
from sovetnik.knowledge.form import read_form

log = structlog.get_logger("sovetnik.knowledge")

LOOK_EVERY = 2.0
"""Seconds between looks at the folder: an owner who saves a file tries it at once."""

TEXTS = ("instructions.md", "greeting.md", "privacy.md", "consent.md")


@dataclass(frozen=True, slots=True)
class _Read:
    """What was read, and the state of the files at that time."""

    stamp: tuple[tuple[str, int, int], ...]
    texts: dict[str, str]


@dataclass(slots=True)
class ConsultantFolder:
    """The owner's texts (:data:`TEXTS`) and ``contact_form.toml``; ``knowledge/`` is the index's.

    Attributes:
        path: ``CONSULTANT_DIR``.
    """

    path: Path
    _read: _Read | None = None
    _looked: float = field(default=0.0)

    def check(self, *, must_exist: bool) -> None:
        """See that the folder can be read.

        Raises:
            ConfigError: it cannot.
        """
        if not self.path.exists() and not must_exist:
            log.warning("no_consultant_folder", path=str(self.path.absolute()))
            return
        if not self.path.is_dir():
            raise ConfigError(
                f"CONSULTANT_DIR: there is no folder {self.path.absolute()}; "
                "make it with instructions.md and knowledge/ in it, or name another"
            )
        try:
            self._look()
        except OSError as error:
            raise ConfigError(
                f"CONSULTANT_DIR: cannot read {error.filename or self.path}: {error.strerror}; "
                "give it to the user who runs sovetnik"
            ) from error

    def form(self, region: str) -> ContactForm:
        """The contact form.

        Raises:
            ConfigError: it is broken.
        """
        return read_form(self.path / "contact_form.toml", region)

    def instructions(self) -> str:
        """The owner's instructions to the consultant."""
        return self._current().texts["instructions.md"]

    def greeting(self) -> str:
        """The owner's own answer to /start; empty when there is none."""
        return self._current().texts["greeting.md"].strip()

    def privacy(self) -> str:
        """The owner's own answer to /privacy; empty when there is none."""
        return self._current().texts["privacy.md"].strip()

    def consent(self) -> str:
        """What is shown before a contact is stored; empty when there is none."""
        return self._current().texts["consent.md"].strip()

    def _current(self) -> _Read:
        if self._read is not None and time.monotonic() - self._looked < LOOK_EVERY:
            return self._read
        try:
            return self._look()
        except OSError as error:  # a file that is being saved just now: what was read before still holds
            log.warning("consultant_folder_unreadable", error=str(error))
            return self._read or _Read((), dict.fromkeys(TEXTS, ""))

    def _look(self) -> _Read:
        self._looked = time.monotonic()
        found = {name: self.path / name for name in TEXTS if (self.path / name).is_file()}
        stamp = tuple((name, (stat := f.stat()).st_mtime_ns, stat.st_size) for name, f in found.items())
        if self._read is None or self._read.stamp != stamp:
            self._read = _Read(stamp, {name: _text(found[name]) if name in found else "" for name in TEXTS})
            log.info("instructions_read", characters=len(self._read.texts["instructions.md"]))
        return self._read


def _text(path: Path) -> str:
    """A text file in UTF-8, or as Windows in Russia saves it."""
    raw = path.read_bytes()
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1251", errors="replace")
