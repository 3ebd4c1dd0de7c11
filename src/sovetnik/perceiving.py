"""What customers send as files, taken in: Telegram gives the bytes, the provider hears, our readers read."""

from __future__ import annotations

import asyncio
import base64
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

import openai
import structlog
import telegram

from sovetnik.assistant import transcribe
from sovetnik.core.errors import AssistantError, FileTooBig, FileUnreachable
from sovetnik.core.model import Attachment
from sovetnik.core.perception import Perceived, Problem
from sovetnik.core.texts import storable
from sovetnik.knowledge.reading.reader import SUFFIXES
from sovetnik.knowledge.reading.readers import Readers
from sovetnik.knowledge.reading.unreadable import Unreadable
from sovetnik.telegram_ui import LARGEST, download

log = structlog.get_logger("sovetnik.perceiving")

LONGEST_VOICE = 600
"""Seconds of a recording: what is longer is no question any more, and costs accordingly."""

LARGEST_IMAGE = 5 * 1024 * 1024
"""Bytes: as base64 in a request it is a third more, and Telegram's own photos are far below."""

DOCUMENT_CHARACTERS = 20_000
"""Of a document that the model is given: about 7,000 tokens of Russian."""

AT_ONCE = 8
"""Files taken in at the same time: each holds its bytes in memory."""

_OFFICE = "application/vnd.openxmlformats-officedocument"
TYPES = {
    "application/pdf": ".pdf",
    f"{_OFFICE}.wordprocessingml.document": ".docx",
    f"{_OFFICE}.spreadsheetml.sheet": ".xlsx",
    "text/csv": ".csv",
    "text/html": ".html",
    "text/markdown": ".md",
    "text/plain": ".txt",
}
"""What a document is whose name does not say it."""

IMAGES = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG": "image/png", b"GIF8": "image/gif", b"RIFF": "image/webp"}
"""How pictures begin that models look at."""


_THIS_RECORDING = re.compile(r"\b(?:audio|file|format|decod\w*)\b", re.IGNORECASE)
"""Words of a refusal that is about a recording, not about our model or key."""


@dataclass(frozen=True, slots=True)
class Hearing:
    """Who hears voices."""

    client: openai.AsyncOpenAI
    model: str


class Perceiver:
    """Takes files in; see :data:`sovetnik.core.perception.Perceive`.

    Args:
        bot: Gives the files.
        hearing: None where nobody hears.
        sees: Whether somebody looks at pictures.
    """

    def __init__(self, bot: telegram.Bot, readers: Readers, hearing: Hearing | None, *, sees: bool) -> None:
        self._bot = bot
        self._readers = readers
        self._hearing = hearing
        self._sees = sees
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def take_in(self, attachment: Attachment) -> Perceived:
        """What a file holds; never raises."""
        problem = self._unfit(attachment)
        if problem is None:
            try:
                async with self._slots:
                    return await self._perceive(attachment, await download(self._bot, attachment.file_id))
            except (FileTooBig, FileUnreachable, Unreadable, AssistantError, OSError) as error:
                problem = _problem(error)
                log.warning("file_not_taken_in", kind=attachment.kind, mime=attachment.mime, error=str(error))
        return Perceived(problem=problem)

    def _unfit(self, attachment: Attachment) -> Problem | None:
        """Why the file need not be fetched."""
        if attachment.kind == "voice" and self._hearing is None:
            return "deaf"
        if attachment.kind == "photo" and not self._sees:
            return "blind"
        if attachment.kind == "voice" and (attachment.seconds or 0) > LONGEST_VOICE:
            return "too_long"
        too_big = (attachment.size or 0) > (LARGEST_IMAGE if attachment.kind == "photo" else LARGEST)
        return "too_big" if too_big else None

    async def _perceive(self, attachment: Attachment, data: bytes) -> Perceived:
        if attachment.kind == "photo":
            return _image(data)
        if attachment.kind == "document":
            text = await self._read(attachment, data)
            return Perceived(text=text) if text else Perceived(problem="unreadable")
        if self._hearing is None:
            return Perceived(problem="deaf")
        heard = await transcribe(
            self._hearing.client, self._hearing.model, data, attachment.mime, attachment.name
        )
        return Perceived(text=storable(heard)) if heard else Perceived(problem="unreadable")

    async def _read(self, attachment: Attachment, data: bytes) -> str:
        """A document's text, by the readers of the knowledge folder."""
        name = f"document{_suffix(attachment, data)}"
        with tempfile.TemporaryDirectory(prefix="sovetnik-") as folder:
            path = Path(folder) / name
            await asyncio.to_thread(path.write_bytes, data)
            chunks = await self._readers.read(path, name)
        text, room = "", DOCUMENT_CHARACTERS
        for chunk in chunks:
            part = f"{chunk.heading}\n{chunk.text}" if chunk.heading else chunk.text
            if len(part) > room:
                return storable(f"{text}{part[:room]} …\n[only the beginning is shown]")
            text += f"{part}\n\n"
            room -= len(part)
        return storable(text.strip())


def _image(data: bytes) -> Perceived:
    mime = next((mime for start, mime in IMAGES.items() if data.startswith(start)), None)
    if mime is None:
        return Perceived(problem="unreadable")
    if len(data) > LARGEST_IMAGE:  # Telegram does not always say it beforehand
        return Perceived(problem="too_big")
    return Perceived(image=f"data:{mime};base64,{base64.b64encode(data).decode()}")


def _suffix(attachment: Attachment, data: bytes) -> str:
    """The end of a name that fits a document: customers name files as they like."""
    if data.startswith(b"%PDF-"):
        return ".pdf"
    given = Path(attachment.name).suffix.lower()
    if given in SUFFIXES:
        return given
    text = ".txt" if attachment.mime.startswith("text/") else ""
    return TYPES.get(attachment.mime, text)


def _problem(error: Exception) -> Problem:
    if isinstance(error, FileTooBig):
        return "too_big"
    if isinstance(error, Unreadable):
        return "unreadable"
    if isinstance(error, AssistantError) and error.kind in {"auth", "quota", "bad_request"}:
        if error.kind == "bad_request" and _THIS_RECORDING.search(error.detail):
            return "unreadable"
        log.error("voice_not_heard", error=str(error), way_out="check OPENAI_TRANSCRIPTION_MODEL")
        return "deaf"
    return "unreachable"
