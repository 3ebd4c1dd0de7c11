"""Edited messages and albums: what is replaced, what waits, and what goes together."""

from __future__ import annotations

from dataclasses import replace

from sovetnik.core.model import Answer, Attachment, Command, Incoming, Limits, Turn, Wait
from sovetnik.storage import SqlStore, batches
from tests.storage.samples import Clock, answer_turn, converse, incoming, take_turn, texts

CORRECTED = "[the customer corrected an earlier message; it now reads:]"
PHOTO = (Attachment("photo", "file-1", mime="image/jpeg"),)


def edit(update_id: int, of: int, text: str) -> Incoming:
    """An edit of the message that came with update ``of``."""
    return incoming(update_id, text, kind="edited", message_id=of + 1000, note=CORRECTED)


async def said(store: SqlStore) -> list[str]:
    return [message.text for message in (await take_turn(store)).messages]


async def rest(store: SqlStore, turn: Turn, *, done: int = 1) -> object:
    delivery = await store.answered(turn, Answer("Да"))
    return await store.next_step(1, "worker", Limits(), (delivery.id, (done,)))


async def test_an_edit_of_a_waiting_message_takes_its_place(store: SqlStore) -> None:
    await store.accept(
        [incoming(1, "краватъ", attachments=PHOTO, note="[in reply to a message]"), incoming(2)]
    )
    assert await store.accept([edit(3, 1, "кровать")]) == set()
    turn = await take_turn(store)
    assert (turn.messages[0].text, turn.messages[0].note) == ("кровать", "[in reply to a message]")
    assert turn.messages[0].attachments == PHOTO
    assert await rest(store, turn) is None
    assert await texts(store) == ["кровать", "Здравствуйте", "Да"]


async def test_an_edit_of_a_message_in_work_waits_and_goes_with_the_next_one(store: SqlStore) -> None:
    await store.accept([incoming(1, "две кровати")])
    turn = await take_turn(store)
    assert await store.accept([edit(2, 1, "три кровати")]) == set()
    assert await rest(store, turn) is None
    assert await store.accept([incoming(3, "и матрас")]) == {1}
    turn = await take_turn(store)
    assert [(m.text, m.note) for m in turn.messages] == [("три кровати", CORRECTED), ("и матрас", "")]
    assert await rest(store, turn) is None


async def test_an_edit_of_an_answered_message_wakes_nobody_also_after_a_restart(store: SqlStore) -> None:
    await converse(store, 1)
    assert await store.accept([edit(2, 1, "иначе")]) == set()
    for chat_id in await store.recover():
        assert await store.next_step(chat_id, "worker", Limits()) is None
    assert (await store.vitals()).inbox.waiting == 0
    assert await store.accept([incoming(3)]) == {1}


async def test_the_last_edit_of_a_message_is_the_one_that_is_told(store: SqlStore) -> None:
    await converse(store, 1)
    await store.accept([edit(2, 1, "два"), edit(3, 1, "три"), edit(4, 1, "четыре")])
    await store.accept([incoming(5, "так")])
    assert await said(store) == ["четыре", "так"]


async def test_an_edit_of_an_edit_in_work_is_not_lost(store: SqlStore) -> None:
    await converse(store, 1)
    await store.accept([edit(2, 1, "две")])
    await store.accept([incoming(3, "так")])
    turn = await take_turn(store)
    assert [m.text for m in turn.messages] == ["две", "так"]
    await store.accept([edit(4, 1, "три")])
    assert await rest(store, turn) is None
    await store.accept([incoming(5, "ну?")])
    assert await said(store) == ["три", "ну?"]


async def test_an_edit_changes_no_command(store: SqlStore) -> None:
    await store.accept([incoming(1, "utm", kind="start"), edit(2, 1, "/start другое")])
    step = await store.next_step(1, "worker", Limits())
    assert isinstance(step, Command)
    assert step.incoming.text == "utm"


async def test_a_command_before_an_edit_is_answered_first_and_one_after_it_too(store: SqlStore) -> None:
    await converse(store, 1)
    await store.accept([edit(2, 1, "иначе"), incoming(3, "", kind="help"), incoming(4, "вопрос")])
    step = await store.next_step(1, "worker", Limits())
    assert isinstance(step, Command)
    delivery = await store.commanded(1, "worker", 3, Answer("помощь", kind="service"), fresh=False)
    assert delivery is not None
    turn = await store.next_step(1, "worker", Limits(), (delivery.id, (3,)))
    assert isinstance(turn, Turn)
    assert [m.text for m in turn.messages] == ["иначе", "вопрос"]


async def test_many_edits_never_keep_a_message_from_its_answer(store: SqlStore) -> None:
    many = 2 * batches.MAX_BATCH + 5
    await store.accept([edit(n, 1000 + n, f"правка {n}") for n in range(1, many)])
    await store.accept([incoming(many, "вопрос")])
    turn = await take_turn(store)
    assert turn.messages[-1].text == "вопрос"
    assert await rest(store, turn) is None


async def test_an_old_edit_does_not_end_the_wait_for_another_message(store: SqlStore, clock: Clock) -> None:
    await converse(store, 1)
    await store.accept([edit(2, 1, "иначе")])
    clock.later(hours=20)
    await store.accept([incoming(3)])
    assert await store.next_step(1, "worker", Limits(join=2)) == Wait(2)


async def test_an_album_is_waited_for_and_answered_as_one(store: SqlStore, clock: Clock) -> None:
    for number in range(1, 5):
        text = "Есть такая?" if number == 1 else ""
        await store.accept([incoming(number, text, album="album-1", attachments=PHOTO)])
        assert isinstance(await store.next_step(1, "worker", Limits()), Wait)
        clock.later(seconds=0.5)
    clock.later(seconds=1)
    turn = await take_turn(store)
    assert [m.text for m in turn.messages] == ["Есть такая?", "[photo]", "[photo]", "[photo]"]
    assert all(m.attachments == PHOTO for m in turn.messages)


async def test_what_a_file_says_is_kept_with_its_message(store: SqlStore) -> None:
    voice = Attachment("voice", "file-2", mime="audio/ogg", seconds=3)
    await store.accept([incoming(1, "", attachments=(voice,))])
    (message,) = (await take_turn(store)).messages
    assert message.text == "[voice]"
    heard = Attachment("voice", "file-2", mime="audio/ogg", seconds=3, taken=True)
    await store.heard(replace(message, text="Сколько стоит?", note="[note]", attachments=(heard,)))
    (again,) = (await take_turn(store)).messages
    assert (again.text, again.note, again.attachments) == ("Сколько стоит?", "[note]", (heard,))
    await store.answered(await take_turn(store), Answer("Да"))
    (remembered, _) = await store.transcript(1, 100)
    assert remembered.for_model == "[note]\nСколько стоит?"


async def test_the_place_of_an_answer_is_noted_until_it_is_taken(store: SqlStore) -> None:
    await store.accept([incoming(1)])
    turn = await take_turn(store)
    await store.previewed(1, 77)
    said = await store.tell(1, "worker", Answer("согласие", kind="service"))
    assert said.preview is None  # the answer that is in the making still needs it
    assert (await store.answered(turn, Answer("Да"))).preview == 77
    await store.previewed(1, None)
    await store.delivered(said.id, (1,))
    step = await store.next_step(1, "worker", Limits())
    assert step is not None
    assert step.preview is None  # type: ignore[union-attr]


async def test_a_turn_in_two_halves_is_stored_once(store: SqlStore) -> None:
    """What a batch of the writer rolled back is run again."""
    await store.accept([incoming(1), edit(2, 1, "раз"), edit(3, 1, "два")])
    await store.accept([incoming(1), edit(2, 1, "раз"), edit(3, 1, "два")])
    assert await said(store) == ["два"]
    await answer_turn(store)
    assert await texts(store) == ["два", "Да"]
