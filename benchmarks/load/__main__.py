"""Measures the bot under load, beside bare programs; prints Markdown tables. Linux.

    python -m benchmarks.load                                        everything: three quarters of an hour
    python -m benchmarks.load --only sqlite-off,ptb-chat --loads 1,50 --reps 1 --seconds 3
    python -m benchmarks.load --print FILE.json…                     the tables of earlier runs

What each figure means: docs/performance.md.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

from benchmarks.load.measure import measure
from benchmarks.load.programs import LOADS, PROGRAMS, Postgres, fits
from benchmarks.load.russian import russian
from benchmarks.load.tables import machine, markdown


def _chosen(known: dict[str, Any]) -> Any:  # noqa: ANN401 - what argparse calls
    def read(text: str) -> list[str]:
        names = text.split(",")
        if unknown := [name for name in names if name not in known]:
            raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}; known: {', '.join(known)}")
        return names

    return read


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.load",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--only", type=_chosen(PROGRAMS), default=list(PROGRAMS), help=f"of {', '.join(PROGRAMS)}"
    )
    parser.add_argument("--loads", type=_chosen(LOADS), default=list(LOADS), help=f"of {', '.join(LOADS)}")
    parser.add_argument("--reps", type=int, default=3, help="repetitions, of which medians are taken")
    parser.add_argument("--seconds", type=float, default=10.0, help="measured in each cell")
    parser.add_argument("--unpinned", action="store_true", help="do not give bot and harness a core each")
    parser.add_argument("--language", choices=("en", "ru"), default="en", help="of the tables")
    parser.add_argument("--json", type=Path, help="write every cell's figures here")
    parser.add_argument(
        "--print", type=Path, nargs="+", help="print the tables of such files, measure nothing"
    )
    return parser.parse_args()


async def _run(arguments: argparse.Namespace) -> dict[str, Any]:
    """Cells alternate between the programs, so that a slow minute of the machine strikes all of them."""
    cells = [(one, load) for load in arguments.loads for one in arguments.only if fits(one, load)]
    postgres = Postgres() if any(PROGRAMS[one].postgres for one, _ in cells) else None
    told = machine() | ({"postgresql": postgres.version()} if postgres else {})
    result: dict[str, Any] = {"machine": told, "seconds": arguments.seconds, "runs": []}
    for repetition in range(1, arguments.reps + 1):
        for name, load in cells:
            program = PROGRAMS[name]
            server = postgres if program.postgres else None
            places = {"database": server.fresh()} if server else {}
            figures = await measure(
                program,
                LOADS[load],
                arguments.seconds,
                places,
                server.pid if server else None,
                pinned=not arguments.unpinned,
            )
            result["runs"].append(
                {"program": name, "load": load, "repetition": repetition, "figures": figures}
            )
            if arguments.json:
                arguments.json.write_text(json.dumps(result, indent=1, ensure_ascii=False))
            told_now = figures.get("error") or f"{figures['turns_per_s']} turns/s, lost {figures['lost']}"
            print(f"{repetition}/{arguments.reps} {load} {name}: {told_now}", file=sys.stderr, flush=True)
    return result


def main() -> int:
    arguments = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # a bot that was started is ended, too
    if arguments.print:
        read = [json.loads(path.read_text()) for path in arguments.print]
        result = {"machine": read[-1]["machine"], "runs": [run for one in read for run in one["runs"]]}
    else:
        result = asyncio.run(_run(arguments))
    tables = markdown(result["runs"], result["machine"])
    print(russian(tables) if arguments.language == "ru" else tables)
    return 1 if any(_bad(run["figures"]) for run in result["runs"]) else 0


def _bad(figures: dict[str, Any]) -> bool:
    return "error" in figures or figures["lost"] > 0 or figures["doubled"] > 0


if __name__ == "__main__":
    sys.exit(main())
