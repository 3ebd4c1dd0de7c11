"""A PostgreSQL and our database on it: is it good enough, who works there, is there room for one more."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sovetnik.core.errors import ConfigError
from sovetnik.doctor import words_here as words
from sovetnik.doctor.finding import PATIENCE, Finding, Said, same
from sovetnik.doctor.patient import Patient, skipped
from sovetnik.doctor.waiting import check_schema, inside
from sovetnik.storage.opening import look_at_server

if TYPE_CHECKING:
    from sovetnik.storage.server import Condition

LATER = ("schema", "connections", "replicas", "queues", "owner")


async def server(patient: Patient, url: str) -> list[Finding]:
    """Database, schema, connections, replicas, queues, owner."""
    try:
        async with asyncio.timeout(PATIENCE):
            found = await asyncio.to_thread(look_at_server, url)
    except (ConfigError, TimeoutError) as error:
        return [_no_way_in(error), *(skipped(name, words.DATABASE_FAILS) for name in LATER)]
    patient.runs_here = found.here
    database = check_database(found)
    if database.state != "ok":
        return [database, *(skipped(name, words.DATABASE_FAILS) for name in LATER)]
    findings = [database, check_connections(found)]
    if found.revision is None:
        return [*findings, *(skipped(name, words.NO_DATABASE) for name in LATER if name != "connections")]
    findings += [check_replicas(found), schema := check_schema(found.revision)]
    if schema.state != "ok":  # opening the store would bring it up to date, under a running bot
        return [*findings, *(skipped(name, words.SCHEMA_FAILS) for name in LATER[-2:])]
    by = words.REPLICAS.format(count=len(found.living)) if found.living else None
    return [*findings, *await inside(patient, url, by)]


def _no_way_in(error: ConfigError | TimeoutError) -> Finding:
    if isinstance(error, TimeoutError):
        return Finding("database", "broken", words.SERVER_SILENT, words.SERVER_URL_OUT)
    fact, _, out = str(error).removeprefix("DATABASE_URL: ").rpartition("; ")
    return Finding("database", "broken", same(fact), same(out))


def check_database(found: Condition) -> Finding:
    """Version, encoding, the way to it, and what the user may do."""
    for wrong, fact, out in (
        (found.pooled, words.SERVER_POOLED, words.SERVER_POOLED_OUT),
        (found.too_old, words.SERVER_OLD, words.SERVER_OLD_OUT),
        (found.encoding != "UTF8", words.SERVER_ENCODING, words.SERVER_ENCODING_OUT),
        ("read-only" in found.lacking, words.SERVER_STANDBY, words.SERVER_STANDBY_OUT),
        (bool(found.lacking), words.SERVER_RIGHTS, words.SERVER_RIGHTS_OUT),
    ):
        if wrong:
            return Finding("database", "broken", _filled(fact, found), _filled(out, found))
    return Finding("database", "ok", _filled(words.SERVER_GOOD, found))


def _filled(said: Said, found: Condition) -> Said:
    return said.format(
        name=found.name,
        version=found.version,
        encoding=found.encoding,
        lacking=", ".join(found.lacking),
        connected=found.connected,
        allowed=found.allowed,
    )


def check_connections(found: Condition) -> Finding:
    """Whether one more `run` would get its connections."""
    fact = _filled(words.CONNECTIONS, found)
    if found.crowded:
        return Finding("connections", "warning", fact, words.CONNECTIONS_OUT)
    return Finding("connections", "ok", fact)


def check_replicas(found: Condition) -> Finding:
    """Who lives, and who polls and mails."""
    if not found.living:
        return Finding("replicas", "ok", words.REPLICAS_NONE)
    fact = words.REPLICAS_LIVING.format(count=len(found.living), duty=found.on_duty or "-")
    if found.on_duty not in found.living:
        return Finding("replicas", "warning", fact, words.REPLICAS_OUT)
    return Finding("replicas", "ok", fact)
