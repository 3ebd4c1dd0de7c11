"""A report's figures, counted from its dialogues."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from sovetnik.core.model import Lead, Message
from sovetnik.core.owner import Report
from sovetnik.mail.gaps import find_gaps


@dataclass(frozen=True, slots=True)
class Figures:
    """What the head of a report says.

    Attributes:
        median_answer: From a customer's last message to the answer, as the customer saw it; None
            without answers.
        quotes: Those of the answers that the documents alone gave.
        gaps: Different questions that the documents do not answer.
        by_hour: Customers' messages in each of the 24 hours of the owner's clock.
    """

    dialogues: int
    new_customers: int
    customer_messages: int
    answers: int
    quotes: int
    gaps: int
    new_leads: int
    failed_turns: int
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    median_answer: timedelta | None
    by_hour: tuple[int, ...]


def count_figures(report: Report, zone: ZoneInfo) -> Figures:
    """Count everything once."""
    messages = [message for dialogue in report.dialogues for message in dialogue.messages]
    written = [message.created_at for message in messages if _by_customer(message)]
    usages = [message.usage for message in messages if message.usage]
    return Figures(
        dialogues=len(report.dialogues),
        new_customers=report.new_customers,
        customer_messages=len(written),
        answers=sum(_is_answer(message) for message in messages),
        quotes=sum(message.kind == "quote" for message in messages),
        gaps=len(find_gaps(report)),
        new_leads=sum(is_new(lead, report) for lead in report.leads),
        failed_turns=sum(message.kind == "error" for message in messages),
        input_tokens=sum(usage.input_tokens for usage in usages),
        cached_tokens=sum(usage.cached_tokens for usage in usages),
        output_tokens=sum(usage.output_tokens for usage in usages),
        median_answer=_median(wait for dialogue in report.dialogues for wait in _waits(dialogue.messages)),
        by_hour=_by_hour(written, zone),
    )


def is_new(lead: Lead, report: Report) -> bool:
    """Whether the lead was made in the report's window, not only changed in it."""
    return lead.created_at >= report.window.start


def _by_customer(message: Message) -> bool:
    return message.role == "customer" and message.kind != "service"


def _is_answer(message: Message) -> bool:
    return message.role == "assistant" and message.kind in {"answer", "quote"}


def _waits(messages: Iterable[Message]) -> Iterator[timedelta]:
    """How long each answer took; clocks that disagree give no negative waits."""
    asked: datetime | None = None
    for message in messages:
        if _by_customer(message):
            asked = message.created_at
        elif _is_answer(message) and asked:
            yield max(message.created_at - asked, timedelta())
            asked = None


def _median(waits: Iterable[timedelta]) -> timedelta | None:
    seconds = [wait.total_seconds() for wait in waits]
    return timedelta(seconds=median(seconds)) if seconds else None


def _by_hour(moments: Iterable[datetime], zone: ZoneInfo) -> tuple[int, ...]:
    hours = [0] * 24
    for moment in moments:
        hours[moment.astimezone(zone).hour] += 1
    return tuple(hours)
