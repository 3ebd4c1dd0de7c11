"""Voice messages through the provider's transcription."""

from __future__ import annotations

import asyncio

import openai

from sovetnik.assistant.client import in_our_words
from sovetnik.core.errors import AssistantError

DEFAULT_MODEL = "gpt-transcribe"
"""OpenAI's model for recordings; the gpt-4o and whisper ones are shut down on 2027-02-26."""

TAKEN = frozenset({"flac", "m4a", "mp3", "mp4", "mpeg", "mpga", "ogg", "wav", "webm"})
"""Names' ends that every transcription model takes."""

MAY_PASS = frozenset({"timeout", "connection", "server", "rate_limit", "cut"})
"""Kinds of failure after which a recording is sent once more."""

PAUSE = 1.0
LONGEST_PAUSE = 10.0
"""Seconds before that; a provider that asks for more patience than a customer has gets none."""

_SUFFIXES = {
    "audio/ogg": "ogg",
    "audio/mpeg": "mp3",
    "audio/mp4": "m4a",
    "audio/x-wav": "wav",
    "audio/wav": "wav",
}


async def transcribe(client: openai.AsyncOpenAI, model: str, sound: bytes, mime: str, name: str) -> str:
    """The words of a recording; empty where there are none.

    Raises:
        AssistantError: the provider did not transcribe it.
    """
    # The provider tells formats by the name's end; Telegram's voices have no name, or end with the .oga that
    # not every model takes.
    suffix = name.rpartition(".")[2].lower()
    name = f"voice.{suffix if suffix in TAKEN else _SUFFIXES.get(mime, 'ogg')}"
    try:
        return await _asked(client, model, (name, sound, mime))
    except AssistantError as error:
        asked = error.retry_after.total_seconds() if error.retry_after else PAUSE
        if error.kind not in MAY_PASS or asked > LONGEST_PAUSE:
            raise
        await asyncio.sleep(asked)
    return await _asked(client, model, (name, sound, mime))


async def _asked(client: openai.AsyncOpenAI, model: str, file: tuple[str, bytes, str]) -> str:
    try:
        answer = await client.audio.transcriptions.create(model=model, file=file)
    except Exception as error:
        raise in_our_words(error) from error
    text = getattr(answer, "text", None)
    if not isinstance(text, str):
        raise AssistantError("cut", "a transcription without a text")
    return text.strip()
