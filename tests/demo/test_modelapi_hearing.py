"""Transcriptions of the model server, against the real SDK."""

import openai
import pytest
from test_modelapi import client_of, strict

from sovetnik.demo.modelapi import ModelApi, heard, spoken

WORDS = "Здравствуйте, сколько стоит доставка?"
VOICE = ("voice.ogg", spoken(WORDS))
NEWEST = "gpt-transcribe"


async def hear(client, **changes):
    return await client.audio.transcriptions.create(**{"file": VOICE, "model": NEWEST, **changes})


@pytest.mark.parametrize(
    "model", ["gpt-transcribe", "gpt-4o-transcribe", "gpt-4o-mini-transcribe", "whisper-1"]
)
async def test_every_model_hears_the_words(model):
    api = ModelApi()
    async with client_of(api) as client:
        heard_text = strict(await hear(client, model=model, language="ru", prompt="Магазин кофе"))
        assert model in [known.id async for known in client.models.list()]
    assert heard_text.text == WORDS
    assert heard_text.usage.type == ("duration" if model == "whisper-1" else "tokens")
    call = api.requests[0]
    assert (call.path, call.finished) == ("/v1/audio/transcriptions", "ok")
    assert call.body == {
        "file": {"filename": "voice.ogg", "bytes": len(VOICE[1])},
        "model": model,
        "language": "ru",
        "prompt": "Магазин кофе",
    }


async def test_formats_of_the_answer():
    async with client_of(ModelApi()) as client:
        assert await hear(client, response_format="text") == WORDS + "\n"
        verbose = strict(
            await hear(client, model="whisper-1", response_format="verbose_json"), allowed=("task",)
        )
        assert (verbose.text, verbose.language, verbose.segments[0].text) == (WORDS, "russian", WORDS)
        assert "WEBVTT" in await hear(client, model="whisper-1", response_format="vtt")
        assert "00:00:00,000 -->" in await hear(client, model="whisper-1", response_format="srt")
        plain = strict(await hear(client))
    assert [language.code for language in plain.languages] == ["ru"]


@pytest.mark.parametrize("noise", [b"OggS\x00\xff\xfe\x01", b"OggS" + bytes(30), b"ID3\x04\x00"])
async def test_noise_has_no_words(noise):
    async with client_of(ModelApi()) as client:
        assert (await hear(client, file=("voice.ogg", noise))).text == ""


async def test_a_server_that_gives_the_text_only():
    api = ModelApi()
    api.faults.add("/v1/audio/*", usage="absent")
    async with client_of(api) as client:
        answer = await hear(client, model="whisper-1")
    assert answer.to_dict() == {"text": WORDS}
    assert [recording.data for recording in api.recordings] == [VOICE[1]]


async def test_a_transcriber_of_ones_own():
    recordings = []

    async def slow_ear(recording):
        recordings.append(recording)
        return f"{heard(recording)}!"

    api = ModelApi(transcriber=slow_ear)
    async with client_of(api, max_retries=2) as client:
        assert (await hear(client, keywords=["капучино", "эспрессо"])).text == WORDS + "!"
        api.transcriber = lambda recording: 1 / 0
        with pytest.raises(openai.InternalServerError, match="Transcriber error: ZeroDivisionError"):
            await hear(client)
    assert (recordings[0].data, recordings[0].filename) == (VOICE[1], "voice.ogg")
    assert recordings[0].keywords == ("капучино", "эспрессо")
    assert len(api.requests) == 2


REFUSED = [
    ({"model": ""}, 400, None, "you must provide a model parameter"),
    ({"model": "gpt-6-sol"}, 400, None, "invalid model ID"),
    (
        {"file": ("voice.opus", VOICE[1])},
        400,
        None,
        (
            "Invalid file format. Supported formats: ['flac', 'm4a', 'mp3', 'mp4', 'mpeg', 'mpga', 'oga', "
            "'ogg', 'wav', 'webm']"
        ),
    ),
    ({"file": ("voice", VOICE[1])}, 400, None, "Invalid file format."),
    ({"file": ("voice.oga", VOICE[1])}, 400, "unsupported_value", "Unsupported file format oga"),
    ({"file": ("voice.ogg", b"")}, 400, "audio_too_short", "Audio file is too short."),
    ({"file": ("voice.ogg", b"<html>")}, 400, "invalid_value", "might be corrupted or unsupported"),
    (
        {"file": ("voice.ogg", b"OggS" + bytes(25 * 1024 * 1024))},
        413,
        None,
        "Maximum content size limit (26214400) exceeded (",
    ),
    ({"response_format": "xml"}, 400, "invalid_value", "Invalid value: 'xml'. Supported values are: 'json'"),
    (
        {"response_format": "verbose_json", "model": "gpt-4o-transcribe"},
        400,
        "unsupported_value",
        (
            "response_format 'verbose_json' is not compatible with model 'gpt-4o-transcribe'. "
            "Use 'json' or 'text' instead."
        ),
    ),
    ({"language": "russian"}, 400, "invalid_language_format", "Invalid language 'russian'."),
    ({"temperature": 2}, 400, "decimal_above_max_value", "Invalid 'temperature'"),
    ({"keywords": ["a"], "model": "whisper-1"}, 400, "unsupported_parameter", "'keywords' is not supported"),
    ({"stream": True}, 400, "unsupported_value", "not served here"),
    ({"extra_body": {"mood": "good"}}, 400, "unknown_parameter", "Unknown parameter: 'mood'."),
]


@pytest.mark.parametrize(("changes", "status", "code", "words"), REFUSED)
async def test_refusals(changes, status, code, words):
    async with client_of(ModelApi()) as client:
        with pytest.raises(openai.APIStatusError) as error:
            await hear(client, **changes)
    assert (error.value.status_code, error.value.code) == (status, code)
    assert words in error.value.message


async def test_only_the_oldest_model_takes_the_ending_of_telegrams_voices():
    async with client_of(ModelApi()) as client:
        assert (await hear(client, file=("voice.oga", VOICE[1]), model="whisper-1")).text == WORDS


async def test_a_form_without_its_file():
    async with client_of(ModelApi()) as client:
        headers = {"content-type": "multipart/form-data"}
        with pytest.raises(openai.BadRequestError, match="Missing required parameter: 'file'"):
            await client.post(
                "/audio/transcriptions",
                cast_to=object,
                body={"model": NEWEST},
                files=[("other", ("a.ogg", b"OggS"))],
                options={"headers": headers},
            )
        with pytest.raises(openai.BadRequestError, match="Could not parse multipart form"):
            await client.post("/audio/transcriptions", cast_to=object, body={"model": NEWEST})


async def test_faults_apply():
    api = ModelApi()
    path = "/v1/audio/transcriptions"
    api.faults.add(path, status=429, code="rate_limit_exceeded", retry_after=0.01)
    api.faults.add(path, status=500, retry_after=0.01)
    async with client_of(api, max_retries=2) as client:
        assert (await hear(client)).text == WORDS
        impatient = client.with_options(max_retries=0, timeout=0.2)
        api.faults.add(path, stall_after=0)
        with pytest.raises(openai.APITimeoutError):
            await hear(impatient)
        await api.wait_for(4, path=path, finished=True)
        held = api.faults.add(path, hold_after=0)
        held.release()
        assert (await hear(impatient)).text == WORDS
    ends = [call.finished for call in api.requests]
    assert ends == ["429 rate_limit_exceeded", "500", "ok", "stalled", "ok"]
