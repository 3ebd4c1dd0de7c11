"""A group that becomes a supergroup: everything of it goes along, whatever was going on."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from sovetnik.core.errors import Fenced
from sovetnik.core.model import Answer, Command, Delivery, Incoming, Limits
from sovetnik.storage import SqlStore
from tests.storage.samples import MORNING, Clock, answer_turn, contact, converse, incoming, take_turn, texts

OLD, NEW = -100, -1_000_000_000_100


def moved(update_id: int) -> Incoming:
    return incoming(update_id, str(NEW), OLD, kind="migrated")


async def leads(store: SqlStore) -> list[tuple[int, str]]:
    return [(chat.id, lead.contact.name) async for lead, chat in store.leads()]


async def test_the_dialogue_the_lead_and_the_memory_go_along(store: SqlStore) -> None:
    await converse(store, 1, "раз", "ответ", OLD)
    await store.accept([incoming(2, "два", OLD)])
    await take_turn(store, OLD)
    await store.save_lead(OLD, "worker", contact(), 0)
    delivery = await answer_turn(store, "да", OLD)
    await store.next_step(OLD, "worker", Limits(), (delivery.id, (2,)))
    assert await store.accept([moved(3)]) == set()
    assert await store.accept([incoming(4, "три", NEW)]) == {NEW}
    turn = await take_turn(store, NEW)
    assert turn.lead is not None
    assert [m.text for m in await store.transcript(NEW, turn.messages[0].id)] == ["раз", "ответ", "два", "да"]
    assert [row.chat.id async for row in store.export(None, None)] == [NEW] * 5
    assert await leads(store) == [(NEW, "Анна")]


async def test_a_group_that_never_wrote_leaves_nothing(store: SqlStore) -> None:
    assert await store.accept([moved(1)]) == set()
    assert await store.next_step(NEW, "worker", Limits()) is None
    report = await store.open_report(date(2026, 11, 22))
    assert (report.new_customers, report.dialogues) == (0, ())


async def test_a_turn_in_work_is_fenced_off_and_done_again_in_the_new_chat(store: SqlStore) -> None:
    await store.accept([incoming(1, "вопрос", OLD)])
    turn = await take_turn(store, OLD)
    await store.accept([incoming(2, "ещё", OLD)])  # not begun yet
    assert await store.accept([moved(3)]) == {NEW}
    with pytest.raises(Fenced):
        await store.answered(turn, Answer("поздно"))
    again = await take_turn(store, NEW, "other")
    assert [(m.chat_id, m.text) for m in again.messages] == [(NEW, "вопрос"), (NEW, "ещё")]
    await store.answered(again, Answer("да"))
    assert await texts(store) == ["вопрос", "ещё", "да"]
    (dialogue,) = (await store.open_report(date(2026, 11, 22))).dialogues
    assert dialogue.chat.id == NEW


async def test_a_waiting_command_is_answered_in_the_new_chat(store: SqlStore) -> None:
    await store.accept([incoming(1, "", OLD, kind="help")])
    assert await store.accept([moved(2)]) == {NEW}
    step = await store.next_step(NEW, "worker", Limits())
    assert isinstance(step, Command)
    assert step.incoming.chat_id == NEW
    assert await store.commanded(NEW, "worker", 1, Answer("помощь", kind="service"), fresh=False)
    assert [row.chat.id async for row in store.export(None, None)] == [NEW, NEW]


async def test_a_stored_answer_is_sent_to_the_new_chat(store: SqlStore) -> None:
    await store.accept([incoming(1, "вопрос", OLD)])
    await answer_turn(store, "да", OLD)
    assert await store.accept([moved(2)]) == {NEW}
    assert await store.next_step(OLD, "worker", Limits()) is None
    step = await store.next_step(NEW, "other", Limits())
    assert isinstance(step, Delivery)
    assert (step.chat_id, step.text) == (NEW, "да")


async def test_a_new_chat_that_is_known_already_gets_the_old_ones_past(store: SqlStore, clock: Clock) -> None:
    await converse(store, 1, "было", "да", OLD)
    clock.later(seconds=5)
    await store.accept([incoming(2, "стало", NEW)])
    turn = await take_turn(store, NEW)
    await store.opened(NEW, "worker", "conv_new")
    await store.accept([incoming(3, "ждёт", OLD)])
    assert await store.accept([moved(4)]) == set()  # somebody works in the new chat already
    delivery = await store.answered(turn, Answer("ага"))
    after = await store.next_step(NEW, "worker", Limits(), (delivery.id, (5,)))
    assert after is not None
    assert [m.text for m in after.messages] == ["ждёт"]  # type: ignore[union-attr]
    assert after.conversation is None  # type: ignore[union-attr] # that one knows nothing of the old chat
    assert [m.text for m in await store.transcript(NEW, 100)][:2] == ["было", "да"]
    assert after.chat.created_at == MORNING  # type: ignore[union-attr]


async def test_what_either_chat_forgot_stays_forgotten(store: SqlStore) -> None:
    await converse(store, 1, "забыто", "да", OLD)
    await store.accept([incoming(2, "", OLD, kind="new")])
    await store.next_step(OLD, "worker", Limits())
    fresh = await store.commanded(OLD, "worker", 2, Answer("сначала", kind="service"), fresh=True)
    assert fresh is not None
    await store.next_step(OLD, "worker", Limits(), (fresh.id, (1,)))
    await converse(store, 3, "помнится", "да", NEW)
    await store.accept([moved(4)])
    assert [m.text for m in await store.transcript(NEW, 100)] == ["помнится", "да"]


async def test_leads_on_both_sides_become_the_newer_one(store: SqlStore, clock: Clock) -> None:
    for number, (chat_id, name) in enumerate([(OLD, "Анна"), (NEW, "Мария")], start=1):
        await store.accept([incoming(number, chat_id=chat_id)])
        await take_turn(store, chat_id)
        await store.save_lead(chat_id, "worker", contact(name=name), 0)
    await store.accept([moved(3)])
    assert await leads(store) == [(NEW, "Мария")]
    for mail in await store.due_mails(10):  # the mails of a lead that is gone find none
        await store.lead_dossier(mail.ref)
    report = await store.open_report(MORNING.date() + timedelta(days=1))
    assert {dialogue.chat.id for dialogue in report.dialogues} == {NEW}


async def test_the_news_of_a_move_comes_twice(store: SqlStore) -> None:
    await converse(store, 1, chat_id=OLD)
    await store.accept([moved(2), moved(2)])
    assert await store.accept([moved(3)]) == set()
    assert await store.accept([incoming(4, chat_id=NEW)]) == {NEW}
