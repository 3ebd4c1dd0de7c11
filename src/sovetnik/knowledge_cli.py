"""The `sovetnik knowledge` commands."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from sovetnik.core.errors import ConfigError
from sovetnik.knowledge.hosted import HostedSync
from sovetnik.knowledge.index import LocalIndex, SyncResult
from sovetnik.knowledge.index.mix import FITS
from sovetnik.library import LocalLibrary, hosted_store, open_library
from sovetnik.settings import Settings
from sovetnik.words import words

W = words()

Advance = Callable[[int, int, str], None]


@contextmanager
def _progress(label: str) -> Generator[Advance]:
    """A bar on standard error; nothing where that is no terminal."""
    console = Console(stderr=True)
    columns = (TextColumn(label), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[what]}"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(label, total=None, what="")

        def advance(number: int, total: int, what: str) -> None:
            bar.update(task, completed=number, total=total, what=what)

        yield advance


@asynccontextmanager
async def _synced(settings: Settings, *, embedded: bool) -> AsyncGenerator[tuple[LocalLibrary, SyncResult]]:
    """The local index, as fresh as the folder; ``embedded``: wait until all of it is learnt."""
    async with open_library(settings) as library:
        with _progress(W.reading) as advance:
            result = await library.index.sync(library.folder, advance)
        if embedded:
            with _progress(W.embedding) as advance:
                await _learn(library.index, advance)
        yield library, result


async def _learn(index: LocalIndex, advance: Advance) -> None:
    total = index.pending
    learnt = asyncio.ensure_future(index.embedded())
    while not learnt.done():
        advance(total - index.pending, total, "")
        await asyncio.wait({learnt}, timeout=0.2)
    await learnt


async def sync(settings: Settings) -> None:
    """`knowledge sync`."""
    if settings.openai_vector_store:
        async with hosted_store(settings) as (store, folder):
            with _progress(W.reading) as advance:
                _print_sync(await store.sync(folder, advance))
        return
    async with _synced(settings, embedded=True) as (_, result):
        _print_sync(result)


def _print_sync(result: SyncResult | HostedSync) -> None:
    for status in result.failed:
        print(W.unreadable.format(source=status.source, reason=status.error), file=sys.stderr)
    print(
        W.synced.format(
            added=result.added, changed=result.changed, removed=result.removed, unchanged=result.unchanged
        )
    )


async def status(settings: Settings, *, as_json: bool) -> None:
    """`knowledge status`."""
    pending = 0
    if settings.openai_vector_store:
        async with hosted_store(settings) as (store, _):
            rows = [
                {"source": f.source, "status": f.status, "bytes": f.bytes, "error": f.error}
                for f in await store.status()
            ]
    else:
        async with open_library(settings) as library:
            pending = library.index.pending
            rows = [
                {
                    "source": f.source,
                    "passages": f.chunks,
                    "synced_at": f.synced_at.isoformat(),
                    "error": f.error,
                }
                for f in library.index.status()
            ]
    if as_json:
        print(json.dumps({"files": rows, "pending": pending}, ensure_ascii=False))
        return
    if not rows:
        print(W.status_nothing)
        return
    table = Table(W.status_file, "", W.status_problem, box=None)
    for row in rows:
        table.add_row(
            str(row["source"]), str(row.get("passages", row.get("status"))), str(row["error"] or "")
        )
    Console().print(table)
    if pending:
        print(W.pending.format(count=pending))


async def search(settings: Settings, query: str, k: int, *, as_json: bool) -> None:
    """`knowledge search`.

    Raises:
        ConfigError: there is nothing to search for, or no passage to show.
    """
    if not query.strip():
        raise ConfigError(W.search_empty)
    if k < 1:
        raise ConfigError(W.search_none)
    if settings.openai_vector_store:
        async with hosted_store(settings) as (store, _):
            found = [(p.source, "", p.text, p.score) for p in await store.search(query, k)]
    else:
        async with _synced(settings, embedded=False) as (library, _):
            found = [(p.source, p.heading, p.text, p.score) for p in await library.index.search(query, k)]
    if as_json:
        rows = [
            {"source": source, "heading": heading, "text": text, "score": round(score, 4)}
            for source, heading, text, score in found
        ]
        print(json.dumps(rows, ensure_ascii=False))
        return
    console = Console(highlight=False)
    for source, heading, text, score in found:
        place = f"{source}: {heading}" if heading else source
        console.print(Text(f"{score:.2f}  {place}", style="bold"), Text(f"{text}\n"), sep="\n")
    if not found or (not settings.openai_vector_store and found[0][3] < FITS):
        print(W.nothing)


async def measure_file(settings: Settings, file: Path, *, as_json: bool) -> None:
    """`knowledge measure`."""
    from sovetnik.knowledge.measure import measure, read_cases

    cases = read_cases(file)
    async with _synced(settings, embedded=True) as (library, _):
        figures = await measure(library.index, cases)
    if as_json:
        print(json.dumps(figures))
        return
    table = Table("", "hit@1", "hit@3", "MRR", box=None)
    for method, row in figures.items():
        if isinstance(row, dict):
            mark = " ←" if method == figures["in_use"] else ""
            table.add_row(f"{method}{mark}", *(f"{row[name]:.3f}" for name in ("hit@1", "hit@3", "mrr")))
    Console().print(table)
