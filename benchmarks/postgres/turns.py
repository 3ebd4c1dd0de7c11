"""Turns through the real store, runner and worker, with a model and a Telegram that answer at once.

    python benchmarks/postgres/turns.py DATABASE_URL --chats 100 --seconds 10 [--rate 20] [--replicas 2]

Each chat writes again as soon as it has its answer (closed loop), or, with --rate, so many messages a second
come in from random chats. The time of a turn is from its update's arrival until its answer is sent. With
--replicas, so many processes share the chats evenly, as a load balancer in front of webhooks would.
"""

# ruff: noqa: ANN401, ARG002 - stands in for protocols
from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
import logging
import random
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import structlog

from sovetnik.core.contacts import ContactForm
from sovetnik.core.events import Done, Event
from sovetnik.core.model import Delivery, Incoming, Turn, Usage
from sovetnik.core.turn import Turns
from sovetnik.storage import SqlStore


class Instant:
    """A model and a Telegram in one; tells which chat was answered."""

    def __init__(self, answered: Callable[[int], None]) -> None:
        self.answered = answered
        self.sent = 0

    async def answer(self, turn: Turn, desk: Any) -> AsyncIterator[Event]:
        yield Done(f"re: {turn.messages[-1].text}", Usage("instant", 10, 0, 5, 0.0, 1))

    @asynccontextmanager
    async def composing(self, turn: Turn, previewed: Any) -> AsyncGenerator[Callable[[str], None]]:
        yield lambda _: None

    async def pressed(self, command: Any) -> None: ...

    async def deliver(self, delivery: Delivery, note: Any) -> tuple[int, ...]:
        self.sent += 1
        self.answered(delivery.chat_id)
        return (self.sent,)


async def measure(url: str, options: argparse.Namespace) -> tuple[list[float], float]:
    waiting: dict[int, asyncio.Future[None]] = {}

    def answered(chat: int) -> None:
        if chat in waiting and not waiting[chat].done():
            waiting[chat].set_result(None)

    async with SqlStore.open(url, exclusive=True) as store:
        instant = Instant(answered)
        turns = Turns(store, instant, instant, ContactForm(), lambda: None)
        crew = store.crew(turns.drain, options.room)
        turns.worker, turns.may_send = crew.worker, crew.in_touch
        tasks = await crew.join(store.sweep)
        number = itertools.count(options.part * 10_000_000 + 1)
        took: list[float] = []

        async def ask(chat: int) -> None:
            waiting[chat] = asyncio.get_running_loop().create_future()
            began = time.perf_counter()
            update = Incoming(next(number), chat, "text", "вопрос", datetime.now(UTC), message_id=1)
            crew.wake(await store.accept([update]))
            with contextlib.suppress(TimeoutError):  # another replica may have taken the chat over
                async with asyncio.timeout(5):
                    await waiting[chat]
                took.append(time.perf_counter() - began)

        async def loop(chat: int, until: float) -> None:
            while time.time() < until:
                await ask(chat)

        chats = range(options.part * 100_000 + 1, options.part * 100_000 + options.chats + 1)
        await asyncio.gather(*(ask(chat) for chat in chats))  # warm
        took.clear()
        cpu, began = time.process_time(), time.time()
        if options.rate:
            asked = []
            while time.time() < began + options.seconds:
                free = [chat for chat in chats if chat not in waiting or waiting[chat].done()]
                asked.append(asyncio.create_task(ask(random.choice(free))))
                await asyncio.sleep(random.expovariate(options.rate))
            await asyncio.gather(*asked)
        else:
            await asyncio.gather(*(loop(chat, began + options.seconds) for chat in chats))
        cpu = time.process_time() - cpu
        await crew.stop(5)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return took, cpu


def quiet() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))


def several(options: argparse.Namespace) -> tuple[list[float], float]:
    """The same in several processes on one database."""
    own = [sys.executable, __file__, options.url, "--seconds", str(options.seconds), "--json"]
    own += ["--chats", str(options.chats // options.replicas), "--room", str(options.room)]
    own += ["--rate", str(options.rate / options.replicas)]
    parts = [
        subprocess.Popen([*own, "--part", str(part)], stdout=subprocess.PIPE)
        for part in range(options.replicas)
    ]
    found = [json.loads(part.communicate()[0]) for part in parts]
    return [seconds for took, _ in found for seconds in took], sum(cpu for _, cpu in found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("url")
    parser.add_argument("--chats", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rate", type=float, default=0)
    parser.add_argument("--room", type=int, default=128)
    parser.add_argument("--replicas", type=int, default=1)
    parser.add_argument("--part", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    quiet()
    took, cpu = several(options) if options.replicas > 1 else asyncio.run(measure(options.url, options))
    if options.json:
        print(json.dumps([took, cpu]))
        return
    took.sort()
    print(
        f"{len(took) / options.seconds:.0f} turns/s, p50 {took[len(took) // 2] * 1000:.1f} ms, "
        f"p99 {took[len(took) * 99 // 100] * 1000:.1f} ms, "
        f"own processor time {cpu / len(took) * 1000:.2f} ms a turn"
    )


if __name__ == "__main__":
    main()
