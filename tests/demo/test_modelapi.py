"""The model server against the real SDK: streams, tools, conversations, stored responses."""

import asyncio
import json
from contextlib import asynccontextmanager

import openai
import pytest
from openai import AsyncOpenAI, DefaultAsyncHttpx2Client
from openai.types.responses import ResponseStreamEvent
from pydantic import BaseModel, TypeAdapter

from sovetnik.connecting import trusted
from sovetnik.demo.modelapi import (
    Incomplete,
    ModelApi,
    Reasoning,
    Refusal,
    Reply,
    Text,
    ToolCall,
    echo,
    scripted,
)
from sovetnik.demo.serving import serve

EVENTS = TypeAdapter(ResponseStreamEvent)
MODEL = "gpt-5.4-mini"
SAVE = {
    "type": "function",
    "name": "save_contact",
    "description": "Save the customer's contact.",
    "strict": True,
    "parameters": {
        "type": "object",
        "properties": {"name": {"type": "string"}, "phone": {"type": ["string", "null"]}},
        "required": ["name", "phone"],
        "additionalProperties": False,
    },
}


@asynccontextmanager
async def client_of(api, **options):
    http = DefaultAsyncHttpx2Client(verify=trusted())  # which was read before: 17 ms a client
    settings = {"max_retries": 0, "timeout": 5, "api_key": api.key, "http_client": http, **options}
    async with serve(api.app) as base, AsyncOpenAI(base_url=f"{base}/v1", **settings) as client:
        yield client


def strict(model, allowed=()):
    """No missing, mistyped or unknown field anywhere in the SDK's object."""
    checked = model
    if isinstance(model, BaseModel):
        checked = type(model).model_validate(model.to_dict())
    extra = list(unknown_fields(checked))
    assert [name for name in extra if name not in allowed] == []
    return model


def unknown_fields(value):
    if isinstance(value, BaseModel):
        yield from value.model_extra or {}
        for name in type(value).model_fields:
            yield from unknown_fields(getattr(value, name))
    elif isinstance(value, list):
        for entry in value:
            yield from unknown_fields(entry)


async def stream_of(client, **body):
    """All events of a response, each checked against the SDK's union of events."""
    events = []
    async for event in await client.responses.create(model=MODEL, stream=True, **body):
        checked = EVENTS.validate_python(event.to_dict())
        assert type(checked) is type(event)
        strict(checked, allowed=("obfuscation",))
        events.append(event)
    assert [event.sequence_number for event in events] == list(range(len(events)))
    return events


def kinds(events):
    shortened = [event.type.removeprefix("response.") for event in events]
    return [kind for at, kind in enumerate(shortened) if at == 0 or kind != shortened[at - 1]]


async def test_a_text_streams_in_the_services_order():
    answer = "Добрый день! Доставка стоит 300 ₽.\n\n  Что-нибудь ещё?"
    async with client_of(ModelApi(scripted([answer]))) as client:
        events = await stream_of(client, input="Привет", instructions="Продавай.", metadata={"a": "b"})
    assert kinds(events) == [
        "created",
        "in_progress",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    assert "".join(e.delta for e in events if e.type == "response.output_text.delta") == answer
    final = events[-1].response
    assert final.output_text == answer
    assert final.metadata == {"a": "b"}
    assert final.usage.total_tokens == final.usage.input_tokens + final.usage.output_tokens > 0
    assert events[0].response.status == "in_progress"
    assert events[0].response.usage is None


async def test_every_kind_of_part_in_one_stream():
    parts = [
        Reasoning("Клиент хочет купить.", tokens=70),
        Text("Минутку."),
        ToolCall("save_contact", {"name": "Анна", "phone": None}),
        ToolCall("save_contact", "{broken"),
        Refusal("Об этом не говорю."),
    ]
    async with client_of(ModelApi(scripted([parts, parts]))) as client:
        body = {"input": "q", "tools": [SAVE], "include": ["reasoning.encrypted_content"]}
        events = await stream_of(client, **body)
        whole = strict(await client.responses.create(model=MODEL, **body))
    final = events[-1].response
    expected = ["reasoning", "message", "function_call", "function_call", "message"]
    assert [item.type for item in final.output] == expected
    assert [item.type for item in whole.output] == expected
    assert json.loads(final.output[2].arguments) == {"name": "Анна", "phone": None}
    assert final.output[3].arguments == "{broken"
    assert final.output[4].content[0].refusal == "Об этом не говорю."
    assert final.output[0].encrypted_content
    assert final.usage.output_tokens_details.reasoning_tokens == 70
    for wanted in ("function_call_arguments.delta", "refusal.delta", "refusal.done"):
        assert wanted in kinds(events)


@pytest.mark.parametrize("reason", ["max_output_tokens", "content_filter"])
async def test_an_answer_that_breaks_off(reason):
    async with client_of(ModelApi(scripted([Incomplete("Начало", reason=reason)]))) as client:
        events = await stream_of(client, input="q")
    assert events[-1].type == "response.incomplete"
    assert events[-1].response.incomplete_details.reason == reason
    assert events[-1].response.output_text == "Начало"


async def test_obfuscation_can_be_switched_off():
    async with client_of(ModelApi()) as client:
        padded = await stream_of(client, input="q w e")
        plain = await stream_of(client, input="q w e", stream_options={"include_obfuscation": False})
    assert any((event.model_extra or {}).get("obfuscation") for event in padded)
    assert not any((event.model_extra or {}).get("obfuscation") for event in plain)


async def test_the_sdks_stream_helper_accepts_it():
    async with client_of(ModelApi(scripted([[Text("да"), ToolCall("save_contact")]]))) as client:
        async with client.responses.stream(model=MODEL, input="q", tools=[SAVE]) as stream:
            seen = [event.type async for event in stream]
        final = await stream.get_final_response()
    assert seen[-1] == "response.completed"
    assert final.output_text == "да"


async def test_a_tool_loop_in_a_conversation():
    asked = []

    def finish(request):
        asked.append(request)
        return "Спасибо, Анна!"

    api = ModelApi(scripted([ToolCall("save_contact", {"name": "Анна", "phone": "1"}), finish]))
    async with client_of(api) as client:
        conversation = strict(await client.conversations.create(metadata={"chat": "42"}))
        first = await stream_of(client, input="Я Анна", conversation=conversation.id, tools=[SAVE])
        call = first[-1].response.output[0]
        output = {"type": "function_call_output", "call_id": call.call_id, "output": "ok"}
        second = await stream_of(
            client, input=[output], conversation={"id": conversation.id}, tools=[SAVE], instructions="I"
        )
        listed = [
            strict(item) async for item in client.conversations.items.list(conversation.id, order="asc")
        ]
    assert second[-1].response.output_text == "Спасибо, Анна!"
    assert second[-1].response.conversation.id == conversation.id
    types = ["message", "function_call", "function_call_output", "message"]
    assert [item.type for item in listed] == types
    assert [(out.name, out.output) for out in asked[0].tool_outputs] == [("save_contact", "ok")]
    assert (asked[0].last_user_text, asked[0].instructions) == ("Я Анна", "I")


async def test_a_stateless_tool_loop_gives_the_output_back_as_input():
    api = ModelApi(scripted([[Reasoning(), ToolCall("save_contact")], "Готово"]))
    async with client_of(api) as client:
        given = [{"role": "user", "content": [{"type": "input_text", "text": "q"}]}]
        body = {"tools": [SAVE], "store": False, "include": ["reasoning.encrypted_content"]}
        first = await client.responses.create(model=MODEL, input=given, **body)
        given += [item.to_dict() for item in first.output]
        call_id = first.output[1].call_id
        given.append({"type": "function_call_output", "call_id": call_id, "output": "ok"})
        second = await client.responses.create(model=MODEL, input=given, **body)
        assert second.output_text == "Готово"
        with pytest.raises(openai.NotFoundError, match="not found"):
            await client.responses.retrieve(first.id)
    assert api.store.items == {}


async def test_previous_response_id_brings_its_context_back():
    api = ModelApi(scripted(["раз", lambda request: str(request.user_texts)]))
    async with client_of(api) as client:
        first = await client.responses.create(model=MODEL, input="a")
        second = await client.responses.create(model=MODEL, input="b", previous_response_id=first.id)
        assert second.output_text == "['a', 'b']"
        assert strict(await client.responses.retrieve(first.id)).output_text == "раз"
        await client.responses.delete(first.id)
        with pytest.raises(openai.BadRequestError) as error:
            await client.responses.create(model=MODEL, input="c", previous_response_id=first.id)
    assert error.value.code == "previous_response_not_found"


async def test_conversations_and_their_items():
    async with client_of(ModelApi()) as client:
        seed = [{"role": "user", "content": "раз"}, {"role": "assistant", "content": "два"}]
        conversation = await client.conversations.create(items=seed, metadata={"a": "1"})
        added = strict(
            await client.conversations.items.create(
                conversation.id, items=[{"type": "message", "role": "developer", "content": "три"}]
            )
        )
        updated = await client.conversations.update(conversation.id, metadata={"a": "2"})
        assert strict(updated).metadata == {"a": "2"}
        assert strict(await client.conversations.retrieve(conversation.id)).metadata == {"a": "2"}
        newest = [item.id async for item in client.conversations.items.list(conversation.id, limit=1)]
        assert len(newest) == 3
        assert newest[0] == added.data[0].id
        one = await client.conversations.items.retrieve(newest[1], conversation_id=conversation.id)
        assert strict(one).content[0].text == "два"
        rest = await client.conversations.items.delete(newest[1], conversation_id=conversation.id)
        assert strict(rest).id == conversation.id
        with pytest.raises(openai.NotFoundError):
            await client.conversations.items.retrieve(newest[1], conversation_id=conversation.id)


async def test_a_deleted_conversation_leaves_its_items_behind():
    api = ModelApi()
    async with client_of(api) as client:
        conversation = await client.conversations.create(items=[{"role": "user", "content": "секрет"}])
        deleted = strict(await client.conversations.delete(conversation.id))
        assert deleted.deleted
        assert [item["content"][0]["text"] for item in api.store.items.values()] == ["секрет"]
        with pytest.raises(
            openai.NotFoundError, match=rf"Conversation with id '{conversation.id}' not found\."
        ):
            await client.responses.create(model=MODEL, input="q", conversation=conversation.id)


async def test_models():
    async with client_of(ModelApi(models=("gpt-6-sol",), transcribers=("whisper-1",))) as client:
        assert [strict(model).id async for model in client.models.list()] == ["gpt-6-sol", "whisper-1"]
        assert strict(await client.models.retrieve("gpt-6-sol")).id == "gpt-6-sol"
        with pytest.raises(openai.NotFoundError) as error:
            await client.models.retrieve("gpt-4o")
    assert error.value.code == "model_not_found"


async def test_a_repeated_long_prefix_is_cached():
    async with client_of(ModelApi()) as client:
        usages = []
        for question in ("раз", "два"):
            response = await client.responses.create(
                model=MODEL, input=question, instructions="правило " * 2000, prompt_cache_key="shop"
            )
            usages.append(response.usage)
    assert usages[0].input_tokens_details.cached_tokens == 0
    assert usages[1].input_tokens_details.cached_tokens >= 1024
    assert usages[1].input_tokens_details.cached_tokens % 128 == 0


async def test_pace_of_a_reply_overrides_the_servers():
    slow = Reply([Text("раз два три четыре")], first_token_delay=0.2, token_delay=0.05, chunk=2)
    api = ModelApi(scripted([slow, "мигом"]), first_token_delay=0.01, chunk=1)
    async with client_of(api) as client:
        events = await stream_of(client, input="q")
        await client.responses.create(model=MODEL, input="q")
    assert sum(event.type == "response.output_text.delta" for event in events) == 2
    durations = [call.ended - call.started for call in api.responses]
    assert durations[0] >= 0.24
    assert durations[1] < durations[0]


async def test_the_journal_counts_and_waits():
    gate = asyncio.Event()

    async def held(request):
        await gate.wait()
        return echo(request)

    api = ModelApi(held)
    async with client_of(api) as client:
        calls = [asyncio.ensure_future(client.responses.create(model=MODEL, input=str(n))) for n in range(3)]
        running = await api.wait_for(3)
        assert {call.finished for call in running} == {""}
        gate.set()
        await asyncio.gather(*calls)
        done = await api.wait_for(3, finished=True)
        with pytest.raises(TimeoutError, match=r"call 4 of /v1/responses did not happen in 0\.01 s"):
            await api.wait_for(4, timeout=0.01)
    assert {call.finished for call in done} == {"completed"}
    assert sorted(call.body["input"] for call in done) == ["0", "1", "2"]
    assert api.max_in_flight == 3
