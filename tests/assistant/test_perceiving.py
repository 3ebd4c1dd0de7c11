"""Files of customers, from Telegram to words: with a strict Bot API and a strict model server."""

from __future__ import annotations

import base64
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from telegram import Bot

from sovetnik.assistant import TRANSCRIPTION_MODEL, hearing
from sovetnik.core.model import Attachment
from sovetnik.core.perception import Perceived
from sovetnik.demo.botapi import BotApi, Person
from sovetnik.demo.modelapi import spoken
from sovetnik.demo.serving import serve
from sovetnik.knowledge.reading import Readers
from sovetnik.perceiving import DOCUMENT_CHARACTERS, LARGEST_IMAGE, LONGEST_VOICE, Hearing, Perceiver
from sovetnik.telegram_ui import BotSettings, files, incoming, make_bot
from tests.assistant.office import Office, office
from tests.knowledge_reading.making import docx_bytes, locked_pdf, pdf, xlsx_bytes

TOKEN = "7000000001:AAF-loopback-only-token-of-the-tests"
JPEG = b"\xff\xd8\xff\xe0 a picture"
PNG = b"\x89PNG\r\n\x1a\n a picture"
TOO_MUCH = 21 * 1024 * 1024


@dataclass
class Desk:
    """One test's perceiver, with a customer in front of it."""

    office: Office
    telegram: BotApi
    anna: Person
    bot: Bot
    readers: Readers
    perceiver: Perceiver

    async def attachment(self) -> Attachment:
        """The file of the customer's last message, as the bot hears of it."""
        updates = await self.bot.get_updates(timeout=0)
        taken = incoming.incoming_from(updates[-1])
        assert taken is not None
        (found,) = taken.attachments
        return found

    async def take_in(self) -> Perceived:
        return await self.perceiver.take_in(await self.attachment())


@pytest.fixture
async def desk(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Desk]:
    monkeypatch.setattr(hearing, "PAUSE", 0.0)
    api = BotApi(TOKEN)
    anna = api.person()
    anna.start()
    async with (
        serve(api.app) as url,
        office("history", timeout=1.0) as model,
        Readers(patience=30.0) as readers,
        make_bot(BotSettings(TOKEN, url)) as bot,
    ):
        heard = Hearing(model.client, TRANSCRIPTION_MODEL)
        yield Desk(model, api, anna, bot, readers, Perceiver(bot, readers, heard, sees=True))


# voices


async def test_a_voice_becomes_its_words(desk: Desk) -> None:
    desk.anna.send_voice(spoken("Сколько стоит «Нерль»?"))
    assert await desk.take_in() == Perceived(text="Сколько стоит «Нерль»?")
    (recording,) = desk.office.api.recordings
    assert recording.filename == "voice.ogg"  # Telegram says .oga, which most models refuse


@pytest.mark.parametrize(
    ("name", "mime", "sent"),
    [
        ("Запись 7.MP3", "audio/mpeg", "voice.mp3"),
        ("voice.oga", "audio/ogg", "voice.ogg"),
        ("VOICE.OGA", "audio/ogg", "voice.ogg"),
        ("запись.opus", "audio/ogg", "voice.ogg"),
        ("track", "audio/mp4", "voice.m4a"),
        ("", "audio/x-wav", "voice.wav"),
        ("a.exe", "application/octet-stream", "voice.ogg"),
    ],
)
async def test_a_recording_gets_a_name_that_every_model_takes(
    desk: Desk, name: str, mime: str, sent: str
) -> None:
    text = await hearing.transcribe(desk.office.client, TRANSCRIPTION_MODEL, spoken("да"), mime, name)
    assert text == "да"
    assert desk.office.api.recordings[-1].filename == sent


@pytest.mark.parametrize(
    "trouble",
    [
        {"status": 429, "code": "rate_limit_exceeded", "retry_after": 0},
        {"status": 500},
        {"status": 503},
        {"cut_after": 0},
        {"stall_after": 0},
    ],
    ids=str,
)
async def test_a_passing_failure_is_mended_by_sending_the_voice_once_more(
    desk: Desk, trouble: dict[str, Any]
) -> None:
    desk.office.api.faults.add("/v1/audio/transcriptions", **trouble)
    desk.anna.send_voice(spoken("вопрос"))
    assert await desk.take_in() == Perceived(text="вопрос")


@pytest.mark.parametrize(
    ("trouble", "problem", "calls"),
    [
        ({"status": 500}, "unreachable", 2),
        ({"status": 429, "retry_after": 60}, "unreachable", 1),
        ({"status": 429, "code": "insufficient_quota"}, "deaf", 1),
        ({"status": 401}, "deaf", 1),
        ({"status": 404, "message": "Not Found"}, "deaf", 1),
        ({"status": 400, "message": "invalid model ID"}, "deaf", 1),
        ({"status": 400, "message": "Audio file might be corrupted or unsupported"}, "unreadable", 1),
    ],
    ids=str,
)
async def test_a_voice_that_is_not_heard_says_why(
    desk: Desk, trouble: dict[str, Any], problem: str, calls: int
) -> None:
    fault = desk.office.api.faults.add("/v1/audio/transcriptions", times=None, **trouble)
    desk.anna.send_voice(spoken("вопрос"))
    assert await desk.take_in() == Perceived(problem=problem)  # type: ignore[arg-type]
    assert fault.hits == calls


async def test_silence_and_noise_are_no_words(desk: Desk) -> None:
    for sound in (spoken(""), b"no recording at all"):
        desk.anna.send_voice(sound)
        assert await desk.take_in() == Perceived(problem="unreadable")


async def test_what_is_too_long_or_heard_by_nobody_is_not_even_fetched(desk: Desk) -> None:
    desk.anna.send_voice(spoken("…"), duration=LONGEST_VOICE + 1)
    assert await desk.take_in() == Perceived(problem="too_long")
    deaf = Perceiver(desk.bot, desk.readers, None, sees=False)
    desk.anna.send_voice(spoken("…"))
    assert await deaf.take_in(await desk.attachment()) == Perceived(problem="deaf")
    desk.anna.send_photo(JPEG)
    assert await deaf.take_in(await desk.attachment()) == Perceived(problem="blind")
    assert not [call for call in desk.telegram.calls if call.method.lower() == "getfile"]


# pictures


async def test_a_photo_becomes_a_data_url(desk: Desk) -> None:
    desk.anna.send_photo(JPEG)
    assert await desk.take_in() == Perceived(
        image=f"data:image/jpeg;base64,{base64.b64encode(JPEG).decode()}"
    )


async def test_a_picture_sent_as_a_file_is_what_its_bytes_say(desk: Desk) -> None:
    desk.anna.send_document(PNG, name="photo.jpg", mime_type="image/jpeg")
    assert (await desk.take_in()).image == f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    desk.anna.send_document(b"<svg/>", name="photo.png", mime_type="image/png")
    assert await desk.take_in() == Perceived(problem="unreadable")


async def test_a_picture_that_is_too_big_is_not_sent_to_the_model(desk: Desk) -> None:
    desk.anna.send_document(PNG, name="a.png", mime_type="image/png", size=LARGEST_IMAGE + 1)
    assert await desk.take_in() == Perceived(problem="too_big")


# documents


@pytest.mark.parametrize(
    ("name", "mime", "make", "words"),
    [
        ("Прайс.PDF", "application/pdf", lambda: pdf([["Кровать 62 900 рублей."]]), "Кровать 62 900 рублей."),
        ("письмо.docx", "", docx_bytes, "Доставка по городу 500 рублей."),
        ("цены.csv", "text/csv", lambda: "Товар;Цена\nНерль;62900\n".encode("cp1251"), "62900"),
        ("цены.xlsx", "", xlsx_bytes, "24900"),
        ("a.txt", "text/plain", "Нужна кровать".encode, "Нужна кровать"),
        ("a.txt", "text/plain", lambda: pdf([["На самом деле PDF."]]), "На самом деле PDF."),
        ("журнал.log", "text/x-log", "ошибка 7".encode, "ошибка 7"),
        ("без суффикса", "application/pdf", lambda: pdf([["Смета на кровать."]]), "Смета на кровать."),
        ("смета.v2", "text/plain", "Нужна кровать".encode, "Нужна кровать"),
    ],
)
async def test_a_document_is_read_whatever_it_is_called(
    desk: Desk, name: str, mime: str, make: Callable[[], bytes], words: str
) -> None:
    desk.anna.send_document(make(), name=name, mime_type=mime or "application/octet-stream")
    found = await desk.take_in()
    assert found.problem is None
    assert words in found.text.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("virus.exe", b"MZ\x90\x00"),
        ("a.pdf", b"not a pdf"),
        ("locked.pdf", locked_pdf("secret")),
        ("a.docx", b"PK\x03\x04 broken"),
        ("пусто.txt", b"  \n"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_document_that_cannot_be_read_is_told_so(desk: Desk, name: str, data: bytes) -> None:
    desk.anna.send_document(data, name=name, mime_type="application/octet-stream")
    assert await desk.take_in() == Perceived(problem="unreadable")


async def test_of_a_long_document_the_beginning_is_read(desk: Desk) -> None:
    lines = "\n\n".join(f"Пункт {n}. " + "слово " * 60 for n in range(200))
    desk.anna.send_document(lines.encode(), name="договор.txt", mime_type="text/plain")
    text = (await desk.take_in()).text
    assert "Пункт 0." in text
    assert text.endswith("[only the beginning is shown]")
    assert len(text) <= DOCUMENT_CHARACTERS + 1000


# Telegram


@pytest.mark.parametrize("size", [TOO_MUCH, None])
async def test_a_file_beyond_telegrams_bound_is_too_big(desk: Desk, size: int | None) -> None:
    if size is None:  # what was not told beforehand is refused by getFile
        desk.telegram.faults.add("getFile", status=400, description="Bad Request: file is too big")
    desk.anna.send_document(b"text", name="a.txt", mime_type="text/plain", size=size)
    assert await desk.take_in() == Perceived(problem="too_big")


async def test_a_telegram_that_is_away_for_a_moment_is_asked_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def at_once(_: float) -> None:
        return None

    desk.anna.send_photo(JPEG)
    attachment = await desk.attachment()
    monkeypatch.setattr(files.asyncio, "sleep", at_once)
    desk.telegram.faults.add("getFile", status=502, description="Bad Gateway", times=2)
    assert (await desk.perceiver.take_in(attachment)).image
    desk.telegram.faults.add("getFile", status=502, description="Bad Gateway", times=None)
    assert await desk.perceiver.take_in(attachment) == Perceived(problem="unreachable")
