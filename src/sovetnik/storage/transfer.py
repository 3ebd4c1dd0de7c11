"""Everything from one database into another, empty one: from SQLite to PostgreSQL, or back."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Table, func, select, text
from sqlalchemy.exc import DBAPIError

from sovetnik.core.errors import ConfigError, StorageError
from sovetnik.storage.opening import open_database
from sovetnik.storage.tables import chats, metadata, replicas

PAGE = 1_000
"""Rows that are held in memory."""

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


async def transfer(source: str, destination: str) -> dict[str, int]:
    """Copy every row, read the copy again and compare; nothing is kept of a copy that differs.

    Args:
        source: URL of a database that no bot runs on.
        destination: URL of an empty one.

    Returns:
        Rows by table.

    Raises:
        ConfigError: one of them cannot be opened, the source is in use or the destination not empty.
        StorageError: the copy failed or differs; the destination is as empty as before.
    """
    async with (
        open_database(source, exclusive=True) as old,
        open_database(destination, exclusive=True) as new,
    ):
        try:
            return await asyncio.to_thread(_transfer, old.engine, new.engine)
        except DBAPIError as error:
            raise StorageError(f"the copy failed: {type(error.orig).__name__}; nothing was kept") from error


def _transfer(old: Engine, new: Engine) -> dict[str, int]:
    with old.connect() as reading, new.begin() as writing:
        _check_idle(reading)
        return _copy(reading, writing)


def _check_idle(source: Connection) -> None:
    seen = select(func.count()).select_from(replicas)
    if source.dialect.name == "postgresql":
        seen = seen.where(text("seen_at > clock_timestamp() - interval '15 s'"))
        if source.execute(seen).scalar_one():
            raise ConfigError("a bot runs on the source; stop every `sovetnik run` first")


def _copy(reading: Connection, writing: Connection) -> dict[str, int]:
    for table in TABLES:
        if writing.execute(select(table).limit(1)).first() is not None:
            raise ConfigError(
                f"the destination is not empty: there are rows in {table.name}; name another one"
            )
    copied = {table.name: _copy_table(reading, writing, table) for table in TABLES}
    for table in TABLES:
        found = _Held()
        for page in _pages(writing, table):
            for row in page:
                found.add(row)
        if (found.rows, found.digest.digest()) != (
            copied[table.name].rows,
            copied[table.name].digest.digest(),
        ):
            raise StorageError(f"the copy of {table.name} differs from its source; nothing was kept")
    return {name: held.rows for name, held in copied.items()}


def _copy_table(reading: Connection, writing: Connection, table: Table) -> _Held:
    held = _Held()
    for page in _pages(reading, table):
        for row in page:
            if table is chats:
                row["owner"] = None  # whoever worked on it is gone
            held.add(row)
        writing.execute(table.insert(), page)
    _go_on_counting(reading, writing, table)
    return held


def _pages(connection: Connection, table: Table) -> Iterator[list[dict[str, Any]]]:
    key = next(iter(table.primary_key.columns))
    after: Any = None
    while True:
        page = select(table).order_by(key).limit(PAGE)
        rows = connection.execute(page if after is None else page.where(key > after)).mappings().all()
        if not rows:
            return
        after = rows[-1][key.name]
        yield [dict(row) for row in rows]


def _go_on_counting(reading: Connection, writing: Connection, table: Table) -> None:
    """Ids go on where they were: one that was used once must not come again, mails are named by them."""
    if "id" not in table.c or table is chats:
        return
    last: int = reading.execute(select(func.coalesce(func.max(table.c.id), 0))).scalar_one()
    if reading.dialect.name == "sqlite":
        counted = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
        last = max(last, reading.execute(counted, {"name": table.name}).scalar() or 0)
    if writing.dialect.name == "postgresql" and last:
        following = text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :last)")
        writing.execute(following, {"name": table.name, "last": last})


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(type(value).__name__)
