"""What the index keeps on disk: files, their pieces and the pieces' vectors, in a SQLite file of its own.

Everything in it can be made again from the folder, so a file that is damaged or of another version is
put aside and a new one begun.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import structlog

from sovetnik.core.errors import StorageError
from sovetnik.knowledge.index.model import ChunkLike, FileStatus, Vectors

log = structlog.get_logger("sovetnik.knowledge")

VERSION = 1
"""Of the tables below; raise it when they change."""

CENTRE = "#questions"
"""Ends the model's name under which the mean of questions is kept."""

_TABLES = """
CREATE TABLE IF NOT EXISTS files (
    source TEXT PRIMARY KEY, hash BLOB NOT NULL, chunks INTEGER NOT NULL, error TEXT, synced_at TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS chunks (
    source TEXT NOT NULL, place INTEGER NOT NULL, heading TEXT NOT NULL, text TEXT NOT NULL,
    hash BLOB NOT NULL, PRIMARY KEY (source, place)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS vectors (
    model TEXT NOT NULL, hash BLOB NOT NULL, vector BLOB, PRIMARY KEY (model, hash)
) WITHOUT ROWID;
"""

_WANTING = (
    "SELECT hash, source, heading, text FROM chunks WHERE NOT EXISTS "
    "(SELECT 1 FROM vectors WHERE vectors.hash = chunks.hash AND model = ?) GROUP BY hash"
)

_UNUSED = f"DELETE FROM vectors WHERE hash NOT IN (SELECT hash FROM chunks) AND model NOT LIKE '%{CENTRE}'"  # noqa: S608


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece as it is stored; ``hash`` is that of heading and text."""

    source: str
    heading: str
    text: str
    hash: bytes


class Store:
    """The database; every method belongs to the one thread that opened it.

    Raises:
        StorageError: from any method, when SQLite refuses.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._db = _open(path)
        except (sqlite3.DatabaseError, OSError) as error:
            raise StorageError(
                f"{path}: the knowledge index cannot be opened: {error}; give the folder to the user who "
                "runs sovetnik, or delete the file: it is made again from the documents"
            ) from error
        (self._seen,) = self._one("PRAGMA data_version")

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def foreign_changes(self) -> bool:
        """Whether another process (``knowledge sync``, a replica) has written since the last look."""
        (version,) = self._one("PRAGMA data_version")
        changed, self._seen = self._seen != version, version
        return changed

    def files(self) -> dict[str, tuple[bytes, str | None]]:
        """Content hash and error of each known file."""
        return {s: (h, e) for s, h, e in self._all("SELECT source, hash, error FROM files")}

    def status(self) -> list[FileStatus]:
        """Every known file, by name."""
        rows = self._all("SELECT source, chunks, error, synced_at FROM files ORDER BY source")
        return [FileStatus(s, n, e, datetime.fromisoformat(at)) for s, n, e, at in rows]

    def put(self, source: str, digest: bytes, chunks: Sequence[ChunkLike]) -> None:
        """Put a file's pieces in the place of what was known of it, in one transaction."""
        rows = [
            (source, n, c.heading, c.text, digest_of(c.heading.encode(), c.text.encode()))
            for n, c in enumerate(chunks)
        ]
        with self._writing():
            self._db.execute("DELETE FROM chunks WHERE source = ?", (source,))
            self._db.executemany("INSERT INTO chunks VALUES (?, ?, ?, ?, ?)", rows)
            self._file(source, digest, len(rows), None)

    def fail(self, source: str, digest: bytes, error: str) -> None:
        """Note that a file cannot be read; what was known of it no longer holds."""
        with self._writing():
            self._db.execute("DELETE FROM chunks WHERE source = ?", (source,))
            self._file(source, digest, 0, error)

    def drop(self, sources: Iterable[str]) -> None:
        """Forget files, and all vectors that no piece needs any more."""
        gone = [(s,) for s in sources]
        with self._writing():
            self._db.executemany("DELETE FROM chunks WHERE source = ?", gone)
            self._db.executemany("DELETE FROM files WHERE source = ?", gone)
            self._db.execute(_UNUSED)

    def pieces(self) -> list[Piece]:
        """All pieces, in the files' order."""
        rows = self._all("SELECT source, heading, text, hash FROM chunks ORDER BY source, place")
        return [Piece(*row) for row in rows]

    def wanting(self, model: str) -> list[Piece]:
        """Pieces that have no vector of a model yet, each text once."""
        rows = self._all(_WANTING, model)
        return [Piece(source, heading, text, digest) for digest, source, heading, text in rows]

    def pending(self, model: str) -> int:
        """How many pieces have no vector of a model yet."""
        (number,) = self._one(f"SELECT count(*) FROM ({_WANTING})", model)  # noqa: S608 - a constant
        return int(number)

    def put_vectors(self, model: str, digest: bytes, vectors: Vectors | None) -> bytes:
        """Keep a piece's vectors and return them as they are kept.

        None marks a piece that cannot have any, so that it is not tried for ever.
        """
        blob = None if vectors is None else vectors.astype(np.float16).tobytes()
        with self._writing():
            self._db.execute("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?)", (model, digest, blob))
        return blob or b""

    def vectors(self, model: str) -> dict[bytes, bytes]:
        """All vectors of a model as they are stored: float16, by the piece's hash."""
        rows = self._all("SELECT hash, vector FROM vectors WHERE model = ? AND vector IS NOT NULL", model)
        return dict(rows)

    def drop_other_models(self, model: str) -> None:
        """Forget the vectors of every other model."""
        with self._writing():
            self._db.execute("DELETE FROM vectors WHERE model NOT IN (?, ?)", (model, model + CENTRE))

    def centre(self, model: str, digest: bytes) -> bytes | None:
        """The mean of questions, if it was made of the same headings."""
        rows = self._all("SELECT vector FROM vectors WHERE model = ? AND hash = ?", model + CENTRE, digest)
        return rows[0][0] if rows else None

    def put_centre(self, model: str, digest: bytes, mean: Vectors) -> None:
        """Keep the mean of questions."""
        with self._writing():
            self._db.execute("DELETE FROM vectors WHERE model = ?", (model + CENTRE,))
            row = (model + CENTRE, digest, mean.astype(np.float32).tobytes())
            self._db.execute("INSERT INTO vectors VALUES (?, ?, ?)", row)

    def _file(self, source: str, digest: bytes, chunks: int, error: str | None) -> None:
        row = (source, digest, chunks, error, datetime.now(UTC).isoformat())
        self._db.execute("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)", row)

    def _all(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        try:
            return self._db.execute(sql, values).fetchall()
        except sqlite3.DatabaseError as error:
            raise StorageError(f"{self.path}: {error}") from error

    def _one(self, sql: str, *values: object) -> tuple[Any, ...]:
        return self._all(sql, *values)[0]

    def _writing(self) -> _Writing:
        return _Writing(self._db, self.path)


class _Writing:
    """One transaction; SQLite's errors leave it as ours."""

    def __init__(self, db: sqlite3.Connection, path: Path) -> None:
        self._db, self._path = db, path

    def __enter__(self) -> None:
        try:
            self._db.execute("BEGIN IMMEDIATE")
        except sqlite3.DatabaseError as error:
            raise StorageError(f"{self._path}: {error}") from error

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        try:
            self._db.execute("COMMIT" if kind is None else "ROLLBACK")
        except sqlite3.DatabaseError as refused:
            raise StorageError(f"{self._path}: {refused}") from refused
        if isinstance(error, sqlite3.DatabaseError):
            raise StorageError(f"{self._path}: {error}") from error


def digest_of(*parts: bytes) -> bytes:
    """A short hash of some bytes; the parts' borders count."""
    digest = blake2b(digest_size=16)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()


def _open(path: Path) -> sqlite3.Connection:
    """Open, one process after the other: two that put a file aside would put each other's new one aside."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _open_alone(path)


def _open_alone(path: Path) -> sqlite3.Connection:
    try:
        return _connect(path)
    except sqlite3.OperationalError:  # locked, no right to write, disk full: not the file's fault
        raise
    except sqlite3.DatabaseError as error:
        aside = path.with_name(f"{path.name}.broken")
        log.warning("knowledge_index_broken", error=str(error), put_aside=str(aside))
        for end in ("-wal", "-shm"):
            path.with_name(path.name + end).unlink(missing_ok=True)
        path.replace(aside)
        return _connect(path)


def _connect(path: Path) -> sqlite3.Connection:
    path.touch(mode=0o600)
    if stat.S_IMODE(path.stat().st_mode) != 0o600:
        path.chmod(0o600)
    db = sqlite3.connect(path, isolation_level=None, timeout=20, check_same_thread=False)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")  # a lost commit is made again by the next sync
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version not in (0, VERSION):
            raise sqlite3.DatabaseError(f"made by another version ({version}, ours is {VERSION})")
        db.executescript(_TABLES)
        db.execute(f"PRAGMA user_version = {VERSION}")
        db.execute("SELECT count(*) FROM chunks").fetchone()
    except BaseException:
        db.close()
        raise
    return db
