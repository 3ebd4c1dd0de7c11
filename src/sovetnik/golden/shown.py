"""The result for people, and as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from sovetnik.core.model import Usage
from sovetnik.golden.texts import texts
from sovetnik.golden.verdict import Result

_MARKS = {"passed": ("✓", "green"), "failed": ("✗", "red"), "skipped": ("–", "yellow")}


@dataclass(frozen=True, slots=True)
class Outcome:
    """All results of a run.

    Attributes:
        file: Where the questions stand.
        seconds: Wall-clock time of all questions together.
        judged: What the judge has cost; None where there was none.
        not_erased: Conversations that stayed at the provider.
    """

    file: Path
    results: Sequence[Result]
    seconds: float
    judged: Usage | None = None
    not_erased: Sequence[str] = ()

    def count(self, status: str) -> int:
        """How many questions went so."""
        return sum(result.status == status for result in self.results)

    @property
    def usage(self) -> Usage:
        """What the answers have cost."""
        return total(usage for result in self.results for usage in _usages(result))


def total(usages: Iterable[Usage]) -> Usage:
    """The sum, without times."""
    found = list(usages)
    return Usage(
        input_tokens=sum(usage.input_tokens for usage in found),
        cached_tokens=sum(usage.cached_tokens for usage in found),
        output_tokens=sum(usage.output_tokens for usage in found),
        calls=sum(usage.calls for usage in found),
    )


def _usages(result: Result) -> list[Usage]:
    traces = result.played.traces if result.played else ()
    return [trace.answer.usage for trace in traces if trace.answer.usage]


def show(outcome: Outcome) -> None:
    """Print a table, then each red answer with what it lacks, then the totals."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 160  # whoever reads the output of a pipe breaks lines himself
    console.print(_table(outcome.results))
    for result in outcome.results:
        if result.status == "failed":
            _show_red(console, result, outcome.file)
    _show_totals(console, outcome)


def _table(results: Sequence[Result]) -> Table:
    own = texts()
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    table.add_column(own.question, overflow="fold")
    table.add_column(own.seconds, justify="right")
    table.add_column(own.tokens, justify="right")
    for result in results:
        mark, style = _MARKS[result.status]
        used = total(_usages(result))
        tokens = used.input_tokens + used.output_tokens
        title = Text(result.case.title)
        if result.why:
            title.append(f"  ({own.skipped.format(reason=result.why)})", style="dim")
        table.add_row(
            Text(mark, style=style),
            title,
            f"{result.played.seconds:.1f}" if result.played else "",
            str(tokens) if tokens else "",
        )
    return table


def _show_red(console: Console, result: Result, file: Path) -> None:
    own = texts()
    console.print()
    console.print(
        Text.assemble(("✗ ", "red"), (result.case.title, "bold"), (f"  {file}:{result.case.line}", "dim"))
    )
    for problem in result.problems:
        console.print(Padding(Text(problem, style="red"), (0, 0, 0, 2), expand=False))
    traces = result.played.traces if result.played else ()
    if traces:
        console.print(Padding(Text(f"{own.answer}:", style="dim"), (0, 0, 0, 2), expand=False))
        console.print(Padding(Text(traces[-1].answer.text), (0, 0, 0, 4), expand=False))


def _show_totals(console: Console, outcome: Outcome) -> None:
    own = texts()
    used = outcome.usage
    red = outcome.count("failed")
    console.print()
    said = own.summary.format(
        passed=outcome.count("passed"), failed=red, skipped=outcome.count("skipped"), seconds=outcome.seconds
    )
    console.print(Text(said, style="bold red" if red else "bold green"))
    if used.calls:
        cost = own.cost.format(
            calls=used.calls, input=used.input_tokens, cached=used.cached_tokens, output=used.output_tokens
        )
        console.print(cost, style="dim")
    if outcome.judged:
        judged = outcome.judged
        cost = own.judge_cost.format(
            calls=judged.calls, input=judged.input_tokens, output=judged.output_tokens
        )
        console.print(cost, style="dim")
    else:
        unseen = sum(bool(result.case.expects) and result.played is not None for result in outcome.results)
        if unseen:
            console.print(own.not_judged.format(count=unseen), style="yellow")
    if outcome.not_erased:
        console.print(own.not_erased.format(names=", ".join(outcome.not_erased)), style="yellow")


def as_json(outcome: Outcome) -> str:
    """Everything, for programs."""
    used = outcome.usage
    shown = {
        "passed": outcome.count("passed"),
        "failed": outcome.count("failed"),
        "skipped": outcome.count("skipped"),
        "seconds": round(outcome.seconds, 3),
        "usage": _plain_usage(used),
        "judge_usage": _plain_usage(outcome.judged) if outcome.judged else None,
        "not_erased": list(outcome.not_erased),
        "questions": [_plain(result) for result in outcome.results],
    }
    return json.dumps(shown, ensure_ascii=False)


def _plain_usage(usage: Usage) -> dict[str, int]:
    return {
        "calls": usage.calls,
        "input_tokens": usage.input_tokens,
        "cached_tokens": usage.cached_tokens,
        "output_tokens": usage.output_tokens,
    }


def _plain(result: Result) -> dict[str, object]:
    traces = result.played.traces if result.played else ()
    sources = [passage.source for passage in traces[-1].answer.passages] if traces else []
    return {
        "line": result.case.line,
        "ask": list(result.case.ask),
        "status": result.status,
        "problems": list(result.problems),
        "skipped_because": result.why or None,
        "answers": [trace.answer.text for trace in traces],
        "cites": list(dict.fromkeys(sources)),
        "tools": [name for trace in traces for name, _, _ in trace.tools],
        "seconds": result.played.seconds if result.played else None,
        "usage": _plain_usage(total(_usages(result))),
    }
