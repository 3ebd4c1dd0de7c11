"""A whole stage for one bot: Telegram, model and mailbox on loopback, and `sovetnik run` as a process."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Mapping, MutableMapping
from contextlib import AsyncExitStack, asynccontextmanager, redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any, NoReturn

import pytest
import structlog
from pydantic import SecretStr

from sovetnik import records_cli
from sovetnik.app import run_until
from sovetnik.demo.botapi import BotApi
from sovetnik.demo.mailbox import Mailbox
from sovetnik.demo.modelapi import KEY, Brain, ModelApi, echo
from sovetnik.demo.serving import serve
from sovetnik.settings import load_settings
from tests import postgres

TOKEN = "7000000001:AAF-loopback-only-token-of-the-tests"
EXAMPLES = Path(__file__).parents[2] / "examples"
PATIENCE = 20.0

on_a_file = pytest.mark.skipif(
    "os.environ.get('TESTS_DATABASE') == 'postgres'",
    reason="of SQLite's nature: one file, one process; PostgreSQL has its own way, tested elsewhere",
)


@dataclass
class Bot:
    """A running `sovetnik run`."""

    process: asyncio.subprocess.Process
    log: list[dict[str, Any]] = field(default_factory=list)
    raw: list[str] = field(default_factory=list)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)
    _reader: asyncio.Task[None] | None = None

    async def read(self) -> None:
        async for line in self.process.stderr:
            text = line.decode(errors="replace").rstrip()
            async with self._news:
                self.raw.append(text)
                if text.startswith("{"):
                    self.log.append(json.loads(text))
                self._news.notify_all()
        async with self._news:
            self._news.notify_all()

    def events(self, name: str) -> list[dict[str, Any]]:
        return [row for row in self.log if row["event"] == name]

    async def logged(self, name: str, count: int = 1) -> dict[str, Any]:
        """Wait for the nth log line of that event."""
        try:
            async with asyncio.timeout(PATIENCE), self._news:
                await self._news.wait_for(lambda: len(self.events(name)) >= count or self._reader.done())
        except TimeoutError:
            pass
        assert len(self.events(name)) >= count, f"no {name} in the log:\n" + "\n".join(self.raw[-40:])
        return self.events(name)[count - 1]

    async def ended(self) -> int:
        async with asyncio.timeout(PATIENCE + 5):
            code = await self.process.wait()
            await self._reader
        return code

    async def stop(self) -> int:
        """SIGTERM, as a service manager does; the exit code."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        return await self.ended()

    async def kill(self) -> None:
        self.process.kill()
        await self.ended()

    @property
    def running(self) -> bool:
        return self.process.returncode is None


def _uncache_loggers() -> None:
    """Let the loggers look at the configuration anew: another test may have set logs up for good."""
    for name, module in list(sys.modules.items()):
        if name.startswith("sovetnik"):
            vars(getattr(module, "log", structlog)).pop("bind", None)


class InsideBot:
    """The same bot inside this process: as real, but nobody can kill it and it costs no second of start."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.log: list[dict[str, Any]] = []
        self._stop = asyncio.Event()
        self._news = asyncio.Condition()
        with pytest.MonkeyPatch.context() as patch:
            for name in set(os.environ) - {"PATH"}:
                patch.delenv(name)
            for name, value in environ.items():
                patch.setenv(name, value)
            settings = load_settings()
        _uncache_loggers()
        structlog.configure(processors=[self._note], cache_logger_on_first_use=False)
        self._task = asyncio.create_task(run_until(self._stop, settings))

    def _note(self, logger: object, level: str, event: MutableMapping[str, Any]) -> NoReturn:
        self.log.append({**event, "level": level})
        raise structlog.DropEvent

    @property
    def raw(self) -> list[str]:
        return [json.dumps(row, ensure_ascii=False, default=str) for row in self.log]

    @property
    def running(self) -> bool:
        return not self._task.done()

    def events(self, name: str) -> list[dict[str, Any]]:
        return [row for row in self.log if row["event"] == name]

    async def logged(self, name: str, count: int = 1) -> dict[str, Any]:
        """Wait for the nth log line of that event."""
        await until(lambda: len(self.events(name)) >= count or self._task.done(), f"{name} in the log")
        if self._task.done():
            await self._task
        return self.events(name)[count - 1]

    async def stop(self) -> int:
        self._stop.set()
        async with asyncio.timeout(PATIENCE + 5):
            await self._task
        structlog.reset_defaults()
        return 0

    async def kill(self) -> None:
        await self.stop()


@dataclass
class Stage:
    """The servers and the folder of one test."""

    folder: Path
    telegram: BotApi
    model: ModelApi
    mailbox: Mailbox
    telegram_url: str
    model_url: str
    env: dict[str, str] = field(default_factory=dict)
    bots: list[Bot | InsideBot] = field(default_factory=list)
    inside: bool = False

    @property
    def database(self) -> str:
        """`DATABASE_URL` of its bots."""
        return self.env.get("DATABASE_URL", f"sqlite:///{self.folder}/data/sovetnik.db")

    def settings(self, **changes: str | None) -> dict[str, str]:
        """The environment of `sovetnik`; None takes a setting away."""
        values: dict[str, str | None] = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "PYTHONPATH": os.environ.get("PYTHONPATH"),
            "TELEGRAM_TOKEN": TOKEN,
            "TELEGRAM_BASE_URL": self.telegram_url,
            "OPENAI_API_KEY": KEY,
            "OPENAI_BASE_URL": f"{self.model_url}/v1",
            "OPENAI_CONTEXT": "conversation",
            "CONSULTANT_DIR": str(EXAMPLES / "ru"),
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(self.mailbox.port),
            "SMTP_SECURITY": "none",
            "SMTP_FROM": "bot@shop.example",
            "LEADS_TO": "owner@shop.example",
            "REPORT_TO": "owner@shop.example",
            "TIMEZONE": "Europe/Moscow",
            "JOIN_MESSAGES": "0",
            "CHAT_RATE": "0",
            "TELEGRAM_RATE": "0",
            "TELEGRAM_CHAT_RATE": "0",
            "LOG_FORMAT": "json",
            "KNOWLEDGE_EMBEDDINGS": "off",  # learning the sample folder takes a minute of processor time
            **self.env,
            **changes,
        }
        return {name: value for name, value in values.items() if value is not None}

    async def launch(self, **changes: str | None) -> Bot:
        """Start `sovetnik run` without waiting for it."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "sovetnik",
            "run",
            cwd=self.folder,
            env=self.settings(**changes),
            stderr=asyncio.subprocess.PIPE,
            limit=1 << 20,
        )
        bot = Bot(process)
        bot._reader = asyncio.create_task(bot.read())
        self.bots.append(bot)
        return bot

    async def run(self, **changes: str | None) -> Bot | InsideBot:
        """Start `sovetnik run`; returns when it is ready."""
        if self.inside:
            bot = InsideBot({"DATABASE_URL": self.database, **self.settings(**changes)})
            self.bots.append(bot)
        else:
            bot = await self.launch(**changes)
        await bot.logged("ready")
        return bot

    async def command(self, *arguments: str, **changes: str | None) -> tuple[int, str, str]:
        """Run another command of `sovetnik`: exit code, standard output, standard error."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "sovetnik",
            *arguments,
            cwd=self.folder,
            env=self.settings(**changes),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await asyncio.wait_for(process.communicate(), PATIENCE)
        return process.returncode or 0, out.decode(), err.decode()

    async def rows(self, *arguments: str) -> list[dict[str, Any]]:
        """The JSON lines that a command prints."""
        if self.inside and arguments in (("export",), ("leads",)):
            return await self._rows_inside(arguments[0])
        code, out, err = await self.command(*arguments)
        assert code == 0, err
        return [json.loads(line) for line in out.splitlines()]

    async def _rows_inside(self, command: str) -> list[dict[str, Any]]:
        """The same without another process, which would cost a second."""
        settings = load_settings(database_url=SecretStr(self.database), consultant_dir=EXAMPLES / "ru")
        with redirect_stdout(StringIO()) as out:
            if command == "export":
                await records_cli.export(settings, None, None, "jsonl")
            else:
                await records_cli.leads(settings, "jsonl")
        return [json.loads(line) for line in out.getvalue().splitlines()]


@asynccontextmanager
async def stage(
    folder: Path, brain: Brain = echo, *, inside: bool = False, **mailbox: Any
) -> AsyncGenerator[Stage]:
    """Set the servers up; whatever still runs at the end is killed.

    Args:
        folder: Where the bot runs.
        brain: What the model answers.
        inside: Run the bot inside this process: where nothing is killed and no other log is read than ours.
        mailbox: Of the mail server.
    """
    telegram = BotApi(TOKEN)
    model = ModelApi(brain)
    env: dict[str, str] = {}
    if os.environ.get("TESTS_DATABASE") == "postgres":
        env["DATABASE_URL"] = postgres.fresh(migrated=False)
    async with AsyncExitStack() as stack:
        telegram_url = await stack.enter_async_context(serve(telegram.app))
        model_url = await stack.enter_async_context(serve(model.app))
        box = await stack.enter_async_context(Mailbox(**mailbox))
        scene = Stage(folder, telegram, model, box, telegram_url, model_url, env, inside=inside)
        try:
            yield scene
        finally:
            for bot in scene.bots:
                sys.stdout.write("\n".join(bot.raw) + "\n")  # pytest shows it when the test failed
                if bot.running:
                    await bot.kill()


def bot_texts(scene: Stage, chat_id: int) -> list[str]:
    return scene.telegram.answers(chat_id)


async def until(condition: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
    """Wait for something that no server announces."""
    try:
        async with asyncio.timeout(patience):
            while not condition():  # noqa: ASYNC110 - it has no event
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"not within {patience} s: {what}") from None
