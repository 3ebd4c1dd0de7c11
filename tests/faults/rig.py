"""The processes, what they stand on, and what is known of each of their lives."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import mmap
import os
import signal
import struct
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
from tests.faults.balancer import Balancer
from tests.faults.customers import Load
from tests.faults.grounds import Ground, PostgresGround, SqliteGround, Unsent
from tests.faults.judge import Lapse
from tests.servers.socks5 import Socks5Proxy

ZONE = "Europe/Berlin"
REPORT_TIME = "02:30"
"""A time that Berlin has twice in October and not at all in March."""

MOVED_CLOCK = Path(__file__).parent / "moved_clock"
START_PATIENCE = 40.0
STOP_PATIENCE = 30.0

WEBHOOK_PAUSE = 0.25
"""Seconds before Telegram's call is tried again for the first time."""

UNDER_WAY = 1.0
"""Seconds in which Telegram or the mail server may still take what a process had sent before it ended."""


@dataclass
class Life:
    """A process from its launch to its end.

    Attributes:
        slot: Which replica it is.
        how: ``kill``, ``term`` or ``itself``; empty while it runs.
        lapse: What it left open when it was killed.
        cut: Its way to the database is cut.
        frozen: It is stopped by SIGSTOP.
    """

    bot: Bot
    launched: float
    slot: int = 0
    ready: float = 0.0
    ended: float = 0.0
    how: str = ""
    aim: str = ""
    lapse: Lapse | None = None
    cut: bool = False
    frozen: bool = False

    @property
    def replica(self) -> str:
        """The id that it owns chats by; empty before it has one, and on SQLite."""
        joined = self.bot.events("joined")
        return joined[-1]["replica"] if joined else ""

    @property
    def on_duty(self) -> bool:
        """Whether it does what only one may do, by its own word."""
        return len(self.bot.events("on_duty")) > len(self.bot.events("off_duty"))

    @property
    def sound(self) -> bool:
        """Whether it can do its work."""
        away = self.ended or self.cut or self.frozen or self.bot.process.returncode is not None
        return bool(self.ready) and not away


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
class Rig:
    """One stage with its processes, which die and are started again as a service manager does it.

    Attributes:
        balancer: Passes Telegram's calls on; None where the bot polls.
    lapses: When a process that lived on could not note what was taken.
        buried: Replicas that are not started any more.
        outage: Held by whoever takes the database or a replica away for a while, or needs them all.
    """

    stage: Stage
    proxy: Socks5Proxy
    clock: Clock
    ground: Ground
    load: Load
    replicas: int = 1
    balancer: Balancer | None = None
    lives: list[Life] = field(default_factory=list)
    lapses: list[Lapse] = field(default_factory=list)
    buried: set[int] = field(default_factory=set)
    outage: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def life(self) -> Life:
        """The newest."""
        return self.lives[-1]

    @property
    def slots(self) -> list[int]:
        """The replicas that are to run."""
        return [slot for slot in range(self.replicas) if slot not in self.buried]

    def current(self, slot: int) -> Life | None:
        """The life of a replica that goes on."""
        going = (life for life in reversed(self.lives) if life.slot == slot and not life.ended)
        return next(going, None)

    def sound(self) -> list[Life]:
        """The processes that can do their work."""
        return [life for life in self.lives if life.sound]

    async def launch(self, slot: int = 0) -> Life:
        for life in self.lives:
            if life.slot == slot and life.lapse is not None:
                life.lapse.until = min(life.lapse.until, time.time())
        own = {"DATABASE_URL": self.ground.url_for(slot)}
        if self.balancer is not None:
            own["TELEGRAM_WEBHOOK_LISTEN"] = f"127.0.0.1:{self.balancer.ports[slot]}"
        bot = await self.stage.launch(**own)
        self.lives.append(Life(bot, time.time(), slot))
        return self.life

    async def start(self, slot: int = 0) -> None:
        """Start a process; when it ends by itself before it is ready, again, after a second."""
        deadline = time.time() + START_PATIENCE
        while not await self._ready(await self.launch(slot), deadline):  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(1.0)

    async def start_all(self) -> None:
        await asyncio.gather(*(self.start(slot) for slot in self.slots))

    async def _ready(self, life: Life, deadline: float) -> bool:
        process = life.bot.process
        ready = lambda: life.bot.events("ready")  # noqa: E731 - said twice
        if not await came(lambda: ready() or process.returncode is not None, deadline - time.time()):
            raise AssertionError("it does not start:\n" + "\n".join(life.bot.raw[-40:]))
        if not ready():
            await self._note_end(life, "itself")
            return False
        life.ready = time.time()
        return True

    async def kill(self, life: Life, aim: str) -> None:
        life.aim, life.ended = aim, time.time()
        if life.bot.process.returncode is None:
            life.bot.process.kill()
        await self._note_end(life, "kill")

    async def stop(self, life: Life) -> int:
        """SIGTERM; gives the exit code. One that does not end says where it stands, and is broken off."""
        life.bot.process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_PATIENCE):
                await life.bot.process.wait()
        except TimeoutError:
            life.bot.process.send_signal(signal.SIGABRT)
        await self._note_end(life, "term")
        return life.bot.process.returncode or 0

    async def revive(self) -> None:
        """Start again what ended by itself, as a service manager does; the count will tell of it."""
        for life in [one for one in self.lives if one.ready and not one.ended]:
            if life.bot.process.returncode is not None:
                await self._note_end(life, "itself")
                await self.start(life.slot)

    async def stop_all(self) -> list[int]:
        """SIGTERM for each at the same time; gives the exit codes."""
        await self.revive()
        going = [life for life in self.lives if not life.ended]
        return list(await asyncio.gather(*(self.stop(life) for life in going)))

    async def _note_end(self, life: Life, how: str) -> None:
        await life.bot.ended()
        life.how, life.ended = how, life.ended or time.time()
        if how == "kill":
            life.lapse = await self.lapse_of(life, life.ended, "killed before the note")

    async def lapse_of(self, life: Life, at: float, why: str) -> Lapse:
        """What a process leaves open that can note nothing from now on.

        With others beside it, it answers only for what is its own, and for mails when it was on duty.
        """
        mails = not self.ground.shared or life.on_duty
        rows = await self.ground.unsent()
        own = f"{life.replica}-" if self.ground.shared else ""
        until = time.time() + UNDER_WAY if self.ground.shared else float("inf")  # or until the next launch
        return Lapse(
            at,
            until,
            frozenset((row.chat, row.key) for row in rows if _is_answer(row) and row.owner.startswith(own)),
            frozenset(row.key for row in rows if mails and not _is_answer(row)),
            why,
        )

    async def unsent_mails(self) -> frozenset[str]:
        """Keys of the mails that the database does not call sent."""
        return frozenset(row.key for row in await self.ground.unsent() if not _is_answer(row))


def _is_answer(row: Unsent) -> bool:
    return row.kind == "answer"


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
async def rig(
    folder: Path,
    load: Load,
    start: datetime,
    *,
    database: str = "sqlite",
    replicas: int = 1,
    webhook: bool = False,
) -> AsyncGenerator[Rig]:
    """Set the servers up; nothing runs and nothing is mounted afterwards."""
    telegram, model = BotApi(TOKEN, retry_pause=WEBHOOK_PAUSE), ModelApi(load.brain)
    load.telegram = telegram
    async with AsyncExitStack() as stack:
        stack.enter_context(_without_noise())
        ground: Ground
        if database == "postgres":
            ground = await PostgresGround.make(replicas, stack)
        else:
            ground = SqliteGround(folder, stack)
        clock = Clock(folder / "clock", start)
        stack.callback(clock.close)
        telegram_url = await stack.enter_async_context(serve(telegram.app))
        model_url = await stack.enter_async_context(serve(model.app))
        box = await stack.enter_async_context(Mailbox())
        proxy = await stack.enter_async_context(Socks5Proxy())
        settings = {
            "DATABASE_URL": ground.url,
            "TELEGRAM_PROXY": proxy.url,
            "TIMEZONE": ZONE,
            "REPORT_TIME": REPORT_TIME,
            "OPENAI_TIMEOUT": "2",
            "PYTHONPATH": os.pathsep.join([str(MOVED_CLOCK), *filter(None, [os.environ.get("PYTHONPATH")])]),
            "PYTHONFAULTHANDLER": "1",
            "MOVED_CLOCK": str(folder / "clock"),
        }
        balancer: Balancer | None = None
        if webhook:
            balancer = await stack.enter_async_context(Balancer(replicas))
            settings["TELEGRAM_WEBHOOK_URL"] = f"http://127.0.0.1:{balancer.port}/hook"
        stage = Stage(folder, telegram, model, box, telegram_url, model_url, settings)
        made = Rig(stage, proxy, clock, ground, load, replicas, balancer)
        try:
            yield made
        finally:
            model.faults.clear()
            for bot in stage.bots:
                if bot.process.returncode is None:
                    await bot.kill()
            (folder / "process.log").write_text("\n".join(map(_told, made.lives)))


def _told(life: Life) -> str:
    return "\n".join([f"--- a life of replica {life.slot}, {life.replica}", *life.bot.raw])
