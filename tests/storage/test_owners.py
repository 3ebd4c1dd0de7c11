"""The owner's part: pairing, a pause, and the consent that leads carry."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sovetnik.core.model import Answer, Limits
from sovetnik.storage import SqlStore
from tests.storage.samples import MORNING, Clock, contact, converse, incoming, take_turn

CODE = "ABCD2345EFGH"


# pairing


@pytest.mark.parametrize("typed", [CODE, CODE.lower(), f"  {CODE} \n"])
async def test_a_code_makes_one_chat_the_owners(store: SqlStore, typed: str) -> None:
    await store.offer_pairing(CODE)
    assert await store.pair(1, typed) is True
    assert await store.pair(2, typed) is False
    assert await store.owner_chats() == {1}


async def test_a_pairing_voids_the_codes_of_earlier_starts(store: SqlStore) -> None:
    for code in (CODE, "2345ABCDEFGH"):
        await store.offer_pairing(code)
    assert await store.pair(1, "2345ABCDEFGH") is True
    assert await store.pair(2, CODE) is False


@pytest.mark.parametrize("typed", ["", "ABCD2345EFGX", CODE[:-1], "%"])
async def test_a_wrong_code_is_none_and_spends_nothing(store: SqlStore, typed: str) -> None:
    await store.offer_pairing(CODE)
    assert await store.pair(1, typed) is False
    assert await store.pair(1, CODE) is True


async def test_a_code_lasts_a_day(store: SqlStore, clock: Clock) -> None:
    await store.offer_pairing(CODE)
    clock.later(hours=23, minutes=59)
    assert await store.pair(1, CODE) is True
    await store.offer_pairing(CODE)
    clock.later(days=1)
    assert await store.pair(2, CODE) is False
    await store.offer_pairing(CODE)  # what has run out is in nobody's way
    assert await store.pair(1, CODE) is True
    assert await store.owner_chats() == {1}


# a pause


async def test_in_a_pause_each_chat_is_told_once_and_then_passed_over(store: SqlStore, clock: Clock) -> None:
    await store.set_paused(paused=True)
    for number, chat_id in ((1, 1), (2, 2)):
        await store.accept([incoming(number, chat_id=chat_id)])
        turn = await take_turn(store, chat_id)
        assert turn.paused == "tell"
        delivery = await store.answered(turn, Answer("отдыхаю", kind="service"))
        assert await store.next_step(chat_id, "worker", Limits(), (delivery.id, (1,))) is None
    clock.later(minutes=1)
    await store.accept([incoming(3, "вы там?")])
    turn = await take_turn(store)
    assert turn.paused == "silent"
    await store.passed(turn)
    assert await store.next_step(1, "worker", Limits()) is None
    assert (await store.vitals()).inbox.waiting == 0


async def test_after_a_pause_customers_are_answered_and_what_they_wrote_is_remembered(
    store: SqlStore, clock: Clock
) -> None:
    await store.set_paused(paused=True)
    since = clock.now
    clock.later(minutes=1)
    await store.set_paused(paused=True)  # a second time changes nothing
    assert await store.paused_at() == since
    await store.accept([incoming(1, "вы там?")])
    await store.passed(await take_turn(store))
    assert await store.next_step(1, "worker", Limits()) is None
    await store.set_paused(paused=False)
    await store.accept([incoming(2, "ау")])
    turn = await take_turn(store)
    assert turn.paused is None
    assert turn.conversation is None  # the provider did not hear of the pause
    assert [m.text for m in await store.transcript(1, turn.messages[0].id)] == ["вы там?"]


async def test_a_new_pause_is_told_anew(store: SqlStore, clock: Clock) -> None:
    for number in (1, 2):
        await store.set_paused(paused=True)
        await store.accept([incoming(number)])
        turn = await take_turn(store)
        assert turn.paused == "tell"
        await store.delivered((await store.answered(turn, Answer("отдыхаю", kind="service"))).id, (1,))
        assert await store.next_step(1, "worker", Limits()) is None
        await store.set_paused(paused=False)
        clock.later(minutes=1)


# the state of things


async def test_the_queues_are_counted_with_their_age(store: SqlStore, clock: Clock) -> None:
    empty = await store.vitals()
    assert (empty.inbox.waiting, empty.answers.waiting, empty.mails.waiting) == (0, 0, 0)
    assert (empty.inbox.age(clock.now), empty.last_report, empty.paused_at) == (0.0, None, None)
    await store.accept([incoming(1), incoming(2, chat_id=2)])
    await take_turn(store)
    await store.save_lead(1, "worker", contact(), 0)
    clock.later(seconds=30)
    await store.answered(await take_turn(store), Answer("Да"))
    clock.later(seconds=10)
    found = await store.vitals()
    assert (found.inbox.waiting, found.inbox.age(clock.now)) == (1, 40)
    assert (found.answers.waiting, found.answers.age(clock.now)) == (1, 10)
    assert found.mails.waiting == 1


# consent


async def tell(store: SqlStore, version: str) -> int:
    return (await store.tell(1, "worker", Answer("Согласие", kind="service", consent=version))).id


async def test_a_lead_says_which_text_was_shown_and_when(store: SqlStore, clock: Clock) -> None:
    await store.accept([incoming(1)])
    assert (await take_turn(store)).chat.consent is None
    row = await tell(store, "v1")
    clock.later(seconds=3)
    await store.delivered(row, (7,))
    clock.later(minutes=2)
    saved = await store.save_lead(1, "worker", contact(), 0)
    assert (saved.lead.consent, saved.lead.consent_at) == ("v1", MORNING + timedelta(seconds=3))
    assert (await take_turn(store)).chat.consent == "v1"


async def test_a_text_that_did_not_arrive_was_not_shown(store: SqlStore) -> None:
    await store.accept([incoming(1)])
    turn = await take_turn(store)
    row = await tell(store, "v1")
    assert (await store.save_lead(1, "worker", contact(), 0)).lead.consent is None
    await store.refused(row, "message is too long", blocked=False)
    await store.answered(turn, Answer("Да"))
    await store.accept([incoming(2)])
    await store.delivered(row + 2, (1,))
    assert (await take_turn(store)).chat.consent is None


async def test_a_newer_text_is_noted_with_the_lead_even_if_the_contact_is_the_same(store: SqlStore) -> None:
    await store.accept([incoming(1)])
    await take_turn(store)
    for version in ("v1", "v2"):
        await store.delivered(await tell(store, version), (7,))
        saved = await store.save_lead(1, "worker", contact(), 0)
        assert saved.lead.consent == version
    assert (saved.change, saved.lead.revision) == ("unchanged", 1)
    await store.delivered(await tell(store, "v3"), (8,))
    saved = await store.save_lead(1, "worker", contact(order="Стол"), 0)
    assert (saved.change, saved.lead.consent) == ("updated", "v3")


async def test_a_text_shown_with_an_answer_counts_once_that_has_arrived(store: SqlStore) -> None:
    await converse(store, 1)
    await store.accept([incoming(2)])
    turn = await take_turn(store)
    delivery = await store.answered(turn, Answer("Ваш телефон?\n\nСогласие", consent="v1"))
    await store.accept([incoming(3)])
    after = await store.next_step(1, "worker", Limits(), (delivery.id, (1,)))
    assert after is not None
    assert after.chat.consent == "v1"  # type: ignore[union-attr]
