"""The events of one streamed response, in the order the service sends them."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from .brain import Incomplete, Part, Reasoning, Refusal, Text, ToolCall
from .errors import Json
from .items import new_id

# Pieces of up to eight characters with the blanks before them: about what a token is.
_TOKEN = re.compile(r"\s*\S{1,8}|\s+")


@dataclass(frozen=True, slots=True)
class Event:
    """One event and the seconds to wait before it."""

    wait: float
    data: Json

    def encoded(self) -> bytes:
        """As server-sent event."""
        text = json.dumps(self.data, ensure_ascii=False)
        return f"event: {self.data['type']}\ndata: {text}\n\n".encode()


@dataclass(slots=True)
class Pace:
    """Seconds before the first piece of text and between the others; tokens in a piece, 0 for characters."""

    first: float
    gap: float
    chunk: int
    _started: bool = False

    def wait(self) -> float:
        """How long to wait before the next piece."""
        wait = self.gap if self._started else self.first
        self._started = True
        return wait

    def pieces(self, text: str) -> list[str]:
        """The text cut into pieces; an empty text is one empty piece."""
        tokens = list(text) if self.chunk == 0 else _TOKEN.findall(text)
        step = max(1, self.chunk)
        return ["".join(tokens[start : start + step]) for start in range(0, len(tokens), step)] or [""]


def output_item(part: Part, *, encrypted: bool = False) -> Json:
    """The finished output item of a part of the reply."""
    if isinstance(part, ToolCall):
        return {
            "id": new_id("fc"),
            "type": "function_call",
            "status": "completed",
            "call_id": f"call_{secrets.token_hex(12)}",
            "name": part.name,
            "arguments": part.encoded(),
        }
    if isinstance(part, Reasoning):
        item: Json = {"id": new_id("rs"), "type": "reasoning", "summary": _summary(part)}
        if encrypted:
            item["encrypted_content"] = secrets.token_urlsafe(48)
        return item
    return {
        "id": new_id("msg"),
        "type": "message",
        "status": "incomplete" if isinstance(part, Incomplete) else "completed",
        "role": "assistant",
        "content": [_content(part)],
    }


def _summary(part: Reasoning) -> list[Json]:
    return [{"type": "summary_text", "text": part.summary}] if part.summary else []


def _content(part: Text | Refusal | Incomplete) -> Json:
    if isinstance(part, Refusal):
        return {"type": "refusal", "refusal": part.text}
    return {"type": "output_text", "text": part.text, "annotations": [], "logprobs": []}


@dataclass
class EventWriter:
    """Numbers the events of one response and writes the sequences of its output items."""

    pace: Pace
    obfuscate: bool
    _number: int = 0
    _opening: dict[str, Json] = field(
        default_factory=lambda: {
            "message": {"status": "in_progress", "content": []},
            "function_call": {"status": "in_progress", "arguments": ""},
            "reasoning": {"summary": []},
            "file_search_call": {"status": "in_progress", "queries": [], "results": None},
        }
    )

    def event(self, kind: str, *, wait: float = 0.0, **data: object) -> Event:
        """The next event."""
        number = self._number
        self._number += 1
        return Event(wait, {"type": kind, "sequence_number": number, **data})

    def _deltas(self, kind: str, text: str, where: Json, extra: Json | None = None) -> Iterator[Event]:
        for piece in self.pace.pieces(text):
            data: Json = {**where, "delta": piece, **(extra or {})}
            if self.obfuscate:
                # The service pads its deltas so that their sizes tell nothing about the text.
                data["obfuscation"] = secrets.token_urlsafe(16)[: max(1, 16 - len(piece) % 16)]
            yield self.event(kind, wait=self.pace.wait(), **data)

    def item(self, item: Json, index: int) -> Iterator[Event]:
        """All events of one output item."""
        kind = str(item["type"])
        added = {**item, **self._opening[kind]}
        yield self.event("response.output_item.added", output_index=index, item=added)
        where: Json = {"item_id": item["id"], "output_index": index}
        if kind == "message":
            yield from self._message(item["content"][0], {**where, "content_index": 0})
        elif kind == "function_call":
            yield from self._arguments(item, where)
        elif kind == "file_search_call":
            for step in ("in_progress", "searching", "completed"):
                yield self.event(f"response.file_search_call.{step}", **where)
        elif item["summary"]:
            yield from self._reasoning(item["summary"][0], {**where, "summary_index": 0})
        yield self.event("response.output_item.done", output_index=index, item=item)

    def _message(self, part: Json, where: Json) -> Iterator[Event]:
        name: Literal["refusal", "text"] = "refusal" if part["type"] == "refusal" else "text"
        prefix = "response.refusal" if name == "refusal" else "response.output_text"
        extra: Json = {} if name == "refusal" else {"logprobs": []}
        blank: Json = {name: ""} if name == "refusal" else {name: "", "annotations": []}
        yield self.event("response.content_part.added", **where, part={**part, **blank})
        yield from self._deltas(f"{prefix}.delta", part[name], where, extra)
        for number, annotation in enumerate(part.get("annotations") or []):
            data: Json = {**where, "annotation_index": number, "annotation": annotation}
            yield self.event("response.output_text.annotation.added", **data)
        yield self.event(f"{prefix}.done", **where, **{name: part[name]}, **extra)
        yield self.event("response.content_part.done", **where, part=part)

    def _arguments(self, item: Json, where: Json) -> Iterator[Event]:
        kind = "response.function_call_arguments"
        yield from self._deltas(f"{kind}.delta", item["arguments"], where)
        yield self.event(f"{kind}.done", **where, arguments=item["arguments"])

    def _reasoning(self, part: Json, where: Json) -> Iterator[Event]:
        kind = "response.reasoning_summary"
        yield self.event(f"{kind}_part.added", **where, part={**part, "text": ""})
        yield from self._deltas(f"{kind}_text.delta", part["text"], where)
        yield self.event(f"{kind}_text.done", **where, text=part["text"])
        yield self.event(f"{kind}_part.done", **where, part=part)
