"""Reading ``check.toml``: questions with what an answer must hold. A mistake is told with its line."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

from sovetnik.core.errors import ConfigError
from sovetnik.core.model import Language
from sovetnik.golden.matching import pattern_of
from sovetnik.golden.texts import texts

Doing = Literal["ask_contact", "saves_contact", "says_unknown"]

_KEYS = ("ask", "must", "must_not", "cites", "does", "language", "expects", "needs_model")
_HEADER = re.compile(r"\s*\[\[\s*question\s*\]\]")


@dataclass(frozen=True, slots=True)
class Case:
    """One question of the owner, with what is expected of the answer to its last message.

    Attributes:
        ask: The customer's messages, in one conversation.
        must: What the answer holds; ``/…/`` is a regular expression.
        must_not: What it must not hold.
        cites: Files of ``knowledge/`` that the answer was given.
        does: What the consultant does.
        language: What the answer is written in; the customer's Telegram is set to it.
        expects: What a judge model looks for, in the owner's words.
        needs_model: Whether the offline consultant cannot be expected to pass.
        line: Where it stands in the file.
    """

    ask: tuple[str, ...]
    must: tuple[str, ...] = ()
    must_not: tuple[str, ...] = ()
    cites: tuple[str, ...] = ()
    does: tuple[Doing, ...] = ()
    language: Language | None = None
    expects: str = ""
    needs_model: bool = False
    line: int = 0

    @property
    def title(self) -> str:
        """The messages in one line."""
        return " → ".join(" ".join(text.split()) for text in self.ask)

    @property
    def needs_judge(self) -> bool:
        """Whether nothing but a judge can tell."""
        return not (self.must or self.must_not or self.cites or self.does or self.language)


def read_cases(path: Path) -> tuple[Case, ...]:
    """The questions of a file.

    Raises:
        ConfigError: names the line that is wrong and the way out.
    """
    own = texts()
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(own.no_file.format(path=path)) from None
    except OSError as error:
        raise ConfigError(own.no_rights.format(path=path, reason=error.strerror)) from error
    except UnicodeDecodeError as error:
        raise ConfigError(own.unreadable.format(path=path, reason=error)) from error
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(own.no_toml.format(path=path, reason=error)) from error
    return _Reader(path, text.splitlines()).cases(content)


@dataclass(frozen=True, slots=True)
class _Reader:
    path: Path
    lines: Sequence[str]

    def cases(self, content: Mapping[str, Any]) -> tuple[Case, ...]:
        own = texts()
        for key in content:
            if key != "question":
                raise self._wrong(self._line_of(key, 0), own.only_questions.format(key=key))
        rows: object = content.get("question")
        if not isinstance(rows, list) or not rows:
            raise self._wrong(1, own.no_questions)
        headers = [number for number, line in enumerate(self.lines) if _HEADER.match(line)]
        found = cast("list[object]", rows)
        starts = headers if len(headers) == len(found) else [0] * len(found)
        return tuple(self._case(row, start) for row, start in zip(found, starts, strict=True))

    def _case(self, row: object, start: int) -> Case:
        own = texts()
        if not isinstance(row, dict):
            raise self._wrong(start + 1, own.no_questions)
        values = cast("dict[str, Any]", row)
        for key in values:
            if key not in _KEYS:
                near = difflib.get_close_matches(key, _KEYS, n=1, cutoff=0.6)
                hint = own.meant.format(near=near[0]) if near else own.possible.format(keys=", ".join(_KEYS))
                raise self._wrong(self._line_of(key, start), own.unknown_key.format(key=key, hint=hint))
        case = Case(
            ask=self._list(values, "ask", start),
            must=self._patterns(values, "must", start),
            must_not=self._patterns(values, "must_not", start),
            cites=self._list(values, "cites", start),
            does=cast("tuple[Doing, ...]", self._one_of(values, "does", start, get_args(Doing))),
            language=cast("Any", next(iter(self._one_of(values, "language", start, ("ru", "en"))), None)),
            expects=" ".join(self._list(values, "expects", start)),
            needs_model=self._flag(values, "needs_model", start),
            line=start + 1,
        )
        if not case.ask:
            raise self._wrong(start + 1, own.no_ask)
        if case.needs_judge and not case.expects:
            raise self._wrong(start + 1, own.expects_nothing)
        return case

    def _list(self, values: Mapping[str, Any], key: str, start: int) -> tuple[str, ...]:
        value = values.get(key, [])
        found = cast("list[object]", value if isinstance(value, list) else [value])
        if not all(isinstance(item, str) and item.strip() for item in found):
            raise self._wrong(self._line_of(key, start), texts().no_text.format(key=key))
        return tuple(cast("list[str]", found))

    def _patterns(self, values: Mapping[str, Any], key: str, start: int) -> tuple[str, ...]:
        found = self._list(values, key, start)
        for item in found:
            try:
                pattern_of(item)
            except re.error as error:
                problem = texts().bad_pattern.format(pattern=item, reason=error)
                raise self._wrong(self._line_of(key, start), problem) from error
        return found

    def _one_of(
        self, values: Mapping[str, Any], key: str, start: int, possible: tuple[str, ...]
    ) -> tuple[str, ...]:
        found = self._list(values, key, start)
        for item in found:
            if item not in possible:
                hint = texts().possible.format(keys=", ".join(possible))
                problem = texts().unknown_value.format(key=key, value=item, hint=hint)
                raise self._wrong(self._line_of(key, start), problem)
        return found

    def _flag(self, values: Mapping[str, Any], key: str, start: int) -> bool:
        value = values.get(key, False)
        if not isinstance(value, bool):
            raise self._wrong(self._line_of(key, start), texts().no_flag.format(key=key))
        return value

    def _line_of(self, key: str, start: int) -> int:
        """Counted from 1; that of the question where the key is not found."""
        for number in range(start, len(self.lines)):
            if number > start and _HEADER.match(self.lines[number]):
                break
            if re.match(rf"""\s*\[*\s*["']?{re.escape(key)}["']?\s*[=.\]]""", self.lines[number]):
                return number + 1
        return start + 1

    def _wrong(self, line: int, problem: str) -> ConfigError:
        return ConfigError(texts().wrong.format(path=self.path, line=line, problem=problem))
