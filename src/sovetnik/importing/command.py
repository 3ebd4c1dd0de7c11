"""`sovetnik import`: reads an export, makes what it can, and tells what is left to do by hand."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from sovetnik.core.errors import ConfigError
from sovetnik.importing.assistant import plan_of, write
from sovetnik.importing.exports import AssistantExport, ThreadsExport, read_export
from sovetnik.importing.texts import texts
from sovetnik.importing.threads import Threads, batches, threads_of
from sovetnik.settings import Settings
from sovetnik.storage import SqlStore
from sovetnik.storage.importing import import_dialogues

TOGETHER = 100
"""Dialogues in one transaction."""

NAMED = 10
"""Lines that are named one by one; a thousand of them have one reason."""


async def import_file(
    settings: Settings,
    file: Path,
    *,
    to: Path | None = None,
    force: bool = False,
    chat_field: str | None = None,
) -> None:
    """Bring an exported assistant, or exported threads, to us.

    Args:
        settings: The owner's.
        file: The export; what it holds is seen in it.
        to: The consultant folder to make; by default ``CONSULTANT_DIR``.
        force: Replace files that exist.
        chat_field: Where in the metadata the chat's id stands.

    Raises:
        ConfigError: the file cannot be used, or something is in the way.
    """
    export = read_export(file)
    if isinstance(export, AssistantExport):
        _make_folder(export, file, to or settings.consultant_dir, force=force)
    else:
        await _store_threads(settings, export, file, chat_field)


def _make_folder(export: AssistantExport, file: Path, folder: Path, *, force: bool) -> None:
    own = texts()
    plan = plan_of(export, file)
    write(plan, folder, force=force)
    console = _console()
    _print(console, own.made.format(folder=folder), plan.made, "✓", "green")
    _print(
        console,
        own.by_hand,
        [*plan.by_hand, own.next_knowledge.format(folder=folder), own.next_check],
        "•",
        "yellow",
    )


async def _store_threads(
    settings: Settings, export: ThreadsExport, file: Path, chat_field: str | None
) -> None:
    own = texts()
    found = threads_of(export, chat_field)
    new = 0
    if found.dialogues:
        async with SqlStore.open(settings.database_url.get_secret_value(), exclusive=True) as store:
            for some in batches(found.dialogues, TOGETHER):
                new += await import_dialogues(store, some)
    chats = len({dialogue.chat_id for dialogue in found.dialogues})
    console = _console()
    if found.dialogues:
        said = own.dialogues if new else own.dialogues_again
        _print(console, own.made_dialogues, [said.format(messages=new, chats=chats)], "✓", "green")
    _tell_of_unplaced(console, found, chat_field)
    if not found.dialogues:
        raise ConfigError(f"{file}: {found.unplaced[0][2]}")


def _tell_of_unplaced(console: Console, found: Threads, chat_field: str | None) -> None:
    own = texts()
    lines = [
        f"{own.line.format(line=line)}{f' ({name})' if name else ''}: {reason}"
        for line, name, reason in found.unplaced[:NAMED]
    ]
    if len(found.unplaced) > NAMED:
        lines.append(own.more.format(count=len(found.unplaced) - NAMED))
    if lines:
        _print(console, own.unplaced.format(count=len(found.unplaced)), lines, "•", "yellow")
        if chat_field is None:
            console.print(own.unplaced_way_out)
    if found.untimed:
        console.print(own.untimed.format(count=found.untimed))


def _print(console: Console, head: str, lines: Iterable[str], mark: str, style: str) -> None:
    console.print(Text(head, style="bold"))
    for line in lines:
        console.print(Padding(Text.assemble((f"{mark} ", style), line), (0, 0, 0, 2), expand=False))


def _console() -> Console:
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 400  # whoever reads the output of a pipe breaks lines himself
    return console
