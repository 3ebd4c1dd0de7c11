"""One cell: both doubles and a bot in a child process, loaded for some seconds."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import resource
import signal
import statistics
import subprocess
import tempfile
import time
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.load import processes
from benchmarks.load.model import INSTANT, Model, Pace
from benchmarks.load.telegram import TOKEN, Telegram
from benchmarks.load.web import listen

READY_WITHIN = 60.0
"""Seconds until the bot must poll."""

ANSWERED_WITHIN = 60.0
"""Seconds on top of the model's own after which a question without an answer is lost."""

CORES = sorted(os.sched_getaffinity(0))
"""What we may use. Two programs on one core would measure how they share it."""


@dataclass(frozen=True, slots=True)
class Load:
    """Customers at once, and the model's pace.

    Attributes:
        weight: Windows are that many times longer; many customers come in waves.
        spread: Seconds within which the customers come.
        once: Each customer asks once, and the cell ends when all are answered.
    """

    customers: int
    pace: Pace = INSTANT
    weight: float = 1.0
    spread: float = 1.0
    once: bool = False


@dataclass(frozen=True, slots=True)
class Program:
    """What is measured: `{telegram}`, `{model}`, `{token}` and `{folder}` are filled in.

    Attributes:
        streams: It shows an answer while it grows.
        postgres: It needs `{database}`, an empty database.
    """

    command: Sequence[str]
    environment: Mapping[str, str]
    streams: bool = False
    postgres: bool = False


async def measure(
    program: Program,
    load: Load,
    seconds: float,
    places: Mapping[str, str],
    database_pid: int | None = None,
    *,
    pinned: bool = True,
) -> dict[str, Any]:
    """Run a program under a load; gives its figures, or `{"error": …}` if it does not come up.

    Args:
        program: What is started.
        load: Who asks, and how fast the model answers.
        seconds: How long it is measured, times the load's weight.
        places: What is filled in, beside the doubles' addresses and an empty folder.
        database_pid: A server whose processor time counts as the program's.
        pinned: The bot has the first core for itself, the harness the last.
    """
    if not load.once:
        load = replace(load, spread=min(load.spread, seconds))
    telegram = Telegram(load.customers, spread=load.spread, once=load.once)
    with tempfile.TemporaryDirectory(prefix="sovetnik-load-") as folder, _no_collector():
        try:
            async with running(program, telegram, load.pace, {"folder": folder, **places}, pinned=pinned) as (
                pid,
                ready,
            ):
                await asyncio.sleep(min(0.5, seconds))  # what is done once after the start
                return {"ready_s": ready, **await _load(telegram, load, seconds, pid, database_pid)}
        except NotUpError as error:
            return {"error": str(error)}


class NotUpError(Exception):
    """The program ended, or it did not poll in time; the words are the end of its log."""


@asynccontextmanager
async def running(
    program: Program, telegram: Telegram, pace: Pace, places: Mapping[str, str], *, pinned: bool = True
) -> AsyncGenerator[tuple[int, float]]:
    """A program with both doubles around it: its process id, and seconds from its start to its first poll.

    Raises:
        NotUpError: it does not poll.
    """
    with _cores({CORES[-1]} if pinned else set(CORES)):
        front, front_url = await listen(telegram)
        back, back_url = await listen(Model(pace))
        places = {"telegram": front_url, "model": back_url, "token": TOKEN, **places}
        log = Path(places["folder"]) / "log"
        began = time.perf_counter()
        process = _start(program, places, log)
        os.sched_setaffinity(process.pid, {CORES[0]} if pinned else set(CORES))
        try:
            while not telegram.ready.is_set():
                if process.poll() is not None or time.perf_counter() > began + READY_WITHIN:
                    raise NotUpError(log.read_text()[-2000:])
                await asyncio.sleep(0.01)
            yield process.pid, round(time.perf_counter() - began, 2)
        finally:
            await asyncio.to_thread(_stop, process)  # the doubles answer meanwhile
            front.close()
            back.close()


async def _load(
    telegram: Telegram, load: Load, seconds: float, bot: int, database: int | None
) -> dict[str, Any]:
    pids = [bot, database] if database else [bot]
    telegram.begin()
    if not load.once:
        await asyncio.sleep(seconds * load.weight / 4 + load.spread + load.pace.whole)
    before = _Clocks.read(pids)
    await _window(telegram, load, seconds * load.weight)
    after = _Clocks.read(pids)
    telegram.stop()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(telegram.idle.wait(), load.pace.whole + ANSWERED_WITHIN)
    whole, span = load.pace.whole, after.now - before.now
    turns = [turn for turn in telegram.turns if before.now <= turn.final < after.now]
    bots = after.programs - before.programs
    harness = after.harness - before.harness
    return {
        "turns": len(telegram.turns),
        "measured": len(turns),
        "lost": sum(not turn.answers for turn in telegram.turns),
        "doubled": sum(max(0, turn.answers - 1) for turn in telegram.turns),
        "turns_per_s": round(len(turns) / span, 1),
        **_milliseconds("overhead", [turn.final - turn.asked - whole for turn in turns]),
        **_milliseconds("first_text", [turn.first - turn.asked - load.pace.first for turn in turns]),
        "cpu_s_per_1000": round(bots / len(turns) * 1000, 2) if turns else None,
        "peak_rss_mib": round(processes.peak_mib(bot), 1),
        "harness_cpu": round(harness / span, 2),
        "others_cpu": round(max(0.0, after.machine - before.machine - bots - harness) / span, 2),
        "calls": dict(telegram.calls),
    }


async def _window(telegram: Telegram, load: Load, seconds: float) -> None:
    """The time that is measured: a slow bot gets more, for as many answers as there are customers."""
    if load.once:
        seconds = load.spread + load.pace.whole + ANSWERED_WITHIN
    enough = telegram.answered + load.customers
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(telegram.idle.wait(), seconds)
    late = time.perf_counter() + load.pace.whole + ANSWERED_WITHIN
    while telegram.answered < enough and not load.once and time.perf_counter() < late:  # noqa: ASYNC110
        await asyncio.sleep(0.05)


@dataclass(frozen=True, slots=True)
class _Clocks:
    now: float
    programs: float
    harness: float
    machine: float

    @classmethod
    def read(cls, pids: Sequence[int]) -> _Clocks:
        programs = sum(map(processes.cpu_seconds, pids))
        return cls(time.perf_counter(), programs, time.process_time(), processes.machine_busy_seconds())


def _milliseconds(name: str, values: list[float]) -> dict[str, float | None]:
    if len(values) < 2:
        return {f"{name}_p50_ms": None, f"{name}_p99_ms": None}
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return {f"{name}_p50_ms": round(cuts[49] * 1000, 1), f"{name}_p99_ms": round(cuts[98] * 1000, 1)}


def _start(program: Program, places: Mapping[str, str], log: Path) -> subprocess.Popen[bytes]:
    def filled(text: str) -> str:
        for name, value in places.items():
            text = text.replace(f"{{{name}}}", value)
        return text

    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    environment |= {name: filled(value) for name, value in program.environment.items()}
    with log.open("wb") as file:
        return subprocess.Popen(
            [filled(part) for part in program.command],
            env={**environment, "NO_PROXY": "*"},
            cwd=places["folder"],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            process_group=0,
        )


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextlib.contextmanager
def _cores(ours: set[int]) -> Iterator[None]:
    """The harness on its cores, and as many open sockets as the system lets us have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    os.sched_setaffinity(0, ours)
    try:
        yield
    finally:
        os.sched_setaffinity(0, CORES)


@contextlib.contextmanager
def _no_collector() -> Iterator[None]:
    """A pause of ours would count as the bot's time."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
