"""Which database a URL means. PostgreSQL's parts are imported only where they are needed."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from sovetnik.core.errors import ConfigError
from sovetnik.storage.database import Database
from sovetnik.storage.engine import sqlite_file
from sovetnik.storage.sqlite import SqliteDatabase


def is_postgres(url: str) -> bool:
    """Whether ``DATABASE_URL`` names a PostgreSQL database."""
    try:
        return make_url(url).get_backend_name() in {"postgresql", "postgres"}
    except ArgumentError:
        return False  # SQLite's side says what is wrong with it


def open_database(url: str, *, exclusive: bool) -> AbstractAsyncContextManager[Database]:
    """The database, open and with its schema brought up to date.

    Raises:
        ConfigError: it cannot be opened; the message says why and what to do.
    """
    if not is_postgres(url):
        return SqliteDatabase.open(url, exclusive=exclusive)
    try:
        from sovetnik.storage.postgres import PostgresDatabase
    except ImportError as error:
        raise ConfigError(
            f"DATABASE_URL: PostgreSQL needs a package that is missing ({error.name}); "
            'install it: pip install "sovetnik[postgres]"'
        ) from error
    return PostgresDatabase.open(url, exclusive=exclusive)


def local_folder(url: str) -> Path:
    """Where this machine keeps what it can make again: beside an SQLite database, else in ``data``."""
    return Path("data") if is_postgres(url) else sqlite_file(url).parent
