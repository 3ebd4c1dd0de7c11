"""Erasing a customer: nothing of their words stays in the file, and the provider is told until it obeys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, func, select

from sovetnik.core.errors import Fenced
from sovetnik.core.model import Answer, Attachment, Delivery, Keyboard, Limits, Turn
from sovetnik.storage import SqlStore, tables
from tests import postgres
from tests.storage.samples import Clock, answer_turn, contact, converse, incoming, take_turn, texts

WORD = "Незабудка"
PHONE = "+79991234567"
MARKS = (WORD, PHONE[1:], "anna_marker", "Zabudkina")


def traces(url: str) -> list[str]:
    """Which of the customer's marks stand anywhere in the database's files, in whatever spelling.

    PostgreSQL's files are its own business: there every row of every table is looked at.
    """
    if url.startswith("postgresql:"):
        return traces_in(postgres.everything(url).encode())
    path = Path(url.removeprefix("sqlite:///"))
    raw = b"".join(p.read_bytes() for p in path.parent.glob(f"{path.name}*"))
    return traces_in(raw)


def traces_in(raw: bytes) -> list[str]:
    escaped = WORD.encode("unicode_escape").replace(b"\\x", b"\\u00")  # as JSON writes it
    return [mark for mark in MARKS if mark.encode() in raw] + [WORD for _ in range(escaped in raw)]


async def live(store: SqlStore) -> None:
    """A life with words in every table and every column that takes them."""
    person = {"name": "Zabudkina", "username": "anna_marker"}
    await store.accept([incoming(1, f"{WORD}-start", kind="start", **person)])
    await store.next_step(1, "worker", Limits())
    greeting = await store.commanded(1, "worker", 1, Answer(WORD, kind="service"), fresh=False)
    assert greeting is not None
    await store.next_step(1, "worker", Limits(), (greeting.id, (1,)))
    document = Attachment("document", f"id-{WORD}", name=f"{WORD}.pdf")
    await store.accept([incoming(2, WORD, note=WORD, attachments=(document,), **person)])
    turn = await take_turn(store)
    await store.heard(replace(turn.messages[0], note=WORD * 3000))
    await store.opened(1, "worker", "conv_1")
    await store.save_lead(1, "worker", contact(name=WORD, phone=PHONE, fields={"city": WORD}), 0)
    answer = await store.answered(turn, Answer(WORD, unanswered=WORD, keyboard=Keyboard("phone")))
    await store.next_step(1, "worker", Limits(), (answer.id, (2,)))
    await store.accept([incoming(3, WORD, kind="edited", message_id=1002, **person)])
    await store.accept([incoming(4, WORD, kind="forget", **person)])
    await store.next_step(1, "worker", Limits())
    asked = await store.commanded(1, "worker", 4, Answer(f"{WORD}?", kind="service"), fresh=False)
    assert asked is not None
    assert await store.next_step(1, "worker", Limits(), (asked.id, (3,))) is None
    await store.accept([incoming(5, "forget:yes", kind="press", **person)])
    await store.next_step(1, "worker", Limits())


async def test_nothing_of_an_erased_customer_stays_in_the_file(store: SqlStore, url: str) -> None:
    await converse(store, 100, "чужой вопрос", chat_id=2)
    await live(store)
    assert set(traces(url)) == set(MARKS)
    delivery = await store.forget(1, "worker", Answer("Стёрто", kind="service"))
    assert traces(url) == []
    assert await texts(store) == ["чужой вопрос", "Да", "Стёрто"]
    assert await store.due_mails(10) == []
    assert [found async for found in store.leads()] == []
    assert await store.next_step(1, "worker", Limits(), (delivery.id, (9,))) is None


async def test_an_erased_customer_starts_from_nothing(store: SqlStore) -> None:
    await live(store)
    delivery = await store.forget(1, "worker", Answer("Стёрто", kind="service", keyboard=Keyboard("remove")))
    assert await store.next_step(1, "worker", Limits(), (delivery.id, (9,))) is None
    assert await store.accept([incoming(n) for n in (1, 2, 3, 4, 5)]) == set()  # Telegram repeats itself
    assert await store.accept([incoming(6, "снова")]) == {1}
    turn = await take_turn(store)
    assert (turn.conversation, turn.lead, turn.chat.source, turn.chat.consent) == (None, None, None, None)
    assert (turn.chat.language, turn.chat.keyboard) == ("ru", False)
    assert await store.transcript(1, turn.messages[0].id) == []


async def test_what_a_customer_writes_after_the_press_is_answered(store: SqlStore) -> None:
    await live(store)
    await store.accept([incoming(6, "а доставка?"), incoming(7, "forget:yes", kind="press")])
    delivery = await store.forget(1, "worker", Answer("Стёрто", kind="service"))
    turn = await store.next_step(1, "worker", Limits(), (delivery.id, (9,)))
    assert isinstance(turn, Turn)
    assert [m.text for m in turn.messages] == ["а доставка?"]
    answer = await store.answered(turn, Answer("Да"))
    assert await store.next_step(1, "worker", Limits(), (answer.id, (10,))) is None


async def test_a_customer_erased_by_the_owner_leaves_no_row(store: SqlStore, url: str) -> None:
    await live(store)
    assert await store.forget_wholly(1) is True
    assert traces(url) == []
    assert await store.forget_wholly(1) is False
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        for table in (tables.chats, tables.messages, tables.leads, tables.conversations):
            assert connection.execute(select(func.count()).select_from(table)).scalar() == 0
    engine.dispose()


async def test_a_turn_in_work_while_its_customer_is_erased_writes_nothing(url: str, clock: Clock) -> None:
    async with SqlStore.open(url, exclusive=True, clock=clock) as bot:
        await bot.accept([incoming(1, WORD)])
        turn = await take_turn(bot)
        async with SqlStore.open(url, exclusive=False, clock=clock) as shell:
            assert await shell.forget_wholly(1)
        with pytest.raises(Fenced):
            await bot.save_lead(1, "worker", contact(name=WORD), 0)
        with pytest.raises(Fenced):
            await bot.answered(turn, Answer(WORD))
        with pytest.raises(Fenced):
            await bot.opened(1, "worker", "conv_9")
        with pytest.raises(Fenced):
            await bot.tell(1, "worker", Answer(WORD))
        await bot.heard(turn.messages[0])
        await bot.previewed(1, 7)
        assert await bot.next_step(1, "worker", Limits()) is None
        assert await texts(bot) == []


async def test_an_answer_on_its_way_while_its_customer_is_erased_is_no_trouble(store: SqlStore) -> None:
    await store.accept([incoming(1)])
    delivery = await answer_turn(store)
    await store.forget_wholly(1)
    await store.progressed(delivery.id, (1,))
    await store.postponed(delivery.id, 1, "429")
    await store.refused(delivery.id, "blocked", blocked=True)
    assert await store.next_step(1, "worker", Limits(), (delivery.id, (1, 2))) is None


async def test_the_provider_is_asked_until_it_has_erased_everything(store: SqlStore, clock: Clock) -> None:
    for number, conversation in enumerate(("conv_1", "conv_2", "conv_3"), start=1):
        await store.accept([incoming(number)])
        turn = await take_turn(store)
        await store.opened(1, "worker", conversation)
        await store.answered(turn, Answer("Да", kind="quote"))
        await store.delivered(number, (1,))
    await store.forget_wholly(1)
    due = await store.due_erasures(2)
    assert [(e.conversation, e.attempts) for e in due] == [("conv_1", 0), ("conv_2", 0)]
    await store.erased(due[0].id)
    await store.erasure_postponed(due[1].id, 30, "HTTP 500")
    assert [e.conversation for e in await store.due_erasures(9)] == ["conv_3"]
    clock.later(seconds=31)
    assert sorted((e.conversation, e.attempts) for e in await store.due_erasures(9)) == [
        ("conv_2", 1),
        ("conv_3", 0),
    ]
    await store.erasure_postponed(due[1].id, 6000, "HTTP 500")
    await store.recover()  # a start may have mended it
    assert len(await store.due_erasures(9)) == 2
    assert await store.due_mails(9) == []
    assert await store.next_mail_at() is None


async def test_erasing_the_same_customer_again_asks_for_no_conversation_twice(store: SqlStore) -> None:
    for number in (1, 2):
        await store.accept([incoming(number)])
        turn = await take_turn(store)
        await store.opened(1, "worker", "conv_1")  # a gateway that gives the same id again
        await store.answered(turn, Answer("Да"))
        await store.forget_wholly(1)
    assert [e.conversation for e in await store.due_erasures(9)] == ["conv_1"]


async def test_an_erased_chats_delivery_is_still_sent_after_a_restart(store: SqlStore) -> None:
    await live(store)
    await store.forget(1, "worker", Answer("Стёрто", kind="service"))
    assert await store.recover() == [1]
    step = await store.next_step(1, "next life", Limits())
    assert isinstance(step, Delivery)
    assert step.text == "Стёрто"


async def test_a_life_is_the_same_when_every_write_is_rolled_back_once(
    store: SqlStore, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer does a whole batch again when one of its units fails."""
    write = SqlStore._write

    async def twice(self: SqlStore, unit: Callable[[Connection], Any]) -> Any:
        def again(connection: Connection) -> Any:
            with connection.begin_nested() as first:
                unit(connection)
                first.rollback()
            return unit(connection)

        return await write(self, again)

    monkeypatch.setattr(SqlStore, "_write", twice)
    await live(store)
    assert len(await texts(store)) == 6
    delivery = await store.forget(1, "worker", Answer("Стёрто", kind="service"))
    assert traces(url) == []
    assert await texts(store) == ["Стёрто"]
    assert [e.conversation for e in await store.due_erasures(9)] == ["conv_1"]
    assert await store.next_step(1, "worker", Limits(), (delivery.id, (9,))) is None
    await store.set_paused(paused=True)
    await store.offer_pairing("ABCD2345EFGH")
    assert await store.pair(1, "ABCD2345EFGH")
    await store.accept([incoming(50, chat_id=-5), incoming(51, "-500", -5, kind="migrated")])
    assert (await take_turn(store, -500)).paused == "tell"
