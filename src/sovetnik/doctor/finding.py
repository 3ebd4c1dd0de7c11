"""What a check finds, said in both languages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sovetnik.core.model import Language

State = Literal["ok", "warning", "broken", "skipped"]

PATIENCE = 10.0
"""Seconds that one check may take."""


@dataclass(frozen=True, slots=True)
class Said:
    """A text in English and in Russian."""

    en: str
    ru: str

    def format(self, **values: object) -> Said:
        """Both texts with the values put in; a value may itself be a :class:`Said`."""
        return Said(
            self.en.format(**{name: _in(value, "en") for name, value in values.items()}),
            self.ru.format(**{name: _in(value, "ru") for name, value in values.items()}),
        )

    def in_language(self, language: Language) -> str:
        """The text in one of them."""
        return self.ru if language == "ru" else self.en


def same(text: str) -> Said:
    """A text that is not translated: a command, a server's own words."""
    return Said(text, text)


def tenths(seconds: float) -> Said:
    """Seconds with one decimal; never nought, for nothing takes no time."""
    number = f"{max(0.1, seconds):.1f}"
    return Said(number, number.replace(".", ","))


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's.

    Attributes:
        name: What was looked at; stable, for programs.
        fact: What is so.
        way_out: The command or setting that mends it; None where nothing has to be done.
    """

    name: str
    state: State
    fact: Said
    way_out: Said | None = None


class Trouble(Exception):  # noqa: N818 - what a probe meets, told to the owner
    """A probe found something wrong.

    Args:
        fact: What is so.
        way_out: What mends it.
        kind: ``refused`` (token, key, login), ``unreachable``, ``model`` (there is no such model),
            ``passing`` (time mends it) or ``odd``.
    """

    def __init__(self, fact: Said, way_out: Said | None, kind: str = "odd") -> None:
        super().__init__(fact.en)
        self.fact = fact
        self.way_out = way_out
        self.kind = kind

    def finding(self, name: str) -> Finding:
        """As a line; what only time can mend is a warning."""
        return Finding(name, "warning" if self.kind == "passing" else "broken", self.fact, self.way_out)


def _in(value: object, language: Language) -> object:
    return value.in_language(language) if isinstance(value, Said) else value
