"""Opening the database: migrations, the lock, and what is told when it cannot be opened."""

from __future__ import annotations

import gc
import json
import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from sovetnik.core.errors import ConfigError, StorageError
from sovetnik.core.model import Answer, Delivery, Limits, Turn
from sovetnik.storage import SqlStore, migrate
from sovetnik.storage.engine import writing_engine
from sovetnik.storage.indexes import metadata
from tests.storage.samples import converse, database, incoming, texts


@pytest.fixture
def url(tmp_path: Path) -> str:
    """PostgreSQL's opening has tests of its own."""
    return database(tmp_path, "sqlite")


def head() -> str | None:
    config = Config()
    config.set_main_option("script_location", "sovetnik.storage:migrations")
    return ScriptDirectory.from_config(config).get_current_head()


async def test_a_fresh_database_has_exactly_the_tables_that_the_code_knows(tmp_path: Path) -> None:
    path = tmp_path / "data" / "sovetnik.db"
    async with SqlStore.open(f"sqlite:///{path}", exclusive=True) as store:
        await store.accept([incoming(1)])
    engine = writing_engine(path)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == migrate.HEAD
    engine.dispose()


def test_the_code_knows_the_newest_migration() -> None:
    assert head() == migrate.HEAD


async def test_a_second_start_keeps_everything_and_migrates_nothing(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with SqlStore.open(url, exclusive=True) as store:
        await converse(store, 1, "вопрос", "ответ")

    def fail(*_: object) -> None:
        raise AssertionError("migrated again")

    monkeypatch.setattr("alembic.command.upgrade", fail)
    async with SqlStore.open(url, exclusive=True) as store:
        assert await texts(store) == ["вопрос", "ответ"]


def _first_version(path: Path) -> None:
    """A database as the first version left it, with something in every table and every column."""
    config = Config()
    config.set_main_option("script_location", "sovetnik.storage:migrations")
    engine = writing_engine(path)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    engine.dispose()
    at, later = "2026-11-20 06:00:00.000000", "2026-11-20 06:00:09.000000"
    payload = {
        "update_id": 3,
        "chat_id": 1,
        "kind": "text",
        "text": "ждёт",
        "sent_at": "2026-11-20T06:00:00+00:00",
    }
    payload |= {"message_id": 30, "name": "Анна", "username": "anna", "language_code": "ru"}
    usage = ("gpt-6-luna", 10, 5, 7, 2, 0.5)
    rows: dict[str, list[tuple[object, ...]]] = {
        "chats": [
            (1, "Анна", "anna", "ru", "ru", "avito", at, None, None, 0),
            (2, "", None, None, None, None, at, at, None, 0),
        ],
        "conversations": [(1, 1, "conv_1", at, None, None)],
        "inbox": [
            (3, 1, json.dumps(payload), at, None),
            (1, 1, json.dumps(payload | {"update_id": 1}), at, at),
        ],
        "leads": [(7, 1, at, later, 2, "Анна", "+79123456789", "Кровать", json.dumps({"city": "Пермь"}))],
        "messages": [
            (1, 1, "customer", "text", "вопрос", at, 1, "[10]", None, *(None,) * 6, None, None, 1),
            (
                2,
                1,
                "assistant",
                "answer",
                "ответ",
                later,
                None,
                "[11]",
                "ABC234",
                *usage,
                '[{"source": "a.md", "heading": "", "score": 0.5}]',
                "вопрос",
                None,
            ),
        ],
        "outbox": [
            (4, "answer", "answer-2", 1, 2, 1, at, at, 3, None, "[11]", "429", None, None),
            (5, "lead", "lead-7-r2", 1, 7, 2, at, at, 0, None, None, None, None, None),
        ],
        "reports": [(1, "2026-11-19", at, at, at)],
    }
    with closing(sqlite3.connect(path)) as connection, connection:
        for table, values in rows.items():
            marks = ", ".join("?" * len(values[0]))
            connection.executemany(f"INSERT INTO {table} VALUES ({marks})", values)


async def test_a_database_of_the_first_version_is_brought_up_to_date_with_all_that_is_in_it(
    tmp_path: Path,
) -> None:
    path = tmp_path / "sovetnik.db"
    _first_version(path)
    async with SqlStore.open(f"sqlite:///{path}", exclusive=True) as store:
        assert await store.recover() == [1]
        delivery = await store.next_step(1, "worker", Limits())
        assert isinstance(delivery, Delivery)
        assert (delivery.text, delivery.sent, delivery.attempts, delivery.keyboard) == (
            "ответ",
            (11,),
            3,
            None,
        )
        turn = await store.next_step(1, "worker", Limits(), (delivery.id, (11,)))
        assert isinstance(turn, Turn)
        assert [(m.text, m.note, m.attachments) for m in turn.messages] == [("ждёт", "", ())]
        assert (turn.conversation, turn.chat.source, turn.chat.consent) == ("conv_1", "avito", None)
        assert turn.chat.keyboard is False
        assert turn.lead is not None
        assert (turn.lead.contact.fields, turn.lead.consent) == ({"city": "Пермь"}, None)
        _, answer = await store.transcript(1, turn.messages[0].id)
        assert answer.usage is not None
        assert (answer.usage.calls, answer.passages[0].source, answer.unanswered) == (2, "a.md", "вопрос")
        assert [mail.ref for mail in await store.due_mails(10)] == [7]
        assert await store.owner_chats() == set()
        assert await store.paused_at() is None
        await store.answered(turn, Answer("да"))
    engine = writing_engine(path)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


async def test_a_closed_database_is_one_file_again(url: str, tmp_path: Path) -> None:
    gc.collect()
    gc.disable()  # a connection that only the collector closes keeps SQLite's log where it is
    try:
        async with SqlStore.open(url, exclusive=True) as store:
            await converse(store, 1, "вопрос", "ответ")
            assert await texts(store) == ["вопрос", "ответ"]
        left = os.listdir(tmp_path)  # noqa: PTH208 - before the collector is let loose
    finally:
        gc.enable()
    assert sorted(left) == ["sovetnik.db", "sovetnik.db.lock"]


async def test_a_database_of_a_newer_version_is_refused_with_the_way_out(url: str) -> None:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(ConfigError, match="DATABASE_URL"):
        async with SqlStore.open(url, exclusive=True):
            pass


async def test_a_second_bot_on_the_same_file_is_refused(url: str) -> None:
    async with SqlStore.open(url, exclusive=True):
        with pytest.raises(ConfigError, match=r"DATABASE_URL.*in use"):
            async with SqlStore.open(url, exclusive=True):
                pass
    async with SqlStore.open(url, exclusive=True) as again:
        assert await texts(again) == []


async def test_commands_read_while_the_bot_runs(url: str) -> None:
    async with SqlStore.open(url, exclusive=True) as bot, SqlStore.open(url, exclusive=False) as command:
        await converse(bot, 1, "вопрос", "ответ")
        assert await texts(command) == ["вопрос", "ответ"]


async def test_a_command_without_a_database_says_to_run_the_bot_first(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"DATABASE_URL.*sovetnik run"):
        async with SqlStore.open(f"sqlite:///{tmp_path}/none.db", exclusive=False):
            pass
    assert os.listdir(tmp_path) == []  # noqa: PTH208 - nothing was made


@pytest.mark.parametrize(
    "url", ["mysql://user:hunter2@host/db", "hunter2", "sqlite://", "sqlite:///:memory:", ""]
)
async def test_an_address_that_is_no_file_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(ConfigError, match=r"DATABASE_URL.*sqlite:///") as refusal:
        async with SqlStore.open(url, exclusive=True):
            pass
    assert "hunter2" not in str(refusal.value)


async def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(ConfigError, match=f"DATABASE_URL.*{tmp_path}/file/sovetnik.db"):
        async with SqlStore.open(f"sqlite:///{tmp_path}/file/sovetnik.db", exclusive=True):
            pass


async def test_a_folder_in_the_place_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="DATABASE_URL"):
        async with SqlStore.open(f"sqlite:///{tmp_path}", exclusive=True):
            pass


async def test_a_file_that_is_no_database_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("Нерль: 62 900 рублей\n" * 200)
    before = path.read_bytes()
    with pytest.raises(ConfigError, match=r"DATABASE_URL.*notes\.txt"):
        async with SqlStore.open(f"sqlite:///{path}", exclusive=True):
            pass
    assert path.read_bytes() == before


async def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE messages (id INTEGER)")
    with pytest.raises(ConfigError, match="DATABASE_URL"):
        async with SqlStore.open(f"sqlite:///{path}", exclusive=True):
            pass


async def test_only_the_owner_of_the_files_can_read_them(tmp_path: Path) -> None:
    path = tmp_path / "data" / "sovetnik.db"
    async with SqlStore.open(f"sqlite:///{path}", exclusive=True) as store:
        await store.accept([incoming(1)])
        modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in path.parent.iterdir()}
    assert set(modes) >= {"sovetnik.db", "sovetnik.db-wal"}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_a_closed_store_refuses(url: str) -> None:
    async with SqlStore.open(url, exclusive=True) as store:
        pass
    with pytest.raises(StorageError):
        await store.accept([incoming(1)])
