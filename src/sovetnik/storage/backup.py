"""Copies of the database: made while the bot runs, read back, and put in its place again.

A copy is made in one step (``pages=-1``). In WAL mode that is one read transaction, for which no writer
waits. In smaller steps SQLite begins anew whenever somebody has written in between, so that a copy of a
busy bot's database never ends: measured, as were the other ways, in docs/operations.md.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from sovetnik.core.errors import ConfigError
from sovetnik.storage import engine, migrate
from sovetnik.storage.opening import is_postgres

OURS = {"alembic_version", "chats", "messages", "leads", "inbox", "outbox"}
"""Tables that every database of ours has had from the first version on."""

BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a file."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a database holds.

    Attributes:
        size: Bytes of the file.
        unanswered: Updates that wait for an answer.
        unsent: Answers and mails that wait to be sent.
    """

    size: int
    customers: int
    messages: int
    leads: int
    unanswered: int
    unsent: int


def database_file(url: str) -> Path:
    """The file of ``DATABASE_URL``.

    Raises:
        ConfigError: it is not of SQLite; the message names the tool that copies it.
    """
    if is_postgres(url):
        raise ConfigError(
            "DATABASE_URL: PostgreSQL is copied with its own tools: `pg_dump --format=custom --file=FILE …`, "
            "and back with `pg_restore --clean --if-exists --dbname=…` while no bot runs"
        )
    return engine.sqlite_file(url)


def back_up(database: Path, file: Path, *, force: bool) -> Contents:
    """Copy the database into a file, also while the bot runs; the file is there whole or not at all.

    Raises:
        ConfigError: it cannot be read or is damaged, or the file cannot be written.
    """
    if not database.exists():
        raise ConfigError(
            f"DATABASE_URL: there is no database at {database.absolute()}; run `sovetnik run` first"
        )
    _refuse_itself(database, file)
    if file.exists() and not force:
        raise ConfigError(f"{file} exists; name another file, or add --force to replace it")
    with _writing(file), _part(file, ".part") as part:
        _copy(database, "rw", part)
        contents = _contents(part)
        part.replace(file)
        _settle(file.parent)
    return contents


def restore(file: Path, database: Path) -> tuple[Contents, Path | None]:
    """Put a copy in the place of the database, brought up to this version.

    Returns:
        What it holds, and where the database is that was there before.

    Raises:
        ConfigError: the file is no database of ours, or a bot runs; nothing has changed then.
    """
    _refuse_itself(database, file)
    if not file.is_file():
        raise ConfigError(f"{file}: there is no such file; name one that `sovetnik backup` wrote")
    with _writing(database):
        database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        place = database.resolve()  # a link stays one
        with engine.lock(database), _part(place, ".restoring") as part:
            _copy(file, _reading(file), part)
            _migrate(part, file)
            contents = _contents(part)
            _hand_over(place.parent, part, Path(f"{database}.lock"))
            aside = _put_aside(place)
            part.replace(place)
            _settle(place.parent)
    return contents, aside


def _refuse_itself(database: Path, file: Path) -> None:
    itself = database.resolve()
    if file.resolve() in {itself, *(Path(f"{itself}{end}") for end in (*BESIDE, ".lock"))}:
        raise ConfigError(f"{file} belongs to the database itself; name another file")


@contextmanager
def _writing(target: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigError(f"{target}: cannot be written: {error.strerror or error}") from error


@contextmanager
def _part(target: Path, end: str) -> Generator[Path]:
    """A new file beside the target, for its owner only; gone afterwards unless it was renamed."""
    part = target.with_name(target.name + end)
    _remove(part)  # of a run that was killed
    os.close(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        yield part
    finally:
        _remove(part)


def _remove(path: Path) -> None:
    for end in ("", *BESIDE):
        Path(f"{path}{end}").unlink(missing_ok=True)


def _reading(file: Path) -> str:
    """How a copy is opened: nothing has to be made beside it, it may lie on a read-only disk."""
    in_use = any(Path(f"{file}{end}").exists() for end in BESIDE)
    return "ro" if in_use else "ro&immutable=1"


def _copy(source: Path, mode: str, part: Path) -> None:
    """Copy a database of ours and read the copy back.

    Raises:
        ConfigError: it is none, or damaged, or the copy cannot be written.
    """
    address = f"{source.absolute().as_uri()}?mode={mode}"
    try:
        with closing(sqlite3.connect(address, uri=True)) as old, closing(sqlite3.connect(part)) as new:
            _check_ours(old, source)
            old.backup(new, pages=-1)
            _one_file(new)
            (found,) = new.execute("PRAGMA integrity_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        raise ConfigError(f"{source} cannot be copied: {error}") from error
    if found != "ok":
        raise ConfigError(f"{source} is damaged ({found}); restore an earlier backup")


def _check_ours(connection: sqlite3.Connection, source: Path) -> None:
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables >= OURS:
        raise ConfigError(f"{source} is no database of Sovetnik; name a file that `sovetnik backup` wrote")


def _one_file(connection: sqlite3.Connection) -> None:
    """Without a log beside it, the file is all there is, wherever it is carried; a start makes one again."""
    connection.execute("PRAGMA journal_mode=DELETE")


def _contents(path: Path) -> Contents:
    with closing(sqlite3.connect(path)) as connection:

        def count(what: str) -> int:
            return int(connection.execute(f"SELECT count(*) FROM {what}").fetchone()[0])  # noqa: S608 - ours

        return Contents(
            size=path.stat().st_size,
            customers=count("chats"),
            messages=count("messages"),
            leads=count("leads"),
            unanswered=count("inbox WHERE done_at IS NULL"),
            unsent=count("outbox WHERE done_at IS NULL AND failed_at IS NULL"),
        )


def _migrate(part: Path, file: Path) -> None:
    writing = engine.writing_engine(part)
    try:
        migrate.upgrade(writing)
        writing.dispose()
        with closing(sqlite3.connect(part)) as connection:
            _one_file(connection)
    except ConfigError as error:
        raise ConfigError(f"{file} is of a newer sovetnik; install that version or a later one") from error
    except (DBAPIError, sqlite3.DatabaseError) as error:
        raise ConfigError(f"{file} cannot be brought up to this version: {error}") from error
    finally:
        writing.dispose()


def _hand_over(folder: Path, *files: Path) -> None:
    """Root restores for the user to whom the folder belongs: the bot has to open the files."""
    if os.geteuid() == 0:
        owner = folder.stat()
        for file in files:
            os.chown(file, owner.st_uid, owner.st_gid)


def _put_aside(database: Path) -> Path | None:
    """Rename the database; whatever its state, it and its log are kept to the byte, so nothing opens it."""
    aside = None
    if database.exists():
        aside = _free_name(database)
        for end in BESIDE:
            Path(f"{aside}{end}").unlink(missing_ok=True)
            if end != "-shm" and (beside := Path(f"{database}{end}")).exists():
                shutil.copy(beside, f"{aside}{end}")  # before the rename: never is one without the other
        database.replace(aside)
    _remove(database)
    return aside


def _free_name(database: Path) -> Path:
    number, aside = 1, Path(f"{database}.before-restore")
    while aside.exists():
        number += 1
        aside = Path(f"{database}.before-restore-{number}")
    return aside


def _settle(folder: Path) -> None:
    """Make a rename outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
