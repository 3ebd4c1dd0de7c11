"""Exported threads as dialogues."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from sovetnik.importing.exports import Json, ThreadsExport, listed, table
from sovetnik.importing.texts import texts
from sovetnik.storage.importing import OldDialogue, OldMessage

CHAT_FIELDS = (
    "chat_id",
    "telegram_chat_id",
    "tg_chat_id",
    "telegram_id",
    "tg_id",
    "telegram_user_id",
    "user_id",
)
"""Where bots put the chat's id, the likeliest first."""

_ROLES: dict[object, Literal["customer", "assistant"]] = {"user": "customer", "assistant": "assistant"}
_SOURCE_MARK = re.compile(r"【[^】\n]{0,80}】")
"""What file_search put in place of a citation: ``【4:0†prices.pdf】``; it means nothing to anybody now."""

_HIGHEST_CHAT = 1 << 52
"""Telegram's ids have at most 52 significant bits."""


@dataclass(slots=True)
class Threads:
    """What a file's threads become.

    Attributes:
        dialogues: In the file's order.
        unplaced: Line, name and reason of each thread that has no place.
        untimed: Messages that have no time.
    """

    dialogues: list[OldDialogue] = field(default_factory=list[OldDialogue])
    unplaced: list[tuple[int, str, str]] = field(default_factory=list[tuple[int, str, str]])
    untimed: int = 0


def threads_of(export: ThreadsExport, chat_field: str | None) -> Threads:
    """Read threads; ``chat_field`` names where the chat's id stands."""
    own = texts()
    found = Threads()
    fields = (chat_field,) if chat_field else CHAT_FIELDS
    for line, value in export.lines:
        whole = table(value)
        thread = {**whole, **table(whole.get("thread"))}
        name = str(thread.get("id") or thread.get("thread_id") or "")
        if "messages" not in thread:
            found.unplaced.append((line, name, own.unplaced_broken))
            continue
        rows = _in_order([table(row) for row in listed(thread["messages"])])
        chat_id = _chat_id([thread, *rows], fields)
        messages = _messages(thread, rows, name or f"line {line}", found)
        if chat_id is None:
            found.unplaced.append((line, name, own.unplaced_no_chat.format(fields=", ".join(fields))))
        elif not messages:
            found.unplaced.append((line, name, own.unplaced_no_messages))
        else:
            found.dialogues.append(OldDialogue(chat_id, messages, *_person(thread)))
    return found


def _messages(thread: Json, rows: Sequence[Json], name: str, found: Threads) -> tuple[OldMessage, ...]:
    messages: list[OldMessage] = []
    for number, row in enumerate(rows):
        role = _ROLES.get(row.get("role"))
        text = _text(row.get("content"))
        if role is None or not text:
            continue
        at = _time(row.get("created_at")) or (
            messages[-1].at if messages else _time(thread.get("created_at"))
        )
        if at is None:
            found.untimed += 1
            continue
        messages.append(OldMessage(str(row.get("id") or f"{name}/{number}"), role, text, at))
    return tuple(messages)


def _in_order(rows: list[Json]) -> list[Json]:
    """Oldest first: the API lists the newest first."""
    times = [_time(row.get("created_at")) for row in rows]
    known = [time for time in times if time]
    if known and known[0] > known[-1]:
        rows.reverse()
    if len(known) < len(rows):
        return rows
    return sorted(rows, key=lambda row: _time(row.get("created_at")) or datetime.min.replace(tzinfo=UTC))


def _chat_id(tables: Sequence[Json], fields: Sequence[str]) -> int | None:
    """The chat's id from the thread's metadata, the thread itself, or a message's metadata."""
    for each in tables:
        for place in (table(each.get("metadata")), each):
            for name in fields:
                found = _id(place.get(name))
                if found is not None:
                    return found
    return None


def _id(value: object) -> int | None:
    """Metadata holds texts only: ``"123456789"``."""
    text = str(value).strip() if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not re.fullmatch(r"-?\d{1,16}", text):
        return None
    number = int(text)
    return number if 0 < abs(number) < _HIGHEST_CHAT else None


def _person(thread: Json) -> tuple[str, str | None]:
    known = table(thread.get("metadata"))
    names = (known.get("name"), known.get("full_name"), known.get("first_name"))
    name = next((name.strip() for name in names if isinstance(name, str) and name.strip()), "")
    nick = next(
        (known[key] for key in ("username", "telegram_username") if isinstance(known.get(key), str)), None
    )
    return name, str(nick).removeprefix("@") if nick else None


def _text(content: object) -> str:
    if isinstance(content, str):
        return _clean(content)
    parts = [text for part in listed(content) if (text := _part(part))]
    return _clean("\n\n".join(parts))


def _part(part: object) -> str:
    own = texts()
    if isinstance(part, str):
        return part
    row = table(part)
    text: Any = row.get("text")
    if isinstance(text, dict):
        text = table(text).get("value")  # pyright: ignore[reportUnknownArgumentType]
    if isinstance(text, str):
        return text
    kind = str(row.get("type"))
    if "image" in kind:
        return own.picture
    return own.file if "file" in kind else ""


def _clean(text: str) -> str:
    return _SOURCE_MARK.sub("", text).strip()


def _time(value: object) -> datetime | None:
    """Unix seconds (or thousandths), or ISO 8601."""
    if isinstance(value, str) and not re.fullmatch(r"\d+(?:\.\d+)?", value):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return None
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    seconds = float(value)
    if seconds > 1e11:
        seconds /= 1000
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def batches(dialogues: Sequence[OldDialogue], size: int) -> Iterator[Sequence[OldDialogue]]:
    """So many dialogues at a time."""
    for start in range(0, len(dialogues), size):
        yield dialogues[start : start + size]
