"""PostgreSQL: opening it, what is told when it cannot be opened, and units that something breaks off."""

from __future__ import annotations

import asyncio
import itertools
import sys
import threading
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url

from sovetnik.core.errors import ConfigError
from sovetnik.settings import Settings
from sovetnik.storage import SqlStore, migrate
from sovetnik.storage.importing import OldDialogue, OldMessage, import_dialogues
from sovetnik.storage.opening import open_database
from sovetnik.storage.postgres import PostgresDatabase, connection_string
from sovetnik.storage.replica import Replica
from sovetnik.storage.tables import metadata
from tests import postgres
from tests.storage.samples import MORNING, converse, texts

OPEN = """
import asyncio, sys
from sovetnik.storage import SqlStore

async def main():
    async with SqlStore.open(sys.argv[1], exclusive=True) as store:
        await store.touch()

asyncio.run(main())
"""


@pytest.fixture
def url() -> str:
    return postgres.fresh()


# migrations


async def test_two_processes_that_meet_on_an_empty_database_make_one_schema() -> None:
    url = postgres.fresh(migrated=False)
    with psycopg.connect(url, autocommit=True) as gate:
        gate.execute(f"SELECT pg_advisory_lock({migrate.LOCK})")
        processes = [await asyncio.create_subprocess_exec(sys.executable, "-c", OPEN, url) for _ in range(2)]
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        async with asyncio.timeout(20):
            while gate.execute(waiting).fetchone() != (2,):  # noqa: ASYNC110 - it has no event
                await asyncio.sleep(0.02)
        gate.execute(f"SELECT pg_advisory_unlock({migrate.LOCK})")
    assert [await process.wait() for process in processes] == [0, 0]
    engine = create_engine(make_url(url).set(drivername="postgresql+psycopg"))
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == migrate.HEAD
    engine.dispose()


async def test_a_second_start_migrates_nothing(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("migrated again")

    monkeypatch.setattr("alembic.command.upgrade", fail)
    async with SqlStore.open(url, exclusive=True) as store:
        assert await texts(store) == []


async def test_a_database_of_a_newer_version_is_refused_with_the_way_out(url: str) -> None:
    postgres.execute("UPDATE alembic_version SET version_num = '9999'", url)
    assert "install the newest sovetnik" in await refused(url)


async def test_a_command_makes_no_tables_in_a_database_that_is_not_ours() -> None:
    url = postgres.fresh(migrated=False)
    said = await refused(url, exclusive=False)
    assert make_url(url).database in said
    assert "`sovetnik run` first" in said
    assert postgres.everything(url) == ""


# refusals


async def refused(url: str, *, exclusive: bool = True) -> str:
    """What is said where a database cannot be opened."""
    with pytest.raises(ConfigError) as refusal:
        async with SqlStore.open(url, exclusive=exclusive):
            pass
    said = str(refusal.value)
    assert said.startswith("DATABASE_URL: ")
    assert "hunter2" not in said
    assert "\n" not in said
    return said


@pytest.fixture
def with_password(url: str) -> str:
    """URL of a user whom the server asks for the right password, and gets a wrong one."""
    name = f"locked_{make_url(url).database}"
    postgres.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'right'")
    [(rules,)] = postgres.execute("SHOW hba_file")
    path = Path(rules)
    path.write_text(f"local all {name} scram-sha-256\n{path.read_text()}")
    postgres.execute("SELECT pg_reload_conf()")
    return url.replace("postgres:@", f"{name}:hunter2@")


async def test_a_wrong_password(with_password: str) -> None:
    said = await refused(with_password)
    assert "password authentication failed" in said
    assert "PGPASSWORD" in said


async def test_a_database_that_is_not_there(url: str) -> None:
    missing = make_url(url).set(database="nowhere").render_as_string(hide_password=False)
    assert 'database "nowhere" does not exist; create it: CREATE DATABASE' in await refused(missing)


async def test_a_host_that_does_not_answer() -> None:
    assert "refused; check host, port" in await refused("postgresql://shop:hunter2@127.0.0.1:9/shop")
    assert "resolve" in await refused("postgresql://shop:hunter2@nowhere.invalid/shop")


async def test_a_database_of_another_encoding(url: str) -> None:
    name = f"latin_{make_url(url).database}"
    postgres.execute(f"CREATE DATABASE {name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    assert "LATIN1; create it with ENCODING 'UTF8'" in await refused(postgres.url_of(name))


async def test_a_user_who_may_make_nothing() -> None:
    url = postgres.fresh(migrated=False)
    name = f"guest_{make_url(url).database}"
    postgres.execute(f"CREATE ROLE {name} LOGIN")
    assert "OWNER TO" in await refused(url.replace("postgres:@", f"{name}:@"))


async def test_a_pooler_that_drops_what_our_sessions_are_told(url: str) -> None:
    assert "PgBouncer" in await refused(f"{url}&options=-c search_path%3Dpublic")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://shop:hun@hunter2@host/shop",
        "postgresql://shop:hunter2@host:port/shop",
        "postgresql:hunter2",
        "postgresql://shop:hunter2@host/shop?sslmod=require",
    ],
)
async def test_a_url_that_is_none(url: str) -> None:
    said = await refused(url)
    assert "postgresql://user:password@host:5432/database" in said or "sslmod" in said


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://shop:hun/hunter2@host/shop",
        "postgresql://shop:hun@hunter2@host/shop",
        "postgresql://host/shop?user=shop&password=hunter2",
    ],
)
def test_a_password_is_taken_out_of_logs_however_it_is_written(url: str) -> None:
    secrets = Settings(database_url=url).secrets()  # type: ignore[arg-type]
    assert [secret for secret in secrets if "hunter2" in secret and "host" not in secret]


async def test_without_its_packages_the_command_that_installs_them_is_told(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "sovetnik.storage.postgres")
    monkeypatch.setitem(sys.modules, "psycopg", None)
    assert 'pip install "sovetnik[postgres]"' in await refused(url)


# units that something breaks off


async def test_after_a_restart_of_the_server_the_next_unit_works(url: str) -> None:
    async with SqlStore.open(url, exclusive=True) as store:
        await converse(store, 1, "до", "да")
        await asyncio.to_thread(postgres.restart)
        await converse(store, 2, "после", "да")
        assert await texts(store) == ["до", "да", "после", "да"]


async def test_a_unit_whose_session_is_cut_off_in_the_middle_is_done_again_once(url: str) -> None:
    tries = itertools.count(1)

    def unit(connection: Connection) -> int:
        connection.execute(text("INSERT INTO owners VALUES (7, clock_timestamp())"))
        number = next(tries)
        if number == 1:
            own = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
            postgres.execute(f"SELECT pg_terminate_backend({own}, 5000)")
            connection.execute(text("SELECT 1"))
        return number

    async with open_database(url, exclusive=True) as database:
        assert await database.write(unit) == 2
    assert postgres.execute("SELECT count(*) FROM owners", url) == [(1,)]


async def test_a_unit_that_a_deadlock_broke_off_is_done_again(url: str) -> None:
    postgres.execute("INSERT INTO owners SELECT n, clock_timestamp() FROM generate_series(1, 2) n", url)
    both = threading.Barrier(2)
    tries = itertools.count()

    def crossing(first: int, second: int) -> None:
        def unit(connection: Connection) -> None:
            connection.execute(text("SET LOCAL deadlock_timeout = '20ms'"))
            touch = text("UPDATE owners SET paired_at = paired_at + interval '1 s' WHERE chat_id = :id")
            connection.execute(touch, {"id": first})
            if next(tries) < 2:
                both.wait(20)
            connection.execute(touch, {"id": second})

        return unit

    async with PostgresDatabase.open(url, exclusive=True) as database:
        await asyncio.gather(database.write(crossing(1, 2)), database.write(crossing(2, 1)))
    assert next(tries) == 3, "one of them twice"
    [(spread,)] = postgres.execute("SELECT max(paired_at) - min(paired_at) < interval '1 s' FROM owners", url)
    assert spread, "each row was touched twice"


# nobody runs the bot


DIALOGUE = OldDialogue(1, (OldMessage("1", "customer", "давно", MORNING),))


async def test_dialogues_are_not_imported_under_a_running_bot(url: str) -> None:
    async with SqlStore.open(url, exclusive=True) as command:
        async with postgres.living(url):
            with pytest.raises(ConfigError, match=r"in use by `sovetnik run` \(replicas: 1\)"):
                await import_dialogues(command, [DIALOGUE])
        assert await import_dialogues(command, [DIALOGUE]) == 1, "at once after it has ended"


async def test_a_bot_that_starts_in_the_middle_of_an_import_waits(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> object:
        begun.set()
        go_on.wait(20)
        return MORNING

    monkeypatch.setattr("sovetnik.storage.importing.utcnow", slow)
    async with SqlStore.open(url, exclusive=True) as command:
        importing = asyncio.create_task(import_dialogues(command, [DIALOGUE]))
        await asyncio.to_thread(begun.wait, 20)
        replica = Replica(connection_string(url))
        living = asyncio.create_task(replica.run())
        async with asyncio.timeout(20):
            while not postgres.execute("SELECT 1 FROM pg_locks WHERE NOT granted", url):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert not replica.seen.is_set()
        go_on.set()
        assert await importing == 1
        await asyncio.wait_for(replica.seen.wait(), 20)
        living.cancel()
        await asyncio.gather(living, return_exceptions=True)
