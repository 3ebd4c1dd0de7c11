"""The mail worker: what the outbox holds goes out, with growing pauses, for days."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import structlog

from sovetnik.core.errors import MailError, StorageError
from sovetnik.core.owner import MailTask
from sovetnik.core.ports import Mailer, Store
from sovetnik.core.waiting import woken

log = structlog.get_logger("sovetnik.mail")

PAUSES = (5, 15, 60, 180, 600, 1800)
"""Seconds before the next tries; the last one repeats."""

GIVE_UP_AFTER = 245
"""Tries, about five days with these pauses: as mail servers do. Counted in tries, because time without a
server, or with the program down, is no fault of the mail."""

AT_ONCE = 4
"""Mails sent side by side: one that hangs must not hold up the leads behind it."""

UNCONFIGURED_PAUSE = 24 * 3600.0
"""Seconds. Without a server or recipient a mail waits for a restart with better settings."""

LONGEST_SLEEP = 10.0
"""Seconds. A lead's mail is released by its turn; should that die, the mail is still out soon after."""


NOTE_PAUSE = 1.0
"""Seconds between tries to note what happened to a mail, while the database refuses."""


@dataclass(slots=True)
class Mails:
    """Sends what is due; ``wake`` when something may be.

    Attributes:
        longest_sleep: Seconds between looks where other processes queue mails too; None = the usual.
        woken: Set when there may be something to send.
    """

    store: Store
    mailer: Mailer
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    longest_sleep: float | None = None
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    _sending: asyncio.Lock = field(default_factory=asyncio.Lock)
    _stopping: bool = False

    def wake(self) -> None:
        """Look at the outbox now."""
        self.woken.set()

    async def run(self) -> None:
        """Send mails until cancelled."""
        while True:
            self.woken.clear()
            try:
                while not (pause := await self._until_next()) and await self._send_some():
                    pass
            except StorageError as error:
                log.error("storage_refused", error=str(error), retry_s=LONGEST_SLEEP)
                pause = LONGEST_SLEEP
            await woken(self.woken, pause or NOTE_PAUSE)

    async def stop(self, seconds: float) -> None:
        """Begin no other mail; those on their way get so many seconds to arrive and to be noted."""
        self._stopping = True
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds), self._sending:
                pass

    async def _send_some(self) -> bool:
        async with self._sending:
            tasks: Sequence[MailTask] = () if self._stopping else await self.store.due_mails(AT_ONCE)
            await asyncio.gather(*(self._send(task) for task in tasks))
            return bool(tasks)

    async def _until_next(self) -> float:
        due = await self.store.next_mail_at()
        longest = self.longest_sleep or LONGEST_SLEEP
        if due is None:
            return longest
        return min(longest, max(0.0, (due - self.clock()).total_seconds()))

    async def _send(self, task: MailTask) -> None:
        try:
            accepted = await self._hand_over(task)
        except MailError as error:
            await self._put_off(task, error)
        except StorageError:
            raise
        except Exception as error:  # a mail that cannot be made must not stop the others
            log.exception("mail_broken", mail=task.id, kind=task.kind)
            await self._put_off(task, MailError(f"{type(error).__name__}: see the log", task.accepted))
        else:
            if accepted is None:
                log.warning("mail_waits", kind=task.kind, why="SMTP_HOST or its recipients are not set")
                await self.store.mail_postponed(
                    task.id, UNCONFIGURED_PAUSE, "not configured", task.accepted, counts=False
                )
            else:
                await self._insist(lambda: self.store.mail_done(task.id, accepted))
                log.info("mail_sent", kind=task.kind, ref=task.ref, recipients=len(accepted))

    async def _hand_over(self, task: MailTask) -> tuple[str, ...] | None:
        if task.kind == "lead":
            dossier = await self.store.lead_dossier(task.ref)
            if dossier is None:  # erased meanwhile
                return ()
            # The newest data under the mail's own number: a "new lead" mail that waited stays that.
            lead = replace(dossier.lead, revision=task.revision)
            return await self.mailer.send_lead(replace(dossier, lead=lead), task.accepted)
        if task.kind == "notice":
            notice = task.notice
            return await self.mailer.send_notice(notice, task.created_at, task.accepted) if notice else ()
        report = await self.store.report(task.ref)
        return await self.mailer.send_report(report, task.accepted) if report else ()

    async def _put_off(self, task: MailTask, error: MailError) -> None:
        if task.attempts + 1 >= GIVE_UP_AFTER:
            log.error("mail_given_up", kind=task.kind, ref=task.ref, error=str(error))
            await self.store.mail_failed(task.id, str(error))
            return
        pause = PAUSES[min(task.attempts, len(PAUSES) - 1)]
        log.warning("mail_put_off", kind=task.kind, ref=task.ref, error=str(error), retry_s=pause)
        await self._insist(
            lambda: self.store.mail_postponed(task.id, pause, str(error), error.accepted, counts=True)
        )

    async def _insist(self, note: Callable[[], Awaitable[None]]) -> None:
        """Note what happened to a mail; without that note whoever has it would get it again."""
        while True:
            try:
                return await note()
            except StorageError as error:
                log.error("storage_refused", error=str(error), retry_s=NOTE_PAUSE)
                await asyncio.sleep(NOTE_PAUSE)
