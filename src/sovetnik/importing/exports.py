"""What an exported file holds. Exports were made with many scripts, so much is forgiven."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from sovetnik.core.errors import ConfigError
from sovetnik.importing.texts import texts

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AssistantExport:
    """An assistant as ``assistants.retrieve`` gave it, with the files that were exported along."""

    assistant: Json
    files: Sequence[Json]


@dataclass(frozen=True, slots=True)
class ThreadsExport:
    """Threads; each is a line number and what stands there."""

    lines: Sequence[tuple[int, object]]


def read_export(path: Path) -> AssistantExport | ThreadsExport:
    """Look what a file holds.

    Raises:
        ConfigError: it cannot be read, or it is neither.
    """
    own = texts()
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(own.no_file.format(path=path)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(own.unreadable.format(path=path, reason=error)) from error
    lines = _values(path, text)
    if len(lines) == 1:
        assistant = _assistant(path, lines[0][1])
        if assistant is not None:
            return assistant
    if not any(_like_a_thread(value) for _, value in lines):
        raise ConfigError(own.unknown_shape.format(path=path))
    return ThreadsExport(lines)


def listed(value: object) -> list[Any]:
    """A list, also as a page of the API (``{"object": "list", "data": […]}``)."""
    if isinstance(value, dict):
        value = cast("Json", value).get("data")
    return cast("list[Any]", value) if isinstance(value, list) else []


def table(value: object) -> Json:
    """An object; an empty one in place of anything else."""
    return cast("Json", value) if isinstance(value, dict) else {}


def _values(path: Path, text: str) -> list[tuple[int, object]]:
    """A document, the items of a list, or one value a line."""
    try:
        whole: object = json.loads(text)
    except (ValueError, RecursionError):
        return list(_lines(path, text))
    rows = listed(whole)
    return list(enumerate(rows, start=1)) if rows else [(1, whole)]


def _lines(path: Path, text: str) -> Iterator[tuple[int, object]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            yield number, json.loads(line)
        except (ValueError, RecursionError) as error:
            raise ConfigError(texts().no_json.format(path=path, line=number, reason=error)) from None


def _assistant(path: Path, value: object) -> AssistantExport | None:
    outer = table(value)
    several = listed(outer.get("assistants"))
    if len(several) > 1:
        names = ", ".join(str(table(each).get("name") or table(each).get("id")) for each in several)
        raise ConfigError(texts().several.format(path=path, count=len(several), names=names))
    inner = table(outer.get("assistant")) or table(next(iter(several), None)) or outer
    if inner.get("object") != "assistant" and not {"instructions", "tools"} & set(inner):
        return None
    return AssistantExport(inner, [table(each) for each in listed(outer.get("files"))])


def _like_a_thread(value: object) -> bool:
    found = table(value)
    return "messages" in found or "messages" in table(found.get("thread"))
