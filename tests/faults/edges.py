"""Two edges of their own: a start with thousands of updates waiting, and a stop while everything hangs."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from sovetnik.demo.botapi import BotApi
from sovetnik.demo.mailbox import Mailbox
from sovetnik.demo.modelapi import ModelApi, Reply, Text
from sovetnik.demo.serving import serve
from tests.acceptance.stage import TOKEN, Stage, until

FIRST = 5_200_000_000
CONCURRENCY = 16
ANSWERED = 400
"""Answers after which enough has been seen."""


@dataclass(frozen=True)
class Restart:
    """What a start with a full inbox gave."""

    waiting: int
    ready: float
    first_answer: float
    answers: int
    reach: int
    """How far down the row of customers these answers went."""
    in_flight: int

    def __str__(self) -> str:
        return (
            f"\n{self.waiting} updates waiting, kill -9, start: ready in {self.ready:.1f} s, first answer "
            f"after {self.first_answer:.1f} s; the first {self.answers} answers went to the first "
            f"{self.reach} customers in the row; at most {self.in_flight} model calls at once "
            f"(MODEL_CONCURRENCY={CONCURRENCY})"
        )


@dataclass(frozen=True)
class Stop:
    """What SIGTERM gave while model, Telegram and mail server hung."""

    seconds: float
    code: int

    def __str__(self) -> str:
        return (
            f"\nSIGTERM with model, Telegram and mail server hung: ended after {self.seconds:.1f} s, "
            f"exit code {self.code}"
        )


@asynccontextmanager
async def _stage(folder: Path, **env: str) -> AsyncGenerator[Stage]:
    telegram = BotApi(TOKEN)
    model = ModelApi(lambda request: Reply([Text(request.last_user_text)], first_token_delay=0.05))
    async with AsyncExitStack() as stack:
        telegram_url = await stack.enter_async_context(serve(telegram.app))
        model_url = await stack.enter_async_context(serve(model.app))
        box = await stack.enter_async_context(Mailbox())
        scene = Stage(folder, telegram, model, box, telegram_url, model_url, {"OPENAI_TIMEOUT": "60", **env})
        try:
            yield scene
        finally:
            model.faults.clear()
            for bot in scene.bots:
                if bot.process.returncode is None:
                    await bot.kill()


async def restart_with_many_waiting(folder: Path, waiting: int) -> Restart:
    """Fill the inbox while the model says nothing, kill, start, and look at the first answers."""
    env = {"MODEL_CONCURRENCY": str(CONCURRENCY), "TELEGRAM_STREAMING": "off", "OPENAI_CONTEXT": "history"}
    async with _stage(folder, **env) as scene:
        scene.model.faults.add(times=None, hold_after=0)
        bot = await scene.run()
        for number in range(waiting):
            scene.telegram.person(FIRST + number).say(f"q{number}")
        await until(lambda: not scene.telegram.updates.queue, "the updates are not fetched", patience=120)
        await bot.kill()
        scene.model.faults.clear()
        await until(lambda: scene.model.journal.in_flight == 0, "the calls of the dead process do not end")
        scene.model.journal.max_in_flight = 0
        subscription = scene.telegram.subscribe()
        began = time.monotonic()
        await scene.run()
        ready = time.monotonic() - began
        order: list[int] = []
        first = 0.0
        async for event in subscription:
            if event["event"] == "message" and event["from_bot"]:
                first = first or time.monotonic() - began
                order.append(event["chat_id"] - FIRST)
                if len(order) >= min(ANSWERED, waiting):
                    break
        subscription.close()
        reach = max(order) + 1
        return Restart(waiting, ready, first, len(order), reach, scene.model.journal.max_in_flight)


async def stop_with_everything_hung(folder: Path) -> Stop:
    """One answer stuck at Telegram, one at the model, a mail at its server; then SIGTERM."""
    async with _stage(folder) as scene:
        bot = await scene.run()
        stuck, waiting = (scene.telegram.person(FIRST + number) for number in range(2))
        taken = scene.telegram.faults.add("sendMessage", times=None, hang=True)
        scene.mailbox.hang_at_banner(times=None)
        stuck.say("привет")
        await until(lambda: taken.used > 0, "no answer was sent")
        held = scene.model.faults.add(times=None, hold_after=1)
        waiting.say("привет")
        await until(lambda: held.hits > 0, "the model was not asked")
        scene.telegram.faults.add(times=None, hang=True)
        began = time.monotonic()
        code = await bot.stop()
        return Stop(time.monotonic() - began, code)
