"""Statements made once give what SQLAlchemy gives for them."""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, bindparam, create_engine, func, literal, select, update
from sqlalchemy.exc import DBAPIError

from sovetnik.storage.prepared import Prepared, insert_new
from sovetnik.storage.tables import chats, messages, metadata, outbox

NOON = datetime(2026, 11, 22, 12, 0, 0, 123, UTC)


@pytest.fixture
def connection() -> Generator[Connection]:
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    with engine.connect() as opened:
        yield opened
    engine.dispose()


def say(connection: Connection, **values: Any) -> Any:
    said = {"chat_id": 7, "role": "customer", "kind": "text", "text": "Привет", "created_at": NOON, **values}
    return insert_new(connection, messages).row(connection, **said)


ALL = select(messages).order_by(messages.c.id)


def test_rows_are_what_sqlalchemy_reads(connection: Connection) -> None:
    say(connection, telegram_ids=[1, 2], passages=[{"source": "Цены.md"}], seconds=0.5, report_id=None)
    say(connection, telegram_ids=None, note="„цитата“")

    assert [tuple(row) for row in Prepared(ALL).rows(connection)] == [
        tuple(row) for row in connection.execute(ALL)
    ]


def test_what_is_written_is_what_sqlalchemy_writes(connection: Connection) -> None:
    values = {"chat_id": 7, "kind": "answer", "ref": 1, "created_at": NOON, "due_at": NOON}
    statement = outbox.insert().returning(outbox)

    ours = Prepared(statement).one(connection, key="a", payload={"keyboard": ["Да"]}, **values)
    theirs = connection.execute(statement, {"key": "b", "payload": {"keyboard": ["Да"]}, **values}).one()

    assert tuple(ours)[3:] == tuple(theirs)[3:]  # defaults, times and JSON; not id, kind and key


def test_a_row_that_is_there_already_is_no_row(connection: Connection) -> None:
    assert say(connection, update_id=5).update_id == 5
    assert say(connection, update_id=5) is None
    assert say(connection, update_id=6, text="другой").text == "другой"


def test_an_update_sets_the_columns_that_it_is_given_and_counts_rows(connection: Connection) -> None:
    connection.execute(chats.insert().values(id=7, name="Анна", keyboard=True, created_at=NOON))
    change = Prepared(update(chats).where(chats.c.id == bindparam("chat"), chats.c.owner.is_(None)))

    assert change.run(connection, chat=7, owner="queued", keyboard=False) == 1
    assert change.run(connection, chat=7, name="Ольга") == 0
    row = Prepared(select(chats)).one(connection)
    assert (row.name, row.owner, row.keyboard, row.created_at) == ("Анна", "queued", False, NOON)


def test_several_rows_are_not_one(connection: Connection) -> None:
    say(connection)
    say(connection)
    with pytest.raises(ValueError, match="2 rows"):
        Prepared(ALL).row(connection)


def test_an_in_takes_expressions_but_no_list_of_values(connection: Connection) -> None:
    say(connection)
    fit = Prepared(select(func.count().label("n")).where(messages.c.kind.in_([literal("text")])))
    assert fit.one(connection).n == 1

    with pytest.raises(ValueError, match="a list of values"):
        Prepared(ALL.where(messages.c.kind.in_(["text"]))).rows(connection)


def test_a_refusal_is_sqlalchemys_and_tells_no_values(connection: Connection) -> None:
    with pytest.raises(DBAPIError) as refused:
        say(connection, text=None, note="+7 900 123-45-67")
    assert "NOT NULL constraint failed: messages.text" in str(refused.value)
    assert "900" not in str(refused.value)


def test_a_row_that_cannot_be_read_is_sqlalchemys_error_too(connection: Connection) -> None:
    def fail(number: int) -> int:
        if number > 1:
            raise OSError
        return number

    say(connection)
    say(connection)
    driver: Any = connection.connection.dbapi_connection
    driver.create_function("fail_from_2", 1, fail)
    with pytest.raises(DBAPIError):
        Prepared(select(func.fail_from_2(messages.c.id).label("n"))).rows(connection)


def test_reads_of_one_transaction_see_one_state(connection: Connection) -> None:
    Prepared(ALL).rows(connection)
    assert connection.in_transaction()
