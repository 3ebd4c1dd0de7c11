"""The count from outside: what customers and the owner got, held against what they were owed.

A message that came twice is let off only with a proof that it fell into the one window that the contract
allows: the other side had taken it, and the process could not have known or could not have noted it.

- ``unheard``: we kept Telegram's (the mail server's) answer back ourselves;
- a ``Lapse``: the process was killed (frozen, cut from the database) after it had sent the first copy and
  before the second was taken, and the database, as that moment left it, did not call it delivered.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby, pairwise
from typing import Any

from tests.faults.customers import asked_in, key_of, named_in

TAKEOVER = 30.0
"""Seconds that others may take to do the work of a replica that is gone."""


@dataclass(frozen=True)
class Taken:
    """One answer that Telegram took: when, and whether we kept its word back."""

    text: str
    at: float
    unheard: bool = False

    @property
    def key(self) -> str:
        return key_of(self.text)


@dataclass
class Lapse:
    """A process could not note what the other side took: it was killed, frozen or cut from the database.

    Attributes:
        at: When it began.
        until: When the last was taken that the process had sent.
        open_answers: (chat, answer's key) of each of its own that the database did not call delivered.
        open_mails: the same of mails, by their keys.
        why: For the table.
    """

    at: float
    until: float
    open_answers: frozenset[tuple[int, str]] = frozenset()
    open_mails: frozenset[str] = frozenset()
    why: str = "killed before the note"


@dataclass(frozen=True)
class Takeover:
    """How long it took until others had what a lost replica had owned, while one at least could work."""

    why: str
    seconds: float
    chats: int


@dataclass(frozen=True)
class MailTaken:
    """One mail that the mail server took, by what its Message-ID begins with (``lead-7``)."""

    key: str
    at: float
    unheard: bool = False
    text: str = ""

    @property
    def kind(self) -> str:
        return self.key.partition("-")[0]


@dataclass
class Verdict:
    """What was counted; the lists name each break of the contract."""

    answers: int = 0
    named: int = 0
    """Messages answered by an answer that names them."""
    quoted: int = 0
    """Messages answered by a quote or a polite line."""
    let_off: Counter[str] = field(default_factory=Counter)
    widths: list[float] = field(default_factory=list)
    """Seconds between Telegram's taking an answer and the kill, of each that came twice by it."""
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    reordered: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """Leads, mails, reports and exports that are not as they should be."""

    @property
    def sound(self) -> bool:
        return not (self.lost or self.doubled or self.reordered or self.wrong)


def judge_chat(
    verdict: Verdict,
    customer: int,
    chat_id: int,
    asked: int,
    taken: Sequence[Taken],
    stored: Sequence[tuple[str, str]],
    lapses: Sequence[Lapse],
) -> None:
    """Hold one chat's answers against its messages.

    Args:
        verdict: Takes what is found.
        customer: Its number.
        chat_id: Its chat.
        asked: How many messages were sent: 0 to ``asked`` - 1.
        taken: What Telegram took, in order.
        stored: ``(role, text)`` of the chat's lines in ``sovetnik export``.
        lapses: When a process could not note what was taken.
    """
    once = _without_copies(verdict, chat_id, taken, lapses)
    keys = [one.key for one in once]
    said = [key_of(text) for role, text in stored if role == "assistant"]
    verdict.answers += len(once)
    # Two quotes in a row may be of the same words; then the copy was not recognised above.
    if [key for key, _ in groupby(keys)] != [key for key, _ in groupby(said)]:
        verdict.wrong.append(f"chat {chat_id}: Telegram has {keys}, the export {said}")
    if said.count("consent") > 1:
        verdict.doubled.append(f"chat {chat_id}: asked {said.count('consent')} times for consent")
    named = [found for one in once for found in named_in(one.text)]
    quoted = _quoted(stored)
    count = Counter(named)
    for number in range(asked):
        times, by_quote = count[customer, number], quoted[customer, number]
        if times + by_quote == 0:
            verdict.lost.append(f"q{customer}x{number}")
        elif times + by_quote > 1:
            verdict.doubled.append(f"q{customer}x{number} has {times} answers and {by_quote} quotes")
        verdict.named += times > 0
        verdict.quoted += times == 0 and by_quote > 0
    strangers = [found for found in named if found[0] != customer or found[1] >= asked]
    if strangers:
        verdict.wrong.append(f"chat {chat_id} has answers to {strangers}")
    if named != sorted(named):
        verdict.reordered.append(f"chat {chat_id}: {named}")
    asked_order = [found for role, text in stored if role == "customer" for found in asked_in(text)]
    if asked_order != [(customer, number) for number in range(asked)]:
        verdict.wrong.append(f"chat {chat_id}: the export has the questions {asked_order}")


def _quoted(stored: Sequence[tuple[str, str]]) -> Counter[tuple[int, int]]:
    """Which questions were answered by a text that names none: those since the answer before it."""
    found: Counter[tuple[int, int]] = Counter()
    waiting: list[tuple[int, int]] = []
    for role, text in stored:
        if role == "customer":
            waiting += asked_in(text)
        elif key_of(text) != "consent":
            if key_of(text) == "quote":
                found.update(waiting)
            waiting = []
    return found


def _without_copies(
    verdict: Verdict, chat_id: int, taken: Sequence[Taken], lapses: Sequence[Lapse]
) -> list[Taken]:
    once = list(taken[:1])
    for first, second in pairwise(taken):
        if second.text != first.text:
            once.append(second)
            continue
        lapse = _lapse_between(
            first.at, second.at, lapses, lambda lapse, key=first.key: (chat_id, key), "answers"
        )
        if first.unheard:
            verdict.let_off["answer, Telegram's word kept back"] += 1
        elif lapse is not None:
            verdict.let_off[f"answer, {lapse.why}"] += 1
            verdict.widths.append(max(0.0, lapse.at - first.at))
        else:
            verdict.doubled.append(f"chat {chat_id}: {first.key} at {first.at:.3f} and {second.at:.3f}")
    return once


def _lapse_between(
    first: float, second: float, lapses: Iterable[Lapse], wanted: Any, what: str
) -> Lapse | None:
    for lapse in lapses:
        unsent = lapse.open_answers if what == "answers" else lapse.open_mails
        if first <= lapse.until and lapse.at <= second and wanted(lapse) in unsent:
            return lapse
    return None


def judge_leads(
    verdict: Verdict, wanted: dict[int, str], leads: Sequence[dict[str, Any]], mails: Sequence[MailTaken]
) -> None:
    """One lead for each chat that left a contact, and one mail for each lead.

    Args:
        verdict: Takes what is found.
        wanted: The phone by chat.
        leads: Rows of ``sovetnik leads``.
        mails: Every lead's mail, each once.
    """
    found = Counter((row["chat_id"], row["phone"]) for row in leads)
    if found != Counter(wanted.items()):
        missing, extra = Counter(wanted.items()) - found, found - Counter(wanted.items())
        verdict.wrong.append(f"leads missing {list(missing)}, too many {list(extra)}")
    phones = dict.fromkeys(wanted.values(), 0)
    for mail in mails:
        digits = re.sub(r"[^\d+]", "", mail.text)
        for phone in phones:
            phones[phone] += phone in digits
    verdict.wrong += [f"{count} mails for the lead {phone}" for phone, count in phones.items() if count != 1]


def judge_mails(verdict: Verdict, taken: Sequence[MailTaken], lapses: Sequence[Lapse]) -> list[MailTaken]:
    """Every mail once; a copy under the same Message-ID needs the same proof as an answer's."""
    copies: dict[str, list[MailTaken]] = defaultdict(list)
    for mail in taken:
        copies[mail.key].append(mail)
    for key, same in copies.items():
        for first, second in pairwise(same):
            if first.unheard:
                verdict.let_off[f"{first.kind}'s mail, the server's word kept back"] += 1
            elif lapse := _lapse_between(first.at, second.at, lapses, lambda _, key=key: key, "mails"):
                verdict.let_off[f"{first.kind}'s mail, {lapse.why}"] += 1
            else:
                verdict.doubled.append(f"mail {key}")
    return [same[-1] for same in copies.values()]


def judge_takeovers(verdict: Verdict, takeovers: Sequence[Takeover]) -> None:
    """What a lost replica had must be another's within half a minute."""
    verdict.wrong += [
        f"{one.chats} chats of a replica ({one.why}) were taken over after {one.seconds:.1f} s"
        for one in takeovers
        if one.seconds > TAKEOVER
    ]


def judge_reports(
    verdict: Verdict,
    days: Sequence[date],
    owed: set[tuple[int, int]],
    noted: set[tuple[int, int]],
    reports: Sequence[MailTaken],
) -> None:
    """One report for each day, and every question and answer in exactly one of them.

    Args:
        verdict: Takes what is found.
        days: Whose report was due.
        owed: Every message that was sent.
        noted: Those that a report may also name as unanswered, with the answer's day.
        reports: The reports' mails, each once, with all their text.
    """
    found = Counter(date.fromisoformat(mail.key.removeprefix("report-")) for mail in reports)
    if found != Counter(days):
        missing, extra = Counter(days) - found, found - Counter(days)
        verdict.wrong.append(f"reports missing {sorted(missing)}, too many {sorted(extra)}")
    shown = Counter(message for mail in reports for message in set(asked_in(mail.text)))
    verdict.wrong += [f"q{who}x{n} is in no report" for who, n in sorted(owed - set(shown))]
    verdict.wrong += [
        f"{message} is in {times} reports"
        for message, times in shown.items()
        if times > 1 + (message in noted)
    ]
    answered = Counter(message for mail in reports for message in set(named_in(mail.text)))
    verdict.wrong += [f"answer {which} in {times} reports" for which, times in answered.items() if times > 1]
