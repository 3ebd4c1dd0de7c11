"""The process, what it stands on, and what is known of each of its lives."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import mmap
import os
import resource
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sovetnik.demo.botapi import BotApi
from sovetnik.demo.mailbox import Mailbox
from sovetnik.demo.modelapi import ModelApi
from sovetnik.demo.serving import serve
from tests.acceptance.stage import TOKEN, Bot, Stage
from tests.faults.customers import Load, key_of
from tests.servers.socks5 import Socks5Proxy

ZONE = "Europe/Berlin"
REPORT_TIME = "02:30"
"""A time that Berlin has twice in October and not at all in March."""

MOVED_CLOCK = Path(__file__).parent / "moved_clock"
DISK = "64m"
START_PATIENCE = 40.0
STOP_PATIENCE = 30.0

_OPEN = """
SELECT outbox.kind, outbox.chat_id, outbox.key, messages.text
FROM outbox LEFT JOIN messages ON messages.id = outbox.ref AND outbox.kind = 'answer'
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


@dataclass
class Life:
    """The process from its launch to its end.

    Attributes:
        how: ``kill``, ``term`` or ``itself``; empty while it runs.
        open_answers: (chat, answer's key) of every answer that the file does not call delivered at the end.
        open_mails: the same of mails, by their keys.
    """

    bot: Bot
    launched: float
    ready: float = 0.0
    ended: float = 0.0
    how: str = ""
    aim: str = ""
    open_answers: frozenset[tuple[int, str]] = frozenset()
    open_mails: frozenset[str] = frozenset()


async def came(condition: Callable[[], object], seconds: float) -> bool:
    """Whether it came true within so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.02)
    return True


class Clock:
    """The process's wall clock, moved by an offset that it reads from a file."""

    def __init__(self, path: Path, start: datetime) -> None:
        path.write_bytes(struct.pack("d", start.timestamp() - time.time()))
        self._file = path.open("r+b")
        self._offset = mmap.mmap(self._file.fileno(), 8)
        self.moves = 0
        self.moved_at = 0.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(time.time() + struct.unpack_from("d", self._offset)[0], UTC)

    def move_to(self, moment: datetime) -> None:
        struct.pack_into("d", self._offset, 0, moment.timestamp() - time.time())
        self.moves += 1
        self.moved_at = time.time()

    def close(self) -> None:
        self._offset.close()
        self._file.close()


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

    @property
    def kind(self) -> str:
        return f"tmpfs of {DISK}" if self.mounted else "RLIMIT_FSIZE: no right to mount a tmpfs here"

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


@dataclass
class Rig:
    """One stage with its process, which dies and is started again as a service manager does it."""

    stage: Stage
    proxy: Socks5Proxy
    clock: Clock
    disk: Disk
    load: Load
    lives: list[Life] = field(default_factory=list)

    @property
    def database(self) -> Path:
        return self.disk.folder / "sovetnik.db"

    @property
    def life(self) -> Life:
        return self.lives[-1]

    async def launch(self) -> Life:
        self.lives.append(Life(await self.stage.launch(), time.time()))
        return self.life

    async def start(self) -> None:
        """Start the process; when it ends by itself before it is ready, again, after a second."""
        deadline = time.time() + START_PATIENCE
        while not await self._ready(await self.launch(), deadline):  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(1.0)

    async def _ready(self, life: Life, deadline: float) -> bool:
        process = life.bot.process
        ready = lambda: life.bot.events("ready")  # noqa: E731 - said twice
        if not await came(lambda: ready() or process.returncode is not None, deadline - time.time()):
            raise AssertionError("it does not start:\n" + "\n".join(life.bot.raw[-40:]))
        if not ready():
            await self._note_end("itself")
            return False
        life.ready = time.time()
        return True

    async def kill(self, aim: str) -> None:
        self.life.aim, self.life.ended = aim, time.time()
        if self.life.bot.process.returncode is None:
            self.life.bot.process.kill()
        await self._note_end("kill")

    async def stop(self) -> int:
        """SIGTERM; gives the exit code."""
        self.life.bot.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(STOP_PATIENCE):
            await self.life.bot.process.wait()
        await self._note_end("term")
        return self.life.bot.process.returncode or 0

    async def _note_end(self, how: str) -> None:
        life = self.life
        await life.bot.ended()
        life.how, life.ended = how, life.ended or time.time()
        life.open_answers, life.open_mails = self._open_rows()

    def _open_rows(self) -> tuple[frozenset[tuple[int, str]], frozenset[str]]:
        """What the file calls unsent; read in a copy, for an SQLite that opens the true one would mend it."""
        with tempfile.TemporaryDirectory(dir=self.stage.folder) as name:
            copy = Path(name) / "copy.db"
            for suffix in ("", "-wal"):
                source = self.database.with_name(self.database.name + suffix)
                if source.exists():
                    shutil.copyfile(source, copy.with_name(copy.name + suffix))
            with contextlib.closing(sqlite3.connect(copy)) as connection:
                try:
                    rows = connection.execute(_OPEN).fetchall()
                except sqlite3.OperationalError:  # killed before the tables were made
                    rows = []
        answers = frozenset((chat, key_of(text)) for kind, chat, _, text in rows if kind == "answer")
        mails = (key for kind, _, key, _ in rows if kind != "answer")
        return answers, frozenset(key.removesuffix("-r1") for key in mails)  # as the Message-ID calls it

    def unsent_mails(self) -> frozenset[str]:
        """Keys of the mails that the file does not call sent."""
        return self._open_rows()[1]

    async def helper(self, code: str, *arguments: str) -> None:
        """Run a few lines in a process of their own: SQLite's locks are the process's."""
        helper = await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, str(self.database), *arguments, stderr=asyncio.subprocess.PIPE
        )
        _, err = await helper.communicate()
        assert helper.returncode == 0, err.decode()

    async def lock_database(self, seconds: float) -> None:
        await self.helper(_LOCK, str(seconds))

    async def shorten_log(self) -> None:
        """Cut the write-ahead log: what is in it already could be written over on a full disk."""
        with contextlib.suppress(AssertionError):
            await self.helper(_CHECKPOINT)


@contextlib.contextmanager
def _without_noise() -> Generator[None]:
    """Servers tell of each caller that was killed in the middle of a request or an answer."""
    loggers = [logging.getLogger(name) for name in ("uvicorn.error", "asyncio")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


@asynccontextmanager
async def rig(folder: Path, load: Load, start: datetime, **env: str) -> AsyncGenerator[Rig]:
    """Set the servers up; nothing runs and nothing is mounted afterwards."""
    telegram, model = BotApi(TOKEN), ModelApi(load.brain)
    load.telegram = telegram
    async with AsyncExitStack() as stack:
        stack.enter_context(_without_noise())
        disk = Disk(folder / "data")
        stack.callback(disk.close)
        clock = Clock(folder / "clock", start)
        stack.callback(clock.close)
        telegram_url = await stack.enter_async_context(serve(telegram.app))
        model_url = await stack.enter_async_context(serve(model.app))
        box = await stack.enter_async_context(Mailbox())
        proxy = await stack.enter_async_context(Socks5Proxy())
        settings = {
            "DATABASE_URL": f"sqlite:///{disk.folder}/sovetnik.db",
            "TELEGRAM_PROXY": proxy.url,
            "TIMEZONE": ZONE,
            "REPORT_TIME": REPORT_TIME,
            "OPENAI_TIMEOUT": "2",
            "PYTHONPATH": os.pathsep.join([str(MOVED_CLOCK), *filter(None, [os.environ.get("PYTHONPATH")])]),
            "MOVED_CLOCK": str(folder / "clock"),
            **env,
        }
        stage = Stage(folder, telegram, model, box, telegram_url, model_url, settings)
        made = Rig(stage, proxy, clock, disk, load)
        try:
            yield made
        finally:
            model.faults.clear()
            for bot in stage.bots:
                if bot.process.returncode is None:
                    await bot.kill()
            log = "\n".join("\n".join(["--- a life", *bot.raw]) for bot in stage.bots)
            (folder / "process.log").write_text(log)
