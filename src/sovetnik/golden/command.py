"""`sovetnik check`: puts the questions to the consultant and tells how it went."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from sovetnik.core.errors import ConfigError, SovetnikError
from sovetnik.golden.cases import Case, read_cases
from sovetnik.golden.judge import Judge, open_judge
from sovetnik.golden.junit import write_junit
from sovetnik.golden.matching import plain
from sovetnik.golden.rehearsal import Rehearsal, rehearse
from sovetnik.golden.shown import Outcome, as_json, show
from sovetnik.golden.suggest import suggestions
from sovetnik.golden.texts import texts
from sovetnik.golden.verdict import Result, problems
from sovetnik.library import LocalLibrary, open_library
from sovetnik.settings import Settings
from sovetnik.storage import SqlStore

Advance = Callable[[int, int], None]


async def check(
    settings: Settings,
    file: Path | None,
    *,
    parallel: int = 4,
    only: str | None = None,
    judge: str | None = None,
    junit: Path | None = None,
    json: bool = False,
) -> bool:
    """Run the owner's questions through the whole consultant.

    Args:
        settings: The owner's; Telegram, mail and the database are not touched.
        file: The questions; by default ``check.toml`` of the consultant folder.
        parallel: Questions at the same time.
        only: Ask only those that hold this text.
        judge: A model that judges the answers as well.
        junit: Write JUnit XML there.
        json: Print JSON in place of the table.

    Returns:
        Whether nothing is red.

    Raises:
        ConfigError: the file, the folder or a setting is wrong.
    """
    if parallel < 1:
        raise ConfigError(texts().bad_parallel)
    path = file or settings.consultant_dir / "check.toml"
    cases = _chosen(read_cases(path), only)
    async with AsyncExitStack() as stack:
        judging = await stack.enter_async_context(open_judge(settings, judge))
        library = await stack.enter_async_context(_learnt(settings))
        _announce(settings, judge)
        began = time.monotonic()
        async with rehearse(settings, library) as rehearsal:
            with_model = settings.openai_api_key is not None
            results = await _Run(rehearsal, judging, with_model, asyncio.Semaphore(parallel)).all(cases)
            seconds = time.monotonic() - began
    outcome = Outcome(path, results, seconds, judging.usage if judging else None, rehearsal.not_erased)
    if junit:
        write_junit(junit, path, results, seconds)
    if json:
        print(as_json(outcome))
    else:
        show(outcome)
    return not outcome.count("failed")


async def suggest(settings: Settings) -> None:
    """Print cases out of real dialogues, to be filled in."""
    own = texts()
    async with SqlStore.open(settings.database_url.get_secret_value(), exclusive=False) as store:
        found = await suggestions(store, settings.phone_region)
    if not found:
        print(own.no_suggestions, file=sys.stderr)
        return
    print("\n".join(f"# {line}" for line in own.suggested.splitlines()), end="\n\n")
    for suggestion in found:
        print(suggestion.toml())


def _chosen(cases: Sequence[Case], only: str | None) -> Sequence[Case]:
    if only is None:
        return cases
    wanted = plain(only).casefold()
    chosen = [case for case in cases if wanted in plain(case.title).casefold()]
    if not chosen:
        raise ConfigError(texts().nothing_chosen.format(text=only))
    return chosen


def _announce(settings: Settings, judge: str | None) -> None:
    own = texts()
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    if settings.openai_api_key is None:
        console.print(own.offline, style="yellow")
    else:
        console.print(own.model.format(model=settings.openai_model), style="dim")
    if judge:
        console.print(own.judge.format(model=judge), style="dim")


class _Run:
    """Asks every question, so many at a time."""

    def __init__(
        self, rehearsal: Rehearsal, judge: Judge | None, with_model: bool, slots: asyncio.Semaphore
    ) -> None:
        self._rehearsal = rehearsal
        self._judge = judge
        self._with_model = with_model
        self._slots = slots

    async def all(self, cases: Sequence[Case]) -> list[Result]:
        done = 0
        with _progress(texts().asking) as advance:

            async def one(case: Case) -> Result:
                nonlocal done
                result = await self._one(case)
                done += 1
                advance(done, len(cases))
                return result

            advance(0, len(cases))
            try:
                async with asyncio.TaskGroup() as group:
                    tasks = [group.create_task(one(case)) for case in cases]
            except* SovetnikError as errors:
                raise errors.exceptions[0] from None
            return [task.result() for task in tasks]

    async def _one(self, case: Case) -> Result:
        own = texts()
        if case.needs_model and not self._with_model:
            return Result(case, "skipped", why=own.needs_model)
        if case.needs_judge and self._judge is None:
            return Result(case, "skipped", why=own.needs_judge)
        async with self._slots:
            played = await self._rehearsal.play(case)
            found = problems(case, played)
            if self._judge and played.answer is not None and played.failure is None:
                found += await self._judge.problems(case, played)
        return Result(case, "failed" if found else "passed", tuple(found), played)


@asynccontextmanager
async def _learnt(settings: Settings) -> AsyncGenerator[LocalLibrary]:
    """The documents as `run` searches them once it has learnt them: answers must not depend on the moment."""
    own = texts()
    async with open_library(settings) as library:
        if library.folder.is_dir():
            with _progress(own.reading) as advance:
                await library.index.sync(library.folder, lambda number, total, _: advance(number, total))
        total = library.index.pending
        learnt = asyncio.ensure_future(library.index.embedded())
        with _progress(own.learning) as advance:
            while not learnt.done():
                advance(total - library.index.pending, total)
                await asyncio.wait({learnt}, timeout=0.2)
        await learnt
        yield library


@contextmanager
def _progress(label: str) -> Generator[Advance]:
    """A bar on standard error; nothing where that is no terminal."""
    console = Console(stderr=True)
    columns = (TextColumn(label), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(label, total=None)
        yield lambda number, total: bar.update(task, completed=number, total=total)
