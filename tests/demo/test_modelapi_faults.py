"""Faults, locks and clients that leave, seen through the real SDK."""

import asyncio

import openai
import pytest
from test_modelapi import MODEL, SAVE, client_of, stream_of

from sovetnik.demo.modelapi import ModelApi, Reply, Text, ToolCall, echo, scripted

LONG_TEXT = "Доставка по городу стоит триста рублей и занимает два дня. " * 5


async def ask(client, **body):
    return await client.responses.create(model=MODEL, input="q", **body)


async def read(client, **body):
    """The types of the events that come, and what ends them."""
    seen = []
    try:
        stream = await ask(client, stream=True, **body)
        while True:
            seen.append(await anext(stream))
    except StopAsyncIteration:
        return seen, None
    except openai.APIError as error:
        return seen, error


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("options", "raised"),
    [
        ({"status": 429, "code": "rate_limit_exceeded"}, openai.RateLimitError),
        ({"status": 500}, openai.InternalServerError),
        ({"status": 503}, openai.InternalServerError),
        ({"status": 404, "code": "model_not_found"}, openai.NotFoundError),
    ],
)
async def test_error_answers(options, raised, stream):
    api = ModelApi()
    api.faults.add(**options)
    async with client_of(api) as client:
        with pytest.raises(raised) as error:
            await ask(client, stream=stream)
        assert error.value.code == options.get("code")
        assert error.value.request_id.startswith("req_")
        assert (await ask(client)).output_text == "q"
    assert [call.finished.split()[0] for call in api.responses] == [str(options["status"]), "completed"]


async def test_the_sdk_waits_as_retry_after_says_and_then_succeeds():
    api = ModelApi()
    fault = api.faults.rate_limit(retry_after=0.1, times=2)
    async with client_of(api, max_retries=2) as client:
        assert (await ask(client)).output_text == "q"
    first, second, third = api.responses
    assert fault.hits == 2
    assert second.started - first.started >= 0.1
    assert third.started - second.started >= 0.1


async def test_no_money_left():
    api = ModelApi()
    api.faults.quota(times=None)
    async with client_of(api) as client:
        with pytest.raises(openai.RateLimitError) as error:
            await ask(client)
    assert (error.value.code, error.value.type) == ("insufficient_quota", "insufficient_quota")


async def test_a_proxys_html_instead_of_json():
    api = ModelApi()
    api.faults.bad_gateway()
    async with client_of(api) as client:
        with pytest.raises(openai.InternalServerError) as error:
            await ask(client)
    assert error.value.response.headers["content-type"].startswith("text/html")
    assert error.value.code is None
    assert api.responses[0].finished == "502 html"


@pytest.mark.parametrize("keep", [False, True])
async def test_a_stream_cut_cleanly_raises_nothing(keep):
    api = ModelApi()
    api.faults.add(cut_after=3, keep=keep)
    async with client_of(api) as client:
        conversation = await client.conversations.create()
        seen, error = await read(client, conversation=conversation.id)
        again = await ask(client, conversation=conversation.id)
    assert (len(seen), error) == (3, None)
    assert again.status == "completed"
    assert [call.finished for call in api.responses] == ["cut", "completed"]
    assert len(api.items_of(conversation.id)) == (4 if keep else 2)


@pytest.mark.parametrize("after", [0, 3, 8])
async def test_a_stream_reset(after):
    api = ModelApi(lambda request: LONG_TEXT)
    api.faults.add(reset_after=after)
    async with client_of(api) as client:
        seen, error = await read(client)
    assert isinstance(error, openai.APIConnectionError)
    assert not isinstance(error, openai.APITimeoutError)
    assert len(seen) <= after
    assert api.responses[0].finished == "reset"


@pytest.mark.parametrize("after", [0, 3])
async def test_a_stream_that_stalls_until_the_client_gives_up(after):
    api = ModelApi()
    api.faults.add(stall_after=after)
    async with client_of(api, timeout=0.2) as client:
        conversation = await client.conversations.create()
        seen, error = await read(client, conversation=conversation.id)
        assert isinstance(error, openai.APITimeoutError)
        assert len(seen) == after
        (call,) = await api.wait_for(1, finished=True)
        assert (call.finished, call.disconnected) == ("stalled", True)
        assert (await ask(client, conversation=conversation.id)).output_text == "q"


async def test_a_held_stream_goes_on_when_released():
    api = ModelApi()
    fault = api.faults.add(hold_after=4)
    async with client_of(api) as client:
        conversation = await client.conversations.create()
        stream = await ask(client, stream=True, conversation=conversation.id)
        first = [await anext(stream) for _ in range(4)]
        with pytest.raises(openai.BadRequestError) as error:
            await ask(client, conversation=conversation.id)
        fault.release()
        rest = [event async for event in stream]
    assert error.value.code == "conversation_locked"
    assert error.value.message.count("Please retry in a few seconds.") == 1
    assert first[0].type == "response.created"
    assert rest[-1].type == "response.completed"
    assert len(api.items_of(conversation.id)) == 2


async def test_two_at_once_on_one_conversation():
    gate = asyncio.Event()

    async def held(request):
        await gate.wait()
        return echo(request)

    api = ModelApi(held)
    async with client_of(api) as client:
        one, other = [(await client.conversations.create()).id for _ in range(2)]
        running = asyncio.ensure_future(ask(client, conversation=one))
        elsewhere = asyncio.ensure_future(ask(client, conversation=other))
        await api.wait_for(2)
        with pytest.raises(openai.BadRequestError, match="Another process is currently operating") as error:
            await ask(client, conversation=one)
        gate.set()
        await asyncio.gather(running, elsewhere)
        await ask(client, conversation=one)
    assert (error.value.code, error.value.param) == ("conversation_locked", "conversation")
    assert len(api.items_of(one)) == 4


@pytest.mark.parametrize("code", ["server_error", "rate_limit_exceeded"])
async def test_a_response_that_fails(code):
    api = ModelApi(lambda request: LONG_TEXT)
    api.faults.add(failed=code, after=6)
    async with client_of(api) as client:
        conversation = await client.conversations.create()
        events = await stream_of(client, input="q", conversation=conversation.id)
        await ask(client, conversation=conversation.id)
    assert len(events) == 7
    assert events[-1].type == "response.failed"
    assert events[-1].response.error.code == code
    assert api.responses[0].finished == "failed"
    assert len(api.items_of(conversation.id)) == 2


async def test_a_flat_error_event():
    api = ModelApi()
    api.faults.add(error_event="server_error", message="Упс")
    async with client_of(api) as client:
        events = await stream_of(client, input="q")
    assert (events[-1].type, events[-1].code, events[-1].message) == ("error", "server_error", "Упс")
    assert api.responses[0].finished == "error event"


async def test_a_whole_answer_that_fails():
    api = ModelApi()
    api.faults.add(failed="server_error")
    async with client_of(api) as client:
        with pytest.raises(openai.InternalServerError):
            await ask(client)


@pytest.mark.parametrize("how", ["cut_after", "reset_after", "stall_after"])
@pytest.mark.parametrize("keep", [False, True])
async def test_a_plain_answer_that_never_comes(how, keep):
    api = ModelApi()
    api.faults.add("/v1/conversations/*/items", method="POST", keep=keep, **{how: 0})
    async with client_of(api, timeout=0.3) as client:
        conversation = await client.conversations.create()
        with pytest.raises(openai.APIConnectionError) as error:
            await client.conversations.items.create(conversation.id, items=[{"role": "user", "content": "q"}])
        assert isinstance(error.value, openai.APITimeoutError) == (how == "stall_after")
        assert len(api.items_of(conversation.id)) == int(keep)
        await api.wait_for(1, path=f"/v1/conversations/{conversation.id}/items", finished=True)
    assert api.requests[-1].finished == {"cut": "cut", "reset": "reset", "stall": "stalled"}[how[:-6]]


async def test_faults_choose_their_requests():
    api = ModelApi()
    fault = api.faults.add(when=lambda call: call.body["input"] == "b", status=500)
    late = api.faults.add("/v1/models*", method="GET", delay=0.15)
    async with client_of(api) as client:
        await client.responses.create(model=MODEL, input="a")
        with pytest.raises(openai.InternalServerError):
            await client.responses.create(model=MODEL, input="b")
        await client.responses.create(model=MODEL, input="b")
        await client.models.list()
        api.faults.add(status=500, times=None)
        api.faults.clear()
        await client.responses.create(model=MODEL, input="c")
    assert (fault.hits, late.hits) == (1, 1)
    (models,) = [call for call in api.requests if call.path == "/v1/models"]
    assert models.ended - models.started >= 0.15


@pytest.mark.parametrize("keep", [False, True])
async def test_a_client_that_leaves_in_the_middle(keep):
    slow = Reply([Text(LONG_TEXT)], token_delay=0.005)
    api = ModelApi(scripted([slow, "потом"]), keep_abandoned=keep)
    async with client_of(api) as client:
        conversation = await client.conversations.create()
        stream = await ask(client, stream=True, conversation=conversation.id)
        for _ in range(6):
            await anext(stream)
        await stream.close()
        (call,) = await api.wait_for(1, finished=True)
        assert (call.finished, call.disconnected) == ("completed" if keep else "abandoned", True)
        assert len(api.items_of(conversation.id)) == (2 if keep else 0)
        await ask(client, conversation=conversation.id)


async def test_a_client_that_times_out_on_a_whole_answer():
    slow = Reply([Text("поздно")], first_token_delay=0.3)
    api = ModelApi(scripted([slow]), keep_abandoned=False)
    async with client_of(api, timeout=0.1) as client:
        conversation = await client.conversations.create()
        with pytest.raises(openai.APITimeoutError):
            await ask(client, conversation=conversation.id)
        (call,) = await api.wait_for(1, finished=True)
    assert call.finished == "abandoned"
    assert api.items_of(conversation.id) == []


async def test_a_cut_tool_call_with_keep_poisons_the_conversation():
    api = ModelApi(scripted([ToolCall("save_contact")]))
    api.faults.add(cut_after=3, keep=True)
    async with client_of(api) as client:
        conversation = await client.conversations.create()
        await read(client, conversation=conversation.id, tools=[SAVE])
        with pytest.raises(openai.BadRequestError, match="No tool output found"):
            await ask(client, conversation=conversation.id)
