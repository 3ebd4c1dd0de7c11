"""Old dialogues in the database: in the export and in the memory, in their order, once, and in no report."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from sovetnik.core.model import Answer, Limits
from sovetnik.storage import SqlStore
from sovetnik.storage.importing import OldDialogue, OldMessage, import_dialogues
from tests.storage.samples import Clock, answer_turn, converse, database, incoming, take_turn, texts

LONG_AGO = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def store(tmp_path: Path, clock: Clock) -> AsyncGenerator[SqlStore]:
    async with SqlStore.open(database(tmp_path), exclusive=True, clock=clock) as opened:
        yield opened


def dialogue(*said: str, chat_id: int = 1, since: datetime = LONG_AGO) -> OldDialogue:
    messages = [
        OldMessage(
            f"msg_{since:%d}_{n}", "assistant" if n % 2 else "customer", text, since + timedelta(minutes=n)
        )
        for n, text in enumerate(said)
    ]
    return OldDialogue(chat_id, tuple(messages), "Анна", "anna")


async def test_it_is_in_the_export_with_its_times_and_its_person(store: SqlStore) -> None:
    assert await import_dialogues(store, [dialogue("Есть кровати?", "Да, шесть моделей.")]) == 2
    rows = [row async for row in store.export(None, None)]
    assert [(r.message.role, r.message.text, r.message.created_at) for r in rows] == [
        ("customer", "Есть кровати?", LONG_AGO),
        ("assistant", "Да, шесть моделей.", LONG_AGO + timedelta(minutes=1)),
    ]
    chat = rows[0].chat
    assert (chat.name, chat.username, chat.language, chat.created_at) == ("Анна", "anna", "ru", LONG_AGO)


async def test_the_next_turn_remembers_it(store: SqlStore) -> None:
    await import_dialogues(store, [dialogue("Есть кровати?", "Да.")])
    await store.accept([incoming(1, "А матрасы?")])
    turn = await take_turn(store)
    remembered = await store.transcript(1, turn.messages[0].id)
    assert [message.text for message in remembered] == ["Есть кровати?", "Да."]


async def test_a_second_import_adds_only_what_is_new(store: SqlStore) -> None:
    await import_dialogues(store, [dialogue("раз", "два")])
    assert await import_dialogues(store, [dialogue("раз", "два")]) == 0
    assert await import_dialogues(store, [dialogue("раз", "два", "три")]) == 1
    assert await texts(store) == ["раз", "два", "три"]


async def test_no_report_shows_it_or_counts_its_customers(store: SqlStore, clock: Clock) -> None:
    await store.first_window(date(2026, 11, 21))
    await import_dialogues(store, [dialogue("раз", "два", chat_id=7)])
    await converse(store, 1, "сегодня", "да")
    clock.later(hours=1)
    shown = await store.open_report(date(2026, 11, 22))
    assert await store.claim_report(date(2026, 11, 22), clock.now)
    report = await store.report(2)
    assert report is not None
    for found in (shown, report):
        assert [[m.text for m in d.messages] for d in found.dialogues] == [["сегодня", "да"]]
        assert found.new_customers == 1


async def test_what_was_said_here_already_stays_behind_it(store: SqlStore) -> None:
    await converse(store, 1, "новое", "да")
    await import_dialogues(store, [dialogue("старое", "да-да")])
    await import_dialogues(store, [dialogue("ещё старше", "м?", since=LONG_AGO - timedelta(days=9))])
    assert await texts(store) == ["ещё старше", "м?", "старое", "да-да", "новое", "да"]
    await store.accept([incoming(2, "дальше")])
    turn = await take_turn(store)
    remembered = await store.transcript(1, turn.messages[0].id)
    assert [m.text for m in remembered] == ["ещё старше", "м?", "старое", "да-да", "новое", "да"]


async def test_an_answer_that_waits_to_be_sent_is_still_sent(store: SqlStore) -> None:
    await store.accept([incoming(1, "новое")])
    await answer_turn(store, "ответ")
    await import_dialogues(store, [dialogue("старое", "да")])
    delivery = await store.next_step(1, "worker", Limits())
    assert (delivery.text, delivery.chat_id) == ("ответ", 1)  # type: ignore[union-attr]
    assert await store.next_step(1, "worker", Limits(), (delivery.id, (77,))) is None  # type: ignore[union-attr]
    sent = [row.message async for row in store.export(None, None) if row.message.telegram_ids == (77,)]
    assert [message.text for message in sent] == ["ответ"]


async def test_a_conversation_at_the_provider_begins_anew_with_it(store: SqlStore) -> None:
    await store.accept([incoming(1, "новое")])
    turn = await take_turn(store)
    await store.opened(1, turn.token, "conv_1")
    delivery = await store.answered(turn, Answer("да"))
    await store.next_step(1, turn.token, Limits(), (delivery.id, (1,)))
    await import_dialogues(store, [dialogue("старое", "да")])
    await store.accept([incoming(2, "дальше")])
    assert (await take_turn(store)).conversation is None


async def test_a_customer_who_asked_to_start_afresh_is_not_reminded(store: SqlStore) -> None:
    await converse(store, 1, "забытое", "да")
    await store.accept([incoming(2, "", kind="new")])
    step = await store.next_step(1, "worker", Limits())
    assert step is not None
    delivery = await store.commanded(1, "worker", 2, Answer("Начнём сначала", kind="service"), fresh=True)
    assert delivery is not None
    await store.next_step(1, "worker", Limits(), (delivery.id, (5,)))
    await import_dialogues(store, [dialogue("старое", "да")])
    await converse(store, 3, "новое", "ага")
    await store.accept([incoming(4, "дальше")])
    turn = await take_turn(store)
    assert [m.text for m in await store.transcript(1, turn.messages[0].id)] == ["новое", "ага"]


async def test_an_erased_customer_leaves_nothing_of_it(store: SqlStore) -> None:
    await import_dialogues(store, [dialogue("раз", "два")])
    assert await store.forget_wholly(1)
    assert await texts(store) == []


async def test_the_days_of_old_dialogues_can_still_be_asked_for(store: SqlStore) -> None:
    await import_dialogues(store, [dialogue("раз", "два")])
    rows = [row async for row in store.export(LONG_AGO, LONG_AGO + timedelta(seconds=30))]
    assert [row.message.text for row in rows] == ["раз"]
