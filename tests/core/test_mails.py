"""The mail worker over the real store: every mail arrives once, however long the server is away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from sovetnik.core import mails as module
from sovetnik.core.errors import MailError, StorageError
from sovetnik.core.mails import Mails
from sovetnik.core.owner import LeadDossier, Notice, Report
from sovetnik.storage import SqlStore
from tests.core.shop import Failing
from tests.storage.samples import Clock, contact, database, incoming, take_turn


@dataclass
class Mailer:
    """Takes every mail, or answers with the next trouble; None as a trouble: nothing is configured."""

    trouble: list[Exception | None] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    sent: list[str] = field(default_factory=list)
    before: list[tuple[str, ...]] = field(default_factory=list)
    tried: asyncio.Condition = field(default_factory=asyncio.Condition)
    tries: int = 0

    async def _send(self, what: str, accepted: tuple[str, ...]) -> tuple[str, ...] | None:
        async with self.tried:
            self.tries += 1
            self.tried.notify_all()
        self.before.append(accepted)
        if what in self.broken:
            raise KeyError("a template that nobody tested")
        if self.trouble:
            trouble = self.trouble.pop(0)
            if trouble is None:
                return None
            raise trouble
        self.sent.append(what)
        return ("owner@example.com",)

    async def send_lead(self, dossier: LeadDossier, accepted: tuple[str, ...]) -> tuple[str, ...] | None:
        return await self._send(f"lead {dossier.lead.chat_id}", accepted)

    async def send_notice(
        self, notice: Notice, at: datetime, accepted: tuple[str, ...]
    ) -> tuple[str, ...] | None:
        return await self._send(notice.kind, accepted)

    async def send_report(self, report: Report, accepted: tuple[str, ...]) -> tuple[str, ...] | None:
        return await self._send("report", accepted)


@dataclass
class Office:
    store: SqlStore
    clock: Clock
    mailer: Mailer
    mails: Mails

    async def lead(self, chat_id: int = 1) -> None:
        await self.store.accept([incoming(chat_id, chat_id=chat_id)])
        await take_turn(self.store, chat_id)
        await self.store.save_lead(chat_id, "worker", contact(), 0)
        self.mails.wake()

    async def settled(self) -> None:
        """Until nothing is due any more."""
        async with asyncio.timeout(10):
            while await self.store.due_mails(1):  # noqa: ASYNC110 - the store is the only one who knows
                await asyncio.sleep(0)


@pytest.fixture
async def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Office]:
    monkeypatch.setattr(module, "LONGEST_SLEEP", 0.001)
    clock, mailer = Clock(), Mailer()
    async with SqlStore.open(database(tmp_path), exclusive=True, clock=clock) as store:
        mails = Mails(store, mailer, clock)
        async with running(mails):
            yield Office(store, clock, mailer, mails)


@asynccontextmanager
async def running(mails: Mails) -> AsyncGenerator[None]:
    task = asyncio.create_task(mails.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_a_lead_is_mailed_once(office: Office) -> None:
    await office.lead()
    await office.settled()
    assert office.mailer.sent == ["lead 1"]


async def test_after_six_hours_without_a_server_every_lead_arrives_once(office: Office) -> None:
    office.mailer.trouble = [MailError("connection refused")] * 10_000
    begin = office.clock.now
    for chat_id in range(1, 6):
        await office.lead(chat_id)
    while office.clock.now - begin < timedelta(hours=6):
        await office.settled()
        office.clock.later(minutes=4)
    await office.settled()
    assert office.mailer.sent == []
    office.mailer.trouble.clear()
    office.clock.later(seconds=module.PAUSES[-1])
    await office.settled()
    assert sorted(office.mailer.sent) == [f"lead {n}" for n in range(1, 6)]
    assert office.mailer.tries < 5 * 25


async def test_who_has_the_mail_already_is_left_out_of_the_next_try(office: Office) -> None:
    office.mailer.trouble = [MailError("450 busy", ("first@example.com",))]
    await office.lead()
    await office.settled()
    office.clock.later(seconds=module.PAUSES[0])
    await office.settled()
    assert office.mailer.before == [(), ("first@example.com",)]
    assert office.mailer.sent == ["lead 1"]


async def test_a_mail_that_nobody_takes_for_days_is_given_up_and_stands_in_the_report(
    office: Office,
) -> None:
    await office.store.first_window(office.clock.now.date())
    office.mailer.trouble = [MailError("550 no such mailbox")] * 10_000
    await office.lead()
    for _ in range(250):  # half an hour between tries: five days
        await office.settled()
        office.clock.later(minutes=31)
    assert office.mailer.sent == []
    report = await office.store.open_report(office.clock.now.date())
    assert [(mail.kind, mail.error) for mail in report.failed_mails] == [("lead", "550 no such mailbox")]
    tries = office.mailer.tries
    office.clock.later(days=1)
    await office.settled()
    assert office.mailer.tries == tries


async def test_a_mail_that_waited_for_a_week_is_not_given_up_at_the_first_hiccup(office: Office) -> None:
    await office.lead()
    office.clock.later(days=7)  # the program was down
    office.mailer.trouble = [MailError("535 wrong password")]
    await office.settled()
    office.clock.later(minutes=1)
    await office.settled()
    assert office.mailer.sent == ["lead 1"]


async def test_without_a_server_mails_wait_and_are_not_given_up(office: Office) -> None:
    office.mailer.trouble = [None] * 100
    await office.lead()
    for _ in range(10):
        await office.settled()
        office.clock.later(days=1)
    office.mailer.trouble.clear()
    await office.settled()
    assert office.mailer.sent == ["lead 1"]


async def test_a_mail_that_cannot_be_made_does_not_stop_the_others(office: Office) -> None:
    office.mailer.broken = {"lead 1"}
    await office.lead(1)
    await office.lead(2)
    await office.store.queue_notice(Notice("model_down", "HTTP 500", "ABC234"))
    office.mails.wake()
    await office.settled()
    assert sorted(office.mailer.sent) == ["lead 2", "model_down"]
    office.mailer.broken.clear()
    office.clock.later(seconds=module.PAUSES[0])
    await office.settled()
    assert office.mailer.sent[-1] == "lead 1"


async def test_a_mail_whose_note_the_database_refuses_is_not_sent_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "NOTE_PAUSE", 0.001)
    office.mails.store = Failing(office.store, mail_done=[StorageError("locked")] * 3)  # type: ignore[assignment]
    await office.lead()
    await office.settled()
    assert office.mailer.sent == ["lead 1"]


async def test_a_stop_lets_a_mail_on_its_way_arrive_and_begins_no_other(office: Office) -> None:
    begun, arrives = asyncio.Event(), asyncio.Event()
    send = office.mailer.send_lead

    async def slow(dossier: LeadDossier, accepted: tuple[str, ...]) -> tuple[str, ...] | None:
        begun.set()
        await arrives.wait()
        return await send(dossier, accepted)

    office.mailer.send_lead = slow  # type: ignore[method-assign]
    await office.lead(1)
    await begun.wait()
    stopping = asyncio.create_task(office.mails.stop(10))
    await office.lead(2)
    arrives.set()
    await stopping
    assert office.mailer.sent == ["lead 1"]
    assert [task.ref for task in await office.store.due_mails(5)] == [2]
