"""The store: the core's port, each method one unit of work."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence, Set
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import Concatenate, ParamSpec, TypeVar

import structlog
from sqlalchemy import Connection

from sovetnik.core.model import (
    Answer,
    Chat,
    Contact,
    Delivery,
    Incoming,
    Lead,
    Limits,
    Message,
    SavedLead,
    Step,
    Turn,
)
from sovetnik.core.owner import Erasure, LeadDossier, MailTask, Notice, Report, Vitals, Window
from sovetnik.storage import answers, chats, erasing, mails, owners, reports, vitals
from sovetnik.storage.crew import Crew, Drain
from sovetnik.storage.database import Database
from sovetnik.storage.gathering import Gathering
from sovetnik.storage.opening import open_database

log = structlog.get_logger("sovetnik.storage")

P = ParamSpec("P")
T = TypeVar("T")


def utcnow() -> datetime:
    """Now, aware."""
    return datetime.now(UTC)


class SqlStore:
    """Units of work of the core over a database; see :class:`sovetnik.core.ports.Store`."""

    def __init__(self, database: Database, clock: Callable[[], datetime] = utcnow) -> None:
        self._database = database
        self._clock = clock
        self._gathering = Gathering(self._accept) if database.gathers else None

    @classmethod
    @asynccontextmanager
    async def open(
        cls, url: str, *, exclusive: bool, clock: Callable[[], datetime] = utcnow
    ) -> AsyncGenerator[SqlStore]:
        """Open the database, with its schema brought up to date.

        Args:
            url: ``DATABASE_URL``.
            exclusive: True for the process that runs the bot: nobody else may on an SQLite file.
            clock: Gives the time that is stored.

        Raises:
            ConfigError: it cannot be opened; the message says why and what to do.
        """
        async with open_database(url, exclusive=exclusive) as database:
            yield cls(database, clock)

    def crew(self, drain: Drain, room: int) -> Crew:
        """Those who work on the database's chats; see :mod:`sovetnik.storage.crew`."""
        return self._database.crew(drain, room)

    # one method of the port each; times are taken when the unit runs, not when it was asked for

    async def accept(self, updates: Sequence[Incoming]) -> set[int]:
        """Store updates, once each; gives the chats that have to be woken."""
        if self._gathering is not None:
            return await self._gathering.add(updates)
        return await self._accept(updates)

    async def _accept(self, updates: Sequence[Incoming]) -> set[int]:
        def unit(connection: Connection) -> set[int]:
            woken = chats.accept(connection, updates, self._clock())
            return woken - self._database.share(connection, woken)

        return await self._write(unit)

    async def next_step(
        self, chat_id: int, token: str, limits: Limits, done: tuple[int, tuple[int, ...]] | None = None
    ) -> Step:
        """Close a delivery, then say what the chat needs next."""
        return await self._write(lambda c: chats.next_step(c, chat_id, token, limits, done, self._clock()))

    async def answered(self, turn: Turn, answer: Answer) -> Delivery:
        """Store an answer, queue it and close the turn."""
        return await self._write(lambda c: answers.answered(c, turn, answer, self._clock()))

    async def commanded(
        self, chat_id: int, token: str, update_id: int, answer: Answer | None, *, fresh: bool
    ) -> Delivery | None:
        """Store the answer to a command."""
        return await self._write(
            lambda c: answers.commanded(c, chat_id, token, update_id, answer, self._clock(), fresh=fresh)
        )

    async def tell(self, chat_id: int, token: str, answer: Answer, *, flood: bool = False) -> Delivery:
        """Store and queue what we say of our own accord."""
        return await self._write(
            lambda c: answers.tell(c, chat_id, token, answer, self._clock(), flood=flood)
        )

    async def passed(self, turn: Turn) -> None:
        """Close a turn without an answer."""
        await self._write(lambda c: answers.passed(c, turn, self._clock()))

    async def heard(self, message: Message) -> None:
        """Keep what a message's files say."""
        await self._write(lambda c: answers.heard(c, message))

    async def previewed(self, chat_id: int, telegram_id: int | None) -> None:
        """Note a message that the next answer takes the place of."""
        await self._write(lambda c: answers.previewed(c, chat_id, telegram_id))

    async def forget(self, chat_id: int, token: str, answer: Answer) -> Delivery:
        """Erase a customer who asked for it."""
        delivery = await self._write(lambda c: erasing.forget(c, chat_id, token, answer, self._clock()))
        await self._empty_log()
        return delivery

    async def forget_wholly(self, chat_id: int) -> bool:
        """Erase a customer without a trace; False when nothing of them is known."""
        known = await self._write(lambda c: erasing.forget_wholly(c, chat_id, self._clock()))
        await self._empty_log()
        return known

    async def due_erasures(self, limit: int) -> Sequence[Erasure]:
        """Conversations that the provider still has to erase."""
        return await self._read(erasing.due_erasures, limit, self._clock())

    async def erased(self, erasure_id: int) -> None:
        """Close an erasure."""
        await self._write(lambda c: erasing.erased(c, erasure_id))

    async def erasure_postponed(self, erasure_id: int, seconds: float, error: str) -> None:
        """Put an erasure off."""
        await self._write(lambda c: erasing.erasure_postponed(c, erasure_id, seconds, error, self._clock()))

    async def owner_chats(self) -> set[int]:
        """Chats that were paired."""
        return await self._read(owners.owner_chats)

    async def offer_pairing(self, code: str) -> None:
        """Let a code make a chat the owner's, once."""
        await self._write(lambda c: owners.offer_pairing(c, code, self._clock()))

    async def pair(self, chat_id: int, code: str) -> bool:
        """Spend a code; False when it is none."""
        return await self._write(lambda c: owners.pair(c, chat_id, code, self._clock()))

    async def set_paused(self, *, paused: bool) -> None:
        """Stop or go on with answering customers."""
        await self._write(lambda c: owners.set_paused(c, self._clock(), paused=paused))

    async def paused_at(self) -> datetime | None:
        """Since when nobody is answered."""
        return await self._read(owners.paused_at)

    async def delivered(self, delivery_id: int, telegram_ids: tuple[int, ...]) -> None:
        """Close a delivery."""
        await self._write(lambda c: answers.close_delivery(c, delivery_id, telegram_ids, self._clock()))

    async def progressed(self, delivery_id: int, sent: tuple[int, ...]) -> None:
        """Note the pieces of a long answer that have arrived."""
        await self._write(lambda c: answers.progressed(c, delivery_id, sent))

    async def postponed(self, delivery_id: int, seconds: float, error: str) -> None:
        """Put a delivery off."""
        await self._write(lambda c: answers.postponed(c, delivery_id, seconds, error, self._clock()))

    async def refused(self, delivery_id: int, error: str, *, blocked: bool) -> None:
        """Give a delivery up."""
        await self._write(lambda c: answers.refused(c, delivery_id, error, self._clock(), blocked=blocked))

    async def opened(self, chat_id: int, token: str, conversation: str) -> None:
        """Note the provider's new conversation."""
        await self._write(lambda c: answers.opened(c, chat_id, token, conversation, self._clock()))

    async def recover(self) -> list[int]:
        """After a start: free the chats of dead owners, give those with work, oldest first."""

        def unit(connection: Connection) -> list[int]:
            chats.hurry(connection, self._clock())
            return self._ours(connection, *chats.sweep(connection))

        return await self._write(unit)

    async def sweep(self, before: Set[int]) -> tuple[list[int], set[int]]:
        """The same, now and then, while other replicas are at work.

        Args:
            before: What was queued at the last sweep. Who was queued since is about to be begun by the
                replica that took the update.

        Returns:
            Chats to be begun, oldest first; and all that are queued.
        """

        def unit(connection: Connection) -> tuple[list[int], set[int]]:
            queued, lately = chats.sweep(connection)
            due = [chat for chat in queued if chat in lately or chat in before]
            return self._ours(connection, due, lately), set(queued)

        return await self._write(unit)

    def _ours(self, connection: Connection, due: Sequence[int], lately: Set[int]) -> list[int]:
        """The due chats without those, of the ones queued just now, that are left to other replicas."""
        left = self._database.share(connection, [chat for chat in due if chat in lately])
        return [chat for chat in due if chat not in left]

    async def save_lead(self, chat_id: int, token: str, contact: Contact, hold: float) -> SavedLead:
        """Store a contact and queue its mail."""
        return await self._write(lambda c: mails.save_lead(c, chat_id, token, contact, hold, self._clock()))

    async def queue_notice(self, notice: Notice) -> bool:
        """Queue a mail that tells the owner something; see the port."""
        return await self._write(lambda c: mails.queue_notice(c, notice, self._clock()))

    async def mail_done(self, mail_id: int, accepted: tuple[str, ...]) -> None:
        """Close a mail."""
        await self._write(lambda c: mails.mail_done(c, mail_id, accepted, self._clock()))

    async def mail_postponed(
        self, mail_id: int, seconds: float, error: str, accepted: tuple[str, ...], *, counts: bool
    ) -> None:
        """Put a mail off."""
        await self._write(
            lambda c: mails.mail_postponed(c, mail_id, seconds, error, accepted, self._clock(), counts=counts)
        )

    async def mail_failed(self, mail_id: int, error: str) -> None:
        """Give a mail up."""
        await self._write(lambda c: mails.mail_failed(c, mail_id, error, self._clock()))

    async def claim_report(self, day: date, end: datetime) -> bool:
        """Make a day's report and queue its mail, once."""
        return await self._write(lambda c: reports.claim_report(c, day, end, self._clock()))

    async def first_window(self, day: date) -> None:
        """Mark where the first report's window begins."""
        await self._write(lambda c: reports.first_window(c, day, self._clock()))

    async def transcript(self, chat_id: int, before: int) -> Sequence[Message]:
        """The running conversation below message ``before``."""
        return await self._read(reports.transcript, chat_id, before)

    async def tokens_since(self, moment: datetime) -> int:
        """Tokens that answers have cost since then."""
        return await self._read(reports.tokens_since, moment)

    async def due_mails(self, limit: int) -> Sequence[MailTask]:
        """Mails whose time has come."""
        return await self._read(mails.due_mails, limit, self._clock())

    async def next_mail_at(self) -> datetime | None:
        """When the next mail becomes due."""
        return await self._read(mails.next_mail_at)

    async def lead_dossier(self, lead_id: int) -> LeadDossier | None:
        """A lead with its dialogue."""
        return await self._read(mails.lead_dossier, lead_id)

    async def vitals(self) -> Vitals:
        """How the bot is, as far as its tables know."""
        return await self._read(vitals.vitals)

    async def touch(self) -> None:
        """Write something, to see that it can be written."""
        await self._write(lambda c: vitals.touch(c, self._clock()))

    async def last_report(self) -> Window | None:
        """The newest report's window."""
        return await self._read(reports.last_report)

    async def report(self, report_id: int) -> Report | None:
        """A report that was made."""
        return await self._read_apart(lambda c: reports.report(c, report_id))

    async def open_report(self, day: date) -> Report:
        """What the next report would show if it were made now."""
        return await self._read_apart(lambda c: reports.open_report(c, day, self._clock()))

    async def day_report(self, window: Window) -> Report:
        """A calendar day's messages."""
        return await self._read_apart(lambda c: reports.day_report(c, window))

    async def export(
        self, start: datetime | None, end: datetime | None
    ) -> AsyncIterator[reports.ExportedMessage]:
        """Every stored message of a span, oldest first, in constant memory."""
        after = 0
        while page := await self._read(reports.export_page, after, start, end):
            for exported in page:
                yield exported
            after = page[-1].message.id

    async def leads(self) -> AsyncIterator[tuple[Lead, Chat]]:
        """Every lead with its customer, oldest first."""
        after = 0
        while page := await self._read(reports.leads_page, after):
            for lead in page:
                yield lead
            after = page[-1][0].id

    async def _empty_log(self) -> None:
        if not await self._database.wipe():
            log.warning("erased_words_stay_in_log", why="somebody reads the database; until it is written on")

    async def write(self, unit: Callable[[Connection], T]) -> T:
        """Run a unit of work that no running bot needs; it may be run again after a rollback."""
        return await self._write(unit)

    async def _write(self, unit: Callable[[Connection], T]) -> T:
        return await self._database.write(unit)

    async def _read(
        self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return await self._database.read(lambda connection: query(connection, *args, **kwargs))

    async def _read_apart(self, query: Callable[[Connection], T]) -> T:
        return await self._database.read_apart(query)
