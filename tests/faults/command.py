"""The command line of the harness and its table."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.campaign import campaign
from tests.faults.counting import Outcome, Plan
from tests.faults.edges import restart_with_many_waiting, stop_with_everything_hung

PER_MINUTE = 60.0


def main() -> int:
    """Run what the arguments say and print the table; 1 when the contract was broken."""
    parser = argparse.ArgumentParser(description="the fault harness")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=7.0, help="how long the load lasts")
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--chats", type=int, default=240)
    parser.add_argument("--messages", type=int, default=10, help="of each customer")
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--replicas", type=int, default=1, help="processes; several only on PostgreSQL")
    parser.add_argument("--webhook", action="store_true", help="Telegram calls, through a load balancer")
    parser.add_argument("--cut", type=float, default=60.0, help="seconds without the database")
    parser.add_argument("--freeze", type=float, default=25.0, help="seconds for which a replica stands still")
    parser.add_argument("--short", action="store_true", help="one daylight-saving day, nothing slow")
    parser.add_argument(
        "--waiting", type=int, default=10_000, help="updates that wait at the restart; 0: none"
    )
    parser.add_argument("--keep", type=Path, help="a new folder for the database and the process's log")
    given = parser.parse_args()
    if given.replicas > 1 and given.database == "sqlite":
        parser.error("several replicas need --database postgres")
    folder = given.keep or Path(tempfile.mkdtemp(prefix="sovetnik-faults-"))
    folder.mkdir(exist_ok=True)
    plan = Plan(
        seed=given.seed,
        seconds=given.minutes * PER_MINUTE,
        kills=given.kills,
        chats=given.chats,
        messages=given.messages,
        spring=not given.short,
        sparing=given.short,
        database=given.database,
        replicas=given.replicas,
        webhook=given.webhook,
        cut=given.cut,
        freeze=given.freeze,
    )
    outcome = asyncio.run(campaign(plan, folder, _say))
    _tell("\n".join(table(outcome)))
    if given.waiting:
        asyncio.run(_edges(given.waiting))
    if not outcome.verdict.sound:
        _tell(f"the process's log: {folder / 'process.log'}")
    return 0 if outcome.verdict.sound else 1


async def _edges(waiting: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        restart = await restart_with_many_waiting(Path(name), waiting)
    _tell(str(restart))
    with tempfile.TemporaryDirectory() as name:
        _tell(str(await stop_with_everything_hung(Path(name))))


def _tell(text: str) -> None:
    sys.stdout.write(text + "\n")


def _say(line: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {line}\n")


def table(outcome: Outcome) -> list[str]:
    """The outcome as lines of Markdown."""
    verdict = outcome.verdict
    starts = sorted(outcome.starts)
    rows = [
        ("messages sent", f"{outcome.sent} by {outcome.plan.chats} customers"),
        ("turns", f"{outcome.turns}"),
        ("`kill -9`", f"{outcome.kills}"),
        ("SIGTERM (exit code 0)", f"{outcome.sigterms}"),
        ("troubles that happened", f"{outcome.troubles.total()} of {len(+outcome.troubles)} kinds"),
        ("answered by the model", f"{verdict.named}"),
        ("answered by a quote", f"{verdict.quoted}"),
        ("**lost**", f"**{len(verdict.lost)}**"),
        ("**doubled outside the allowed window**", f"**{len(verdict.doubled)}**"),
        ("**reordered**", f"**{len(verdict.reordered)}**"),
        ("leads, each with one mail", f"{outcome.leads}"),
        ("contacts refused at first, and the customer told", f"{outcome.refusals}"),
        ("reports, one a day", f"{outcome.reports}, {outcome.days[0]} to {outcome.days[1]}"),
        ("other breaks of the contract", f"{len(verdict.wrong)}"),
        ("start until `ready`, median / longest", f"{starts[len(starts) // 2]:.1f} s / {starts[-1]:.1f} s"),
        ("starts refused while the disk refused", f"{outcome.refused_starts}"),
        ("database", f"{outcome.ground}; {outcome.plan.replicas} process(es)"),
        ("took", f"{outcome.took:.0f} s, seed {outcome.plan.seed}"),
    ]
    lines = ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)]
    lines += ["", "| Came twice, with proof | |", "|---|---|"]
    lines += [f"| {name} | {count} |" for name, count in sorted(verdict.let_off.items())]
    if verdict.widths:
        widths = sorted(verdict.widths)
        middle, widest = widths[len(widths) // 2] * 1000, widths[-1] * 1000
        gap = "between Telegram's taking the first copy and the kill, median / longest"
        lines += [f"| {gap} | {middle:.0f} ms / {widest:.0f} ms |"]
    if outcome.takeovers:
        lines += [
            "",
            "| Taken over from a replica that was | times, longest |",
            "|---|---|",
            *_takeovers(outcome),
        ]
    lines += ["", "| Killed when | times |", "|---|---|"]
    lines += [f"| {name} | {count} |" for name, count in sorted(outcome.aims.items())]
    lines += ["", "| Trouble | times |", "|---|---|"]
    lines += [f"| {name} | {count} |" for name, count in sorted(outcome.troubles.items())]
    lines += [f"| (the log has) {name} | {count} |" for name, count in sorted(outcome.mishaps.items())]
    broken = [*verdict.lost, *verdict.doubled, *verdict.reordered, *verdict.wrong]
    return [*lines, *([""] if broken else []), *broken[:60]]


def _takeovers(outcome: Outcome) -> list[str]:
    found: dict[str, list[float]] = {}
    for one in outcome.takeovers:
        found.setdefault(one.why, []).append(one.seconds)
    return [f"| {why} | {len(seconds)}, {max(seconds):.1f} s |" for why, seconds in sorted(found.items())]
