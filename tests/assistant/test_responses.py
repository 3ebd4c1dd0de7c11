"""The call past the SDK: the provider hears what the SDK would say, and we read what the SDK would read."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from sovetnik.assistant import consultant
from sovetnik.assistant.client import in_our_words
from sovetnik.assistant.responses import Responses
from sovetnik.assistant.stream import Reply, ToolCall, model_call
from sovetnik.core.errors import AssistantError
from sovetnik.core.events import TextDelta
from sovetnik.demo.modelapi import Incomplete, Reasoning, Refusal, Text
from sovetnik.demo.modelapi import ToolCall as Call
from sovetnik.demo.serving import serve
from tests.assistant.office import Office, office
from tests.servers.socks5 import HttpProxy, Socks5Proxy

REQUEST: dict[str, Any] = {
    "model": "gpt-6-luna",
    "instructions": 'Ты продавец. 😀 "\\\n\u2028',
    "input": [{"role": "user", "content": "Сколько стоит «Нерль»?"}],
    "store": False,
    "tools": [
        {
            "type": "function",
            "name": "save_contact",
            "parameters": {"type": "object", "properties": {}},
            "strict": False,
            "description": "x",
        }
    ],
    "tool_choice": "auto",
}
SAVE = Call("save_contact", {"name": "Анна", "phone": "8 912"})
BRAINS = {
    "text": [Text("Кровать «Нерль» 😀")],
    "reasoning": [Reasoning("думаю"), Text("Да")],
    "refusal": [Refusal("Нет")],
    "calls": [SAVE, Call("save_contact", {"name": "Борис"})],
    "both": [Text("Записываю"), SAVE],
    "cut": [Incomplete("Кровать «Нерль»")],
}
SAID = [{"type": "message", "content": [{"type": "output_text", "text": "Да"}]}]
OF_THE_WIRE = {
    "host",
    "accept-encoding",
    "connection",
    "content-length",
    "accept",
    "x-stainless-read-timeout",
}


async def ours(desk: Office, *, streamed: bool, limit: float = 5.0) -> tuple[str, Reply]:
    responses = Responses(desk.client, desk.settings)
    text, reply = "", None
    try:
        async for event in model_call(responses, lambda: REQUEST, limit, streamed=streamed):
            if isinstance(event, TextDelta):
                text += event.text
            else:
                reply = event
    finally:
        await responses.close()
    assert reply is not None
    return text, reply


async def by_the_sdk(desk: Office) -> Reply:
    """The reply as the SDK's objects tell it."""
    said = await desk.client.responses.create(**REQUEST)
    refused = [
        part.refusal
        for item in said.output
        if item.type == "message"
        for part in item.content
        if part.type == "refusal"
    ]
    calls = [item for item in said.output if item.type == "function_call"]
    cut = said.status == "incomplete"
    text = "\n\n".join([said.output_text, *refused]).strip() + (" …" if cut else "")
    _, reply = await ours(desk, streamed=True)
    assert said.usage
    assert reply.usage.input_tokens == said.usage.input_tokens
    assert reply.usage.output_tokens == said.usage.output_tokens
    assert reply.usage.cached_tokens == said.usage.input_tokens_details.cached_tokens
    assert reply.usage.model == said.model
    mine = tuple(ToolCall(call.call_id, call.name, call.arguments) for call in calls)
    return Reply(text, () if cut else mine, reply.usage)


def without_ids(reply: Reply) -> Reply:
    """Call ids are new in each answer."""
    calls = tuple(ToolCall("", call.name, call.arguments) for call in reply.calls)
    return Reply(reply.text, calls, reply.usage, reply.cited)


@pytest.mark.parametrize("parts", BRAINS.values(), ids=BRAINS.keys())
async def test_an_answer_is_the_same_streamed_whole_and_by_the_sdk(parts: list[Any]) -> None:
    async with office("history") as desk:
        desk.api.brain = lambda request: list(parts)
        text, streamed = await ours(desk, streamed=True)
        once, whole = await ours(desk, streamed=False)
        assert without_ids(streamed) == without_ids(whole) == without_ids(await by_the_sdk(desk))
        assert streamed.text.removesuffix(" …") == text
        assert once == whole.text


async def test_the_provider_hears_what_the_sdk_would_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-shop")
    async with office("history", project="proj-shop") as desk:
        await ours(desk, streamed=False)
        await desk.client.responses.create(**REQUEST)
        fast, slow = desk.api.responses
        assert fast.body.pop("stream") is False
        assert fast.body == slow.body
        for call in (fast, slow):
            call.headers = {k.lower(): v for k, v in call.headers.items() if k.lower() not in OF_THE_WIRE}
        assert fast.headers.items() <= slow.headers.items()
        assert {"authorization", "openai-project", "openai-organization"} <= fast.headers.keys()


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 400, "code": "conversation_locked"},
        {"status": 400, "message": "No tool output found for function call call_1."},
        {"status": 401, "code": "invalid_api_key"},
        {"status": 403},
        {"status": 404, "code": "model_not_found"},
        {"status": 429, "code": "insufficient_quota"},
        {"status": 429, "code": "rate_limit_exceeded", "retry_after": 7},
        {"status": 500},
        {"status": 503, "retry_after": 3},
    ],
    ids=str,
)
async def test_a_refusal_is_told_as_the_sdk_tells_it(fault: dict[str, Any]) -> None:
    async with office("history") as desk:
        desk.api.faults.add(times=2, **fault)
        with pytest.raises(AssistantError) as fast:
            await ours(desk, streamed=True)
        with pytest.raises(Exception) as slow:  # noqa: PT011 - the SDK's
            await desk.client.responses.create(**REQUEST)
        expected = in_our_words(slow.value)
        assert (fast.value.kind, fast.value.detail, fast.value.retry_after) == (
            expected.kind,
            expected.detail,
            expected.retry_after,
        )


@pytest.mark.parametrize("kind", [Socks5Proxy, HttpProxy])
@pytest.mark.parametrize("streamed", [True, False])
async def test_turns_share_one_connection_through_the_proxy(kind: Any, streamed: bool) -> None:
    async with kind(username="shop", password="p@ss") as proxy, office("history") as there:
        proxy.names = {"model.invalid": ("127.0.0.1", int(there.url.rsplit(":", 1)[1]))}
        way = {"proxy": proxy.url, "base_url": "http://model.invalid/v1", "streamed": streamed}
        async with office("history", **way) as desk:
            for _ in range(3):
                assert (await desk.ask("вопрос")).text == "вопрос"
    assert [(one.host, one.by_name, one.user) for one in proxy.connections] == [
        ("model.invalid", True, "shop")
    ]


async def test_a_connection_that_went_half_open_costs_one_try(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consultant, "asyncio", SimpleNamespace(sleep=lambda _: asyncio.sleep(0)))
    async with Socks5Proxy() as proxy, office("history", proxy=proxy.url, timeout=0.4) as desk:
        await desk.ask("раз")
        proxy.freeze()
        assert (await desk.ask("два")).text == "два"
    assert [connection.frozen for connection in proxy.connections] == [True, False]


async def test_a_whole_answer_that_does_not_come_is_given_up_after_its_limit() -> None:
    async with office("history") as desk:
        desk.api.faults.add(hold_after=0)
        with pytest.raises(AssistantError) as failure:
            await ours(desk, streamed=False, limit=0.2)
        assert failure.value.kind == "timeout"


async def test_a_whole_answer_may_be_silent_for_longer_than_a_stream() -> None:
    async with office("history", timeout=0.1) as desk:
        desk.api.faults.add(delay=0.5, times=2)
        with pytest.raises(AssistantError) as failure:
            await ours(desk, streamed=True)
        assert failure.value.kind == "timeout"
        _, reply = await ours(desk, streamed=False)
        assert reply.text


@pytest.mark.parametrize("streamed", [True, False])
async def test_a_request_that_nobody_takes_is_given_up(
    streamed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy that takes what fits into its buffers: pictures do not."""
    gone = asyncio.Event()

    async def deaf(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await gone.wait()
        writer.transport.abort()

    monkeypatch.setitem(REQUEST, "instructions", "0" * 30_000_000)
    listening = await asyncio.start_server(deaf, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
    async with asyncio.timeout(10), office("history", base_url=url, timeout=0.2) as desk:
        with pytest.raises(AssistantError) as failure:
            await ours(desk, streamed=streamed, limit=60)
    gone.set()
    listening.close()
    assert failure.value.kind == "timeout"


@pytest.mark.parametrize("streamed", [True, False])
async def test_a_cancelled_call_leaves_the_provider(streamed: bool) -> None:
    async with office("history") as desk:
        desk.api.faults.add(stall_after=2 if streamed else 0)
        asked = asyncio.create_task(ours(desk, streamed=streamed))
        await desk.api.wait_for(1)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        await desk.api.wait_for(1, finished=True)  # a stalled answer ends when its client leaves


async def test_a_gateway_that_only_says_it_is_alive_is_given_up() -> None:
    async def alive(request: Request) -> Response:
        async def comments() -> AsyncIterator[str]:
            while not await request.is_disconnected():
                yield ": PROCESSING\n\n"
                await asyncio.sleep(0.01)

        return StreamingResponse(comments(), media_type="text/event-stream")

    app = Starlette(routes=[Route("/v1/responses", alive, methods=["POST"])])
    async with asyncio.timeout(10), serve(app) as url, office("history", base_url=f"{url}/v1") as desk:
        with pytest.raises(AssistantError) as failure:
            await ours(desk, streamed=True, limit=0.2)
    assert failure.value.kind == "timeout"


async def test_a_server_that_streams_unasked_is_understood() -> None:
    async def stream(request: Request) -> Response:
        assert (await request.json())["stream"] is False
        done = {
            "type": "response.completed",
            "response": {"status": "completed", "model": "m", "output": SAID},
        }
        return Response(f"data: {json.dumps(done)}\n\n", media_type="text/event-stream")

    app = Starlette(routes=[Route("/v1/responses", stream, methods=["POST"])])
    async with serve(app) as url, office("history", base_url=f"{url}/v1", streamed=False) as desk:
        assert (await desk.ask("вопрос")).text == "Да"


async def test_a_gateway_that_sends_us_elsewhere_gets_the_whole_request_there() -> None:
    heard: list[Any] = []

    async def elsewhere(request: Request) -> Response:
        await request.body()
        return RedirectResponse("/there/responses", status_code=307)

    async def there(request: Request) -> Response:
        heard.append(await request.json())
        return JSONResponse({"status": "completed", "model": "m", "output": SAID})

    routes = [
        Route("/v1/responses", elsewhere, methods=["POST"]),
        Route("/there/responses", there, methods=["POST"]),
    ]
    async with serve(Starlette(routes=routes)) as url, office("history", base_url=f"{url}/v1") as desk:
        _, reply = await ours(desk, streamed=False)
    assert reply.text == "Да"
    assert heard == [{**REQUEST, "stream": False}]


async def test_an_error_with_a_good_status_is_a_failure() -> None:
    async def fail(request: Request) -> Response:
        return JSONResponse({"error": {"code": "insufficient_quota", "message": "no money"}})

    app = Starlette(routes=[Route("/v1/responses", fail, methods=["POST"])])
    async with serve(app) as url, office("history", base_url=f"{url}/v1", streamed=False) as desk:
        with pytest.raises(AssistantError) as failure:
            await desk.ask("вопрос")
    assert failure.value.kind == "quota"
