"""The database: can it be written, is it of this version, what waits in it. `run` may use it meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import sqlite3
from pathlib import Path
from typing import IO, Literal

from sovetnik.core.errors import ConfigError
from sovetnik.doctor import words_here as words
from sovetnik.doctor.finding import Finding, Said, Trouble, same
from sovetnik.doctor.patient import Patient, skipped, within
from sovetnik.doctor.server import server
from sovetnik.doctor.waiting import check_schema, inside
from sovetnik.storage.engine import sqlite_file
from sovetnik.storage.opening import is_postgres

LOCK_PATIENCE = 3.0
"""Seconds to wait for another writer: `run` holds the database for milliseconds."""


async def storage(patient: Patient) -> list[Finding]:
    """Database, schema, queues, owner."""
    later = ("schema", "queues", "owner")
    if why := patient.spoilt("DATABASE_"):
        return [skipped(name, why) for name in ("database", *later)]
    url = patient.settings.database_url.get_secret_value()
    if is_postgres(url):
        return await server(patient, url)
    try:
        path = sqlite_file(url)
    except ConfigError as error:
        broken = Finding("database", "broken", same(str(error)), words.DATABASE_URL_OUT)
        return [broken, *(skipped(name, words.DATABASE_FAILS) for name in later)]
    database = await within("database", check_database(path))
    if database.state != "ok":
        return [database, *(skipped(name, words.DATABASE_FAILS) for name in later)]
    if not path.exists():
        return [database, *(skipped(name, words.NO_DATABASE) for name in later)]
    schema = await within("schema", _schema(path))
    if schema.state != "ok":  # opening the store would bring it up to date, under a running bot
        return [database, schema, *(skipped(name, words.SCHEMA_FAILS) for name in later[1:])]
    process = await asyncio.to_thread(running, path)
    patient.runs_here = process is not None
    by = words.PROCESS.format(process=process) if process else None
    return [database, schema, *await inside(patient, url, by)]


async def check_database(path: Path) -> Finding:
    """Whether the file, or the folder for it, can be written. Nothing is written, nothing is made.

    Raises:
        Trouble: it cannot, it is locked, or it is no database.
    """
    try:
        bytes_kept = await asyncio.to_thread(_size_if_writable, path)
    except sqlite3.OperationalError as error:
        if "locked" in str(error) or "busy" in str(error):
            busy = words.DATABASE_BUSY.format(path=path)
            raise Trouble(busy, words.DATABASE_BUSY_OUT) from None
        fact = words.DATABASE_BAD.format(path=path, error=str(error))
        raise Trouble(fact, words.DATABASE_BAD_OUT) from None
    except sqlite3.DatabaseError as error:
        fact = words.DATABASE_DAMAGED.format(path=path, error=str(error))
        raise Trouble(fact, words.DATABASE_DAMAGED_OUT) from None
    if bytes_kept is None:
        return Finding("database", "ok", words.DATABASE_NEW.format(path=path))
    return Finding("database", "ok", words.DATABASE_GOOD.format(path=path, size=words.size(bytes_kept)))


def _size_if_writable(path: Path) -> int | None:
    """Take the write lock and give it back; gives the file's size, or None where there is no file yet."""
    if not path.exists():
        folder = next(parent for parent in path.absolute().parents if parent.exists())
        if not (folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)):
            said = Said(f"nothing can be written into {folder}", f"в {folder} нельзя писать")
            raise Trouble(words.DATABASE_BAD.format(path=path, error=said), words.DATABASE_BAD_OUT)
        return None
    with contextlib.closing(_open(path, "rw")) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
    return path.stat().st_size


def _open(path: Path, mode: Literal["ro", "rw"]) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=LOCK_PATIENCE, isolation_level=None
    )


async def _schema(path: Path) -> Finding:
    return check_schema(await asyncio.to_thread(_revision, path))


def _revision(path: Path) -> str | None:
    with contextlib.closing(_open(path, "ro")) as connection:
        try:
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.OperationalError:
            return None
    return row[0] if row else None


def running(path: Path) -> int | None:
    """The process of the `run` that works on this database; None when there is none.

    It holds a lock beside the file; the lock is tried only where its process seems alive, and given back
    at once.
    """
    try:
        with path.with_name(path.name + ".lock").open() as handle:
            process = int(handle.read(20).strip() or 0)
            return process if process and _is_alive(process) and _is_locked(handle) else None
    except (OSError, ValueError):
        return None


def _is_locked(handle: IO[str]) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
