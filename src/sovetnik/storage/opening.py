"""Which database a URL means. PostgreSQL's parts are imported only where they are needed."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sovetnik.core.errors import ConfigError
from sovetnik.storage.database import Database
from sovetnik.storage.engine import prepare_file, sqlite_file
from sovetnik.storage.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from sovetnik.storage.server import Condition


def is_postgres(url: str) -> bool:
    """Whether ``DATABASE_URL`` names a PostgreSQL database."""
    return url.partition(":")[0].partition("+")[0] in {"postgresql", "postgres"}


def open_database(url: str, *, exclusive: bool) -> AbstractAsyncContextManager[Database]:
    """The database, open and with its schema brought up to date.

    Raises:
        ConfigError: it cannot be opened; the message says why and what to do.
    """
    if not is_postgres(url):
        return SqliteDatabase.open(url, exclusive=exclusive)
    with _postgres_packages():
        from sovetnik.storage.postgres import PostgresDatabase
    return PostgresDatabase.open(url, exclusive=exclusive)


async def make_database(url: str) -> None:
    """Make what the first opening needs, so that others than `sovetnik run` may be that.

    Raises:
        ConfigError: it cannot be made.
    """
    if not is_postgres(url):
        prepare_file(sqlite_file(url))
        return
    async with open_database(url, exclusive=True):
        pass


def look_at_server(url: str) -> Condition:
    """How a PostgreSQL and our database on it are; see :func:`sovetnik.storage.server.look`.

    Raises:
        ConfigError: there is no way in.
    """
    with _postgres_packages():
        from sovetnik.storage.server import look
    return look(url)


@contextmanager
def _postgres_packages() -> Generator[None]:
    try:
        yield
    except ImportError as error:
        raise ConfigError(
            f"DATABASE_URL: PostgreSQL needs a package that is missing ({error.name}); "
            'install it: pip install "sovetnik[postgres]"'
        ) from error


def local_folder(url: str) -> Path:
    """Where this machine keeps what it can make again: beside an SQLite database, else in ``data``."""
    return Path("data") if is_postgres(url) else sqlite_file(url).parent
