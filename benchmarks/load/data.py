"""What much stored data costs: start, daily report, export, turns; prints a Markdown table. Linux.

python -m benchmarks.load.data                           10 thousand messages beside a million: some minutes
python -m benchmarks.load.data --sizes 1000,20000 --reps 1 --seconds 2 --only start,export

What each figure means: docs/performance.md.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.load.measure import Load, measure, running
from benchmarks.load.model import Pace
from benchmarks.load.processes import peak_mib
from benchmarks.load.programs import ROOT, SETTINGS, sovetnik
from benchmarks.load.russian import russian
from benchmarks.load.tables import machine, median
from benchmarks.load.telegram import TOKEN, Telegram

Figures = dict[str, Any]
NAME = "sovetnik.db"


async def start(database: Path, folder: Path, seconds: float) -> Figures:  # noqa: ARG001 - as its sisters
    """Seconds from the start of the process to its first poll; the documents were read by an earlier run."""
    times: list[float] = []
    _copy(database, folder)
    for _ in range(2):
        telegram = Telegram(0, spread=0.0, once=True)
        async with running(sovetnik("off"), telegram, Pace(), {"folder": str(folder)}) as (_, ready):
            times.append(ready)
    return {"ready_s": times[-1]}


async def report(database: Path, folder: Path, seconds: float) -> Figures:  # noqa: ARG001
    """`sovetnik report --send`: what no report has yet (the last 20,000 messages) as a mail."""
    from aiosmtpd.smtp import SMTP

    sizes: list[int] = []

    class Sink:
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: ANN401, ARG002, N802
            sizes.append(len(envelope.content))
            return "250 OK"

    loop = asyncio.get_running_loop()
    mailbox = await loop.create_server(lambda: SMTP(Sink(), data_size_limit=None), "127.0.0.1", 0)
    mail = {
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": str(mailbox.sockets[0].getsockname()[1]),
        "SMTP_SECURITY": "none",
        "SMTP_FROM": "bot@example.com",
        "REPORT_TO": "owner@example.com",
    }
    figures = await _command(["report", "--send"], database, folder, mail)
    mailbox.close()
    return {**figures, "mail_kb": round(sum(sizes) / 1000)}


async def export(database: Path, folder: Path, seconds: float) -> Figures:  # noqa: ARG001
    """`sovetnik export --format csv` into a file."""
    return await _command(["export", "--format", "csv"], database, folder, {})


async def turns(database: Path, folder: Path, seconds: float) -> Figures:
    """50 customers who have written before, an instant model."""
    _copy(database, folder)
    return await measure(sovetnik("off"), Load(50), seconds, {"folder": str(folder)})


KINDS: Mapping[str, Callable[[Path, Path, float], Awaitable[Figures]]] = {
    "start": start,
    "report": report,
    "export": export,
    "turns": turns,
}
ROWS = (
    ("start to the first poll, s", "start", "ready_s"),
    ("report of what is in none yet (20,000 messages at most), s", "report", "seconds"),
    ("its peak RSS, MiB", "report", "peak_rss_mib"),
    ("its mail, kB", "report", "mail_kb"),
    ("export of all messages, s", "export", "seconds"),
    ("its peak RSS, MiB", "export", "peak_rss_mib"),
    ("turns/s, 50 customers, instant model", "turns", "turns_per_s"),
    ("CPU s per 1,000 turns", "turns", "cpu_s_per_1000"),
    ("overhead p50, ms", "turns", "overhead_p50_ms"),
    ("peak RSS, MiB", "turns", "peak_rss_mib"),
)


def _copy(database: Path, folder: Path) -> None:
    """Each cell has its own: turns are stored."""
    shutil.copyfile(database, folder / NAME)


async def _command(
    arguments: Sequence[str], database: Path, folder: Path, settings: Mapping[str, str]
) -> Figures:
    """One of our commands, over the database as it is."""
    environment = {
        **SETTINGS,
        "TELEGRAM_TOKEN": TOKEN,
        "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
        **settings,
    }
    environment |= {"DATABASE_URL": f"sqlite:///{database}", "TELEGRAM_BASE_URL": "http://127.0.0.1:9"}
    environment |= {"PATH": os.environ["PATH"]}
    began, peak = time.perf_counter(), 0.0
    with (folder / "out").open("wb") as out, (folder / "errors").open("wb") as errors:
        process = subprocess.Popen(  # noqa: ASYNC220 - nothing else runs meanwhile
            [sys.executable, "-m", "sovetnik", *arguments],
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=errors,
        )
        try:
            while process.poll() is None:
                peak = max(peak, peak_mib(process.pid))
                await asyncio.sleep(0.02)
        finally:
            process.kill()  # only if we were interrupted; an ended one does not mind
    if process.returncode:
        return {"error": (folder / "errors").read_text()[-2000:]}
    written = (folder / "out").stat().st_size
    return {
        "seconds": round(time.perf_counter() - began, 2),
        "peak_rss_mib": round(peak, 1),
        "written": written,
    }


def _filled(folder: Path, sizes: Sequence[int]) -> dict[int, Path]:
    """Databases of those sizes, each made by a process of its own: what that needs would stay ours."""
    made = {size: folder / f"{size}.db" for size in sizes}
    for size, path in made.items():
        filling = [sys.executable, "-m", "benchmarks.load.fill", str(path), "--messages", str(size)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
        subprocess.run(filling, cwd=ROOT, env=environment, check=True)
    return made


async def _run(options: argparse.Namespace, databases: Mapping[int, Path]) -> dict[str, Any]:
    result: dict[str, Any] = {"machine": machine(), "runs": []}
    for repetition in range(options.reps):
        for kind in options.only:
            for size, path in databases.items():
                with tempfile.TemporaryDirectory(prefix="sovetnik-data-") as own:
                    figures = await KINDS[kind](path, Path(own), options.seconds)
                result["runs"].append({"kind": kind, "size": size, "figures": figures})
                print(
                    f"{repetition + 1}/{options.reps} {kind} {size}: {figures}", file=sys.stderr, flush=True
                )
    return result


def _markdown(result: Mapping[str, Any]) -> str:
    sizes = list(dict.fromkeys(run["size"] for run in result["runs"]))

    def of(kind: str, size: int) -> list[Figures]:
        runs = (run for run in result["runs"] if run["kind"] == kind and run["size"] == size)
        return [run["figures"] for run in runs if "error" not in run["figures"]]

    lines = [
        ("", *(f"{size:,} messages" for size in sizes), "ratio of the last to the first"),
        ("---",) * (len(sizes) + 2),
    ]
    for title, kind, name in ROWS:
        values = [(median(of(kind, size)) or {}).get(name) for size in sizes]
        if any(value is not None for value in values):
            ratio = f"{values[-1] / values[0]:.2f}" if values[0] and values[-1] else "–"
            lines.append((title, *("–" if value is None else f"{value:g}" for value in values), ratio))
    told = ", ".join(f"{name}: {value}" for name, value in result["machine"].items())
    return "\n".join([*(f"| {' | '.join(line)} |" for line in lines), "", f"{told}."])


def _measured(options: argparse.Namespace) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="sovetnik-data-") as folder:
        result = asyncio.run(_run(options, _filled(Path(folder), options.sizes)))
    if options.json:
        options.json.write_text(json.dumps(result, indent=1, ensure_ascii=False))
    return result


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.load.data",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--sizes", type=lambda text: [int(size) for size in text.split(",")])
    parser.add_argument("--only", type=lambda text: text.split(","), help=f"of {', '.join(KINDS)}")
    parser.add_argument("--reps", type=int, default=3, help="repetitions, of which medians are taken")
    parser.add_argument("--seconds", type=float, default=6.0, help="of turns that are measured")
    parser.add_argument("--json", type=Path, help="write every figure here")
    parser.add_argument("--language", choices=("en", "ru"), default="en", help="of the table")
    parser.add_argument("--print", type=Path, help="print the table of such a file, measure nothing")
    parser.set_defaults(sizes=[10_000, 1_000_000], only=list(KINDS))
    options = parser.parse_args()
    result = json.loads(options.print.read_text()) if options.print else _measured(options)
    table = _markdown(result)
    print(russian(table) if options.language == "ru" else table)
    return 1 if any("error" in run["figures"] for run in result["runs"]) else 0


if __name__ == "__main__":
    sys.exit(main())
