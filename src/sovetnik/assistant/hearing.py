"""Voice messages through the provider's transcription."""

from __future__ import annotations

import openai

from sovetnik.assistant.client import in_our_words
from sovetnik.core.errors import AssistantError

DEFAULT_MODEL = "gpt-transcribe"
"""OpenAI's model for recordings; the gpt-4o and whisper ones are shut down on 2027-02-26."""

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
    # The provider tells formats by the name's end; Telegram's voices have no name.
    if "." not in name or name.endswith(".oga"):  # not every model takes that one, though it is the same
        name = f"voice.{_SUFFIXES.get(mime, 'ogg')}"
    try:
        answer = await client.audio.transcriptions.create(model=model, file=(name, sound, mime))
    except Exception as error:
        raise in_our_words(error) from error
    text = getattr(answer, "text", None)
    if not isinstance(text, str):
        raise AssistantError("cut", "a transcription without a text")
    return text.strip()
