"""What the owner gets to see: mails, reports, and how the bot is.

Values only; see :mod:`sovetnik.core.model` for those of the dialogue.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from sovetnik.core.model import Chat, Lead, Message


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the owner has to know at once; ``detail`` and ``code`` are as in the log."""

    kind: Literal["model_down", "budget_spent", "model_back"]
    detail: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class MailTask:
    """A mail in the outbox: ``ref`` is the lead's or the report's id, ``accepted`` who already got it."""

    id: int
    kind: Literal["lead", "report", "notice"]
    ref: int
    revision: int
    created_at: datetime
    attempts: int
    accepted: tuple[str, ...] = ()
    notice: Notice | None = None


@dataclass(frozen=True, slots=True)
class Erasure:
    """A conversation at the provider that has to be erased there; ``id`` is its row in the outbox."""

    id: int
    conversation: str
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class LeadDossier:
    """All that a lead mail shows."""

    lead: Lead
    chat: Chat
    dialogue: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Window:
    """The span a report covers: messages with ``start <= created_at < end``, each in one window only."""

    day: date
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Dialogue:
    """One chat's messages inside a window, oldest first."""

    chat: Chat
    messages: tuple[Message, ...]
    lead: Lead | None


@dataclass(frozen=True, slots=True)
class Queue:
    """Rows that wait; ``oldest`` is when the first of them came."""

    waiting: int
    oldest: datetime | None

    def age(self, now: datetime) -> float:
        """Seconds that the oldest has waited; 0 when nothing waits."""
        return max(0.0, (now - self.oldest).total_seconds()) if self.oldest else 0.0


@dataclass(frozen=True, slots=True)
class Vitals:
    """How the bot is, as far as its tables know."""

    inbox: Queue
    answers: Queue
    mails: Queue
    last_report: Window | None
    paused_at: datetime | None


@dataclass(frozen=True, slots=True)
class FailedMail:
    """A mail that was given up after days of trying."""

    kind: str
    ref: int
    error: str
    failed_at: datetime


@dataclass(frozen=True, slots=True)
class Report:
    """A window with everything that happened in it."""

    window: Window
    dialogues: tuple[Dialogue, ...]
    leads: tuple[Lead, ...]
    new_customers: int
    failed_mails: tuple[FailedMail, ...] = ()
    waiting: int = 0
