"""`sovetnik doctor`: all checks side by side, told in order."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

from rich.console import Console

from sovetnik.core.model import Language
from sovetnik.doctor import words
from sovetnik.doctor.bot import telegram
from sovetnik.doctor.database import storage
from sovetnik.doctor.finding import Finding
from sovetnik.doctor.folder import documents
from sovetnik.doctor.machine import machine
from sovetnik.doctor.model import model
from sovetnik.doctor.patient import Patient, language_of, read_patient
from sovetnik.doctor.post import mail
from sovetnik.doctor.show import Sheet
from sovetnik.doctor.values import values

Group = Callable[[Patient], Coroutine[Any, Any, list[Finding]]]

GROUPS: dict[str, Group] = {
    "telegram": telegram,
    "model": model,
    "mail": mail,
    "documents": documents,
    "storage": storage,
}


async def examine(patient: Patient) -> AsyncIterator[tuple[str, list[Finding]]]:
    """Every group's findings, in the order of the table; all groups work at the same time."""
    tasks = {name: asyncio.create_task(check(patient)) for name, check in GROUPS.items()}
    try:
        for name, task in tasks.items():
            yield name, await task
        yield "machine", await asyncio.to_thread(machine, patient)
    finally:
        for task in tasks.values():
            task.cancel()


async def doctor(fallback: Language, *, as_json: bool) -> bool:
    """Examine everything and print it.

    Args:
        fallback: Language of the texts where the owner has set none.
        as_json: Print JSON.

    Returns:
        False when something is broken.
    """
    patient, wrong = read_patient()
    console = Console(highlight=False)
    secrets = patient.settings.secrets() if patient else []
    sheet = Sheet(console, language_of(patient, fallback), secrets)
    findings = values(patient, wrong)
    if not as_json:
        sheet.group("settings", findings)
    if patient is not None:
        spinner = (
            contextlib.nullcontext()
            if as_json or not console.is_terminal
            else console.status(words.CHECKING.in_language(language_of(patient, fallback)))
        )
        with spinner:
            async for name, found in examine(patient):
                findings += found
                if not as_json:
                    sheet.group(name, found)
    if as_json:
        print(sheet.as_json(findings))  # not through rich, which would wrap
    else:
        sheet.end(findings)
    return all(finding.state != "broken" for finding in findings)
