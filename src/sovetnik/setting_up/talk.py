"""The conversation in the terminal: numbered questions, typed or given answers, each checked at once."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from sovetnik.core.errors import ConfigError
from sovetnik.core.model import Language
from sovetnik.doctor.finding import Said, Trouble
from sovetnik.doctor.patient import mask
from sovetnik.setting_up import words

T = TypeVar("T")
SKIP = "-"


@dataclass(frozen=True, slots=True)
class Question:
    """One question.

    Attributes:
        flag: Its option on the command line, for messages.
        given: The answer on the command line.
        default: What Enter means; what is known already.
        hidden: A secret: not shown while it is typed.
        optional: It may be left unanswered.
    """

    label: Said
    flag: str
    given: str | None = None
    default: str | None = None
    hidden: bool = False
    optional: bool = False


class Talk:
    """Asks in one language.

    Args:
        console: Where to.
        language: Of the texts.
        unattended: Nobody answers: what is not given takes its default.
    """

    def __init__(self, console: Console, language: Language, *, unattended: bool) -> None:
        self.console = console
        self.language: Language = language
        self.unattended = unattended
        self.secrets: list[str] = []
        utf = (console.encoding or "utf-8").lower().startswith("utf")
        self._ok, self._no, self._arrow, self._prompt = (
            ("✓", "✗", "→", "› ") if utf else ("+", "x", "->", "> ")
        )

    def say(self, said: Said, **values: object) -> str:
        """A text in the owner's language, without secrets."""
        return mask(said.format(**values).in_language(self.language), self.secrets)

    def heading(self, number: int, total: int, title: Said, why: Said) -> None:
        """A new step: its number, what it is about and why it is asked."""
        if not self.console.is_terminal:
            self._print(f"{number}/{total} {self.say(title)}")
            return
        self.console.print()
        self.console.rule(f"[bold]{number}/{total}  {self.say(title)}[/bold]", align="left", style="cyan")
        self.note(why)

    def note(self, said: Said, **values: object) -> None:
        """An explanation."""
        self._print(self.say(said, **values), style="dim")

    def good(self, said: Said, **values: object) -> None:
        """An answer that proved good, or something that was done."""
        self._print(f"{self._ok} {self.say(said, **values)}", style="green", hang=2)

    def warn(self, said: Said, **values: object) -> None:
        """Something to know."""
        self._print(f"! {self.say(said, **values)}", style="yellow", hang=2)

    def trouble(self, trouble: Trouble) -> None:
        """What is wrong with an answer, and the way out."""
        self._print(f"{self._no} {self.say(trouble.fact)}", style="red", hang=2)
        if trouble.way_out:
            self._print(f"{self._arrow} {self.say(trouble.way_out)}", style="cyan", hang=2)

    def plain(self, text: str) -> None:
        """A text as it stands."""
        self._print(mask(text, self.secrets))

    @contextmanager
    def busy(self, said: Said, **values: object) -> Generator[Callable[[str], None]]:
        """Show that something is under way; the callable changes the text."""
        if not self.console.is_terminal:
            yield lambda _: None
            return
        with self.console.status(f" {self.say(said, **values)}") as status:
            yield lambda text: status.update(f" {text}"[: self.console.width - 4])

    def checked(self, question: Question, check: Callable[[str], T]) -> T | None:
        """Ask until the answer proves good; None where it was left out.

        Raises:
            ConfigError: nobody answers, and what was given is wrong or missing; it names the flag.
        """
        given = question.given
        while True:
            answer = given if given is not None else self._answer(question)
            given = None
            if answer == SKIP and question.optional:
                return None
            if not answer and question.optional:
                return None
            try:
                if not answer:
                    raise Trouble(words.NEEDED, None)
                if question.hidden:
                    self.secrets.append(answer)
                return check(answer)
            except Trouble as trouble:
                self.refuse(question.flag, trouble)

    def refuse(self, flag: str, trouble: Trouble) -> None:
        """Tell what is wrong; where nobody answers, that is the end.

        Raises:
            ConfigError: nobody answers.
        """
        if self.unattended:
            out = f"; {self.say(trouble.way_out)}" if trouble.way_out else ""
            raise ConfigError(f"{flag}: {self.say(trouble.fact)}{out}")
        self.trouble(trouble)

    def choose(
        self, label: Said, flag: str, given: str | None, options: Sequence[tuple[str, Said]], default: str
    ) -> str:
        """Ask for one of a few; the number or the name is typed."""
        keys = [key for key, _ in options]
        if given is None and not self.unattended:
            self._print(self.say(label), style="bold")
            for number, (key, title) in enumerate(options, start=1):
                line = Text().append(f"   {number}  ", style="cyan")
                line.append(self.say(title), style="bold" if key == default else "")
                self.console.print(line)

        def check(answer: str) -> str:
            if answer.isdigit() and 1 <= int(answer) <= len(keys):
                return keys[int(answer) - 1]
            if answer.lower() in keys:
                return answer.lower()
            raise Trouble(words.CHOOSE.format(count=len(keys)), None)

        question = Question(words.NUMBER, flag, given, str(keys.index(default) + 1))
        return self.checked(question, check) or default

    def yes(self, label: Said, *, default: bool, **values: object) -> bool:
        """Ask yes or no; where nobody answers, the default."""
        if self.unattended:
            return default
        shown = words.YES_DEFAULT if default else words.NO_DEFAULT
        self._print(f"{self.say(label, **values)} {self.say(shown)}", style="bold")
        answer = self._input().strip().lower()
        return default if not answer else answer[0] in "yд"

    def _answer(self, question: Question) -> str:
        if self.unattended:
            return question.default or ""
        self._print(f"{self.say(question.label)} {self._hint(question)}".strip(), style="bold")
        answer = getpass.getpass(f" {self._prompt}") if question.hidden else self._input()
        return answer.strip() or question.default or ""

    def _hint(self, question: Question) -> str:
        if question.default:
            shown = self.say(words.KEEP_SECRET) if question.hidden else question.default
            skip = self.say(words.OR_SKIP) if question.optional else ""
            return f"[{shown}]{skip}"
        if question.hidden:
            return self.say(words.UNSEEN_OPTIONAL if question.optional else words.UNSEEN)
        return self.say(words.ENTER_SKIPS) if question.optional else ""

    def _input(self) -> str:
        return input(f" {self._prompt}")

    def _print(self, text: str, style: str = "", hang: int = 0) -> None:
        if not self.console.is_terminal:
            self.console.print(text, soft_wrap=True, highlight=False, markup=False)
            return
        if not hang:
            self.console.print(Padding(Text(text, style=style), (0, 1)))
            return
        for number, line in enumerate(
            Text(text, style=style).wrap(self.console, self.console.width - 2 - hang)
        ):
            line.rstrip()
            self.console.print(Text(" " * (1 if number == 0 else 1 + hang)) + line, soft_wrap=True)
