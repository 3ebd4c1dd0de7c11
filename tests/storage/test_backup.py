"""Copies of the database: whole while the bot writes, and put back without losing what was there."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from sovetnik.core.errors import ConfigError
from sovetnik.core.model import Limits
from sovetnik.storage import SqlStore, migrate
from sovetnik.storage.backup import back_up, database_file, restore
from sovetnik.storage.engine import writing_engine
from tests.storage.samples import Clock, answer_turn, contact, converse, database, incoming, take_turn, texts


@pytest.fixture
def url(tmp_path: Path) -> str:
    """PostgreSQL is backed up by its own tools."""
    return database(tmp_path, "sqlite")


@pytest.fixture
def path(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


async def said(path: Path) -> list[str]:
    async with SqlStore.open(f"sqlite:///{path}", exclusive=True) as store:
        return await texts(store)


def rows(path: Path, table: str) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(f"SELECT * FROM {table}")]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def copy_as_a_kill_leaves_it(folder: Path, to: Path) -> None:
    for left in folder.glob("sovetnik.db*"):
        shutil.copy(left, to)


# copying


async def test_a_copy_of_a_bot_at_work_holds_what_was_stored_and_nothing_by_halves(
    store: SqlStore, path: Path, tmp_path: Path
) -> None:
    file = tmp_path / "copy.db"
    written = asyncio.Event()

    async def work() -> None:
        for number in range(1, 10_000):
            await converse(store, number, f"вопрос {number}", f"ответ {number}", chat_id=number % 7)
            if number == 20:
                written.set()

    working = asyncio.create_task(work())
    await written.wait()
    held = await asyncio.to_thread(back_up, path, file, force=False)
    working.cancel()
    lines = [row["text"] for row in rows(file, "messages")]
    assert len(lines) == held.messages >= 40
    assert lines[::2] == [f"вопрос {number}" for number in range(1, len(lines[::2]) + 1)]
    assert held.customers == 7


async def test_only_its_owner_can_read_a_copy_and_nothing_else_is_left(
    store: SqlStore, path: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "copies"
    folder.mkdir()
    await converse(store, 1)
    held = back_up(path, folder / "copy.db", force=False)
    assert names(folder) == ["copy.db"]
    assert mode(folder / "copy.db") == 0o600
    assert held.size == (folder / "copy.db").stat().st_size


async def test_a_copy_can_be_made_while_the_bot_is_down_or_was_killed(url: str, tmp_path: Path) -> None:
    async with SqlStore.open(url, exclusive=True) as store:
        await converse(store, 1, "вопрос", "ответ")
        killed = tmp_path / "killed"
        killed.mkdir()
        copy_as_a_kill_leaves_it(tmp_path, killed)
    for number, path in enumerate([tmp_path / "sovetnik.db", killed / "sovetnik.db"]):
        back_up(path, tmp_path / f"{number}.copy", force=False)
        assert [row["text"] for row in rows(tmp_path / f"{number}.copy", "messages")] == ["вопрос", "ответ"]


async def test_a_file_that_exists_is_replaced_only_when_told_to(
    store: SqlStore, path: Path, tmp_path: Path
) -> None:
    file = tmp_path / "copy.db"
    file.write_text("старая копия")
    file.chmod(0o644)
    with pytest.raises(ConfigError, match=r"copy\.db exists.*--force"):
        back_up(path, file, force=False)
    assert file.read_text() == "старая копия"
    back_up(path, file, force=True)
    assert rows(file, "messages") == []
    assert mode(file) == 0o600


@pytest.mark.parametrize("end", ["", "-wal", ".lock"])
async def test_the_running_database_is_never_the_target(store: SqlStore, path: Path, end: str) -> None:
    await converse(store, 1, "вопрос", "ответ")
    with pytest.raises(ConfigError, match="the database itself"):
        back_up(path, path.parent / "." / f"{path.name}{end}", force=True)
    await converse(store, 2, "ещё", "да")
    assert await texts(store) == ["вопрос", "ответ", "ещё", "да"]


def test_a_damaged_database_gives_no_copy_that_looks_good(path: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executemany(
            "INSERT INTO state (key, value) VALUES (?, ?)",
            [(f"k{n}", '"' + "x" * 900 + '"') for n in range(99)],
        )
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with path.open("r+b") as file:
        file.seek(-40_000, os.SEEK_END)
        file.write(b"\xff" * 20_000)
    with pytest.raises(ConfigError, match=r"sovetnik\.db (is damaged|cannot be copied)"):
        back_up(path, tmp_path / "copy.db", force=False)
    assert not (tmp_path / "copy.db").exists()


def test_what_cannot_be_copied_is_named_with_the_way_out(path: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.db.*sovetnik run"):
        back_up(tmp_path / "none.db", tmp_path / "copy.db", force=False)
    with pytest.raises(ConfigError, match=r"nowhere/copy\.db: cannot be written"):
        back_up(path, tmp_path / "nowhere" / "copy.db", force=False)
    foreign = tmp_path / "other.db"
    with closing(sqlite3.connect(foreign)) as connection:
        connection.execute("CREATE TABLE messages (id INTEGER)")
    with pytest.raises(ConfigError, match=r"other\.db is no database of Sovetnik"):
        back_up(foreign, tmp_path / "copy.db", force=False)
    assert not (tmp_path / "copy.db").exists()


@pytest.mark.parametrize("url", ["postgresql://user:hunter2@host/db", "postgresql+psycopg://host/db"])
def test_of_postgresql_the_tool_is_named_and_not_the_password(url: str) -> None:
    with pytest.raises(ConfigError, match="pg_dump") as refusal:
        database_file(url)
    assert "hunter2" not in str(refusal.value)


# putting back


async def test_what_was_copied_comes_back_and_what_was_there_is_kept(url: str, tmp_path: Path) -> None:
    path, file = tmp_path / "sovetnik.db", tmp_path / "copy.db"
    async with SqlStore.open(url, exclusive=True) as store:
        await converse(store, 1, "первый", "да")
        back_up(path, file, force=False)
        await converse(store, 2, "второй", "да")
    held, aside = restore(file, path)
    assert (held.messages, held.unanswered, held.unsent) == (2, 0, 0)
    assert await said(path) == ["первый", "да"]
    assert mode(path) == 0o600
    assert aside is not None
    assert await said(aside) == ["первый", "да", "второй", "да"]
    _, second = restore(file, path)
    assert second != aside, "the first one was overwritten"


async def test_a_killed_bots_log_stays_with_its_database(url: str, tmp_path: Path) -> None:
    path, file = tmp_path / "sovetnik.db", tmp_path / "copy.db"
    back_up(path, file, force=False)
    here = tmp_path / "killed"
    here.mkdir()
    async with SqlStore.open(url, exclusive=True) as store:
        await converse(store, 1, "только в журнале", "да")
        copy_as_a_kill_leaves_it(tmp_path, here)
    _, aside = restore(file, here / "sovetnik.db")
    assert aside is not None
    assert await said(here / "sovetnik.db") == []
    assert await said(aside) == ["только в журнале", "да"]


async def test_a_database_damaged_beyond_reading_is_replaced_and_kept_as_it_is(
    url: str, tmp_path: Path
) -> None:
    path, file = tmp_path / "sovetnik.db", tmp_path / "copy.db"
    back_up(path, file, force=False)
    path.write_bytes(b"rubbish" * 1000)
    (tmp_path / "sovetnik.db-wal").write_bytes(b"more rubbish")
    _, aside = restore(file, path)
    assert aside is not None
    assert aside.read_bytes() == b"rubbish" * 1000
    assert aside.with_name(f"{aside.name}-wal").read_bytes() == b"more rubbish"
    assert await said(path) == []


async def test_on_a_new_machine_there_is_nothing_to_keep(url: str, tmp_path: Path) -> None:
    async with SqlStore.open(url, exclusive=True) as store:
        await converse(store, 1, "вопрос", "ответ")
        back_up(tmp_path / "sovetnik.db", tmp_path / "copy.db", force=False)
    new = tmp_path / "new" / "data" / "sovetnik.db"
    _, aside = restore(tmp_path / "copy.db", new)
    assert aside is None
    assert await said(new) == ["вопрос", "ответ"]
    assert mode(new.parent) == 0o700


async def test_nothing_is_put_back_under_a_running_bot(store: SqlStore, path: Path, tmp_path: Path) -> None:
    await converse(store, 1, "вопрос", "ответ")
    back_up(path, tmp_path / "copy.db", force=False)
    with pytest.raises(ConfigError, match=r"in use by another .sovetnik run"):
        restore(tmp_path / "copy.db", path)
    await converse(store, 2, "ещё", "да")
    assert await texts(store) == ["вопрос", "ответ", "ещё", "да"]


def spoil(file: Path, how: str) -> None:
    if how == "no database":
        file.write_text("Нерль: 62 900 рублей\n" * 500)
    elif how == "cut off":
        file.write_bytes(file.read_bytes()[:30_000])
    else:
        with closing(sqlite3.connect(file)) as connection, connection:
            if how == "another program's":
                connection.execute("DROP TABLE inbox")
            else:
                connection.execute("UPDATE alembic_version SET version_num = '9999'")


@pytest.mark.parametrize("how", ["no database", "cut off", "another program's", "a newer sovetnik"])
async def test_a_file_that_cannot_be_used_is_refused_and_nothing_has_changed(
    url: str, tmp_path: Path, how: str
) -> None:
    path, file = tmp_path / "sovetnik.db", tmp_path / "copy.db"
    back_up(path, file, force=False)
    async with SqlStore.open(url, exclusive=True) as store:
        await converse(store, 1, "вопрос", "ответ")
    before = names(tmp_path)
    spoil(file, how)
    with pytest.raises(ConfigError, match=r"copy\.db"):
        restore(file, path)
    assert await said(path) == ["вопрос", "ответ"]
    assert names(tmp_path) == before


async def test_what_was_open_in_the_copy_is_told_and_goes_on(url: str, clock: Clock, tmp_path: Path) -> None:
    path, file = tmp_path / "sovetnik.db", tmp_path / "copy.db"
    async with SqlStore.open(url, exclusive=True, clock=clock) as store:
        await store.accept([incoming(1, chat_id=1), incoming(2, "Есть кто?", chat_id=2)])
        turn = await take_turn(store)
        await store.save_lead(1, turn.token, contact(), 10.0)
        back_up(path, file, force=False)
    held, _ = restore(file, path)
    assert (held.unanswered, held.unsent, held.leads) == (2, 1, 1)
    async with SqlStore.open(url, exclusive=True, clock=clock) as store:
        assert await store.recover() == [1, 2]
        await answer_turn(store, "Я здесь", chat_id=2)
        clock.now += timedelta(minutes=1)
        assert [task.kind for task in await store.due_mails(10)] == ["lead"]


def test_root_restores_for_the_user_whose_folder_it_is(url: str, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    file = tmp_path / "copy.db"
    back_up(tmp_path / "sovetnik.db", file, force=False)
    folder = tmp_path / "data"
    folder.mkdir()
    os.chown(folder, 1234, 1234)
    restore(file, folder / "sovetnik.db")
    assert {(entry.stat().st_uid, entry.stat().st_gid) for entry in folder.iterdir()} == {(1234, 1234)}


async def test_a_database_behind_a_link_stays_where_it_is(url: str, tmp_path: Path) -> None:
    disk, link = tmp_path / "disk", tmp_path / "link.db"
    disk.mkdir()
    link.symlink_to(disk / "sovetnik.db")
    shutil.copy(tmp_path / "sovetnik.db", disk)
    back_up(link, tmp_path / "copy.db", force=False)
    async with SqlStore.open(f"sqlite:///{link}", exclusive=True) as store:
        await converse(store, 1, "вопрос", "ответ")
    _, aside = restore(tmp_path / "copy.db", link)
    assert link.is_symlink()
    assert aside == disk / "sovetnik.db.before-restore"
    assert await said(link) == []


# every earlier schema


def alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", "sovetnik.storage:migrations")
    return config


REVISIONS = sorted(script.revision for script in ScriptDirectory.from_config(alembic()).walk_revisions())


def of_revision(path: Path, revision: str) -> None:
    """A database as that version left it."""
    engine = writing_engine(path)
    config = alembic()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


def sample(table: str, column: str, kind: str, number: int) -> Any:
    """A value that the code can read back, by the column's name and type."""
    if column in {"owner", "busy", "failed_at", "done_at", "report_id", "closed_at", "blocked_at"}:
        return None
    if (table, column) in SAMPLES:
        return SAMPLES[table, column]
    if "CHAR" in kind or kind == "TEXT":
        return f"{column}-{number}"
    plain = {"DATETIME": "2026-11-21 06:00:00.000000", "DATE": "2026-11-21", "BOOLEAN": 0, "FLOAT": 1.5}
    return plain.get(kind, number)


PAYLOAD = {"update_id": 1, "chat_id": 1, "kind": "text", "text": "Есть кто?", "message_id": 7, "name": "Анна"}
SAMPLES: dict[tuple[str, str], Any] = {
    ("chats", "language"): "ru",
    ("chats", "history_from"): 0,
    ("messages", "role"): "customer",
    ("messages", "kind"): "text",
    ("messages", "telegram_ids"): "[7]",
    ("messages", "passages"): "[]",
    ("messages", "attachments"): "[]",
    ("messages", "error_code"): None,
    ("messages", "update_id"): 99,
    ("leads", "fields"): "{}",
    ("leads", "phone"): "+79123456789",
    ("inbox", "payload"): json.dumps({**PAYLOAD, "sent_at": "2026-11-21T06:00:00+00:00"}),
    ("outbox", "kind"): "lead",
    ("outbox", "key"): "lead-1-r1",
    ("outbox", "payload"): None,
    ("outbox", "progress"): None,
    ("state", "value"): '"2026-11-21T06:00:00+00:00"',
}


def tables(path: Path) -> Iterator[str]:
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    for (name,) in found:
        if not name.startswith(("sqlite_", "alembic_")):
            yield name


def fill(path: Path) -> None:
    """A row in every table, with a value in every column."""
    with closing(sqlite3.connect(path)) as connection, connection:
        for table in tables(path):
            columns = connection.execute(f"PRAGMA table_info({table})").fetchall()
            row = {name: sample(table, name, kind.upper(), 1) for _, name, kind, *_ in columns}
            names, marks = ", ".join(row), ", ".join("?" * len(row))
            connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(row.values()))


@pytest.mark.parametrize("revision", REVISIONS)
async def test_a_copy_of_every_earlier_version_comes_back_with_all_that_is_in_it(
    tmp_path: Path, revision: str
) -> None:
    old, file, path = tmp_path / "old.db", tmp_path / "copy.db", tmp_path / "sovetnik.db"
    of_revision(old, revision)
    fill(old)
    back_up(old, file, force=False)
    restore(file, path)
    assert rows(path, "alembic_version") == [{"version_num": migrate.HEAD}]
    for table in tables(old):
        before, after = rows(old, table), rows(path, table)
        assert len(after) == len(before) == 1
        kept = before[0].keys() & after[0].keys()
        assert {name: after[0][name] for name in kept} == {name: before[0][name] for name in kept}, table
    await lives(path)


async def lives(path: Path) -> None:
    """The restored bot answers what waited, mails the lead and makes its report."""
    async with SqlStore.open(f"sqlite:///{path}", exclusive=True) as store:
        assert await store.recover() == [1]
        delivery = await answer_turn(store, "Да", chat_id=1)
        assert await store.next_step(1, "worker", Limits(), (delivery.id, (8,))) is None
        assert [text for text in await texts(store) if text in {"text-1", "Есть кто?", "Да"}] == [
            "text-1",
            "Есть кто?",
            "Да",
        ]
        assert [lead.contact.phone async for lead, _ in store.leads()] == ["+79123456789"]
        assert [task.ref for task in await store.due_mails(10)] == [1]
        assert (await store.vitals()).last_report is not None
