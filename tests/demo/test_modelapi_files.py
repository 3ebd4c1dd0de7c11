"""Files, vector stores and file_search of the model server, against the real SDK."""

import asyncio
import math

import openai
import pytest
from test_modelapi import MODEL, SAVE, client_of, kinds, stream_of, strict

from sovetnik.demo.modelapi import ModelApi, Text, ToolCall, consultant_brain, scripted

PRICES = "# Цены\n\nКофе капучино стоит 250 рублей за чашку.\n".encode()
DELIVERY = "# Доставка\n\nДоставка по городу бесплатна от 2000 рублей, занимает два дня.\n".encode()


async def upload(client, name, data, purpose="assistants"):
    return strict(await client.files.create(file=(name, data), purpose=purpose))


async def attach(client, store, name, data, **options):
    file = await upload(client, name, data)
    await client.vector_stores.files.create(store.id, file_id=file.id, **options)
    return strict(await client.vector_stores.files.poll(file.id, vector_store_id=store.id))


async def test_files_come_and_go():
    api = ModelApi()
    async with client_of(api) as client:
        files = [await upload(client, f"цены {n}.md", PRICES, "user_data") for n in range(3)]
        other = await upload(client, "delivery.txt", DELIVERY)
        assert (files[0].filename, files[0].bytes) == ("цены 0.md", len(PRICES))
        listed = [strict(file).id async for file in client.files.list(purpose="user_data", limit=2)]
        assert listed == [file.id for file in reversed(files)]
        assert strict(await client.files.retrieve(other.id)) == other
        assert (await client.files.content(files[0].id)).content == PRICES
        with pytest.raises(openai.BadRequestError, match="Not allowed to download files of purpose: assis"):
            await client.files.content(other.id)
        assert strict(await client.files.delete(other.id)).deleted
        with pytest.raises(openai.NotFoundError, match="No such File object: file-"):
            await client.files.retrieve(other.id)
    assert api.requests[0].body == {
        "file": {"filename": "цены 0.md", "bytes": len(PRICES)},
        "purpose": "user_data",
    }


async def test_a_binary_file_arrives_byte_for_byte():
    data = bytes(range(256)) * 3 + b"\r\n--x\r\n\r\n" + b"\r\n"
    async with client_of(ModelApi()) as client:
        file = await upload(client, "a.bin", data, "user_data")
        assert (await client.files.content(file.id)).content == data


async def test_vector_stores_and_their_files():
    async with client_of(ModelApi()) as client:
        store = strict(await client.vector_stores.create(name="Магазин", metadata={"a": "1"}))
        assert [strict(found).id async for found in client.vector_stores.list()] == [store.id]
        attributes = {"source": "a/цены.md", "n": 2.5, "draft": False}
        static = {"max_chunk_size_tokens": 400, "chunk_overlap_tokens": 200}
        chunking = {"type": "static", "static": static}
        made = await attach(client, store, "p.md", PRICES, attributes=attributes, chunking_strategy=chunking)
        assert (made.status, made.attributes, made.last_error) == ("completed", attributes, None)
        assert made.chunking_strategy.static.max_chunk_size_tokens == 400
        changed = await client.vector_stores.files.update(
            made.id, vector_store_id=store.id, attributes={"a": "b"}
        )
        assert strict(changed).attributes == {"a": "b"}
        parts = [
            part.text async for part in client.vector_stores.files.content(made.id, vector_store_id=store.id)
        ]
        assert parts == [PRICES.decode().strip()]
        counted = strict(await client.vector_stores.retrieve(store.id))
        assert (counted.file_counts.completed, counted.status) == (1, "completed")
        gone = await client.vector_stores.files.delete(made.id, vector_store_id=store.id)
        assert strict(gone).deleted
        with pytest.raises(openai.NotFoundError, match="No file found with id"):
            await client.vector_stores.files.retrieve(made.id, vector_store_id=store.id)
        assert strict(await client.files.retrieve(made.id)).id == made.id
        assert strict(await client.vector_stores.delete(store.id)).deleted
        with pytest.raises(openai.NotFoundError, match="Vector store with id 'vs_"):
            await client.vector_stores.retrieve(store.id)


async def test_upload_and_poll_of_the_sdk():
    async with client_of(ModelApi()) as client:
        store = await client.vector_stores.create()
        made = await client.vector_stores.files.upload_and_poll(
            vector_store_id=store.id, file=("a.md", PRICES), attributes={"a": "b"}, max_wait_seconds=5
        )
    assert (strict(made).status, made.attributes) == ("completed", {"a": "b"})


async def test_listing_pages_and_filters():
    api = ModelApi()
    api.library.failing["*3.md"] = ("server_error", "An internal error occurred.")
    async with client_of(api) as client:
        store = await client.vector_stores.create()
        made = [await attach(client, store, f"{n}.md", PRICES) for n in range(5)]
        files = client.vector_stores.files
        listed = [strict(file).id async for file in files.list(store.id, limit=2, order="asc")]
        assert listed == [file.id for file in made]
        newest = [file.id async for file in files.list(store.id)]
        assert newest == listed[::-1]
        failed = [strict(file) async for file in files.list(store.id, filter="failed")]
        page = await files.list(store.id, before=listed[1])
    assert [file.last_error.message for file in failed] == ["An internal error occurred."]
    assert [file.id for file in page.data] == newest[:3]


async def test_indexing_takes_its_time():
    api = ModelApi(indexing_delay=math.inf)
    async with client_of(api) as client:
        store = await client.vector_stores.create()
        file = await upload(client, "a.md", PRICES)
        made = strict(await client.vector_stores.files.create(store.id, file_id=file.id))
        assert made.status == "in_progress"
        with pytest.raises(TimeoutError):
            await client.vector_stores.files.poll(file.id, vector_store_id=store.id, max_wait_seconds=0)
        again = await client.vector_stores.files.create(store.id, file_id=file.id)
        assert again.id == made.id
        assert (await client.vector_stores.retrieve(store.id)).file_counts.in_progress == 1
        assert (await client.vector_stores.search(store.id, query="капучино")).data == []
        api.library.stores[store.id].files[file.id].ready_at = 0
        assert len((await client.vector_stores.search(store.id, query="капучино")).data) == 1


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.md", "Цены на кофе".encode("cp1251"), "unsupported_file"),
        ("a.txt", b" \n", "invalid_file"),
        ("a.pdf", b"no pdf at all", "invalid_file"),
        ("a.docx", b"PK no zip", "invalid_file"),
    ],
)
async def test_what_cannot_be_indexed_fails_afterwards(name, data, code):
    async with client_of(ModelApi()) as client:
        store = await client.vector_stores.create()
        made = await attach(client, store, name, data)
    assert (made.status, made.last_error.code, made.usage_bytes) == ("failed", code, 0)


async def test_utf16_is_taken():
    async with client_of(ModelApi()) as client:
        store = await client.vector_stores.create()
        await attach(client, store, "a.txt", "Капучино дня".encode("utf-16"))
        found = await client.vector_stores.search(store.id, query="капучино")
    assert found.data[0].content[0].text == "Капучино дня"


@pytest.mark.parametrize("name", ["prices.csv", "prices.XLSX", "photo.png"])
async def test_what_is_not_for_search_is_refused_at_once(name):
    async with client_of(ModelApi()) as client:
        store = await client.vector_stores.create()
        file = await upload(client, name, b"a,b")
        with pytest.raises(openai.BadRequestError, match="are not supported for retrieval") as error:
            await client.vector_stores.files.create(store.id, file_id=file.id)
        assert (error.value.code, error.value.param) == ("unsupported_file", "file_ids")
        assert [file async for file in client.vector_stores.files.list(store.id)] == []


REFUSED = [
    ("/files", {"file_id": 5}, "invalid_type"),
    ("/files", {}, "missing_required_parameter"),
    ("/files", {"file_id": "file-1", "foo": 1}, "unknown_parameter"),
    (
        "/files",
        {"file_id": "file-1", "attributes": {str(n): "" for n in range(17)}},
        "object_above_max_properties",
    ),
    ("/files", {"file_id": "file-1", "attributes": {"a": "x" * 513}}, "string_above_max_length"),
    ("/files", {"file_id": "file-1", "attributes": {"a": None}}, "invalid_type"),
    ("/files", {"file_id": "file-1", "chunking_strategy": {"type": "static"}}, "missing_required_parameter"),
    (
        "/files",
        {
            "file_id": "file-1",
            "chunking_strategy": {
                "type": "static",
                "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 60},
            },
        },
        "invalid_value",
    ),
    ("/search", {}, "missing_required_parameter"),
    ("/search", {"query": "q", "max_num_results": 51}, "integer_above_max_value"),
    ("/search", {"query": "q", "filters": {"type": "like", "key": "a", "value": "b"}}, "invalid_value"),
    ("/search", {"query": "q", "filters": {"type": "or"}}, "missing_required_parameter"),
]


@pytest.mark.parametrize(("path", "body", "code"), REFUSED)
async def test_refused_requests(path, body, code):
    async with client_of(ModelApi()) as client:
        store = await client.vector_stores.create()
        with pytest.raises(openai.BadRequestError) as error:
            await client.post(f"/vector_stores/{store.id}{path}", body=body, cast_to=object)
    assert error.value.code == code


async def test_refused_uploads():
    async with client_of(ModelApi()) as client:
        with pytest.raises(openai.BadRequestError, match="Invalid extension exe"):
            await upload(client, "a.exe", b"x")
        with pytest.raises(openai.BadRequestError, match="Invalid value: 'assistant'"):
            await client.files.create(file=("a.md", b"x"), purpose="assistant")
        with pytest.raises(openai.BadRequestError, match="Missing required parameter: 'file'"):
            await client.post("/files", body={"purpose": "assistants"}, cast_to=object)


async def test_search_ranks_filters_and_limits():
    async with client_of(ModelApi()) as client:
        store = await client.vector_stores.create()
        for name, data, attributes in [("p.md", PRICES, {"year": 2025}), ("d.md", DELIVERY, {"year": 2026})]:
            await attach(client, store, name, data, attributes=attributes)

        async def names(query, **options):
            page = await client.vector_stores.search(store.id, query=query, **options)
            return [strict(hit).filename for hit in page.data]

        assert await names("Сколько рублей стоит капучино?") == ["p.md", "d.md"]
        assert await names("Сколько рублей стоит капучино?", max_num_results=1) == ["p.md"]
        assert await names("погода") == []
        late = {"type": "gte", "key": "year", "value": 2026}
        both = {"type": "or", "filters": [late, {"type": "in", "key": "year", "value": [2025]}]}
        assert await names("рублей", filters=late) == ["d.md"]
        assert len(await names("рублей", filters=both)) == 2
        strong = {"score_threshold": 0.5}
        assert await names("капучино стоит дорого", ranking_options=strong) == ["p.md"]


async def test_removal_is_eventual():
    api = ModelApi()
    api.library.removal_delay = math.inf
    async with client_of(api) as client:
        store = await client.vector_stores.create()
        made = await attach(client, store, "p.md", PRICES)
        await client.files.delete(made.id)
        assert [file.id async for file in client.vector_stores.files.list(store.id)] == [made.id]
        assert len((await client.vector_stores.search(store.id, query="капучино")).data) == 1
        with pytest.raises(openai.NotFoundError):
            await client.vector_stores.files.delete(made.id, vector_store_id=store.id)
        api.library.stores[store.id].leaving[0].gone_at = 0
        assert [file.id async for file in client.vector_stores.files.list(store.id)] == []


async def searching(client, **options):
    """A store with both documents, and the tool over it."""
    store = await client.vector_stores.create()
    files = [await attach(client, store, "p.md", PRICES), await attach(client, store, "d.md", DELIVERY)]
    return [{"type": "file_search", "vector_store_ids": [store.id], **options}], files


async def test_file_search_in_a_stream():
    asked = []

    def brain(request):
        asked.append(request.found)
        return "Капучино стоит 250 рублей."

    async with client_of(ModelApi(brain)) as client:
        tools, files = await searching(client, max_num_results=1)
        events = await stream_of(client, input="Сколько стоит капучино?", tools=tools)
        include = ["file_search_call.results"]
        whole = await client.responses.create(
            model=MODEL, input="Сколько стоит капучино?", tools=tools, include=include
        )
    assert kinds(events) == [
        "created",
        "in_progress",
        "output_item.added",
        "file_search_call.in_progress",
        "file_search_call.searching",
        "file_search_call.completed",
        "output_item.done",
        "output_item.added",
        "content_part.added",
        "output_text.delta",
        "output_text.annotation.added",
        "output_text.done",
        "content_part.done",
        "output_item.done",
        "completed",
    ]
    search, message = events[-1].response.output
    assert (search.queries, search.status, search.results) == (["Сколько стоит капучино?"], "completed", None)
    (citation,) = message.content[0].annotations
    assert (citation.type, citation.file_id, citation.filename) == ("file_citation", files[0].id, "p.md")
    (result,) = strict(whole).output[0].results
    assert (result.file_id, result.filename, result.text) == (files[0].id, "p.md", PRICES.decode().strip())
    assert [found.text for found in asked[0]] == [result.text]


async def test_after_a_tool_the_model_does_not_search_again():
    seen = []
    api = ModelApi(scripted([ToolCall("save_contact", {"name": "Анна", "phone": None}), "Спасибо!"]))
    api_brain = api.brain
    api.brain = lambda request: (seen.append(request.found), api_brain(request))[1]
    async with client_of(api) as client:
        tools, _ = await searching(client)
        items = [{"role": "user", "content": "Капучино, я Анна"}]
        body = {"tools": [*tools, SAVE], "store": False, "include": ["file_search_call.results"]}
        first = await client.responses.create(model=MODEL, input=items, **body)
        assert [item.type for item in first.output] == ["file_search_call", "function_call"]
        items += [item.to_dict() for item in first.output]
        items.append({"type": "function_call_output", "call_id": first.output[1].call_id, "output": "ok"})
        second = await client.responses.create(model=MODEL, input=items, **body)
    assert [item.type for item in second.output] == ["message"]
    assert [len(found) for found in seen] == [1, 0]


async def test_a_conversation_keeps_the_search():
    async with client_of(ModelApi(scripted([[Text("Капучино 250 рублей.")]] * 2))) as client:
        tools, _ = await searching(client)
        conversation = await client.conversations.create()
        for _ in range(2):
            await client.responses.create(
                model=MODEL, input="капучино", conversation=conversation.id, tools=tools
            )
        listed = [strict(item).type async for item in client.conversations.items.list(conversation.id)]
    assert listed == ["message", "file_search_call", "message"] * 2


async def test_a_store_that_is_not_there_and_a_model_that_may_not_search():
    async with client_of(ModelApi()) as client:
        tools, _ = await searching(client)
        silent = await client.responses.create(model=MODEL, input="капучино", tools=tools, tool_choice="none")
        assert [item.type for item in silent.output] == ["message"]
        forced = await client.responses.create(
            model=MODEL, input="капучино", tools=tools, tool_choice={"type": "file_search"}
        )
        assert strict(forced).output[0].type == "file_search_call"
        tools[0]["vector_store_ids"] = ["vs_gone"]
        with pytest.raises(openai.NotFoundError, match="Vector store with id 'vs_gone' not found"):
            await client.responses.create(model=MODEL, input="капучино", tools=tools)
        with pytest.raises(openai.BadRequestError, match="Tool choice 'file_search' not found"):
            await client.responses.create(model=MODEL, input="q", tool_choice={"type": "file_search"})


async def test_the_consultant_quotes_what_was_found():
    async with client_of(ModelApi(consultant_brain)) as client:
        tools, _ = await searching(client)
        answer = await client.responses.create(model=MODEL, input="Сколько стоит капучино?", tools=tools)
    assert answer.output_text.startswith("Кофе капучино стоит 250 рублей за чашку.")


async def test_uploads_suffer_faults_too():
    api = ModelApi()
    held = api.faults.add("/v1/files", method="POST", hold_after=0)
    async with client_of(api) as client:
        task = asyncio.ensure_future(upload(client, "a.md", PRICES))
        await api.wait_for(1, path="/v1/files")
        assert api.library.files == {}
        held.release()
        assert (await task).filename == "a.md"
