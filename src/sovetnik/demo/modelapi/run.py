"""One response: from the checked request to its events and its final object."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, cast

from .brain import Incomplete, ModelRequest, Reasoning, Reply
from .errors import Json
from .events import Event, EventWriter, Pace, output_item
from .faults import Fault
from .file_search import cited, search_item
from .items import new_id, text_of
from .media import abridged, image_tokens

_FAILED = {
    "server_error": "An error occurred while processing your request. Please retry your request.",
    "rate_limit_exceeded": "Rate limit reached. Please try again later.",
}
_ECHOED: Json = {
    # What a response shows of its request, with the service's defaults.
    "background": False,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "prompt_cache_retention": None,
    "safety_identifier": None,
    "temperature": 1.0,
    "tool_choice": "auto",
    "top_logprobs": 0,
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
}


def tokens_of(text: str) -> int:
    """A rough count: four characters a token."""
    return (len(text) + 3) // 4


@dataclass
class Run:
    """A response on its way. `settle` is called once, when it is decided whether it completes."""

    request: ModelRequest
    reply: Reply
    pace: Pace
    cached_tokens: int
    conversation_id: str | None
    settle: Callable[[bool], None]
    searched: bool = False
    """Whether the answer begins with a search in files."""
    id: str = field(default_factory=lambda: new_id("resp"))
    created_at: int = field(default_factory=lambda: int(time.time()))
    status: str = "in_progress"
    error: Json | None = None
    output: list[Json] = field(default_factory=list[Json])
    settled: bool = False

    def __post_init__(self) -> None:
        include: list[str] = self.request.body.get("include") or []
        encrypted = "reasoning.encrypted_content" in include
        self.output = [output_item(part, encrypted=encrypted) for part in self.reply.parts]
        if self.searched:
            self.output = [cited(item, self.request.found) for item in self.output]
            shown = "file_search_call.results" in include
            self.output.insert(0, search_item(self.request.last_user_text, self.request.found, shown=shown))

    @property
    def streamed(self) -> bool:
        """Whether the client asked for a stream."""
        return bool(self.request.body.get("stream"))

    def finish(self, *, completed: bool) -> None:
        """Keep what was made, or drop it; the conversation is free again. The first call counts."""
        if not self.settled:
            self.settled = True
            self.settle(completed)

    def shown(self) -> Json:
        """The response object as it stands now."""
        body = self.request.body
        over = self.status in ("completed", "incomplete")
        echoed = {name: body.get(name, default) for name, default in _ECHOED.items()}
        echoed = {name: _ECHOED[name] if value is None else value for name, value in echoed.items()}
        return {
            **echoed,
            "id": self.id,
            "object": "response",
            "created_at": self.created_at,
            "completed_at": int(time.time()) if self.status == "completed" else None,
            "status": self.status,
            "error": self.error,
            "incomplete_details": self._incomplete_details(),
            "model": self.request.model,
            "output": self.output if over else [],
            "conversation": {"id": self.conversation_id} if self.conversation_id else None,
            "reasoning": {"effort": None, "summary": None, **(body.get("reasoning") or {})},
            "service_tier": "default",
            "text": {"format": {"type": "text"}, "verbosity": "medium", **(body.get("text") or {})},
            "tools": [_shown_tool(tool) for tool in self.request.tools],
            "usage": self.usage() if over else None,
            "metadata": body.get("metadata") or {},
        }

    def _incomplete_details(self) -> Json | None:
        if self.status != "incomplete":
            return None
        reasons = [part.reason for part in self.reply.parts if isinstance(part, Incomplete)]
        return {"reason": reasons[0]}

    def usage(self) -> Json:
        """Token counts: made up, but adding up."""
        thought = sum(part.tokens for part in self.reply.parts if isinstance(part, Reasoning))
        spoken = sum(tokens_of(_said(item)) for item in self.output)
        given = tokens_of(context_text(self.request)) + image_tokens(self.request.items)
        return {
            "input_tokens": given,
            "input_tokens_details": {
                "cached_tokens": min(self.cached_tokens, given),
                "cache_write_tokens": 0,
            },
            "output_tokens": spoken + thought,
            "output_tokens_details": {"reasoning_tokens": thought},
            "total_tokens": given + spoken + thought,
        }

    def close(self) -> None:
        """Reach the final status: completed, or incomplete if the reply breaks off."""
        broken = any(isinstance(part, Incomplete) for part in self.reply.parts)
        self.status = "incomplete" if broken else "completed"

    def events(self, fault: Fault | None) -> Iterator[Event]:
        """The whole stream; a fault may make it end in `response.failed` or `error`."""
        options = cast("Json", self.request.body.get("stream_options") or {})
        writer = EventWriter(self.pace, obfuscate=options.get("include_obfuscation", True))
        ending = fault if fault is not None and (fault.failed or fault.error_event) else None
        yield from islice(self._body(writer), None if ending is None else ending.after)
        if ending is not None:
            yield self._unhappy(writer, ending)
        else:
            self.close()
            yield writer.event(f"response.{self.status}", response=self.shown())

    def _body(self, writer: EventWriter) -> Iterator[Event]:
        yield writer.event("response.created", response=self.shown())
        yield writer.event("response.in_progress", response=self.shown())
        for index, item in enumerate(self.output):
            yield from writer.item(item, index)

    def _unhappy(self, writer: EventWriter, fault: Fault) -> Event:
        self.status = "failed"
        if fault.failed:
            message = fault.message or _FAILED[fault.failed]
            self.error = {"code": fault.failed, "message": message}
            return writer.event(fault.failed_as, response=self.shown())
        message = fault.message or _FAILED["server_error"]
        return writer.event("error", code=fault.error_event, message=message, param=None)


def _shown_tool(tool: Json) -> Json:
    if tool.get("type") != "function":
        return tool
    return {"description": None, "parameters": None, "strict": True, **tool}


def _said(item: Json) -> str:
    if item["type"] == "message":
        return text_of(item["content"])
    return str(item.get("arguments", ""))


def context_text(request: ModelRequest) -> str:
    """All that the model reads, in the order in which the service caches it."""
    plain: list[Any] = [request.tools, request.instructions, *map(abridged, request.items)]
    return "".join(json.dumps(part, ensure_ascii=False, sort_keys=True) for part in plain)
