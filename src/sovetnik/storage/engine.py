"""Opening the database: the file, its lock, the engines for writing and for reading."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import IO, Any

from sqlalchemy import Connection, Engine, Pool, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from sovetnik.core.errors import ConfigError

BUSY_TIMEOUT = 4_000
"""Milliseconds that SQLite waits for another process's lock (a shell, an editor) before it refuses; who
asked tries again, and a shutdown must not wait longer."""


def sqlite_file(url: str) -> Path:
    """The database file of ``DATABASE_URL``.

    Raises:
        ConfigError: the URL is none, or not of SQLite.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise ConfigError("DATABASE_URL: not a database URL; write sqlite:///data/sovetnik.db") from None
    if parsed.get_backend_name() == "postgresql":
        raise ConfigError(
            "DATABASE_URL: this works on an SQLite file; PostgreSQL has its own tools (pg_dump)"
        )
    if parsed.get_backend_name() != "sqlite":
        raise ConfigError(
            f"DATABASE_URL: {parsed.get_backend_name()} is not supported by this version; "
            "write sqlite:///data/sovetnik.db"
        )
    if not parsed.database or parsed.database == ":memory:":
        raise ConfigError("DATABASE_URL: a file is needed; write sqlite:///data/sovetnik.db")
    return Path(parsed.database)


def prepare_file(path: Path) -> None:
    """Make the folder and the file, readable by their owner only (the file holds people's phones).

    Raises:
        ConfigError: the file cannot be written.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        if not os.access(path.parent, os.W_OK | os.X_OK):
            raise PermissionError(f"the folder {path.parent} is not writable")
    except OSError as error:
        raise ConfigError(
            f"DATABASE_URL: cannot write {path.absolute()}: {error.strerror or error}; "
            "give the folder to the user who runs sovetnik, or name another file"
        ) from error


def lock(path: Path) -> IO[str]:
    """Hold the database for this process; the lock goes with the process, however it ends.

    Raises:
        ConfigError: another process runs the bot on this file.
    """
    descriptor = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    handle = os.fdopen(descriptor, "r+")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        other = handle.read(20).strip() or "?"
        handle.close()
        raise ConfigError(
            f"DATABASE_URL: {path} is in use by another `sovetnik run` (process {other}); "
            "stop that one or name another file"
        ) from None
    handle.truncate(0)
    handle.write(str(os.getpid()))
    handle.flush()
    return handle


def writing_engine(path: Path) -> Engine:
    """The engine of the writer thread: every transaction takes the write lock at once."""
    engine = create_engine(_url(path), hide_parameters=True)
    _set_up(engine.pool)
    event.listen(engine, "begin", _begin_writing)
    return engine


def reading_engine(path: Path) -> Engine:
    """The engine of reads on other threads; a reader never waits for the writer (WAL)."""
    engine = create_engine(_url(path), hide_parameters=True)
    _set_up(engine.pool)
    event.listen(engine, "begin", _begin_reading)
    return engine


def check_database(path: Path) -> None:
    """See that the file is a database of ours or empty.

    Raises:
        ConfigError: it is something else, or damaged.
    """
    try:
        # closed by name: nothing but the garbage collector would, and until then SQLite keeps its log
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA schema_version").fetchone()
    except sqlite3.DatabaseError as error:
        raise ConfigError(
            f"DATABASE_URL: {path.absolute()} cannot be opened as an SQLite database ({error}); "
            "name another file or restore a backup"
        ) from error


def empty_log(engine: Engine) -> bool:
    """Move the write-ahead log into the file and empty it: what was erased still stands in there.

    Returns:
        False when a reader is in the way; then the log is written over as it goes on, or at the end.
    """
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute("PRAGMA busy_timeout=1000")  # a checkpoint that waits keeps the writer waiting
        try:
            busy, *_ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() or (1,)
        finally:
            cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT}")
    except sqlite3.OperationalError:
        return False
    finally:
        connection.close()
    return not busy


def _url(path: Path) -> URL:
    return URL.create("sqlite", database=str(path))


def _begin_writing(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_reading(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _set_up(pool: Pool) -> None:
    """On each new connection: durable, concurrent, and transactions begun by us, not by the driver."""

    def connected(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own type
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            f"busy_timeout={BUSY_TIMEOUT}",
            "foreign_keys=ON",
            "secure_delete=ON",  # an erased customer's words must not stay in free pages
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    event.listen(pool, "connect", connected)
