"""`migrate-db`: every row of an SQLite database, in PostgreSQL, and work goes on there."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from sovetnik.core.errors import ConfigError
from sovetnik.core.model import Delivery, Limits, Passage, Usage
from sovetnik.storage import SqlStore
from sovetnik.storage.transfer import transfer
from tests.storage.samples import answer_turn, contact, converse, database, incoming, take_turn, texts


async def _lived_in(url: str) -> None:
    async with SqlStore.open(url, exclusive=True) as store:
        for number in range(1, 1200):
            await converse(store, number, f"вопрос {number} 🚲", "ответ", chat_id=number % 7 + 1)
        await store.accept([incoming(2000), incoming(2001, chat_id=2), incoming(2002, chat_id=-3)])
        await take_turn(store)
        await store.opened(1, "worker", "conv_1")
        await store.save_lead(1, "worker", contact(fields={"город": "Пермь"}), 0)
        await answer_turn(
            store,
            "с источником",
            usage=Usage("m", 1, 2, 3, 0.1, 1),
            passages=(Passage("a.md", "h", "", 0.5),),
        )
        await take_turn(store, 2, "other")
        await store.claim_report(date(2026, 11, 21), datetime(2026, 11, 22, tzinfo=UTC))
        await store.set_paused(paused=True)
        await store.offer_pairing("ABCD2345EFGH")


@pytest.mark.parametrize(("one", "other"), [("sqlite", "postgres"), ("postgres", "sqlite")])
async def test_everything_arrives_and_work_goes_on(tmp_path: Path, one: str, other: str) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    source, destination = database(tmp_path / "one", one), database(tmp_path / "other", other)
    await _lived_in(source)
    counts = await transfer(source, destination)
    assert counts["messages"] == 2 * 1199 + 3
    assert counts["leads"] == counts["reports"] == counts["conversations"] == counts["pairing"] == 1
    async with SqlStore.open(source, exclusive=True) as store:
        before = await texts(store)
    async with SqlStore.open(destination, exclusive=True) as store:
        assert await texts(store) == before
        assert set(await store.recover()) == {1, 2, -3}
        step = await store.next_step(1, "next life", Limits())
        assert isinstance(step, Delivery)
        assert step.text == "с источником"
        await store.set_paused(paused=False)
        await store.accept([incoming(3000, chat_id=50)])
        delivery = await answer_turn(store, chat_id=50)
        assert delivery.message_id > counts["messages"]
        assert await store.accept([incoming(1)]) == set()


async def test_a_destination_with_something_in_it_is_refused(tmp_path: Path) -> None:
    source, destination = database(tmp_path, "sqlite"), database(tmp_path, "postgres")
    async with SqlStore.open(destination, exclusive=True) as store:
        await store.accept([incoming(1)])
    with pytest.raises(ConfigError, match="not empty"):
        await transfer(source, destination)


async def test_a_source_that_a_bot_runs_on_is_refused(tmp_path: Path) -> None:
    source, destination = database(tmp_path, "sqlite"), database(tmp_path, "postgres")
    async with SqlStore.open(source, exclusive=True):
        with pytest.raises(ConfigError, match="in use"):
            await transfer(source, destination)
