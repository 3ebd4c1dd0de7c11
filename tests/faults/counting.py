"""From what the servers saw and what the product exports to the verdict on a run."""

from __future__ import annotations

import re
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sovetnik.demo.mailbox import Mail
from tests.faults.customers import asked_in, phone_of
from tests.faults.judge import (
    MailTaken,
    Taken,
    Takeover,
    Verdict,
    judge_chat,
    judge_leads,
    judge_mails,
    judge_reports,
    judge_takeovers,
)
from tests.faults.rig import Rig
from tests.faults.troubles import Troubles

_MESSAGE_ID = re.compile(rb"^Message-ID:\s*<([^.@]+)", re.IGNORECASE | re.MULTILINE)

MISHAPS = ("chat_failed", "turn_broken", "turn_failed", "drain_failed", "polling_broken", "mail_broken")
"""What the process logs when something happened that nobody foresaw."""


@dataclass(frozen=True)
class Plan:
    """What to do, and the seed that decides the rest."""

    seed: int
    seconds: float
    kills: int
    chats: int
    messages: int
    spring: bool = True
    """Go on to the other daylight-saving day."""
    sparing: bool = False
    """Leave out what costs half a minute by itself."""
    database: str = "sqlite"
    replicas: int = 1
    webhook: bool = False
    """Telegram calls, through a load balancer; else the bot polls."""
    cut: float = 60.0
    """Seconds for which a replica is cut from the database."""
    freeze: float = 25.0
    """The same for one that is stopped by SIGSTOP."""


@dataclass
class Outcome:
    """What a run gave."""

    plan: Plan
    verdict: Verdict
    troubles: Counter[str]
    aims: Counter[str]
    """When the process was killed, and how often."""
    sent: int
    turns: int
    sigterms: int
    starts: list[float]
    """Seconds from each launch to ``ready``."""
    refused_starts: int
    reports: int
    leads: int
    refusals: int
    """Contacts that were not saved at once; their customers were told, and left them again."""
    days: tuple[date, date]
    ground: str
    """What the database stood on."""
    takeovers: list[Takeover]
    took: float
    mishaps: Counter[str]

    @property
    def kills(self) -> int:
        return self.aims.total()


async def count(
    plan: Plan,
    rig: Rig,
    troubles: Troubles,
    takeovers: Sequence[Takeover],
    days: Sequence[date],
    codes: Sequence[int],
    began: float,
) -> Outcome:
    """Judge a run that has ended.

    Args:
        plan: What was to be done.
        rig: What it was done to.
        troubles: What else was done.
        takeovers: How long it took others to do a lost replica's work.
        days: Whose reports were due.
        codes: The exit code of each SIGTERM.
        began: When, Unix seconds.
    """
    verdict, load = Verdict(), rig.load
    lapses = [*rig.lapses, *(life.lapse for life in rig.lives if life.lapse is not None)]
    judge_takeovers(verdict, takeovers)
    stored: dict[int, list[tuple[str, str]]] = defaultdict(list)
    noted: set[tuple[int, int]] = set()
    for row in await rig.stage.rows("export"):
        noted |= set(asked_in(row["unanswered"] or ""))
        stored[row["chat_id"]].append((row["role"], row["text"]))
    taken = _answers(rig)
    sent = Counter(one.message.chat_id for one in load.sent)
    for customer in range(load.chats):
        chat = load.chat_id(customer)
        judge_chat(verdict, customer, chat, sent[chat], taken[chat], stored[chat], lapses)
    mails = judge_mails(verdict, _mails(rig, troubles), lapses)
    leads = await rig.stage.rows("leads")
    wanted = {load.chat_id(customer): phone_of(customer) for customer in load.with_contact()}
    judge_leads(verdict, wanted, leads, [mail for mail in mails if mail.kind == "lead"])
    reports = [mail for mail in mails if mail.kind == "report"]
    owed = {(customer, n) for customer in range(load.chats) for n in range(sent[load.chat_id(customer)])}
    judge_reports(verdict, days, owed, noted, reports)
    verdict.wrong += [f"the model was shown {what}" for what in load.unsound]
    verdict.wrong += [f"exit code {code} after SIGTERM" for code in codes if code]
    verdict.wrong += [
        f"replica {life.slot} ended by itself, code {life.bot.process.returncode}"
        for life in rig.lives
        if life.how == "itself" and life.ready
    ]
    return Outcome(
        plan=plan,
        verdict=verdict,
        troubles=troubles.counts(),
        aims=Counter(life.aim for life in rig.lives if life.how == "kill"),
        sent=len(load.sent),
        turns=sum(role == "assistant" for lines in stored.values() for role, _ in lines),
        sigterms=len(codes),
        starts=[life.ready - life.launched for life in rig.lives if life.ready],
        refused_starts=sum(life.how == "itself" and not life.ready for life in rig.lives),
        reports=len(reports),
        leads=len(leads),
        refusals=load.refusals,
        days=(days[0], days[-1]),
        ground=rig.ground.kind,
        takeovers=list(takeovers),
        took=time.time() - began,
        mishaps=Counter(
            row["event"] for life in rig.lives for row in life.bot.log if row["event"] in MISHAPS
        ),
    )


def key_of_mail(mail: Mail) -> str:
    """What a mail's Message-ID begins with: its kind, and whose it is."""
    return _MESSAGE_ID.search(mail.raw).group(1).decode()  # parsing the whole of a report takes long


def _answers(rig: Rig) -> dict[int, list[Taken]]:
    """What Telegram took, by chat: from its own log of calls."""
    telegram = rig.stage.telegram
    swallowed = {one.local for one in rig.proxy.connections if one.swallowed}
    last = {call.client: call for call in telegram.calls}
    taken: dict[int, list[Taken]] = defaultdict(list)
    for call in telegram.calls_of("sendMessage"):
        kept_back = call.status is None and call.fault
        if call.status == 200 or kept_back:
            frozen = call.client in swallowed and last[call.client] is call
            one = Taken(str(call.params["text"]), call.at, kept_back or frozen)
            taken[int(call.params["chat_id"])].append(one)
    for chat_id, answers in taken.items():
        assert [one.text for one in answers] == telegram.answers(chat_id), "the log and the chat differ"
    return taken


def _mails(rig: Rig, troubles: Troubles) -> list[MailTaken]:
    return [
        MailTaken(key_of_mail(mail), mail.received_at.timestamp(), number in troubles.vanished, _words(mail))
        for number, mail in enumerate(rig.stage.mailbox.mails)
    ]


def _words(mail: Mail) -> str:
    parts = [part for part in mail.message.walk() if part.get_content_maintype() == "text"]
    return "\n".join(str(part.get_content()) for part in parts)
