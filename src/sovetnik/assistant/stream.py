"""One model call: the stream of events, or one whole answer, becomes text and a reply."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast

import aiohttp
from openai.types.responses import ResponseInputItemParam

from sovetnik.assistant.client import in_our_words, stream_error
from sovetnik.assistant.responses import Responses
from sovetnik.core.errors import AssistantError
from sovetnik.core.events import TextDelta
from sovetnik.core.model import Usage
from sovetnik.core.texts import storable
from sovetnik.wire import from_json

_MIRRORED = re.compile(r"^sovetnik-[^-]+-[^-]+-[^-]+-")
"""How a file of the knowledge folder is named in a vector store, before its own name."""

_DELTAS = frozenset({"response.output_text.delta", "response.refusal.delta"})
_ENDS = frozenset({"response.completed", "response.incomplete"})
_FAILURES = frozenset({"response.failed", "error"})
_BLOCK_END = re.compile(rb"\r\n\r\n|\n\n|\r\r")


TAIL = 0.1
"""Seconds to wait for the end of a stream that has said everything: then its connection serves again."""


@dataclass(frozen=True, slots=True)
class ToolCall:
    """What the model asks us to do; the arguments are JSON, or what it takes for it."""

    call_id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A finished model call: its text (or refusal), its tool calls, what it cost, files it cites."""

    text: str
    calls: tuple[ToolCall, ...]
    usage: Usage
    cited: tuple[str, ...] = ()

    def items(self) -> list[ResponseInputItemParam]:
        """The reply as input items that every compatible server takes back.

        Without ids and without reasoning items: with ``store=false`` the server does not know them.
        """
        items: list[ResponseInputItemParam] = []
        if self.text:
            items.append({"role": "assistant", "content": self.text})
        return items + [_call_item(call) for call in self.calls]


def _call_item(call: ToolCall) -> ResponseInputItemParam:
    return {
        "type": "function_call",
        "call_id": call.call_id,
        "name": storable(call.name),
        "arguments": storable(call.arguments),
    }


async def model_call(
    responses: Responses, request: Callable[[], dict[str, Any]], limit: float, *, streamed: bool = True
) -> AsyncIterator[TextDelta | Reply]:
    """Make one call; the last thing yielded is the :class:`Reply`.

    Args:
        responses: Where to.
        request: Gives the arguments of ``responses.create``.
        limit: Seconds that the whole call may take, however lively the stream is.
        streamed: False where nobody looks on while the text grows; it comes as one delta.

    Raises:
        AssistantError: also for a stream that ended without its terminal event.
    """
    try:
        async with responses.ask(request, streamed=streamed, limit=limit) as answer:
            if streamed or answer.content_type == "text/event-stream":  # some servers do not ask
                async for event in _streamed(answer, limit):
                    yield event
            else:
                reply = _whole(from_json(await answer.read()))
                yield TextDelta(reply.text)
                yield reply
    except AssistantError:
        raise
    except Exception as error:
        raise in_our_words(error) from error


async def _streamed(answer: aiohttp.ClientResponse, limit: float) -> AsyncIterator[TextDelta | Reply]:
    async for event in server_events(_within(limit, answer.content.iter_any())):
        kind = event.get("type")
        if kind in _DELTAS:
            yield TextDelta(event["delta"])
        elif kind in _ENDS:
            with suppress(TimeoutError, aiohttp.ClientError):
                async with asyncio.timeout(TAIL):
                    await answer.content.read()
            yield _reply(event["response"])
            return
        elif kind in _FAILURES or "error" in event:
            raise _failure(event)
    raise AssistantError("cut", "the stream ended without its terminal event")


async def _within(limit: float, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same, but not for ever: gateways send comments for as long as a model that hangs says nothing."""
    deadline = asyncio.get_running_loop().time() + limit
    async for chunk in chunks:
        yield chunk
        if asyncio.get_running_loop().time() > deadline:
            raise AssistantError("timeout", f"the answer took longer than {limit:.0f} s")


def _whole(response: dict[str, Any]) -> Reply:
    if response.get("error"):  # some gateways say so with a good status
        raise _failure(response)
    return _reply(response)


async def server_events(chunks: AsyncIterator[bytes]) -> AsyncIterator[dict[str, Any]]:
    """The JSON objects of a stream of server-sent events.

    The SDK makes an object of its own of each event: four fifths of a streamed turn's processor time here.

    Raises:
        ValueError: an event is no JSON object.
    """
    rest = b""
    async for chunk in chunks:
        *blocks, rest = _BLOCK_END.split(rest + chunk)
        for block in blocks:
            if (event := _event(block)) is not None:
                yield event
    if (event := _event(rest)) is not None:  # some servers leave out the last empty line
        yield event


def _event(block: bytes) -> dict[str, Any] | None:
    lines = (line for line in block.splitlines() if line.startswith(b"data:"))
    data = b"\n".join(line[5:].strip() for line in lines)
    if not data or data == b"[DONE]":
        return None
    event: object = from_json(data)
    if not isinstance(event, dict):
        raise ValueError("an event is no object")  # noqa: TRY004 - foreign data, not a wrong argument
    return cast("dict[str, Any]", event)


def _failure(event: dict[str, Any]) -> AssistantError:
    """What `response.failed`, the flat `error` event and a bare error object say."""
    response: dict[str, object] = event.get("response") or {}
    told: object = response.get("error") or event.get("error") or event
    if not isinstance(told, dict):
        return AssistantError("server", str(told)[:300])
    failure = cast("dict[str, Any]", told)
    return stream_error(failure.get("code"), str(failure.get("message") or "failed"))


def _reply(response: dict[str, Any]) -> Reply:
    status = response.get("status")
    if status in ("failed", "cancelled"):  # some servers say so in a "completed" event
        raise _failure({"response": response})
    output: list[dict[str, Any]] = response.get("output") or []
    parts: list[dict[str, Any]] = [
        part for item in output if item.get("type") == "message" for part in item.get("content") or ()
    ]
    texts: list[str] = [part.get("text") or part.get("refusal") or "" for part in parts]
    calls = [
        ToolCall(item["call_id"], item["name"], item["arguments"])
        for item in output
        if item.get("type") == "function_call"
    ]
    cited = dict.fromkeys(
        _MIRRORED.sub("", note["filename"])
        for part in parts
        for note in part.get("annotations") or ()
        if note.get("type") == "file_citation"
    )
    text = "\n\n".join(text.strip() for text in texts if text.strip())
    if status == "incomplete":
        text, calls = _what_is_left(response, text), []
    return Reply(text=text, calls=tuple(calls), usage=_usage(response), cited=tuple(cited))


def _what_is_left(response: dict[str, Any], text: str) -> str:
    """The use of an answer that was cut off at the provider; its tool calls may be cut too."""
    details: dict[str, Any] = response.get("incomplete_details") or {}
    reason = details.get("reason")
    if text:
        return f"{text} …"
    if reason == "content_filter":
        raise AssistantError("refused", "the provider's content filter")
    raise AssistantError("empty", f"incomplete answer without text ({reason})")


def _usage(response: dict[str, Any]) -> Usage:
    """What the call cost; compatible servers leave out what OpenAI always sends."""
    usage: dict[str, Any] = response.get("usage") or {}
    details: dict[str, Any] = usage.get("input_tokens_details") or {}
    return Usage(
        model=response.get("model") or "",
        input_tokens=usage.get("input_tokens") or 0,
        cached_tokens=details.get("cached_tokens") or 0,
        output_tokens=usage.get("output_tokens") or 0,
        calls=1,
    )
