"""Accepting updates, taking steps, answering: what a customer gets, and in which order."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sovetnik.core.errors import Fenced
from sovetnik.core.model import Answer, Command, Delivery, Limits, Passage, Turn, Usage, Wait
from sovetnik.storage import SqlStore, batches
from tests.storage.samples import (
    MORNING,
    Clock,
    answer_turn,
    contact,
    converse,
    incoming,
    take_turn,
    texts,
)

# accepting


async def test_the_same_update_twice_is_one_question(store: SqlStore) -> None:
    assert await store.accept([incoming(1, "Есть доставка?")]) == {1}
    assert await store.accept([incoming(1, "Есть доставка?")]) == set()
    turn = await take_turn(store)
    assert [message.text for message in turn.messages] == ["Есть доставка?"]


async def test_the_same_update_twice_in_one_batch_is_one_question(store: SqlStore) -> None:
    assert await store.accept([incoming(1, "Да"), incoming(1, "Да")]) == {1}
    assert len((await take_turn(store)).messages) == 1


async def test_an_update_that_comes_again_after_its_answer_is_not_answered_again(store: SqlStore) -> None:
    await converse(store, 1)
    assert await store.accept([incoming(1)]) == set()
    assert await store.next_step(1, "other", Limits()) is None
    assert len(await texts(store)) == 2


async def test_a_chat_is_woken_once_until_it_is_idle_again(store: SqlStore) -> None:
    assert await store.accept([incoming(1)]) == {1}
    assert await store.accept([incoming(2)]) == set()
    await take_turn(store)
    assert await store.accept([incoming(3)]) == set()
    delivery = await answer_turn(store)
    assert await store.next_step(1, "worker", Limits(), (delivery.id, (1,))) is None
    assert await store.accept([incoming(4)]) == {1}


async def test_a_batch_wakes_every_chat_in_it(store: SqlStore) -> None:
    assert await store.accept(
        [incoming(1, chat_id=10), incoming(2, chat_id=20), incoming(3, chat_id=10)]
    ) == {
        10,
        20,
    }


async def test_blocking_and_unblocking_the_bot_wakes_nobody(store: SqlStore) -> None:
    updates = [incoming(1, "", kind="blocked"), incoming(2, "", kind="unblocked")]
    assert await store.accept(updates) == set()
    assert await store.recover() == []
    assert await texts(store) == []


async def test_the_customers_new_name_is_known_in_the_next_turn(store: SqlStore) -> None:
    await converse(store, 1)
    await store.accept([incoming(2, name="Анна Петрова", username="anna")])
    chat = (await take_turn(store)).chat
    assert (chat.name, chat.username) == ("Анна Петрова", "anna")


# the order of steps


async def test_waiting_messages_are_one_turn_in_the_order_telegram_numbered_them(store: SqlStore) -> None:
    await store.accept([incoming(3, "три"), incoming(1, "раз"), incoming(2, "два")])
    turn = await take_turn(store)
    assert [message.text for message in turn.messages] == ["раз", "два", "три"]
    assert turn.updates == (1, 2, 3)


async def test_a_message_that_is_received_late_still_stands_in_its_place(
    store: SqlStore, clock: Clock
) -> None:
    await store.accept([incoming(2, "два")])
    clock.later(seconds=1)
    await store.accept([incoming(1, "раз")])
    assert [message.text for message in (await take_turn(store)).messages] == ["раз", "два"]


async def test_a_command_splits_the_messages_around_it(store: SqlStore) -> None:
    await store.accept([incoming(1, "раз"), incoming(2, "", kind="new"), incoming(3, "два")])
    first = await take_turn(store)
    assert [message.text for message in first.messages] == ["раз"]
    delivery = await store.answered(first, Answer("ответ"))
    command = await store.next_step(1, "worker", Limits(), (delivery.id, (1,)))
    assert isinstance(command, Command)
    assert command.incoming.kind == "new"
    again = await store.commanded(1, "worker", 2, Answer("сначала", kind="service"), fresh=True)
    assert again is not None
    last = await store.next_step(1, "worker", Limits(), (again.id, (2,)))
    assert isinstance(last, Turn)
    assert [message.text for message in last.messages] == ["два"]


async def test_an_undelivered_answer_comes_before_the_next_turn(store: SqlStore) -> None:
    await store.accept([incoming(1)])
    delivery = await answer_turn(store, "первый ответ")
    await store.accept([incoming(2)])
    step = await store.next_step(1, "worker", Limits())
    assert step == delivery


async def test_a_postponed_answer_is_waited_for_and_the_next_turn_waits_with_it(
    store: SqlStore, clock: Clock
) -> None:
    await store.accept([incoming(1)])
    delivery = await answer_turn(store)
    await store.postponed(delivery.id, 149, "Telegram asks to slow down")
    await store.accept([incoming(2)])
    assert await store.next_step(1, "worker", Limits()) == Wait(149)
    clock.later(seconds=150)
    step = await store.next_step(1, "worker", Limits())
    assert isinstance(step, Delivery)
    assert (step.id, step.attempts) == (delivery.id, 1)


async def test_the_answer_waits_for_another_message_but_not_for_ever(store: SqlStore, clock: Clock) -> None:
    await store.accept([incoming(1)])
    step = await store.next_step(1, "worker", Limits(join=2))
    assert step == Wait(2)
    for number in range(2, 20):
        clock.later(seconds=1)
        await store.accept([incoming(number)])
        step = await store.next_step(1, "worker", Limits(join=2))
        if isinstance(step, Turn):
            break
        assert isinstance(step, Wait)
    assert isinstance(step, Turn)
    assert clock.now - MORNING == timedelta(seconds=batches.MAX_JOIN)


async def test_a_message_before_a_command_does_not_wait_for_more(store: SqlStore) -> None:
    await store.accept([incoming(1), incoming(2, "", kind="new")])
    assert isinstance(await store.next_step(1, "worker", Limits(join=30)), Turn)


async def test_a_flood_is_answered_in_batches_and_nothing_of_it_is_left_out(store: SqlStore) -> None:
    count = batches.MAX_BATCH + 5
    await store.accept([incoming(n, f"вопрос {n}") for n in range(count)])
    first = await take_turn(store)
    delivery = await store.answered(first, Answer("Да"))
    second = await store.next_step(1, "worker", Limits(), (delivery.id, (1,)))
    assert isinstance(second, Turn)
    said = [message.text for message in (*first.messages, *second.messages)]
    assert said == [f"вопрос {n}" for n in range(count)]


async def test_taking_a_turn_again_stores_its_messages_once(store: SqlStore) -> None:
    await store.accept([incoming(1, "раз")])
    first = await take_turn(store)
    second = await take_turn(store)
    assert [m.id for m in first.messages] == [m.id for m in second.messages]
    assert await texts(store) == ["раз"]


async def test_chats_do_not_see_each_other(store: SqlStore) -> None:
    await store.accept([incoming(1, "моё", chat_id=10), incoming(2, "чужое", chat_id=20)])
    turn = await take_turn(store, 10, "a")
    await store.save_lead(10, "a", contact(), 0)
    await store.answered(turn, Answer("вам"))
    other = await take_turn(store, 20, "b")
    assert [m.text for m in other.messages] == ["чужое"]
    assert other.lead is None
    assert await store.transcript(20, other.messages[0].id) == []


async def test_nobody_works_in_a_chat_that_was_not_woken(store: SqlStore) -> None:
    assert await store.next_step(404, "worker", Limits()) is None
    await converse(store, 1)
    assert await store.next_step(1, "other", Limits()) is None


# fencing


async def test_a_second_worker_gets_nothing_while_the_first_owns_the_chat(store: SqlStore) -> None:
    await store.accept([incoming(1)])
    await take_turn(store, token="first")
    assert await store.next_step(1, "second", Limits()) is None
    assert isinstance(await store.next_step(1, "first", Limits()), Turn)


async def test_a_worker_that_lost_its_chat_writes_nothing(store: SqlStore) -> None:
    await store.accept([incoming(1, "раз"), incoming(2, "", chat_id=1, kind="new")])
    turn = await take_turn(store, token="zombie")
    await store.recover()
    await take_turn(store, token="successor")
    with pytest.raises(Fenced):
        await store.answered(turn, Answer("поздно"))
    with pytest.raises(Fenced):
        await store.opened(1, "zombie", "conv_zombie")
    with pytest.raises(Fenced):
        await store.save_lead(1, "zombie", contact(), 0)
    with pytest.raises(Fenced):
        await store.commanded(1, "zombie", 2, Answer("поздно"), fresh=True)
    assert await texts(store) == ["раз"]
    assert await store.due_mails(10) == []
    assert [lead async for lead in store.leads()] == []


async def test_what_a_dead_worker_delivered_is_noted_whoever_owns_the_chat_now(store: SqlStore) -> None:
    await store.accept([incoming(1)])
    delivery = await answer_turn(store, token="first")
    await store.recover()
    assert await store.next_step(1, "second", Limits()) == delivery
    assert await store.next_step(1, "first", Limits(), (delivery.id, (77,))) is None
    assert await store.next_step(1, "second", Limits()) is None


# after a crash


async def test_after_a_crash_the_same_messages_come_again_in_a_new_conversation(
    url: str, clock: Clock
) -> None:
    async with SqlStore.open(url, exclusive=True, clock=clock) as store:
        await store.accept([incoming(1, "раз"), incoming(2, "два"), incoming(3, chat_id=2)])
        before = await take_turn(store)
        await store.opened(1, "worker", "conv_half_used")
    async with SqlStore.open(url, exclusive=True, clock=clock) as store:
        assert await store.recover() == [1, 2]
        after = await take_turn(store, token="next life")
        assert [m.id for m in after.messages] == [m.id for m in before.messages]
        assert after.conversation is None
        await store.answered(after, Answer("Да"))
        assert await texts(store) == ["раз", "два", "Да"]


async def test_after_a_crash_a_stored_answer_is_sent_and_the_model_is_not_asked_again(
    url: str, clock: Clock
) -> None:
    async with SqlStore.open(url, exclusive=True, clock=clock) as store:
        await store.accept([incoming(1)])
        delivery = await answer_turn(store, "длинный ответ")
        await store.progressed(delivery.id, (501, 502))
    async with SqlStore.open(url, exclusive=True, clock=clock) as store:
        assert await store.recover() == [1]
        step = await store.next_step(1, "next life", Limits())
        assert isinstance(step, Delivery)
        assert (step.id, step.text, step.sent) == (delivery.id, "длинный ответ", (501, 502))
        assert await store.next_step(1, "next life", Limits(), (step.id, (501, 502, 503))) is None
        exported = [row.message async for row in store.export(None, None)]
        assert exported[-1].telegram_ids == (501, 502, 503)


async def test_recovery_wakes_the_chats_with_the_oldest_question_first(store: SqlStore) -> None:
    await store.accept([incoming(3, chat_id=30), incoming(1, chat_id=10), incoming(2, chat_id=20)])
    assert await store.recover() == [10, 20, 30]


async def test_recovery_leaves_idle_chats_alone(store: SqlStore) -> None:
    await converse(store, 1)
    assert await store.recover() == []
    assert await store.accept([incoming(2)]) == {1}


async def test_recovery_tries_held_up_mails_at_once(store: SqlStore) -> None:
    await store.accept([incoming(1)])
    await take_turn(store)
    await store.save_lead(1, "worker", contact(), 3600)
    assert await store.due_mails(10) == []
    await store.recover()
    assert [mail.kind for mail in await store.due_mails(10)] == ["lead"]


# answers


async def test_an_answer_keeps_what_it_cost_and_what_it_rests_on(store: SqlStore) -> None:
    usage = Usage("gpt-6-luna", 100, 60, 20, 1.5, 2)
    passages = (Passage("prices.md", "Кровати", "текст", 0.5),)
    await store.accept([incoming(1)])
    await answer_turn(store, usage=usage, passages=passages, unanswered="А в рассрочку?")
    stored = [row.message async for row in store.export(None, None)][-1]
    assert (stored.usage, stored.unanswered) == (usage, "А в рассрочку?")
    assert [(p.source, p.heading, p.score) for p in stored.passages] == [("prices.md", "Кровати", 0.5)]
    assert await store.tokens_since(MORNING) == 120
    assert await store.tokens_since(MORNING + timedelta(seconds=1)) == 0


async def test_a_refused_answer_is_not_tried_again(store: SqlStore) -> None:
    await store.accept([incoming(1)])
    delivery = await answer_turn(store)
    await store.refused(delivery.id, "bot was blocked by the user", blocked=True)
    assert await store.next_step(1, "worker", Limits()) is None
    assert await store.recover() == []


async def test_a_customer_who_comes_back_after_blocking_is_answered(store: SqlStore) -> None:
    await store.accept([incoming(1)])
    delivery = await answer_turn(store)
    await store.refused(delivery.id, "bot was blocked by the user", blocked=True)
    assert await store.next_step(1, "worker", Limits()) is None
    assert await store.accept([incoming(2)]) == {1}
    assert isinstance(await store.next_step(1, "other", Limits()), Turn)


# the provider's conversation


async def test_a_conversation_is_used_again_in_the_next_turn(store: SqlStore) -> None:
    await store.accept([incoming(1)])
    turn = await take_turn(store)
    assert turn.conversation is None
    await store.opened(1, "worker", "conv_1")
    delivery = await store.answered(turn, Answer("Да"))
    await store.accept([incoming(2)])
    step = await store.next_step(1, "worker", Limits(), (delivery.id, (1,)))
    assert isinstance(step, Turn)
    assert step.conversation == "conv_1"


async def test_a_newly_opened_conversation_replaces_the_one_before(store: SqlStore) -> None:
    await store.accept([incoming(1)])
    turn = await take_turn(store)
    await store.opened(1, "worker", "conv_1")
    await store.opened(1, "worker", "conv_2")
    delivery = await store.answered(turn, Answer("Да"))
    await store.accept([incoming(2)])
    step = await store.next_step(1, "worker", Limits(), (delivery.id, (1,)))
    assert isinstance(step, Turn)
    assert step.conversation == "conv_2"


@pytest.mark.parametrize("kind", ["error", "quote"])
async def test_a_conversation_that_does_not_know_the_answer_is_not_used_again(
    store: SqlStore, kind: str
) -> None:
    await store.accept([incoming(1)])
    turn = await take_turn(store)
    await store.opened(1, "worker", "conv_1")
    delivery = await store.answered(turn, Answer("Простите", kind=kind))
    await store.accept([incoming(2)])
    step = await store.next_step(1, "worker", Limits(), (delivery.id, (1,)))
    assert isinstance(step, Turn)
    assert step.conversation is None


# the transcript


async def test_the_transcript_is_the_conversation_before_the_turn(store: SqlStore) -> None:
    await converse(store, 1, "раз", "ответ на раз")
    await store.accept([incoming(2, "два")])
    turn = await take_turn(store)
    before = await store.transcript(1, turn.messages[0].id)
    assert [(m.role, m.text) for m in before] == [("customer", "раз"), ("assistant", "ответ на раз")]


async def test_new_makes_the_consultant_forget_what_was_before_and_the_owner_keeps_it(
    store: SqlStore,
) -> None:
    await converse(store, 1, "раз", "ответ на раз")
    await store.accept([incoming(2, "", kind="new"), incoming(3, "два")])
    assert isinstance(await store.next_step(1, "worker", Limits()), Command)
    delivery = await store.commanded(1, "worker", 2, Answer("Сначала", kind="service"), fresh=True)
    assert delivery is not None
    turn = await store.next_step(1, "worker", Limits(), (delivery.id, (1,)))
    assert isinstance(turn, Turn)
    assert await store.transcript(1, turn.messages[0].id) == []
    assert await texts(store) == ["раз", "ответ на раз", "/new", "Сначала", "два"]


async def test_our_own_texts_and_apologies_are_not_part_of_the_transcript(store: SqlStore) -> None:
    await store.accept([incoming(1, "instagram", kind="start")])
    await store.next_step(1, "worker", Limits())
    greeting = await store.commanded(1, "worker", 1, Answer("Привет", kind="service"), fresh=False)
    assert greeting is not None
    assert await store.next_step(1, "worker", Limits(), (greeting.id, (1,))) is None
    await store.accept([incoming(2, "раз")])
    apology = await answer_turn(store, "Простите, код ABC234", kind="error")
    await store.accept([incoming(3, "два")])
    turn = await store.next_step(1, "worker", Limits(), (apology.id, (1,)))
    assert isinstance(turn, Turn)
    assert [m.text for m in await store.transcript(1, turn.messages[0].id)] == ["раз"]


async def test_a_long_transcript_keeps_its_newest_part(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sovetnik.storage.reports.TRANSCRIPT_CHARACTERS", 10)
    for number in range(1, 5):
        await converse(store, number, f"п{number}", f"о{number}")
    kept = await store.transcript(1, 1_000)
    assert [m.text for m in kept] == ["о2", "п3", "о3", "п4", "о4"]


async def test_the_start_link_tells_where_the_customer_came_from(store: SqlStore) -> None:
    await store.accept([incoming(1, "instagram", kind="start"), incoming(2, "", kind="start")])
    await store.next_step(1, "worker", Limits())
    await store.commanded(1, "worker", 1, None, fresh=False)
    await store.next_step(1, "worker", Limits())
    await store.commanded(1, "worker", 2, None, fresh=False)
    rows = [row async for row in store.export(None, None)]
    assert [row.message.text for row in rows] == ["/start instagram", "/start"]
    assert rows[0].chat.source == "instagram"


async def test_the_chat_speaks_the_language_the_customer_writes(store: SqlStore) -> None:
    await store.accept([incoming(1, "How much is delivery?", language_code="ru")])
    turn = await take_turn(store)
    assert turn.chat.language == "en"
