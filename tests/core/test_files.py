"""Voices, photos and documents in a turn: what the model is given, what is kept, what is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from sovetnik.core.model import Attachment, Turn
from sovetnik.core.perception import MOST_CHARACTERS, MOST_PHOTOS, Perceived, Problem, perceive_nothing, told
from sovetnik.core.ports import Desk
from sovetnik.core.texts import RU
from tests.core.shop import Shop
from tests.storage.samples import incoming

VOICE = Attachment("voice", "voice-1", mime="audio/ogg", seconds=3)
PHOTO = Attachment("photo", "photo-1", mime="image/jpeg")
PRICES = Attachment("document", "doc-1", name="цены.pdf", mime="application/pdf")
FOUND = {
    "voice-1": Perceived(text="Сколько стоит Нерль?"),
    "photo-1": Perceived(image="data:image/jpeg;base64,AAAA"),
    "doc-1": Perceived(text="Кровать 62 900"),
}
PRICES_SAY = '[the document "цены.pdf" says:]\nКровать 62 900\n[end of the document "цены.pdf"]'


@dataclass
class Senses:
    """Takes in what it knows, and notes what it was given."""

    found: dict[str, Perceived] = field(default_factory=lambda: dict(FOUND))
    given: list[str] = field(default_factory=list)

    async def __call__(self, attachment: Attachment) -> Perceived:
        self.given.append(attachment.file_id)
        return self.found[attachment.file_id]


@pytest.fixture
def senses(shop: Shop) -> Senses:
    shop.turns.perceive = Senses()
    return shop.turns.perceive


def sent(number: int, *attachments: Attachment, text: str = "", **values: object) -> object:
    return incoming(number, text, attachments=attachments, **values)


def given(shop: Shop) -> Sequence[str]:
    """What the model read in the last turn, message by message."""
    return [message.for_model for message in shop.assistant.turns[-1].messages]


async def test_a_voice_is_answered_like_a_text_and_its_words_are_kept(shop: Shop, senses: Senses) -> None:
    await shop.write(sent(1, VOICE))
    await shop.drain()
    assert shop.read == ["re: Сколько стоит Нерль?"]
    assert [m.text for m in await shop.stored()] == ["Сколько стоит Нерль?", "re: Сколько стоит Нерль?"]


async def test_a_caption_stands_before_the_words_of_its_recording(shop: Shop, senses: Senses) -> None:
    await shop.write(sent(1, VOICE, text="Послушайте:"))
    await shop.drain()
    assert given(shop) == ["Послушайте:\nСколько стоит Нерль?"]


async def test_a_documents_words_are_a_note_of_its_message_and_remembered(shop: Shop, senses: Senses) -> None:
    await shop.write(sent(1, PRICES, text="Верно?", note="[forwarded from Мария:]"))
    await shop.drain()
    assert given(shop) == [f"[forwarded from Мария:]\n{PRICES_SAY}\nВерно?"]
    before: list[str] = []

    async def remember(turn: Turn, desk: Desk) -> str:
        before.extend(message.for_model for message in await desk.transcript())
        return "да"

    shop.assistant.scripts = [remember, remember]
    await shop.write(incoming(2, "А доставка?"))
    await shop.drain()
    assert before == [f"[forwarded from Мария:]\n{PRICES_SAY}\nВерно?", "re: Верно?"]
    await shop.write(incoming(3, "", kind="new"), incoming(4, "Что в файле?"))
    before.clear()
    await shop.drain()
    assert before == []


async def test_an_album_is_one_turn_with_all_its_pictures(shop: Shop, senses: Senses) -> None:
    second = Attachment("photo", "photo-2", mime="image/png")
    senses.found["photo-2"] = Perceived(image="data:image/png;base64,BBBB")
    await shop.write(sent(1, PHOTO, text="Есть такая?", album="a"), sent(2, second, album="a"))
    await shop.drain()
    (turn,) = shop.assistant.turns
    assert turn.images == ("data:image/jpeg;base64,AAAA", "data:image/png;base64,BBBB")
    assert shop.read == ["re: Есть такая? | [photo]"]


async def test_texts_voices_and_files_reach_the_model_in_their_order(shop: Shop, senses: Senses) -> None:
    await shop.write(incoming(1, "Здравствуйте"), sent(2, VOICE), sent(3, PRICES), incoming(4, "Вот"))
    await shop.drain()
    read = ["Здравствуйте", "Сколько стоит Нерль?", f"{PRICES_SAY}\n[document: цены.pdf]", "Вот"]
    assert given(shop) == read


async def test_a_turn_that_is_done_again_hears_nothing_twice_but_looks_again(
    shop: Shop, senses: Senses
) -> None:
    async def die(turn: Turn, desk: Desk) -> str:
        await shop.store.recover()  # as if the process had been killed and started again
        return "поздно"

    shop.assistant.scripts = [die]
    await shop.write(sent(1, VOICE), sent(2, PHOTO), sent(3, PRICES))
    await shop.drain()
    assert shop.read == []
    await shop.drain()
    assert senses.given == ["voice-1", "photo-1", "doc-1", "photo-1"]
    first, again = shop.assistant.turns
    assert (again.said, again.images) == (first.said, first.images)


@pytest.mark.parametrize(
    ("attachment", "problem", "words"),
    [
        (VOICE, "deaf", RU.voice_unheard),
        (VOICE, "too_long", RU.voice_too_long),
        (VOICE, "too_big", RU.voice_too_long),
        (VOICE, "unreadable", RU.voice_empty),
        (VOICE, "unreachable", RU.file_unreachable),
        (PHOTO, "blind", RU.photo_unseen),
        (PHOTO, "too_big", RU.file_too_big),
        (PRICES, "unreadable", RU.file_unreadable),
        (PRICES, "too_big", RU.file_too_big),
        (PRICES, "unreachable", RU.file_unreachable),
    ],
)
async def test_what_cannot_be_taken_in_is_told_without_asking_the_model(
    shop: Shop, senses: Senses, attachment: Attachment, problem: Problem, words: str
) -> None:
    senses.found[attachment.file_id] = Perceived(problem=problem)
    await shop.write(sent(1, attachment))
    await shop.drain()
    assert shop.read == [words]
    assert told(RU, attachment, problem) == words
    assert shop.assistant.turns == []


async def test_beside_words_the_model_is_told_what_could_not_be_taken_in(shop: Shop, senses: Senses) -> None:
    senses.found["doc-1"] = Perceived(problem="too_big")
    await shop.write(sent(1, PRICES, text="Верно?"), incoming(2, "Ответьте"))
    await shop.drain()
    assert given(shop)[0] == '[the document "цены.pdf" could not be taken in: too big]\nВерно?'
    assert (await shop.stored())[0].note == ""  # the file may be had the next time


async def test_one_bad_file_does_not_keep_the_others_from_the_model(shop: Shop, senses: Senses) -> None:
    senses.found["photo-1"] = Perceived(problem="unreachable")
    await shop.write(sent(1, PHOTO), sent(2, VOICE))
    await shop.drain()
    assert given(shop) == [
        "[the photo could not be taken in: unreachable]\n[photo]",
        "Сколько стоит Нерль?",
    ]


async def test_of_a_flood_of_files_as_much_is_taken_in_as_a_model_can_bear(
    shop: Shop, senses: Senses
) -> None:
    photos = [Attachment("photo", f"photo-{n}") for n in range(MOST_PHOTOS + 5)]
    books = [Attachment("document", f"book-{n}", name=f"{n}.txt") for n in range(4)]
    senses.found |= {photo.file_id: Perceived(image="data:image/jpeg;base64,AAAA") for photo in photos}
    senses.found |= {book.file_id: Perceived(text="я" * (MOST_CHARACTERS // 3)) for book in books}
    await shop.write(*(sent(n, each) for n, each in enumerate([*photos, *books], start=1)))
    await shop.drain()
    (turn,) = shop.assistant.turns
    assert len(turn.images) == MOST_PHOTOS
    assert len([given for given in senses.given if given.startswith("photo")]) == MOST_PHOTOS
    assert turn.said.count("я" * 1000) == 3 * (MOST_CHARACTERS // 3 // 1000)
    assert turn.said.count("could not be taken in: too many") == 5 + 1


async def test_where_nobody_hears_or_sees_the_customer_is_told_so(shop: Shop) -> None:
    shop.turns.perceive = perceive_nothing
    for number, attachment in enumerate((VOICE, PHOTO, PRICES), start=1):
        await shop.write(sent(number, attachment))
        await shop.drain()
    assert shop.read == [RU.voice_unheard, RU.photo_unseen, RU.file_unreadable]


async def test_a_mistake_in_taking_in_is_told_politely(shop: Shop) -> None:
    async def broken(attachment: Attachment) -> Perceived:
        raise KeyError(attachment.file_id)

    shop.turns.perceive = broken
    await shop.write(sent(1, VOICE))
    await shop.drain()
    assert shop.read == [RU.trouble.format(code=(await shop.stored())[-1].error_code)]


async def test_an_edit_during_a_turn_is_told_with_the_next_message(shop: Shop) -> None:
    async def edited(turn: Turn, desk: Desk) -> str:
        note = "[the customer corrected an earlier message; it now reads:]"
        await shop.write(incoming(2, "три кровати", kind="edited", message_id=1001, note=note))
        return "две, хорошо"

    shop.assistant.scripts = [edited]
    await shop.write(incoming(1, "две кровати"))
    await shop.drain()
    assert shop.read == ["две, хорошо"]
    await shop.write(incoming(3, "и матрас"))
    await shop.drain()
    assert given(shop)[0] == "[the customer corrected an earlier message; it now reads:]\nтри кровати"
