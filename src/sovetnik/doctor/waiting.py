"""What stands in a database, of whichever kind: the version of its tables, what waits, whose the bot is."""

from __future__ import annotations

import asyncio

from sovetnik.core.errors import SovetnikError
from sovetnik.core.owner import Queue, Vitals
from sovetnik.doctor import words_here as words
from sovetnik.doctor.finding import Finding, Said
from sovetnik.doctor.patient import Patient, literal
from sovetnik.storage import SqlStore
from sovetnik.storage.migrate import HEAD

OLD = {"inbox": 120, "answers": 120, "mails": 3600}
"""Seconds after which a row that still waits needs looking at."""


def check_schema(revision: str | None) -> Finding:
    """Which version wrote the tables."""
    if revision == HEAD:
        return Finding("schema", "ok", words.SCHEMA_GOOD.format(revision=revision))
    if revision is None or revision < HEAD:  # ours are numbered
        old = words.SCHEMA_OLD.format(revision=revision or "0000")
        return Finding("schema", "warning", old, words.SCHEMA_OLD_OUT)
    return Finding("schema", "broken", words.SCHEMA_NEW.format(revision=revision), words.SCHEMA_NEW_OUT)


async def inside(patient: Patient, url: str, by: Said | None) -> list[Finding]:
    """Queues and owner; ``by`` names who works on them, where somebody does."""
    try:
        async with asyncio.timeout(9), SqlStore.open(url, exclusive=False) as store:
            vitals, paired = await store.vitals(), await store.owner_chats()
    except (SovetnikError, TimeoutError) as error:
        return [Finding("queues", "broken", literal(error), words.DATABASE_BUSY_OUT)]
    owners = len(paired | set(patient.settings.owner_chats))
    return [check_queues(patient, vitals, by), check_owner(owners)]


def check_queues(patient: Patient, vitals: Vitals, by: Said | None) -> Finding:
    """What waits and for how long, and whether somebody works on it."""
    now = patient.clock()
    queues = {"inbox": vitals.inbox, "answers": vitals.answers, "mails": vitals.mails}
    waiting = {name: queue for name, queue in queues.items() if queue.waiting}
    said = _joined(waiting, {name: queue.age(now) for name, queue in waiting.items()})
    if vitals.paused_at:
        at = f"{vitals.paused_at.astimezone(patient.settings.timezone):%d.%m %H:%M}"
        fact = words.QUEUES_PAUSED.format(at=at, waiting=said)
        return Finding("queues", "warning", fact, words.QUEUES_PAUSED_OUT)
    if by is None:
        if not waiting:
            return Finding("queues", "ok", words.QUEUES_EMPTY_STOPPED)
        fact = words.QUEUES_STOPPED.format(waiting=said)
        return Finding("queues", "warning", fact, words.QUEUES_STOPPED_OUT)
    if not waiting:
        return Finding("queues", "ok", words.QUEUES_EMPTY.format(by=by))
    fact = words.QUEUES_WAITING.format(waiting=said, by=by)
    if any(queue.age(now) > OLD[name] for name, queue in waiting.items()):
        return Finding("queues", "warning", fact, words.QUEUES_OLD_OUT)
    return Finding("queues", "ok", fact)


def _joined(waiting: dict[str, Queue], ages: dict[str, float]) -> Said:
    if not waiting:
        return words.NOTHING
    parts = [
        words.QUEUE[name].format(count=queue.waiting, age=words.span(ages[name]))
        for name, queue in waiting.items()
    ]
    return Said("; ".join(part.en for part in parts), "; ".join(part.ru for part in parts))


def check_owner(owners: int) -> Finding:
    """Whether some chat is the owner's."""
    if owners:
        return Finding("owner", "ok", words.OWNER_GOOD.format(count=owners))
    return Finding("owner", "warning", words.OWNER_NONE, words.OWNER_NONE_OUT)
