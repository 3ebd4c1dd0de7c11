"""Everything from one database into another, empty one: from SQLite to PostgreSQL, or back."""

from __future__ import annotations

import asyncio
import hashlib
import json
import sqlite3
import threading
from collections.abc import Generator, Iterator
from contextlib import AsyncExitStack, closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, func, select, text
from sqlalchemy.exc import DBAPIError

from sovetnik.core.errors import ConfigError, StorageError
from sovetnik.storage.engine import sqlite_file
from sovetnik.storage.opening import is_postgres, open_database
from sovetnik.storage.quiet import keep_quiet
from sovetnik.storage.tables import chats, metadata, replicas

PAGE = 1_000
"""Rows that are held in memory."""

SAME = "source and destination are the same database; name another one"

TABLES: tuple[Table, ...] = tuple(table for table in metadata.sorted_tables if table is not replicas)


@dataclass(slots=True)
class _Held:
    """What a table holds: how many rows, and a digest of all their values."""

    rows: int = 0
    digest: Any = field(default_factory=hashlib.sha256)

    def add(self, row: dict[str, Any]) -> None:
        self.rows += 1
        line = json.dumps(row, sort_keys=True, default=_plain, ensure_ascii=True)
        self.digest.update(line.encode() + b"\n")

    def what(self) -> tuple[int, bytes]:
        """Equal for equal contents."""
        return self.rows, self.digest.digest()


async def transfer(source: str, destination: str) -> dict[str, int]:
    """Copy every row, read the copy again and compare; nothing is kept of a copy that differs.

    Args:
        source: URL of a database that no bot runs on.
        destination: URL of an empty one.

    Returns:
        Rows by table.

    Raises:
        ConfigError: one of them cannot be opened or is in use, or the destination is not empty.
        StorageError: the copy failed or differs; the destination is as empty as before.
    """
    if not is_postgres(source):
        with _naming("source"):
            _check_ours(sqlite_file(source))
        if not is_postgres(destination) and _file(source) == _file(destination):
            raise ConfigError(SAME)
    async with AsyncExitStack() as stack:
        with _naming("source"):
            old = await stack.enter_async_context(open_database(source, exclusive=not is_postgres(source)))
        with _naming("destination"):
            new = await stack.enter_async_context(open_database(destination, exclusive=True))
        stopped = threading.Event()
        try:
            return await asyncio.to_thread(_transfer, old.engine, new.engine, stopped)
        except DBAPIError as error:
            raise StorageError(f"the copy failed: {_said(error)}; nothing was kept") from error
        finally:
            stopped.set()


@contextmanager
def _naming(which: str) -> Generator[None]:
    """Say which of the two is meant: neither is ``DATABASE_URL``."""
    try:
        yield
    except ConfigError as error:
        raise ConfigError(f"{which}: {str(error).removeprefix('DATABASE_URL: ')}") from error


def _file(url: str) -> Path:
    return sqlite_file(url).resolve()


def _check_ours(path: Path) -> None:
    """See that there is something to copy: opening would make it."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        raise ConfigError(
            f"{path.absolute()} is no database of Sovetnik ({error}); name another file"
        ) from None


def _said(error: DBAPIError) -> str:
    """What went wrong, without values: those are customers' words."""
    said = getattr(getattr(error.orig, "diag", None), "message_primary", None)
    return f"{type(error.orig).__name__}: {said}" if said else type(error.orig).__name__


def _transfer(old: Engine, new: Engine, stopped: threading.Event) -> dict[str, int]:
    if old.dialect.name == new.dialect.name == "postgresql" and _place(old) == _place(new):
        raise ConfigError(SAME)
    with _reading(old) as reading, new.begin() as writing:
        with _naming("source"):
            _hold(reading)
        with _naming("destination"):
            _hold(writing)
        return _copy(reading, writing, stopped)


@contextmanager
def _reading(old: Engine) -> Generator[Connection]:
    """One state of the source from the first row to the last, whatever is written meanwhile."""
    with old.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ")
        yield connection


def _place(engine: Engine) -> tuple[object, ...]:
    """Tells a server's database from all others, whatever name it is reached by."""
    found = "SELECT oid, pg_postmaster_start_time() FROM pg_database WHERE datname = current_database()"
    with engine.connect() as connection:
        return tuple(connection.execute(text(found)).one())


def _hold(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":  # each waits for the other, for longer than a bot's unit may
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        connection.execute(text("SET LOCAL statement_timeout = 0"))
    keep_quiet(connection)


def _copy(reading: Connection, writing: Connection, stopped: threading.Event) -> dict[str, int]:
    for table in TABLES:
        if writing.execute(select(table).limit(1)).first() is not None:
            raise ConfigError(
                f"the destination is not empty: there are rows in {table.name}; name another one"
            )
    copied = {table.name: _copy_table(reading, writing, table, stopped) for table in TABLES}
    for table in TABLES:
        found = _Held()
        for page in _pages(writing, table, stopped):
            for row in page:
                found.add(row)
        if found.what() != copied[table.name].what():
            raise StorageError(f"the copy of {table.name} differs from its source; nothing was kept")
    return {name: held.rows for name, held in copied.items()}


def _copy_table(reading: Connection, writing: Connection, table: Table, stopped: threading.Event) -> _Held:
    held = _Held()
    for page in _pages(reading, table, stopped):
        for row in page:
            if table is chats:
                row["owner"] = None  # whoever worked on it is gone
            held.add(row)
        writing.execute(table.insert(), page)
    _go_on_counting(reading, writing, table)
    return held


def _pages(connection: Connection, table: Table, stopped: threading.Event) -> Iterator[list[dict[str, Any]]]:
    key = next(iter(table.primary_key.columns))
    after: Any = None
    while not stopped.is_set():
        page = select(table).order_by(key).limit(PAGE)
        rows = connection.execute(page if after is None else page.where(key > after)).mappings().all()
        if not rows:
            return
        after = rows[-1][key.name]
        yield [dict(row) for row in rows]
    raise StorageError("stopped; nothing was kept")


def _go_on_counting(reading: Connection, writing: Connection, table: Table) -> None:
    """Ids go on where they were: one that was used once must not come again, mails are named by them."""
    if not table.dialect_options["sqlite"]["autoincrement"]:
        return
    last: int = reading.execute(select(func.coalesce(func.max(table.c.id), 0))).scalar_one()
    last = max(last, _last_used(reading, table) or 0)
    if not last:
        return
    if writing.dialect.name == "postgresql":
        following = text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :last)")
        writing.execute(following, {"name": table.name, "last": last})
        return
    writing.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": table.name})
    counted = text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)")
    writing.execute(counted, {"name": table.name, "last": last})


def _last_used(connection: Connection, table: Table) -> int | None:
    """The highest id that was given away, though its row may be gone."""
    counted = "SELECT seq FROM sqlite_sequence WHERE name = :name"
    if connection.dialect.name == "postgresql":
        counted = "SELECT pg_sequence_last_value(pg_get_serial_sequence(:name, 'id')::regclass)"
    return connection.execute(text(counted), {"name": table.name}).scalar()


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(type(value).__name__)
