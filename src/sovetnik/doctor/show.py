"""The doctor's findings on a terminal, in plain lines, or as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sovetnik.core.model import Language
from sovetnik.doctor import words
from sovetnik.doctor.finding import Finding, Said, State
from sovetnik.doctor.patient import mask

MARKS: dict[State, str] = {"ok": "✓", "warning": "!", "broken": "✗", "skipped": "–"}
PLAIN_MARKS: dict[State, str] = {"ok": "+", "warning": "!", "broken": "x", "skipped": "-"}
STYLES: dict[State, str] = {"ok": "green", "warning": "yellow", "broken": "bold red", "skipped": "dim"}


class Sheet:
    """Prints findings group by group.

    Args:
        console: Where to; plain lines where it is no terminal.
        language: Of the texts.
        secrets: What must never be printed.
    """

    def __init__(self, console: Console, language: Language, secrets: list[str]) -> None:
        self._console = console
        self._language: Language = language
        self._secrets = secrets
        utf = (console.encoding or "utf-8").lower().startswith("utf")
        self._marks = MARKS if utf else PLAIN_MARKS
        self._arrow = "→" if utf else "->"
        self._width = max(len(title.in_language(language)) for title in words.TITLES.values())

    def group(self, name: str, findings: Sequence[Finding]) -> None:
        """One group's lines."""
        if not findings:
            return
        if not self._console.is_terminal:
            for finding in findings:
                self._console.print(self._plain(name, finding), soft_wrap=True, highlight=False, markup=False)
            return
        self._console.print(Text(f"\n {self._say(words.GROUPS[name])}", style="bold"))
        table = Table.grid(padding=(0, 1))
        table.add_column(width=3, justify="right")
        table.add_column(width=min(self._width, 20), style="dim")
        table.add_column(ratio=1, overflow="fold")
        for finding in findings:
            mark = Text(self._marks[finding.state], style=STYLES[finding.state])
            table.add_row(mark, self._say(words.TITLES[finding.name]), self._fact(finding))
        self._console.print(table)

    def end(self, findings: Iterable[Finding]) -> None:
        """The last line."""
        states = [finding.state for finding in findings]
        broken, warnings = states.count("broken"), states.count("warning")
        if not broken and not warnings:
            said, style = words.ALL_WELL, "green"
        else:
            said = words.SUMMARY.format(broken=broken, warnings=warnings, ok=states.count("ok"))
            style = "red" if broken else "yellow"
        text = self._say(said)
        if self._console.is_terminal:
            self._console.print(Text(f"\n {text}\n", style=f"bold {style}"))
        else:
            self._console.print(text, soft_wrap=True, highlight=False, markup=False)

    def as_json(self, findings: Sequence[Finding]) -> str:
        """All of it for programs."""
        rows = [
            {
                "name": finding.name,
                "state": finding.state,
                "fact": self._say(finding.fact),
                "way_out": self._say(finding.way_out) if finding.way_out else None,
            }
            for finding in findings
        ]
        ok = all(finding.state != "broken" for finding in findings)
        return json.dumps({"ok": ok, "checks": rows}, ensure_ascii=False, indent=2)

    def _fact(self, finding: Finding) -> Text:
        style = "dim" if finding.state == "skipped" else ""
        text = Text(self._say(finding.fact), style=style)
        if finding.way_out:
            text.append(f"\n{self._arrow} {self._say(finding.way_out)}", style="cyan")
        return text

    def _plain(self, group: str, finding: Finding) -> str:
        title = f"{self._say(words.GROUPS[group])}, {self._say(words.TITLES[finding.name])}"
        line = f"{self._marks[finding.state]} {title}: {self._say(finding.fact)}"
        if finding.way_out:
            line += f" {self._arrow} {self._say(finding.way_out)}"
        return " ".join(line.split())

    def _say(self, said: Said) -> str:
        return mask(said.in_language(self._language), self._secrets)
