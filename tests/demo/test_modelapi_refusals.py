"""What the model server refuses, and in which words."""

import json

import httpx
import openai
import pytest
from test_modelapi import MODEL, SAVE, client_of

from sovetnik.demo.modelapi import ModelApi, Reply, Text, ToolCall, scripted
from sovetnik.demo.serving import serve

LONG = "x" * 200
CALL = {"type": "function_call", "call_id": "call_1", "name": "save_contact", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "call_1", "output": "ok"}
USER = {"role": "user", "content": "q"}


def user(*parts):
    return [{"role": "user", "content": list(parts)}]


def tool(**changes):
    return {"tools": [{**SAVE, **changes}]}


def schema(**changes):
    return tool(parameters={**SAVE["parameters"], **changes})


REFUSED = [
    ({"foo": 1}, "unknown_parameter", "Unknown parameter: 'foo'."),
    ({"model": None}, "invalid_type", "Invalid type for 'model': expected a string, but got null instead."),
    ({"model": "gpt-4o"}, "model_not_found", "The requested model 'gpt-4o' does not exist."),
    ({"temperature": "hot"}, "invalid_type", "Invalid type for 'temperature': expected a decimal"),
    ({"temperature": 3}, "decimal_above_max_value", "Expected a value <= 2, but got 3 instead."),
    ({"max_output_tokens": 5}, "integer_below_min_value", "Expected a value >= 16, but got 5 instead."),
    ({"stream": "yes"}, "invalid_type", "Invalid type for 'stream': expected a boolean"),
    ({"stream_options": {"include_obfuscation": True}}, None, "only allowed when 'stream' is enabled"),
    ({"truncation": "some"}, "invalid_value", "Supported values are: 'auto' and 'disabled'."),
    ({"prompt": {"id": "pmpt_1"}}, "unsupported_parameter", "The 'prompt' parameter has been removed"),
    (
        {"safety_identifier": LONG},
        "string_above_max_length",
        (
            "Invalid 'safety_identifier': string too long. Expected a string with maximum length 128, "
            "but got a string with length 200 instead."
        ),
    ),
    (
        {"metadata": {str(n): "" for n in range(17)}},
        "object_above_max_properties",
        (
            "Invalid 'metadata': too many properties. Expected an object with at most 16 properties, "
            "but got an object with 17 properties instead."
        ),
    ),
    ({"metadata": {"a": 1}}, "invalid_type", "Invalid type for 'metadata.a': expected a string"),
    (
        {"conversation": "conv_1", "previous_response_id": "resp_1"},
        "mutually_exclusive_parameters",
        "Mutually exclusive parameters: 'previous_response_id' and 'conversation'.",
    ),
    ({"conversation": "thread_1"}, "invalid_value", "Expected an ID that begins with 'conv'."),
    ({"input": 5}, "invalid_type", "Invalid type for 'input': expected one of an array of objects or string"),
    ({"input": [{"role": "bot", "content": "q"}]}, "invalid_value", "Invalid value: 'bot'."),
    ({"input": [{"role": "user"}]}, "missing_required_parameter", "'input[0].content'"),
    ({"input": [{"content": "q"}]}, "missing_required_parameter", "'input[0].type'"),
    (
        {"input": [{"type": "tool"}]},
        "invalid_value",
        "Invalid value: 'tool'. Supported values are:",
    ),
    ({"input": [{**USER, "name": "x"}]}, "unknown_parameter", "Unknown parameter: 'input[0].name'."),
    ({"input": [{**USER, "id": "item_1"}]}, "invalid_value", "Expected an ID that begins with 'msg'."),
    (
        {"input": user({"type": "output_text", "text": "q"})},
        "invalid_value",
        "Invalid value: 'output_text'. Supported values are: 'input_text', 'input_image', and 'input_file'.",
    ),
    (
        {"input": [{"role": "assistant", "content": [{"type": "input_text", "text": "q"}]}]},
        "invalid_value",
        "Invalid value: 'input_text'. Supported values are: 'output_text' and 'refusal'.",
    ),
    ({"input": user({"text": "q"})}, "missing_required_parameter", "'input[0].content[0].type'"),
    ({"input": [USER, {**CALL, "call_id": LONG}]}, "string_above_max_length", "'input[1].call_id'"),
    ({"input": [USER, CALL]}, None, "No tool output found for function call call_1."),
    ({"input": [USER, OUTPUT]}, None, "No tool call found for function call output with call_id call_1."),
    ({"input": [USER, OUTPUT, CALL]}, None, "No tool call found for function call output"),
    (tool(name="save contact"), "invalid_value", "Invalid 'tools[0].name': string does not match pattern."),
    (tool(type="custom_thing"), "invalid_value", "Invalid value: 'custom_thing'."),
    (tool(function={}), "unknown_parameter", "Unknown parameter: 'tools[0].function'."),
    (
        tool(parameters={"type": "string"}),
        "invalid_function_parameters",
        "Invalid schema for function 'save_contact': schema must be a JSON Schema of 'type: \"object\"'",
    ),
    (
        schema(additionalProperties=True),
        "invalid_function_parameters",
        "In context=(), 'additionalProperties' is required to be supplied and to be false.",
    ),
    (
        schema(required=["name"]),
        "invalid_function_parameters",
        (
            "'required' is required to be supplied and to be an array including every key in properties. "
            "Missing 'phone'."
        ),
    ),
    (
        schema(
            properties={"name": {"type": "object", "properties": {}}, "phone": {"type": "string"}},
        ),
        "invalid_function_parameters",
        "In context=('properties', 'name'), 'additionalProperties' is required",
    ),
    ({"tool_choice": "always"}, "invalid_value", "Supported values are: 'none', 'auto', and 'required'."),
    ({"tool_choice": {"type": "function", "name": "x"}}, None, "not found in 'tools' parameter"),
    ({"context_management": [{"type": "magic"}]}, "invalid_value", "Supported values are: 'compaction'."),
]


async def test_refusals_in_the_services_words():
    api = ModelApi()
    async with client_of(api) as client:
        for extra, code, words in REFUSED:
            body = {"model": MODEL, "input": "q", **extra}
            with pytest.raises(openai.BadRequestError) as error:
                await client.post("/responses", cast_to=object, body=body)
            assert words in error.value.message, (extra, error.value.message)
            assert (error.value.code, error.value.type) == (code, "invalid_request_error"), extra
    assert not api.store.responses


async def test_nothing_asked_and_no_model():
    async with client_of(ModelApi()) as client:
        with pytest.raises(openai.BadRequestError, match="Missing required parameter: 'model'"):
            await client.post("/responses", cast_to=object, body={"input": "q"})
        with pytest.raises(openai.BadRequestError, match="must be provided"):
            await client.responses.create(model=MODEL)


async def test_what_is_accepted_besides():
    loose = {"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}}}
    async with client_of(ModelApi()) as client:
        response = await client.responses.create(
            model=MODEL,
            input=[USER, CALL, OUTPUT, {"role": "assistant", "content": "a"}, USER],
            tools=[loose, {**loose, "name": "g", "strict": False}, {"type": "function", "name": "h"}],
            tool_choice="auto",
            store=False,
            truncation="auto",
            context_management=[{"type": "compaction", "compact_threshold": 50_000}],
            reasoning={"effort": "low"},
            text={"verbosity": "low"},
            safety_identifier="x" * 128,
            prompt_cache_key="k",
            parallel_tool_calls=True,
        )
    assert response.output_text == "q"


async def test_keys_are_checked_and_masked():
    api = ModelApi()
    async with client_of(api, api_key="sk-wrong-1234") as client:
        with pytest.raises(openai.AuthenticationError) as error:
            await client.models.list()
    assert error.value.code == "invalid_api_key"
    assert error.value.type == "invalid_request_error"
    assert "Incorrect API key provided: sk-******1234. You can find your API key at" in error.value.message
    assert api.requests[0].finished == "401 invalid_api_key"
    async with serve(api.app) as base, httpx.AsyncClient(base_url=base, trust_env=False) as web:
        assert "You didn't provide an API key" in (await web.get("/v1/models")).text


async def test_wrong_paths_methods_and_json():
    api = ModelApi()
    headers = {"authorization": f"Bearer {api.key}"}
    async with (
        serve(api.app) as base,
        httpx.AsyncClient(base_url=base, headers=headers, trust_env=False) as web,
    ):
        nowhere = await web.get("/v1/threads")
        broken = await web.post("/v1/responses", content="{")
        array = await web.post("/v1/responses", content="[]")
        method = await web.put("/v1/responses", json={})
    assert (nowhere.status_code, nowhere.json()["error"]["message"]) == (404, "Invalid URL (GET /v1/threads)")
    assert broken.status_code == array.status_code == 400
    assert "could not parse the JSON body" in broken.json()["error"]["message"]
    assert method.status_code == 404
    assert broken.headers["x-request-id"].startswith("req_")


async def test_conversation_refusals():
    async with client_of(ModelApi()) as client:
        many = [USER] * 21
        with pytest.raises(openai.BadRequestError, match=r"array too long.*maximum length 20") as error:
            await client.conversations.create(items=many)
        assert error.value.code == "array_above_max_length"
        conversation = await client.conversations.create()
        path = f"/conversations/{conversation.id}"
        wrong = [
            (f"{path}/items", {"items": many}, "array too long"),
            (f"{path}/items", {}, "Missing required parameter: 'items'."),
            (f"{path}/items", {"items": [{"role": "user"}]}, "'items[0].content'"),
            (path, {"name": "x"}, "Missing required parameter: 'metadata'."),
            ("/conversations", {"title": "x"}, "Unknown parameter: 'title'."),
        ]
        for where, body, words in wrong:
            with pytest.raises(openai.BadRequestError) as error:
                await client.post(where, cast_to=object, body=body)
            assert words in error.value.message
        for query in ({"limit": 101}, {"limit": 0}, {"order": "up"}):
            with pytest.raises(openai.BadRequestError):
                await client.conversations.items.list(conversation.id, **query)
        for attempt in (client.conversations.retrieve, client.conversations.delete):
            with pytest.raises(openai.NotFoundError, match="Conversation with id 'conv_no' not found"):
                await attempt("conv_no")


async def test_an_unanswered_call_poisons_a_conversation_until_it_is_mended():
    api = ModelApi(scripted([ToolCall("save_contact"), "снова здесь"]))
    async with client_of(api) as client:
        conversation = (await client.conversations.create()).id
        body = {"model": MODEL, "conversation": conversation, "tools": [SAVE]}
        first = await client.responses.create(**body, input="q")
        call_id = first.output[0].call_id
        for _ in range(2):
            with pytest.raises(openai.BadRequestError) as error:
                await client.responses.create(**body, input="ещё")
            assert f"No tool output found for function call {call_id}." in error.value.message
            assert (error.value.code, error.value.param) == (None, "input")
        patch = {"type": "function_call_output", "call_id": call_id, "output": "отменено"}
        await client.conversations.items.create(conversation, items=[patch])
        assert (await client.responses.create(**body, input="ещё")).output_text == "снова здесь"
    texts = [item["type"] for item in api.items_of(conversation)]
    assert texts == ["message", "function_call", "function_call_output", "message", "message"]


BRAIN_MISTAKES = [
    ([ToolCall("save_contact")], {"tools": [SAVE], "tool_choice": "none"}, "tool_choice is 'none'"),
    ([ToolCall("other")], {"tools": [SAVE]}, r"offered are \['save_contact'\]"),
    (["no"], {"tools": [SAVE], "tool_choice": "required"}, "tool_choice is 'required'"),
    (["no"], {"tools": [SAVE], "tool_choice": {"type": "function", "name": "save_contact"}}, "forces it"),
    ([[ToolCall("save_contact")] * 2], {"tools": [SAVE], "parallel_tool_calls": False}, "several calls"),
    ([], {}, "the script is over, but the model is asked: 'q'"),
    ([lambda request: 1 / 0], {}, "the brain raised ZeroDivisionError"),
    ([Reply([Text("a"), 5])], {}, "5, which is no part of a reply"),
]


@pytest.mark.parametrize(("script", "extra", "words"), BRAIN_MISTAKES)
async def test_a_brains_mistake_is_a_500_that_is_not_retried(script, extra, words):
    api = ModelApi(scripted(script))
    async with client_of(api, max_retries=2) as client:
        conversation = await client.conversations.create()
        with pytest.raises(openai.InternalServerError, match=f"Brain error: .*{words}"):
            await client.responses.create(
                model=MODEL, input="q", conversation=conversation.id, stream=True, **extra
            )
    assert len(api.responses) == 1
    assert json.dumps(api.items_of(conversation.id)) == "[]"
    assert not api.store.conversation(conversation.id).busy
