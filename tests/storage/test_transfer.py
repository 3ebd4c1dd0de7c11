"""`migrate-db`: every row of a database, in another one of the other kind, and work goes on there."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import Connection

from sovetnik.core.errors import ConfigError, StorageError
from sovetnik.core.model import Delivery, Limits, Passage, Usage
from sovetnik.storage import SqlStore, transfer
from sovetnik.storage.tables import messages
from tests import postgres
from tests.storage.samples import answer_turn, contact, converse, database, incoming, take_turn, texts

MESSAGES = 2 * 12 + 3


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a few rows fill several."""
    monkeypatch.setattr(transfer, "PAGE", 5)


async def _lived_in(url: str) -> None:
    async with SqlStore.open(url, exclusive=True) as store:
        for number in range(1, 13):
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


def _two(tmp_path: Path, one: str, other: str) -> tuple[str, str]:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    return database(tmp_path / "one", one), database(tmp_path / "other", other)


@pytest.mark.parametrize(("one", "other"), [("sqlite", "postgres"), ("postgres", "sqlite")])
async def test_everything_arrives_and_work_goes_on(tmp_path: Path, one: str, other: str) -> None:
    source, destination = _two(tmp_path, one, other)
    await _lived_in(source)
    async with SqlStore.open(source, exclusive=True) as store:
        await store.accept([incoming(2500, chat_id=60)])
        last = (await answer_turn(store, chat_id=60)).message_id
        await store.forget_wholly(60)  # the newest ids are gone, and must not come again
    counts = await transfer.transfer(source, destination)
    assert counts["messages"] == MESSAGES
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
        assert delivery.message_id > last + 1, "behind its question"
        assert await store.accept([incoming(1)]) == set()


async def test_a_copy_that_differs_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, destination = _two(tmp_path, "sqlite", "postgres")
    await _lived_in(source)
    go_on_counting = transfer._go_on_counting

    def spoil(reading: Connection, writing: Connection, table: object) -> None:
        go_on_counting(reading, writing, table)
        if table is messages:
            writing.execute(messages.update().where(messages.c.id == MESSAGES).values(text="другое"))

    monkeypatch.setattr(transfer, "_go_on_counting", spoil)
    with pytest.raises(StorageError, match="messages differs"):
        await transfer.transfer(source, destination)
    monkeypatch.undo()
    assert (await transfer.transfer(source, destination))["messages"] == MESSAGES


async def test_a_copy_that_is_broken_off_can_be_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, destination = _two(tmp_path, "sqlite", "postgres")
    await _lived_in(source)
    begun = asyncio.Event()
    loop, pages = asyncio.get_running_loop(), transfer._pages

    def slow(*arguments: object) -> object:
        loop.call_soon_threadsafe(begun.set)
        arguments[-1].wait(20)
        return pages(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(transfer, "_pages", slow)
        copying = asyncio.create_task(transfer.transfer(source, destination))
        await begun.wait()
        copying.cancel()
        with pytest.raises(asyncio.CancelledError):
            await copying
    assert (await transfer.transfer(source, destination))["messages"] == MESSAGES


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_a_destination_with_something_in_it_is_refused(tmp_path: Path, kind: str) -> None:
    source, destination = _two(tmp_path, "sqlite", kind)
    async with SqlStore.open(destination, exclusive=True) as store:
        await store.accept([incoming(1)])
    with pytest.raises(ConfigError, match="not empty"):
        await transfer.transfer(source, destination)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_a_database_that_a_bot_runs_on_is_neither_source_nor_destination(
    tmp_path: Path, kind: str
) -> None:
    one, other = _two(tmp_path, kind, "postgres")
    async with SqlStore.open(one, exclusive=True) if kind == "sqlite" else postgres.living(one):
        with pytest.raises(ConfigError, match=r"source: .*in use"):
            await transfer.transfer(one, other)
        with pytest.raises(ConfigError, match=r"destination: .*in use"):
            await transfer.transfer(other, one)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_the_same_database_under_two_names_is_refused(tmp_path: Path, kind: str) -> None:
    source = database(tmp_path, kind)
    (tmp_path / "link.db").symlink_to("sovetnik.db")
    other = f"sqlite:///{tmp_path}/link.db" if kind == "sqlite" else f"{source}&application_name=other"
    for destination in (source, other):
        with pytest.raises(ConfigError, match="the same database"):
            await transfer.transfer(source, destination)


async def test_a_source_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    destination = database(tmp_path, "postgres")
    with pytest.raises(ConfigError, match=r"^source: .*slip\.db is no database of Sovetnik"):
        await transfer.transfer(f"sqlite:///{tmp_path}/slip.db", destination)
    with closing(sqlite3.connect(tmp_path / "other.db")) as connection, connection:
        connection.execute("CREATE TABLE messages (id INTEGER)")
    with pytest.raises(ConfigError, match=r"^source: .*other\.db is no database of Sovetnik"):
        await transfer.transfer(f"sqlite:///{tmp_path}/other.db", destination)
    with pytest.raises(ConfigError, match=r"^source: there is nothing of Sovetnik"):
        await transfer.transfer(postgres.fresh(migrated=False), destination)
    assert sorted(os.listdir(tmp_path)) == ["other.db"]  # noqa: PTH208 - nothing else was made


async def test_a_destination_that_cannot_be_reached_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^destination: PostgreSQL refuses.*refused") as refusal:
        await transfer.transfer(database(tmp_path, "sqlite"), "postgresql://shop:hunter2@127.0.0.1:9/shop")
    assert "hunter2" not in str(refusal.value)
