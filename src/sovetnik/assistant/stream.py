"""One model call: the stream of events becomes text and a reply."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, cast

import openai
from openai.types.responses import Response, ResponseFunctionToolCall, ResponseInputItemParam

from sovetnik.assistant.client import in_our_words, stream_error
from sovetnik.core.errors import AssistantError
from sovetnik.core.events import TextDelta
from sovetnik.core.model import Usage
from sovetnik.core.texts import storable

_MIRRORED = re.compile(r"^sovetnik-[^-]+-[^-]+-[^-]+-")
"""How a file of the knowledge folder is named in a vector store, before its own name."""

_DELTAS = frozenset({"response.output_text.delta", "response.refusal.delta"})
_ENDS = frozenset({"response.completed", "response.incomplete"})
_FAILURES = frozenset({"response.failed", "error"})
_BLOCK_END = re.compile(rb"\r\n\r\n|\n\n|\r\r")


@dataclass(frozen=True, slots=True)
class Reply:
    """A finished model call: its text (or refusal), its tool calls, what it cost, files it cites."""

    text: str
    calls: tuple[ResponseFunctionToolCall, ...]
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


def _call_item(call: ResponseFunctionToolCall) -> ResponseInputItemParam:
    return {
        "type": "function_call",
        "call_id": call.call_id,
        "name": storable(call.name),
        "arguments": storable(call.arguments),
    }


async def model_call(
    client: openai.AsyncOpenAI, request: dict[str, Any], limit: float
) -> AsyncIterator[TextDelta | Reply]:
    """Make one streamed call; the last thing yielded is the :class:`Reply`.

    Args:
        client: The SDK's client.
        request: Arguments of ``responses.create``.
        limit: Seconds that the whole call may take, however lively the stream is.

    Raises:
        AssistantError: also for a stream that ended without its terminal event.
    """
    deadline = asyncio.get_running_loop().time() + limit
    try:
        async with client.responses.with_streaming_response.create(stream=True, **request) as answer:
            async for event in server_events(answer.iter_bytes()):
                kind = event.get("type")
                if kind in _DELTAS:
                    yield TextDelta(event["delta"])
                elif kind in _ENDS:
                    yield _reply(Response.construct(**event["response"]))
                    return
                elif kind in _FAILURES or "error" in event:
                    raise _failure(event)
                if asyncio.get_running_loop().time() > deadline:
                    raise AssistantError("timeout", f"the answer took longer than {limit:.0f} s")
    except (AssistantError, GeneratorExit, asyncio.CancelledError):
        raise
    except Exception as error:
        raise in_our_words(error) from error
    raise AssistantError("cut", "the stream ended without its terminal event")


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
    event: object = json.loads(data)
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


def _reply(response: Response) -> Reply:
    if response.status in ("failed", "cancelled"):  # some servers say so in a "completed" event
        failure = response.error
        raise stream_error(failure and failure.code, failure.message if failure else "failed")
    parts = [part for item in response.output if item.type == "message" for part in item.content or ()]
    texts = [part.text if part.type == "output_text" else part.refusal for part in parts]
    calls = [item for item in response.output if item.type == "function_call"]
    cited = dict.fromkeys(
        _MIRRORED.sub("", note.filename)
        for part in parts
        if part.type == "output_text"
        for note in part.annotations
        if note.type == "file_citation"
    )
    text = "\n\n".join(text.strip() for text in texts if text.strip())
    if response.status == "incomplete":
        text, calls = _what_is_left(response, text), []
    return Reply(text=text, calls=tuple(calls), usage=_usage(response), cited=tuple(cited))


def _what_is_left(response: Response, text: str) -> str:
    """The use of an answer that was cut off at the provider; its tool calls may be cut too."""
    reason = response.incomplete_details.reason if response.incomplete_details else None
    if text:
        return f"{text} …"
    if reason == "content_filter":
        raise AssistantError("refused", "the provider's content filter")
    raise AssistantError("empty", f"incomplete answer without text ({reason})")


def _usage(response: Response) -> Usage:
    """What the call cost; compatible servers leave out what OpenAI always sends."""
    usage: Any = response.usage
    details: Any = getattr(usage, "input_tokens_details", None)
    return Usage(
        model=response.model,
        input_tokens=getattr(usage, "input_tokens", None) or 0,
        cached_tokens=getattr(details, "cached_tokens", None) or 0,
        output_tokens=getattr(usage, "output_tokens", None) or 0,
        calls=1,
    )
