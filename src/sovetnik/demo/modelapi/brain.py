"""What stands in for the model: a callable from the request to a reply.

A brain is `brain(request) -> reply` (or a coroutine function). The reply is a part, a list of parts, a
plain string, or a `Reply` where the timing of one answer matters.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from .errors import Json
from .items import text_of
from .media import Document, Image, documents_of, images_of
from .passages import Found


@dataclass(frozen=True, slots=True)
class Text:
    """The assistant says this."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The assistant calls a function. A `str` goes out as it is, broken JSON included."""

    name: str
    arguments: dict[str, Any] | str = field(default_factory=dict[str, Any])

    def encoded(self) -> str:
        """The arguments as the JSON text that goes over the wire."""
        if isinstance(self.arguments, str):
            return self.arguments
        return json.dumps(self.arguments, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Refusal:
    """The model declines, in a refusal part instead of a text."""

    text: str


@dataclass(frozen=True, slots=True)
class Reasoning:
    """A reasoning item; it costs reasoning tokens and shows its summary only if one is given."""

    summary: str = ""
    tokens: int = 64


@dataclass(frozen=True, slots=True)
class Incomplete:
    """The answer breaks off: the response ends as `incomplete`."""

    text: str
    reason: Literal["max_output_tokens", "content_filter"] = "max_output_tokens"


Part = Text | ToolCall | Refusal | Reasoning | Incomplete


@dataclass(frozen=True, slots=True)
class Reply:
    """Parts with a timing of their own; None takes the server's. Delays are in seconds.

    A chunk is the tokens in a delta; 0 makes a delta of each character, tools' arguments included.
    """

    parts: Sequence[Part]
    first_token_delay: float | None = None
    token_delay: float | None = None
    chunk: int | None = None


Answer = Reply | Part | str | Sequence[Part]


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """What came back for a function call."""

    call_id: str
    name: str
    arguments: str
    output: str


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """All that the model is given: nothing about who asks or through which messenger."""

    model: str
    instructions: str
    tools: list[Json]
    items: list[Json]
    """The whole context, oldest first: the conversation's items and this request's input."""
    body: Json
    """The request as it came."""
    found: list[Found] = field(default_factory=list[Found])
    """What `file_search` brought for the user's latest text, best first."""

    @property
    def tool_names(self) -> list[str]:
        """Names of the offered functions."""
        return [str(tool["name"]) for tool in self.tools if tool.get("type") == "function"]

    @property
    def user_texts(self) -> list[str]:
        """Every text of the user in the context, oldest first."""
        return [text_of(item["content"]) for item in self.items if item.get("role") == "user"]

    @property
    def last_user_text(self) -> str:
        """The user's latest text, or an empty one."""
        texts = self.user_texts
        return texts[-1] if texts else ""

    @property
    def images(self) -> list[Image]:
        """Every image in the context, oldest first."""
        return images_of(self.items)

    @property
    def last_images(self) -> list[Image]:
        """The images of the user's latest message."""
        return images_of(self._latest)

    @property
    def last_documents(self) -> list[Document]:
        """The files of the user's latest message."""
        return documents_of(self._latest)

    @property
    def _latest(self) -> list[Json]:
        return [item for item in self.items if item.get("role") == "user"][-1:]

    @property
    def tool_outputs(self) -> list[ToolOutput]:
        """Outputs since the user's latest text: not empty when the model is called back after tools."""
        asked = [index for index, item in enumerate(self.items) if item.get("role") == "user"]
        recent = self.items[asked[-1] + 1 :] if asked else self.items
        calls = {item["call_id"]: item for item in self.items if item["type"] == "function_call"}
        outputs = [item for item in recent if item["type"] == "function_call_output"]
        return [_output(item, calls.get(item["call_id"], {})) for item in outputs]


def _output(item: Json, call: Json) -> ToolOutput:
    return ToolOutput(
        call_id=str(item["call_id"]),
        name=str(call.get("name", "")),
        arguments=str(call.get("arguments", "")),
        output=text_of(item["output"]),
    )


Brain = Callable[[ModelRequest], Answer | Awaitable[Answer]]


class BrainError(Exception):
    """The brain raised or replied with what the request does not allow: the test's mistake."""


async def ask(brain: Brain, request: ModelRequest) -> Reply:
    """The brain's answer as a checked `Reply`.

    Raises:
        BrainError: with the reason, whatever the brain did wrong.
    """
    try:
        answer = brain(request)
        if inspect.isawaitable(answer):
            answer = await answer
    except Exception as error:
        raise BrainError(f"the brain raised {type(error).__name__}: {error}") from error
    reply = _as_reply(answer)
    _check(reply, request)
    return reply


def _as_reply(answer: Answer) -> Reply:
    if isinstance(answer, Reply):
        return answer
    if isinstance(answer, str):
        return Reply([Text(answer)])
    if isinstance(answer, Sequence):
        return Reply(list(answer))
    return Reply([answer])


def _check(reply: Reply, request: ModelRequest) -> None:
    # A test may hand over anything, whatever the annotations say.
    for part in cast("Iterable[object]", reply.parts):
        if not isinstance(part, Part):
            raise BrainError(f"the brain replied with {part!r}, which is no part of a reply")
    calls = [part for part in reply.parts if isinstance(part, ToolCall)]
    choice = request.body.get("tool_choice") or "auto"
    for call in calls:
        if choice == "none":
            raise BrainError(f"the brain called {call.name!r} although tool_choice is 'none'")
        if call.name not in request.tool_names:
            raise BrainError(f"the brain called {call.name!r}, offered are {request.tool_names}")
    if choice == "required" and not calls and not request.found:
        raise BrainError("the brain called no tool although tool_choice is 'required'")
    if isinstance(choice, dict) and "name" in choice:
        _check_forced(cast("Json", choice), calls)
    if len(calls) > 1 and request.body.get("parallel_tool_calls") is False:
        raise BrainError("the brain made several calls although parallel_tool_calls is false")


def _check_forced(choice: Json, calls: list[ToolCall]) -> None:
    if [call.name for call in calls] != [choice["name"]]:
        raise BrainError(f"the brain did not call {choice['name']!r} although tool_choice forces it")


def scripted(answers: Iterable[Answer | Brain]) -> Brain:
    """A brain that gives these answers one after another; a callable is asked with the request.

    It raises when it is asked once too often, which the client sees as a 500 with a clear message.
    """
    left = list(answers)

    def brain(request: ModelRequest) -> Answer | Awaitable[Answer]:
        if not left:
            raise BrainError(f"the script is over, but the model is asked: {request.last_user_text!r}")
        answer = left.pop(0)
        return answer(request) if callable(answer) else answer

    return brain


def echo(request: ModelRequest) -> Answer:
    """The simplest brain: it repeats the user's latest text."""
    return Text(request.last_user_text)
