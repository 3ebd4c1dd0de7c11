"""A customer who writes more than is answered: told once, answered together, and nobody else notices."""

from __future__ import annotations

from sovetnik.core.model import Answer, Command, Flood, Limits, Step, Turn, Wait
from sovetnik.storage import SqlStore, batches
from tests.storage.samples import Clock, incoming, take_turn

LIMITS = Limits(per_minute=3)


async def step(store: SqlStore, done: int = 0, chat_id: int = 1, limits: Limits = LIMITS) -> Step:
    return await store.next_step(chat_id, "worker", limits, (done, (1,)) if done else None)


async def answer(store: SqlStore, turn: Step, chat_id: int = 1) -> Step:
    assert isinstance(turn, Turn), turn
    delivery = await store.answered(turn, Answer("Да"))
    return await step(store, delivery.id, chat_id)


async def tell(store: SqlStore) -> Step:
    return await step(store, (await store.tell(1, "worker", Answer("много"), flood=True)).id)


async def fill(store: SqlStore, first: int = 1) -> None:
    """As many messages as are answered at once, one by one."""
    for number in range(first, first + LIMITS.per_minute):
        await store.accept([incoming(number)])
        assert await answer(store, await step(store)) is None


async def wait_out(store: SqlStore, clock: Clock) -> tuple[Step, float]:
    """The next step after the waiting, and how long that took."""
    begin = clock.now
    found = await step(store)
    while isinstance(found, Wait):
        clock.later(seconds=found.seconds)
        found = await step(store)
    return found, (clock.now - begin).total_seconds()


async def test_up_to_the_limit_each_message_is_answered_as_it_comes(store: SqlStore) -> None:
    await fill(store)


async def test_beyond_it_the_customer_is_told_once_and_all_is_answered_together(
    store: SqlStore, clock: Clock
) -> None:
    await fill(store)
    await store.accept([incoming(n, f"вопрос {n}") for n in range(10, 20)])
    assert isinstance(await step(store), Flood)
    assert isinstance(await tell(store), Wait)
    await store.accept([incoming(20, "вопрос 20")])
    turn, waited = await wait_out(store, clock)
    assert isinstance(turn, Turn)
    assert [m.text for m in turn.messages] == [f"вопрос {n}" for n in range(10, 21)]
    assert 50 < waited <= 60
    assert await answer(store, turn) is None


async def test_a_big_flood_gets_one_answer_as_far_as_a_model_can_read_it(
    store: SqlStore, clock: Clock
) -> None:
    await fill(store)
    count = 3 * batches.MAX_BATCH
    await store.accept([incoming(n) for n in range(10, 10 + count)])
    assert isinstance(await step(store), Flood)
    await tell(store)
    turn, _ = await wait_out(store, clock)
    assert isinstance(turn, Turn)
    assert len(turn.messages) == count
    assert await answer(store, turn) is None
    await store.accept([incoming(n, "я" * 4000) for n in range(1000, 1050)])
    clock.later(minutes=5)
    turn = await take_turn(store)
    assert 0 < sum(len(m.text) for m in turn.messages) <= batches.MAX_CHARACTERS


async def test_a_flood_that_goes_on_is_not_told_again_but_a_new_one_is(store: SqlStore, clock: Clock) -> None:
    await fill(store)
    await store.accept([incoming(n) for n in range(10, 15)])
    assert isinstance(await step(store), Flood)
    await tell(store)
    clock.later(seconds=40)
    await store.accept([incoming(n) for n in range(20, 30)])
    turn, _ = await wait_out(store, clock)
    await store.accept([incoming(n) for n in range(30, 40)])
    assert isinstance(await answer(store, turn), Wait)  # no word of it a second time
    turn, _ = await wait_out(store, clock)
    assert await answer(store, turn) is None
    clock.later(minutes=10)
    await fill(store, 50)
    await store.accept([incoming(60)])
    assert isinstance(await step(store), Flood)


async def test_the_other_chats_notice_nothing(store: SqlStore) -> None:
    await fill(store)
    await store.accept([incoming(10), incoming(11, chat_id=2)])
    assert isinstance(await step(store), Flood)
    assert isinstance(await step(store, chat_id=2), Turn)


async def test_commands_are_answered_while_a_flood_waits(store: SqlStore) -> None:
    await fill(store)
    await store.accept([incoming(10, "вопрос")])
    await step(store)
    wait = await tell(store)
    assert isinstance(wait, Wait)
    assert wait.seconds <= batches.FLOOD_LOOK  # or the command would not be seen
    await store.accept([incoming(11, "", kind="help")])
    command = await step(store)
    assert isinstance(command, Command)
    delivery = await store.commanded(1, "worker", 11, Answer("помощь", kind="service"), fresh=False)
    assert delivery is not None
    assert isinstance(await step(store, delivery.id), Wait)


async def test_without_a_limit_nobody_floods(store: SqlStore) -> None:
    for number in range(1, 101):
        await store.accept([incoming(number)])
        turn = await step(store, limits=Limits(per_minute=0))
        assert isinstance(turn, Turn)
        await store.delivered((await store.answered(turn, Answer("Да"))).id, (1,))


async def test_a_big_turn_that_is_done_again_is_no_flood(store: SqlStore) -> None:
    await store.accept([incoming(n) for n in range(1, 20)])
    turn = await step(store)
    assert isinstance(turn, Turn)
    await store.recover()
    again = await store.next_step(1, "next life", LIMITS)
    assert isinstance(again, Turn)
    assert again.messages == turn.messages
