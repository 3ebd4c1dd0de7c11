"""One model call: the stream of events becomes text and a reply."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import openai
from openai.types.responses import (
    Response,
    ResponseCompletedEvent,
    ResponseErrorEvent,
    ResponseFailedEvent,
    ResponseFunctionToolCall,
    ResponseIncompleteEvent,
    ResponseInputItemParam,
    ResponseRefusalDeltaEvent,
    ResponseTextDeltaEvent,
)

from sovetnik.assistant.client import in_our_words, stream_error
from sovetnik.core.errors import AssistantError
from sovetnik.core.events import TextDelta
from sovetnik.core.model import Usage


@dataclass(frozen=True, slots=True)
class Reply:
    """A finished model call: its text (or refusal), its tool calls, what it cost."""

    text: str
    calls: tuple[ResponseFunctionToolCall, ...]
    usage: Usage

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
        "name": call.name,
        "arguments": call.arguments,
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
        async with await client.responses.create(stream=True, **request) as stream:
            async for event in stream:
                if isinstance(event, ResponseTextDeltaEvent | ResponseRefusalDeltaEvent):
                    yield TextDelta(event.delta)
                elif isinstance(event, ResponseCompletedEvent | ResponseIncompleteEvent):
                    yield _reply(event.response)
                    return
                elif isinstance(event, ResponseFailedEvent):
                    failure = event.response.error
                    raise stream_error(failure and failure.code, failure.message if failure else "failed")
                elif isinstance(event, ResponseErrorEvent):
                    raise stream_error(event.code, event.message)
                if asyncio.get_running_loop().time() > deadline:
                    raise AssistantError("timeout", f"the answer took longer than {limit:.0f} s")
    except (AssistantError, GeneratorExit, asyncio.CancelledError):
        raise
    except Exception as error:
        raise in_our_words(error) from error
    raise AssistantError("cut", "the stream ended without its terminal event")


def _reply(response: Response) -> Reply:
    texts: list[str] = []
    calls: list[ResponseFunctionToolCall] = []
    for item in response.output:
        if item.type == "message":
            texts.extend(part.text if part.type == "output_text" else part.refusal for part in item.content)
        elif item.type == "function_call":
            calls.append(item)
    text = "\n\n".join(text.strip() for text in texts if text.strip())
    if response.status == "incomplete":
        text, calls = _what_is_left(response, text), []
    return Reply(text=text, calls=tuple(calls), usage=_usage(response))


def _what_is_left(response: Response, text: str) -> str:
    """The use of an answer that was cut off at the provider; its tool calls may be cut too."""
    reason = response.incomplete_details.reason if response.incomplete_details else None
    if text:
        return f"{text} …"
    if reason == "content_filter":
        raise AssistantError("refused", "the provider's content filter")
    raise AssistantError("empty", f"incomplete answer without text ({reason})")


def _usage(response: Response) -> Usage:
    usage = response.usage
    if usage is None:
        return Usage(model=response.model, calls=1)
    return Usage(
        model=response.model,
        input_tokens=usage.input_tokens,
        cached_tokens=usage.input_tokens_details.cached_tokens,
        output_tokens=usage.output_tokens,
        calls=1,
    )
