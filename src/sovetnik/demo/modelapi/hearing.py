"""`POST /audio/transcriptions`: recordings whose words the test chooses.

A recording is made with `spoken("…")`: the start of an Ogg file with the words behind it. The default
transcriber reads them back; any other callable may stand in its place.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from . import checks, errors
from .endpoints import call_of
from .errors import ApiError, Json
from .faults import Fault
from .multipart import Upload
from .wire import dressed

TRANSCRIBERS = ("gpt-transcribe", "gpt-4o-transcribe", "gpt-4o-mini-transcribe", "whisper-1")
MOST_BYTES = 25 * 1024 * 1024
"""The service's bound for the whole body of the request."""
_FORMATS = ("flac", "m4a", "mp3", "mp4", "mpeg", "mpga", "oga", "ogg", "wav", "webm")
_OGG = b"OggS\x00"
_STARTS = (b"OggS", b"fLaC", b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"RIFF", b"\x1aE\xdf\xa3")
_BYTES_A_SECOND = 4_000
"""About what a voice message of Telegram takes (Opus at 32 kbit/s)."""


@dataclass(frozen=True, slots=True)
class Recording:
    """What is to be transcribed, and what the client said about it."""

    data: bytes
    filename: str
    model: str
    language: str = ""
    prompt: str = ""
    keywords: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """A length that fits the size, a tenth of a second at least."""
        return max(0.1, round(len(self.data) / _BYTES_A_SECOND, 2))


Transcriber = Callable[[Recording], str | Awaitable[str]]


def spoken(text: str) -> bytes:
    """A "voice message" that says this, for `heard`."""
    return _OGG + text.encode()


def heard(recording: Recording) -> str:
    """The words of a `spoken` recording: the text behind its `OggS`; anything else is silence."""
    if not recording.data.startswith(b"OggS"):
        return ""
    try:
        text = recording.data[4:].lstrip(b"\x00").decode()
    except UnicodeDecodeError:
        return ""
    return text.strip() if text.replace("\n", "").replace("\t", "").isprintable() else ""


def _decimal(value: object, at: str) -> None:
    text = str(value)
    known = text.replace(".", "", 1).isdigit()
    checks.number(least=0, most=1)(float(text) if known else value, at)


def _language(value: object, at: str) -> None:
    checks.string()(value, at)
    code = str(value)
    if not (len(code) in (2, 3) and code.isascii() and code.islower() and code.isalpha()):
        message = f"Invalid language '{code}'. Language parameter must be specified in ISO-639-1 format."
        raise errors.bad_request(message, at, "invalid_language_format")


def _whole(value: object, at: str) -> None:
    checks.one_of("true", "false")(value, at)
    if value == "true":
        raise errors.bad_request("Streamed transcriptions are not served here.", at, "unsupported_value")


_FIELDS = checks.record(
    {
        "file": checks.anything,
        "model": checks.string(),
        "chunking_strategy": checks.anything,
        "include[]": checks.array(checks.one_of("logprobs")),
        "keywords[]": checks.array(checks.string()),
        "language": _language,
        "languages[]": checks.array(_language),
        "prompt": checks.string(),
        "response_format": checks.one_of("json", "text", "srt", "verbose_json", "vtt", "diarized_json"),
        "stream": _whole,
        "temperature": _decimal,
        "timestamp_granularities[]": checks.array(checks.one_of("word", "segment")),
    },
    required=("file",),
)
_ONLY_NEWEST = ("keywords[]", "languages[]")


class Hearing:
    """The endpoint; `transcriber` is asked for the text."""

    def __init__(self, models: tuple[str, ...]) -> None:
        self.transcriber: Transcriber = heard
        self.recordings: list[Recording] = []
        self._models = models

    async def transcribe(self, request: Request) -> Response:
        """POST /audio/transcriptions."""
        call = call_of(request)
        if not call.headers.get("content-type", "").startswith("multipart/form-data"):
            raise errors.bad_request("Could not parse multipart form")
        body = call.body
        uploads = cast("dict[str, Upload]", request.scope["uploads"])
        size = int(call.headers.get("content-length", 0))
        if size > MOST_BYTES:
            message = f"Maximum content size limit ({MOST_BYTES}) exceeded ({size} bytes read)"
            raise ApiError(413, message, kind="server_error")
        self._check(body)
        if "file" not in uploads:
            raise checks.wrong_type(body["file"], "file", "a file")
        _check_file(uploads["file"], body["model"])
        recording = Recording(
            data=uploads["file"].data,
            filename=uploads["file"].filename,
            model=body["model"],
            language=body.get("language", ""),
            prompt=body.get("prompt", ""),
            keywords=tuple(body.get("keywords[]", ())),
        )
        self.recordings.append(recording)
        text = await self._ask(recording)
        return _answer(text, recording, body.get("response_format", "json"), request.scope["fault"])

    def _check(self, body: Json) -> None:
        if not body.get("model"):
            raise errors.bad_request("you must provide a model parameter")
        _FIELDS(body, "")
        model = body["model"]
        if model not in self._models:
            raise errors.bad_request("invalid model ID")
        wanted = body.get("response_format", "json")
        usable = ("json", "text", "srt", "verbose_json", "vtt") if model == "whisper-1" else ("json", "text")
        if wanted not in usable:
            message = (
                f"response_format '{wanted}' is not compatible with model '{model}'. "
                "Use 'json' or 'text' instead."
            )
            raise errors.bad_request(message, "response_format", "unsupported_value")
        for name in _ONLY_NEWEST:
            if name in body and model != "gpt-transcribe":
                message = f"Unsupported parameter: '{name[:-2]}' is not supported with this model."
                raise errors.bad_request(message, name[:-2], "unsupported_parameter")

    async def _ask(self, recording: Recording) -> str:
        try:
            text = self.transcriber(recording)
            return await text if inspect.isawaitable(text) else text
        except ApiError:
            raise
        except Exception as error:
            # The SDK must not try again: the test is to see the message at once.
            message = f"Transcriber error: {type(error).__name__}: {error}"
            headers = {"x-should-retry": "false"}
            raise ApiError(500, message, kind="server_error", headers=headers) from error


def _check_file(file: Upload, model: str) -> None:
    ending = file.filename.rpartition(".")[2].lower()
    if ending not in _FORMATS:
        raise errors.bad_request(f"Invalid file format. Supported formats: {list(_FORMATS)}")
    if ending == "oga" and model != "whisper-1":
        # Telegram names voice messages so; of OpenAI's models only the oldest takes the ending.
        raise errors.bad_request("Unsupported file format oga", "file", "unsupported_value")
    if not file.data:
        message = "Audio file is too short. Minimum audio length is 0.1 seconds."
        raise errors.bad_request(message, "file", "audio_too_short")
    if not (file.data.startswith(_STARTS) or file.data[4:8] == b"ftyp"):
        message = "Audio file might be corrupted or unsupported"
        raise errors.bad_request(message, "file", "invalid_value")


def _answer(text: str, recording: Recording, wanted: str, fault: Fault | None) -> Response:
    if wanted == "text":
        return PlainTextResponse(f"{text}\n")
    if wanted in ("srt", "vtt"):
        return PlainTextResponse(_subtitles(text, recording.seconds, wanted))
    if wanted == "verbose_json":
        return JSONResponse(dressed(_verbose(text, recording), fault))
    shown: Json = {"text": text, "usage": _usage(text, recording)}
    if recording.model == "gpt-transcribe":
        shown["languages"] = [{"code": recording.language or _guessed(text)}] if text else []
    return JSONResponse(dressed(shown, fault))


def _guessed(text: str) -> str:
    return "ru" if any("а" <= letter <= "я" for letter in text.lower()) else "en"


def _usage(text: str, recording: Recording) -> Json:
    if recording.model == "whisper-1":
        return {"type": "duration", "seconds": max(1, round(recording.seconds))}
    # Ten audio tokens a second, four characters in a text token: made up, but adding up.
    sound, read, written = (round(recording.seconds * 10), len(recording.prompt) // 4, (len(text) + 3) // 4)
    return {
        "type": "tokens",
        "input_tokens": sound + read,
        "input_token_details": {"audio_tokens": sound, "text_tokens": read},
        "output_tokens": written,
        "total_tokens": sound + read + written,
    }


def _verbose(text: str, recording: Recording) -> Json:
    segment: Json = {
        "id": 0,
        "seek": 0,
        "start": 0.0,
        "end": recording.seconds,
        "text": text,
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": -0.2,
        "compression_ratio": 1.0,
        "no_speech_prob": 0.01,
    }
    named: dict[str, str] = {"ru": "russian", "en": "english"}
    code = recording.language or _guessed(text)
    shown: dict[str, Any] = {
        "task": "transcribe",
        "language": named.get(code, code),
        "duration": recording.seconds,
        "text": text,
        "segments": [segment] if text else [],
        "usage": _usage(text, recording),
    }
    return shown


def _subtitles(text: str, seconds: float, wanted: str) -> str:
    point = "," if wanted == "srt" else "."
    end = f"{int(seconds // 3600):02}:{int(seconds // 60 % 60):02}:{seconds % 60:06.3f}".replace(".", point)
    head = "1\n" if wanted == "srt" else "WEBVTT\n\n"
    return f"{head}00:00:00{point}000 --> {end}\n{text}\n\n"
