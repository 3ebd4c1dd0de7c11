"""The table of a run as Markdown, with the machine and the versions."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import sqlite3
import statistics
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.load.programs import FLOORS, LOADS, NAMES, PROGRAMS, ROOT

Figures = Mapping[str, Any]
Run = Mapping[str, Any]
"""`{"program", "load", "repetition", "figures"}`."""

COUNTED = ("lost", "doubled")


def machine() -> dict[str, str]:
    """What the figures were measured on."""
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / 2**20
    packages = ("python-telegram-bot", "openai", "SQLAlchemy")
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": f"{cpu[1] if cpu else platform.machine()}, {os.cpu_count()} cores",
        "memory": f"{memory:.0f} GiB",
        "system": platform.platform(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        **{name: importlib.metadata.version(name) for name in packages},
        "commit": _git("rev-parse", "--short", "HEAD") + ("+" if _git("status", "--porcelain") else ""),
    }


def _git(*command: str) -> str:
    done = subprocess.run(["git", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _rate(figures: Figures, floor: Figures | None) -> str:
    rate = figures["turns_per_s"]
    base = floor and floor["turns_per_s"]
    return f"{rate:.0f} ({rate / base:.1f}×)" if base and floor is not figures else f"{rate:.0f}"


def _plain(*names: str) -> Callable[[Figures, Figures | None], str]:
    def cell(figures: Figures, floor: Figures | None) -> str:  # noqa: ARG001 - as _rate
        values = [figures[name] for name in names]
        return " / ".join("–" if value is None else f"{value:.{_digits(value)}f}" for value in values)

    return cell


def _digits(value: float) -> int:
    return 0 if value >= 20 or value == int(value) else 1


OVERHEAD = ("overhead_p50_ms", "overhead_p99_ms")
COLUMNS: Sequence[tuple[str, str, Callable[[Figures, Figures | None], str]]] = (
    ("turns/s, 1 customer, instant model", "1", _rate),
    ("its overhead p50 / p99, ms", "1", _plain(*OVERHEAD)),
    ("turns/s, 50, instant", "50", _rate),
    ("turns/s, 500, instant", "500", _rate),
    ("overhead p50 / p99 ms, 50, 1-s model", "50-second", _plain(*OVERHEAD)),
    ("turns/s, 500, 1-s model", "500-second", _rate),
    ("its overhead p50, ms", "500-second", _plain("overhead_p50_ms")),
    ("CPU s per 1,000 turns (50, instant)", "50", _plain("cpu_s_per_1000")),
    ("peak RSS MiB (500, 1-s model)", "500-second", _plain("peak_rss_mib")),
)
STREAMED: Sequence[tuple[str, str, Callable[[Figures, Figures | None], str]]] = (
    ("50: first text after the first token, p50 ms", "50-streamed", _plain("first_text_p50_ms")),
    ("50: overhead of the final p50 / p99, ms", "50-streamed", _plain(*OVERHEAD)),
    ("50: CPU s per 1,000 turns", "50-streamed", _plain("cpu_s_per_1000")),
    ("500: turns/s", "500-streamed", _rate),
    ("500: overhead of the final p50, ms", "500-streamed", _plain("overhead_p50_ms")),
)
WAITING: Sequence[tuple[str, str, Callable[[Figures, Figures | None], str]]] = (
    ("peak RSS MiB", "5000-waiting", _plain("peak_rss_mib")),
    ("answered", "5000-waiting", _plain("measured")),
    ("lost", "5000-waiting", _plain("lost")),
    ("added p50 / p99, ms", "5000-waiting", _plain(*OVERHEAD)),
)


def markdown(runs: Sequence[Run], told: Mapping[str, str]) -> str:
    """Everything that was measured, as tables; medians over the repetitions."""
    medians = {
        (program, load): median([run["figures"] for run in runs if _is(run, program, load)])
        for program in PROGRAMS
        for load in LOADS
    }
    parts = [
        _table("Unstreamed answers", COLUMNS, medians),
        _table("Streamed answers (first token after 1 s, then 100 a second)", STREAMED, medians),
        _table("5,000 customers waiting at once for a 20-s model", WAITING, medians),
        _remarks(runs),
        ", ".join(f"{name}: {value}" for name, value in told.items()) + ".",
    ]
    return "\n\n".join(part for part in parts if part)


def _is(run: Run, program: str, load: str) -> bool:
    return run["program"] == program and run["load"] == load and "error" not in run["figures"]


def median(figures: Sequence[Figures]) -> dict[str, Any] | None:
    """Of each figure over the repetitions; what must be 0 is added up instead."""
    if not figures:
        return None
    found: dict[str, Any] = {}
    for name, value in figures[0].items():
        values = [one[name] for one in figures if one[name] is not None]
        if isinstance(value, dict) or not values:
            found[name] = None
        else:
            found[name] = sum(values) if name in COUNTED else statistics.median(values)
    return found


def _table(
    title: str,
    columns: Sequence[tuple[str, str, Callable[[Figures, Figures | None], str]]],
    medians: Mapping[tuple[str, str], dict[str, Any] | None],
) -> str:
    columns = [column for column in columns if any(medians[program, column[1]] for program in PROGRAMS)]
    rows = [program for program in PROGRAMS if any(medians[program, load] for _, load, _ in columns)]
    if not rows:
        return ""
    lines = [("program", *(head for head, _, _ in columns)), ("---",) * (len(columns) + 1)]
    for program in rows:
        floor = FLOORS[PROGRAMS[program].streams]
        cells = ((medians[program, load], medians[floor, load], cell) for _, load, cell in columns)
        lines.append((NAMES[program], *(cell(of, base) if of else "–" for of, base, cell in cells)))
    return "\n".join([f"**{title}**", "", *(f"| {' | '.join(line)} |" for line in lines)])


def _remarks(runs: Iterable[Run]) -> str:
    good = [run["figures"] for run in runs if "error" not in run["figures"]]
    failed = [f"{run['program']} / {run['load']}" for run in runs if "error" in run["figures"]]
    if not good:
        return f"Nothing was measured; did not come up: {', '.join(failed)}."
    most = {name: max(figures[name] for figures in good) for name in ("harness_cpu", "others_cpu")}
    turns, lost, doubled = (sum(figures[name] for figures in good) for name in ("turns", *COUNTED))
    return (
        f"{turns} turns, lost {lost}, doubled {doubled}. The harness used at most {most['harness_cpu']:.0%} "
        f"of its core, other programs at most {most['others_cpu']:.0%} of one."
    ) + (f" Did not come up: {', '.join(failed)}." if failed else "")
