"""Answers that are odd but allowed, or broken in ways that a client meets late, through the real SDK."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import openai
import pytest
from test_modelapi import MODEL, SAVE, client_of, kinds, stream_of

from sovetnik.demo.modelapi import ModelApi, Refusal, Reply, Text, ToolCall, echo, scripted

TEXT = "Доставка стоит триста рублей."


async def ask(client, **body):
    return await client.responses.create(model=MODEL, input="q", **body)


async def final(client, stream, **body):
    """The response at the end of a stream, or the whole one."""
    answer = await ask(client, stream=stream, **body)
    return [event async for event in answer][-1].response if stream else answer


async def read(client):
    """The types of the events that come, and the exception that ends them, if one does."""
    seen = []
    try:
        stream = await ask(client, stream=True)
        while True:
            seen.append((await anext(stream)).type)
    except StopAsyncIteration:
        return seen, None
    except (openai.APIError, UnicodeDecodeError) as error:
        return seen, error


@pytest.mark.parametrize("stream", [False, True])
async def test_poor_usage(stream):
    api = ModelApi()
    for usage in ("plain", "null", "absent"):
        api.faults.add(usage=usage)
    async with client_of(api) as client:
        plain, null, absent = [(await final(client, stream)).to_dict() for _ in range(3)]
    assert set(plain["usage"]) == {"input_tokens", "output_tokens", "total_tokens"}
    assert null["usage"] is None
    assert "usage" not in absent
    assert {call.finished for call in api.responses} == {"completed"}


@pytest.mark.parametrize("stream", [False, True])
async def test_a_failure_that_calls_itself_completed(stream):
    api = ModelApi()
    api.faults.add(failed="server_error", failed_as="response.completed")
    async with client_of(api) as client:
        conversation = await client.conversations.create()
        response = await final(client, stream, conversation=conversation.id)
    assert (response.status, response.error.code, response.output) == ("failed", "server_error", [])
    assert api.responses[0].finished == "failed"
    assert api.items_of(conversation.id) == []


async def test_comments_and_unknown_events_and_fields():
    api = ModelApi(lambda request: TEXT)
    api.faults.add(comments=True, unknowns=True)
    api.faults.add(unknowns=True)
    async with client_of(api) as client:
        events = [event async for event in await ask(client, stream=True)]
        whole = await ask(client)
    known = [event for event in events if event.type != "response.never_heard_of.delta"]
    assert len(events) == 2 * len(known)
    assert all(event.never_heard_of for event in known)
    assert known[-1].response.output_text == whole.output_text == TEXT
    assert whole.never_heard_of


@pytest.mark.parametrize("size", [1, 7])
async def test_a_stream_in_sips_is_whole_all_the_same(size):
    api = ModelApi(lambda request: TEXT, chunk=9)
    api.faults.add(sip=size)
    async with client_of(api) as client:
        events = await stream_of(client, input="q")
    assert events[-1].response.output_text == TEXT


@pytest.mark.parametrize("how", ["cut_after", "reset_after", "stall_after"])
async def test_a_stream_torn_within_a_line(how):
    api = ModelApi(lambda request: TEXT)
    api.faults.add(torn="line", **{how: 5})
    async with client_of(api, timeout=0.3) as client:
        seen, error = await read(client)
    assert "response.completed" not in seen
    assert len(seen) <= 5
    assert isinstance(error, openai.APIConnectionError | None)
    assert (error is None) == (how == "cut_after")


async def test_a_stream_torn_within_a_character():
    api = ModelApi(lambda request: TEXT)
    api.faults.add(torn="character", cut_after=5)
    async with client_of(api) as client:
        seen, error = await read(client)
    assert len(seen) == 5
    # The SDK lets the decoder's own exception through.
    assert isinstance(error, UnicodeDecodeError)


async def test_retry_after_as_a_date():
    api = ModelApi()
    moment = datetime.now(UTC) + timedelta(seconds=90)
    api.faults.rate_limit(retry_after=moment)
    async with client_of(api) as client:
        with pytest.raises(openai.RateLimitError) as error:
            await ask(client)
    assert error.value.response.headers["retry-after"] == moment.strftime("%a, %d %b %Y %H:%M:%S GMT")


async def test_a_server_without_model_lookup():
    api = ModelApi()
    fault = api.faults.no_model_lookup()
    async with client_of(api) as client:
        for _ in range(2):
            with pytest.raises(openai.NotFoundError):
                await client.models.retrieve(MODEL)
        assert MODEL in [model.id async for model in client.models.list()]
    assert fault.hits == 2


async def test_items_that_are_dropped_silently():
    api = ModelApi()
    api.faults.add("/v1/conversations", method="POST", drop_items=True)
    api.faults.add("/v1/conversations/*/items", method="POST", drop_items=True)
    seed = [{"role": "user", "content": "раз"}]
    async with client_of(api) as client:
        conversation = await client.conversations.create(items=seed)
        added = await client.conversations.items.create(conversation.id, items=seed)
        assert len(added.data) == 1
        assert [item async for item in client.conversations.items.list(conversation.id)] == []
        await client.conversations.items.create(conversation.id, items=seed)
        assert len([item async for item in client.conversations.items.list(conversation.id)]) == 1


async def test_what_is_deleted_is_gone():
    api = ModelApi()
    seed = [{"role": "user", "content": "секрет"}, {"role": "assistant", "content": "ответ"}]
    async with client_of(api) as client:
        conversation = await client.conversations.create(items=seed)
        async for item in client.conversations.items.list(conversation.id):
            await client.conversations.items.delete(item.id, conversation_id=conversation.id)
        assert (await client.conversations.delete(conversation.id)).deleted
        for attempt in (client.conversations.delete, client.conversations.retrieve):
            with pytest.raises(openai.NotFoundError, match="Conversation with id"):
                await attempt(conversation.id)
        with pytest.raises(openai.NotFoundError):
            await client.conversations.items.delete("msg_1", conversation_id=conversation.id)
        with pytest.raises(openai.NotFoundError):
            await client.files.delete("file-none")
    assert api.store.deleted == [conversation.id]
    assert api.store.items == {}


async def test_arguments_letter_by_letter_and_two_calls_at_once():
    calls = [ToolCall("save_contact", {"name": "Анна"}), ToolCall("save_contact", {"name": "Пётр"})]
    api = ModelApi(scripted([Reply(calls, chunk=0)]))
    async with client_of(api) as client:
        events = await stream_of(client, input="q", tools=[SAVE], parallel_tool_calls=True)
    deltas = {0: "", 1: ""}
    for event in events:
        if event.type == "response.function_call_arguments.delta":
            assert len(event.delta) == 1
            deltas[event.output_index] += event.delta
    assert [json.loads(text)["name"] for text in deltas.values()] == ["Анна", "Пётр"]
    first, second = events[-1].response.output
    assert first.call_id != second.call_id


async def test_whole_answers_of_every_kind():
    parts = [Text("Минутку."), ToolCall("save_contact", {"name": "Анна"})]
    api = ModelApi(scripted([parts, Refusal("Нет."), "Готово"]))
    async with client_of(api) as client:
        conversation = await client.conversations.create()
        body = {"conversation": conversation.id, "tools": [SAVE]}
        call = (await ask(client, **body)).output[1]
        for missing in ({}, {"stream": False}):
            with pytest.raises(openai.BadRequestError, match="No tool output found"):
                await ask(client, **body, **missing)
        output = {"type": "function_call_output", "call_id": call.call_id, "output": "ok"}
        declined = await client.responses.create(model=MODEL, input=[output], **body)
        assert declined.output[0].content[0].refusal == "Нет."
        assert (await ask(client, **body)).output_text == "Готово"
        assert len(api.items_of(conversation.id)) == 7


async def test_a_held_whole_answer_locks_its_conversation():
    asked = asyncio.Event()

    def brain(request):
        asked.set()
        return echo(request)

    api = ModelApi(brain)
    fault = api.faults.add(hold_after=0)
    async with client_of(api) as client:
        conversation = await client.conversations.create()
        running = asyncio.ensure_future(ask(client, conversation=conversation.id))
        await asked.wait()
        with pytest.raises(openai.BadRequestError) as error:
            await ask(client, conversation=conversation.id)
        fault.release()
        assert (await running).output_text == "q"
    assert error.value.code == "conversation_locked"


@pytest.mark.parametrize("how", ["cut_after", "reset_after", "stall_after"])
@pytest.mark.parametrize("keep", [False, True])
async def test_a_whole_answer_that_never_comes(how, keep):
    api = ModelApi()
    api.faults.add(keep=keep, **{how: 0})
    async with client_of(api, timeout=0.3) as client:
        conversation = await client.conversations.create()
        with pytest.raises(openai.APIConnectionError) as error:
            await ask(client, conversation=conversation.id)
        (call,) = await api.wait_for(1, finished=True)
        assert len(api.items_of(conversation.id)) == (2 if keep else 0)
        assert (await ask(client, conversation=conversation.id)).output_text == "q"
    assert isinstance(error.value, openai.APITimeoutError) == (how == "stall_after")
    assert call.finished == {"cut": "cut", "reset": "reset", "stall": "stalled"}[how[:-6]]


async def test_slow_before_the_first_byte_and_in_the_middle():
    api = ModelApi(lambda request: TEXT)
    first, middle = api.faults.add(hold_after=0), api.faults.add(hold_after=6)
    async with client_of(api) as client:
        for fault, before in ((first, 0), (middle, 6)):
            stream, seen = await ask(client, stream=True), []
            while len(seen) < before:
                seen.append(await anext(stream))
            waiting = asyncio.ensure_future(anext(stream))
            assert (await asyncio.wait([waiting], timeout=0.05))[0] == set()
            fault.release()
            seen += [await waiting, *[event async for event in stream]]
            assert kinds(seen)[-1] == "completed"
