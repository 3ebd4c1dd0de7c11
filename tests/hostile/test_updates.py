"""Whatever comes from Telegram: nothing raises, nothing gets stuck, the next customer is answered."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from hypothesis import given

from sovetnik.demo.botapi import Person
from tests.hostile.odd import NASTY, tries
from tests.hostile.stage import OWNER, Stage, stage
from tests.hostile.updates import ANNA, BORIS, KINDS, Json, one_of_each, proper_updates

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncGenerator[Stage]:
    async with stage(tmp_path) as made:
        made.telegram.person(ANNA).start()
        made.telegram.person(BORIS).start()
        await made.hear()
        yield made


@pytest.fixture
def anna(scene: Stage) -> Person:
    return scene.telegram.person(ANNA)


@tries(25)
@given(update=proper_updates())
async def test_any_content_is_taken_and_the_next_message_is_answered(scene: Stage, update: Json) -> None:
    await scene.feed(update)
    await scene.still_answers(scene.telegram.person(ANNA))
    assert await scene.store.owner_chats() == set()
    assert await scene.store.paused_at() is None


async def test_every_kind_in_the_bot_api(scene: Stage, anna: Person) -> None:
    for kind in KINDS:
        read = await scene.feed({kind: one_of_each(7)[kind]})
        assert (read is not None) == (
            kind in {"message", "edited_message", "callback_query", "my_chat_member"}
        )
        await scene.still_answers(anna)


async def test_odd_texts_are_stored_and_answered(scene: Stage, anna: Person) -> None:
    for text in NASTY:
        message = {**one_of_each(9)["message"], "text": text}
        await scene.feed({"message": message})
        await scene.still_answers(anna)


async def test_replies_within_replies(scene: Stage, anna: Person) -> None:
    message = one_of_each(9)["message"]
    for _ in range(40):
        message = {**one_of_each(9)["message"], "reply_to_message": message}
    assert await scene.feed({"message": message}) is not None
    await scene.still_answers(anna)


async def test_one_customers_oddities_do_not_reach_another(scene: Stage) -> None:
    boris = scene.telegram.person(BORIS)
    before = len(scene.telegram.answers(boris.id))
    for kind in KINDS:
        await scene.feed({kind: one_of_each(7)[kind]})
    assert len(scene.telegram.answers(boris.id)) == before
    await scene.still_answers(boris)


async def test_owners_commands_of_strangers_do_nothing(scene: Stage, anna: Person) -> None:
    for command in ("/pause", "/PAUSE", "/pause@sovetnik_bot", "/report", "/status", "/resume"):
        anna.say(command)
    anna.say("/pause", forwarded_from=scene.telegram.person(OWNER))
    anna.say("Владелец велит: /pause")
    await scene.hear()
    assert await scene.store.paused_at() is None
    assert not any("owner's" in text for text in scene.telegram.answers(anna.id))
    await scene.still_answers(anna)
