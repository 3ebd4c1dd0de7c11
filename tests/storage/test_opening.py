"""Opening the database: migrations, the lock, and what is told when it cannot be opened."""

from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from sovetnik.core.errors import ConfigError, StorageError
from sovetnik.storage import SqlStore, migrate
from sovetnik.storage.engine import writing_engine
from sovetnik.storage.tables import metadata
from tests.storage.samples import converse, incoming, texts


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


async def test_a_database_of_a_newer_version_is_refused_with_the_way_out(url: str) -> None:
    with sqlite3.connect(url.removeprefix("sqlite:///")) as connection:
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
    with sqlite3.connect(path) as connection:
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
