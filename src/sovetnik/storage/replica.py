"""One of several processes on a PostgreSQL: its sign of life, and who is on duty.

What must be done by one process only (polling, mails, sweeping) is done by the replica on duty: the one
whose session holds an advisory lock. A lock goes with its session, so duty ends at once when a process
dies or loses the database; a process that is frozen keeps both, so the others end its session when its
sign of life has grown old.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import psycopg
import structlog
from psycopg.conninfo import make_conninfo

from sovetnik.storage.postgres import words
from sovetnik.storage.replicas import LEASE, SESSION

log = structlog.get_logger("sovetnik.replica")

BEAT = 2.0
"""Seconds between signs of life, and between tries to get the duty."""

MARGIN = 2.0
"""Seconds before the end of the lease from which nothing is sent: sending takes time."""

PATIENCE = 6.0
"""Seconds that the database may take for them; then the session counts as lost."""

DUTY = 7_683_862_002
"""The advisory lock of whoever is on duty."""

DIVIDING = 7_683_862_003
"""The advisory lock under which shares of the common limit are taken."""

IDLE = 1 / 40
"""What a replica that needs nothing counts for; it always has about so much of the limit to begin with."""

_LEASE = {"lease": LEASE}
_BEAT = """
SELECT pg_advisory_xact_lock(%(lock)s);
INSERT INTO replicas (id, seen_at, need) VALUES (%(id)s, clock_timestamp(), %(need)s)
ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at, need = excluded.need, share =
    CASE WHEN replicas.seen_at > clock_timestamp() - %(lease)s THEN %(share)s ELSE 0 END;
WITH alive AS (
    SELECT * FROM replicas WHERE seen_at > clock_timestamp() - %(lease)s
), fair AS (
    SELECT (%(need)s + %(idle)s) / sum(need + %(idle)s) AS share,
        1 - coalesce(sum(share) FILTER (WHERE id <> %(id)s), 0) AS free
    FROM alive
)
UPDATE replicas SET share = greatest(replicas.share, least(fair.share, fair.free), %(idle)s)
FROM fair WHERE id = %(id)s
RETURNING least(replicas.share, greatest(fair.share, %(idle)s))
"""
"""One message to the server, so that nobody who freezes can hold the lock. A replica takes only what the
others have left; what it gives back it uses no longer, and others may from its next sign of life on: so all
together stay within the limit. Only a newcomer takes its ``IDLE`` at once."""
_BURY = "DELETE FROM replicas WHERE seen_at < clock_timestamp() - 100 * %(lease)s"
_END_FROZEN = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
AND application_name LIKE 'sovetnik duty %%'
AND right(application_name, 8) NOT IN (
    SELECT id FROM replicas WHERE seen_at > clock_timestamp() - %(lease)s
)
"""


class Replica:
    """This process among the others.

    Attributes:
        id: The first part of every token that it owns a chat with.
        need: Gives the part of the common limit that was asked for lately.
        allow: Told the part of it that this replica may use.
        seen: Set when the first sign of life is in the database.
    """

    def __init__(self, conninfo: str) -> None:
        self.id = secrets.token_hex(4)
        self.need: Callable[[], float] = lambda: 0.0
        self.allow: Callable[[float], None] = lambda _: None
        self._share = 0.0
        self.seen = asyncio.Event()
        self._conninfo = conninfo
        self._on = asyncio.Event()
        self._off = asyncio.Event()
        self._off.set()
        self._resigned = False
        self._beat_at = 0.0

    @property
    def on_duty(self) -> bool:
        """Whether this is the replica on duty."""
        return self._on.is_set()

    def in_touch(self) -> bool:
        """Whether the last sign of life is so young that nobody takes this replica's chats."""
        return time.monotonic() - self._beat_at < LEASE.total_seconds() - MARGIN

    async def run(self) -> None:
        """Live until cancelled; after that this replica's chats are free for others."""
        while True:
            try:
                await self._session()
            except (psycopg.Error, TimeoutError, OSError) as error:
                log.warning("replica_session_lost", error=words(error), retry_s=1)
            finally:
                self._leave_duty()
            await asyncio.sleep(1.0)

    async def keep(self, work: Callable[[], Awaitable[None]]) -> None:
        """Have something done while, and only while, this replica is on duty; until cancelled."""
        while True:
            await self._on.wait()
            doing = asyncio.ensure_future(work())
            over = asyncio.ensure_future(self._off.wait())
            try:
                await asyncio.wait({doing, over}, return_when=asyncio.FIRST_COMPLETED)
                if doing.done():
                    return doing.result()
            finally:
                doing.cancel()
                over.cancel()
                await asyncio.wait({doing, over})  # awaiting them would swallow our own cancellation

    def resign(self) -> None:
        """Leave the duty to another and never take it again: this process is about to end."""
        self._resigned = True
        self._leave_duty()

    async def _session(self) -> None:
        connecting = psycopg.AsyncConnection.connect(
            make_conninfo(self._conninfo, application_name=f"{SESSION} {self.id}"), autocommit=True
        )
        connection = await asyncio.wait_for(connecting, PATIENCE * 2)
        try:
            while True:
                async with asyncio.timeout(PATIENCE):
                    await self._beat(connection)
                await self._rest(connection)
        finally:
            self._beat_at = 0.0  # others need not wait for the whole lease now
            with suppress(psycopg.Error, TimeoutError):
                async with asyncio.timeout(1.0):  # an ordinary end: nobody need wait for the lease
                    await connection.execute("DELETE FROM replicas WHERE id = %s", (self.id,))
            await connection.close()

    async def _beat(self, connection: psycopg.AsyncConnection[Any]) -> None:
        at = time.monotonic()
        cursor = psycopg.AsyncClientCursor(connection)
        known = {"id": self.id, "lock": DIVIDING, "idle": IDLE, **_LEASE}
        await cursor.execute(_BEAT, {**known, "need": self.need(), "share": self._share})
        while cursor.nextset():
            pass
        row = await cursor.fetchone()
        self._beat_at = at
        if row:
            self._share = float(row[0])
            self.allow(self._share)
        self.seen.set()
        if self._resigned:
            await connection.execute("SELECT pg_advisory_unlock_all()")
        elif not self.on_duty:
            await self._try(connection)

    async def _try(self, connection: psycopg.AsyncConnection[Any]) -> None:
        row = await (await connection.execute("SELECT pg_try_advisory_lock(%s)", (DUTY,))).fetchone()
        if row and row[0]:
            await connection.execute(_BURY, _LEASE)
            self._off.clear()
            self._on.set()
            log.info("on_duty", replica=self.id)
        else:
            await connection.execute(_END_FROZEN, _LEASE)

    async def _rest(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """Sleep until the next beat; a session that ends meanwhile is noticed at once."""
        async for _ in connection.notifies(timeout=BEAT):
            pass

    def _leave_duty(self) -> None:
        if self.on_duty:
            log.info("off_duty", replica=self.id)
        self._on.clear()
        self._off.set()
