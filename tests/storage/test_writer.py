"""Group commit: producers share a transaction, and one failing unit costs the others nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, text

from sovetnik.core.errors import Fenced, StorageError
from sovetnik.storage.engine import writing_engine
from sovetnik.storage.writer import Writer


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    engine = writing_engine(tmp_path / "rows.db")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE rows (id INTEGER PRIMARY KEY)"))
    return engine


@pytest.fixture
async def writer(engine: Engine) -> AsyncGenerator[Writer]:
    writer = Writer(engine)
    writer.start()
    yield writer
    await writer.close()
    engine.dispose()


def insert(number: int) -> object:
    def unit(connection: Connection) -> int:
        connection.execute(text("INSERT INTO rows VALUES (:id)"), {"id": number})
        return number

    return unit


def stored(engine: Engine) -> list[int]:
    with engine.connect() as connection:
        return list(connection.execute(text("SELECT id FROM rows ORDER BY id")).scalars())


async def test_one_failing_unit_in_a_batch_leaves_the_others_committed(
    writer: Writer, engine: Engine
) -> None:
    def fenced(connection: Connection) -> None:
        insert(13)(connection)
        raise Fenced("another worker")

    units = [insert(n) for n in range(10)] + [fenced] + [insert(n) for n in range(20, 300)]
    results = await asyncio.gather(*(writer.run(unit) for unit in units), return_exceptions=True)
    assert isinstance(results[10], Fenced)
    assert [r for r in results if not isinstance(r, Exception)] == [*range(10), *range(20, 300)]
    assert stored(engine) == [*range(10), *range(20, 300)]


async def test_several_failing_units_fail_each_with_its_own_error(writer: Writer, engine: Engine) -> None:
    units = [insert(1), insert(1), insert(2), insert(2), insert(3)]
    results = await asyncio.gather(*(writer.run(unit) for unit in units), return_exceptions=True)
    assert [isinstance(result, StorageError) for result in results] == [False, True, False, True, False]
    assert stored(engine) == [1, 2, 3]


async def test_units_run_in_the_order_they_were_asked_for(writer: Writer) -> None:
    ran: list[int] = []
    await asyncio.gather(*(writer.run(lambda _, n=n: ran.append(n)) for n in range(100)))
    assert ran == list(range(100))


async def test_a_unit_is_committed_although_whoever_asked_was_cancelled(
    writer: Writer, engine: Engine
) -> None:
    asked = asyncio.create_task(writer.run(insert(1)))
    await asyncio.sleep(0)
    asked.cancel()
    await writer.run(insert(2))
    assert stored(engine) == [1, 2]
    assert asked.cancelled()


async def test_closing_finishes_what_was_asked_before_and_refuses_what_comes_after(
    writer: Writer, engine: Engine
) -> None:
    asked = [asyncio.create_task(writer.run(insert(n))) for n in range(50)]
    await asyncio.sleep(0)
    await writer.close()
    await asyncio.gather(*asked)
    assert stored(engine) == list(range(50))
    with pytest.raises(StorageError):
        await writer.run(insert(99))


async def test_a_full_disk_is_told_and_writing_goes_on_when_there_is_room(
    writer: Writer, engine: Engine
) -> None:
    pages = await writer.run(lambda c: c.exec_driver_sql("PRAGMA page_count").scalar_one())
    await writer.run(lambda c: c.exec_driver_sql(f"PRAGMA max_page_count={pages}"))
    with pytest.raises(StorageError, match="full"):
        await writer.run(lambda c: c.execute(text("CREATE TABLE big AS SELECT randomblob(100000) AS b")))
    await writer.run(lambda c: c.exec_driver_sql("PRAGMA max_page_count=1000000"))
    await writer.run(insert(1))
    assert stored(engine) == [1]
