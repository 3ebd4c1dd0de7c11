"""Images and files in messages, as the model server takes and refuses them, through the real SDK."""

import base64

import openai
import pytest
from test_modelapi import MODEL, client_of, strict

from sovetnik.demo.modelapi import ModelApi, Text

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
JPEG = b"\xff\xd8\xff\xe0" + bytes(40)
STARTS = {"png": PNG, "jpeg": JPEG, "gif": b"GIF89a", "webp": b"RIFF\x00\x00\x00\x00WEBP"}
LINK = "https://shop.example/cup.jpg"


def data_url(data, kind="image/png"):
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def image(url, **extra):
    return {"type": "input_image", "image_url": url, **extra}


def said(*parts, role="user"):
    return [{"role": role, "content": [{"type": "input_text", "text": "Что это?"}, *parts]}]


async def ask(client, given, **body):
    return await client.responses.create(model=MODEL, input=given, **body)


def describe(request):
    """A brain that says what it was shown."""
    shown = [picture.media_type or picture.url or picture.file_id for picture in request.last_images]
    files = [document.filename for document in request.last_documents]
    return Text(f"{request.last_user_text} {shown} {files} of {len(request.images)}")


@pytest.mark.parametrize("stream", [False, True])
async def test_a_brain_sees_the_images(stream):
    seen = []

    def brain(request):
        seen.extend(request.last_images)
        return describe(request)

    async with client_of(ModelApi(brain)) as client:
        given = said(image(data_url(PNG), detail="low"), image(LINK))
        answer = await ask(client, given, stream=stream)
        if stream:
            answer = [event async for event in answer][-1].response
    assert answer.output_text == f"Что это? ['image/png', '{LINK}'] [] of 2"
    assert [(picture.data, picture.detail) for picture in seen] == [(PNG, "low"), (b"", "auto")]
    assert 850 < answer.usage.input_tokens < 1000


@pytest.mark.parametrize("kind", STARTS)
async def test_the_supported_kinds(kind):
    async with client_of(ModelApi(describe)) as client:
        answer = await ask(client, said(image(data_url(STARTS[kind], f"image/{kind}"))))
    assert answer.output_text == f"Что это? ['image/{kind}'] [] of 1"


async def test_files_and_uploaded_images():
    async with client_of(ModelApi(describe)) as client:
        uploaded = await client.files.create(file=("cup.png", PNG), purpose="vision")
        price = {
            "type": "input_file",
            "filename": "price.pdf",
            "file_data": data_url(b"%PDF", "application/pdf"),
        }
        picture = {"type": "input_image", "file_id": uploaded.id, "detail": "auto"}
        answer = await ask(client, said(picture, price))
        assert answer.output_text == f"Что это? ['{uploaded.id}'] ['price.pdf'] of 1"
        await client.files.delete(uploaded.id)
        with pytest.raises(openai.NotFoundError, match="were not found"):
            await ask(client, said(picture))


async def test_a_conversation_remembers_its_images():
    async with client_of(ModelApi(describe)) as client:
        conversation = await client.conversations.create()
        await ask(client, said(image(data_url(JPEG, "image/jpeg"))), conversation=conversation.id)
        answer = await ask(client, "А сколько стоит?", conversation=conversation.id)
        listed = [
            strict(item) async for item in client.conversations.items.list(conversation.id, order="asc")
        ]
    assert answer.output_text == "А сколько стоит? [] [] of 1"
    assert listed[0].content[1].detail == "auto"


WANTED = (
    "Invalid 'input[0].content[1].image_url'. Expected a base64-encoded data URL with an image MIME type "
    "(e.g. 'data:image/png;base64,aW1nIGJ5dGVzIGhlcmU='), but got "
)
REFUSED = [
    (image("cup.jpg"), "invalid_value", "Expected a valid URL, but got a value with an invalid format."),
    (image("data:image/png,abc"), "invalid_value", WANTED),
    (
        image(data_url(b"%PDF", "application/pdf")),
        "invalid_value",
        WANTED + "unsupported MIME type 'application/pdf'.",
    ),
    (image("data:image/png;base64,%%%"), "invalid_value", WANTED + "an invalid base64-encoded value."),
    (image("data:image/png;base64,"), "invalid_value", WANTED + "empty base64-encoded bytes."),
    (image(data_url(b"<svg/>")), "invalid_value", "does not represent a valid image"),
    (image(data_url(PNG + bytes(20 * 1024 * 1024))), "image_too_large", "below 20 MB in size"),
    (
        image(LINK, detail="best"),
        "invalid_value",
        "Supported values are: 'low', 'high', 'auto', and 'original'.",
    ),
    ({"type": "input_image"}, "missing_required_parameter", "'input[0].content[1].image_url'"),
    (image(LINK, file_id="file-1"), "mutually_exclusive_parameters", "Mutually exclusive parameters"),
    ({"type": "image_url", "image_url": LINK}, "invalid_value", "Invalid value: 'image_url'."),
    ({"type": "input_file"}, "missing_required_parameter", "'input[0].content[1].file_id'"),
    (
        {"type": "input_file", "file_data": data_url(b"a", "text/plain")},
        "missing_required_parameter",
        "'input[0].content[1].filename'",
    ),
    (
        {"type": "input_file", "filename": "a", "file_data": data_url(b"a", "audio/ogg")},
        "invalid_value",
        "unsupported MIME type 'audio/ogg'",
    ),
]


@pytest.mark.parametrize("stream", [False, True])
async def test_refusals(stream):
    api = ModelApi()
    async with client_of(api) as client:
        for part, code, words in REFUSED:
            with pytest.raises(openai.BadRequestError) as error:
                await ask(client, said(part), stream=stream)
            assert words in error.value.message
            assert error.value.code == code
        with pytest.raises(openai.BadRequestError, match="only allowed for messages with role 'user'"):
            await ask(client, said(image(LINK), role="developer"), stream=stream)
        with pytest.raises(openai.BadRequestError, match="at most 500 are allowed, got 501"):
            await ask(client, said(*[image(LINK)] * 501), stream=stream)
    assert not api.store.responses


async def test_a_model_without_sight():
    api = ModelApi(describe, without_vision={MODEL})
    async with client_of(api) as client:
        conversation = await client.conversations.create(items=said(image(LINK)))
        for body in ({"given": said(image(LINK))}, {"given": "Привет", "conversation": conversation.id}):
            with pytest.raises(openai.BadRequestError, match="does not support image inputs"):
                await ask(client, **body)
        assert (await ask(client, "Привет")).output_text == "Привет [] [] of 0"
        answer = await client.responses.create(model="gpt-6-sol", input=said(image(LINK)))
    assert answer.output_text.endswith("of 1")
