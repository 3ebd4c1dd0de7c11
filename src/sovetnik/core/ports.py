"""Walls between the core and its rooms: the core says what it needs, rooms give it, ``app`` joins them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from sovetnik.core.events import Event
from sovetnik.core.model import (
    Answer,
    Command,
    Contact,
    Delivery,
    Found,
    Incoming,
    Limits,
    Message,
    SavedLead,
    Step,
    Turn,
)
from sovetnik.core.owner import Erasure, LeadDossier, MailTask, Notice, Report


@dataclass(frozen=True, slots=True)
class Desk:
    """What an assistant may do for the turn it works on: this chat and no other.

    Attributes:
        call_tool: Runs a tool by name with the model's JSON arguments; gives the text for the model.
        search: Looks into the owner's documents; what it finds is noted with the answer.
        transcript: The chat's earlier messages of the running conversation, oldest first, without
            the turn's own.
        opened: Notes the id of a conversation opened at the provider for this chat, before it is used.
    """

    call_tool: Callable[[str, str], Awaitable[str]]
    search: Callable[[str], Awaitable[Found]]
    transcript: Callable[[], Awaitable[Sequence[Message]]]
    opened: Callable[[str], Awaitable[None]]


class Assistant(Protocol):
    """Whoever answers: the model, the offline consultant, a script."""

    def answer(self, turn: Turn, desk: Desk) -> AsyncIterator[Event]:
        """Work on one turn.

        Raises:
            AssistantError: no answer could be had, after all retries and repairs.
        """
        ...


class Knowledge(Protocol):
    """The owner's documents."""

    async def search(self, query: str) -> Found:
        """What of them fits a question, best first."""
        ...


class Messenger(Protocol):
    """The way to the customer."""

    def composing(
        self, turn: Turn, previewed: Callable[[int], Awaitable[None]]
    ) -> AbstractAsyncContextManager[Callable[[str], None]]:
        """Show that an answer is in the making, for as long as the context lasts.

        Args:
            turn: What is answered.
            previewed: Called with Telegram's id of a real message that the answer will take the place of.

        Returns:
            A context that gives ``show``: call it with the whole text so far; it never waits.
        """
        ...

    async def pressed(self, command: Command) -> None:
        """Let go of a pressed button; never raises."""
        ...

    async def deliver(
        self, delivery: Delivery, note: Callable[[tuple[int, ...]], Awaitable[None]]
    ) -> tuple[int, ...]:
        """Send a stored answer, in several messages when it is long.

        Args:
            delivery: The answer; pieces already in ``sent`` are not sent again.
            note: Called with all Telegram ids so far after each piece but the last.

        Returns:
            Telegram's message ids, in order.

        Raises:
            DeliveryLater: try again after a pause.
            DeliveryRefused: never try again.
        """
        ...


class Mailer(Protocol):
    """The way to the owner's mailbox."""

    async def send_lead(self, dossier: LeadDossier, accepted: tuple[str, ...]) -> tuple[str, ...] | None:
        """Send a lead mail to all recipients but ``accepted``.

        Returns:
            Everyone who has it now; None when no mail server or recipient is configured.

        Raises:
            MailError: somebody could not be reached; ``accepted`` says who has it.
        """
        ...

    async def send_notice(
        self, notice: Notice, at: datetime, accepted: tuple[str, ...]
    ) -> tuple[str, ...] | None:
        """Send a notice to the leads' recipients; as :meth:`send_lead`."""
        ...

    async def send_report(self, report: Report, accepted: tuple[str, ...]) -> tuple[str, ...] | None:
        """Send a report; as :meth:`send_lead`."""
        ...


class Store(Protocol):
    """Everything that must outlive the process. Each method is one transaction.

    Raises (all methods):
        StorageError: nothing was written.
        Fenced: the token does not own the chat any more.
    """

    async def accept(self, updates: Sequence[Incoming]) -> set[int]:
        """Store updates, once each; gives the chats that have to be woken."""
        ...

    async def next_step(
        self, chat_id: int, token: str, limits: Limits, done: tuple[int, tuple[int, ...]] | None = None
    ) -> Step:
        """Close the delivery ``done`` (row id, Telegram ids), then say what the chat needs next.

        Taking a turn stores its messages. When nothing is left the chat is released in the same
        transaction, so no wake-up is lost.
        """
        ...

    async def answered(self, turn: Turn, answer: Answer) -> Delivery:
        """Store an answer, queue it for delivery, close the turn's inbox rows and free its mails."""
        ...

    async def commanded(
        self, chat_id: int, token: str, update_id: int, answer: Answer | None, *, fresh: bool
    ) -> Delivery | None:
        """Store the answer to a command; ``fresh`` starts a new conversation."""
        ...

    async def tell(self, chat_id: int, token: str, answer: Answer, *, flood: bool = False) -> Delivery:
        """Store and queue what we say of our own accord; ``flood`` notes that the flood was spoken of."""
        ...

    async def passed(self, turn: Turn) -> None:
        """Close a turn without an answer."""
        ...

    async def heard(self, message: Message) -> None:
        """Keep what a message's files say: its text, note and attachments."""
        ...

    async def previewed(self, chat_id: int, telegram_id: int | None) -> None:
        """Note a message that the next answer takes the place of; None when it has done so."""
        ...

    async def forget(self, chat_id: int, token: str, answer: Answer) -> Delivery:
        """Erase a customer who asked for it; only the answer is kept."""
        ...

    async def owner_chats(self) -> set[int]:
        """Chats that were paired."""
        ...

    async def pair(self, chat_id: int, code: str) -> bool:
        """Make a chat the owner's; False when the code is none."""
        ...

    async def set_paused(self, *, paused: bool) -> None:
        """Stop or go on with answering customers."""
        ...

    async def due_erasures(self, limit: int) -> Sequence[Erasure]:
        """Conversations that the provider still has to erase."""
        ...

    async def erased(self, erasure_id: int) -> None:
        """Close an erasure."""
        ...

    async def erasure_postponed(self, erasure_id: int, seconds: float, error: str) -> None:
        """Put an erasure off."""
        ...

    async def delivered(self, delivery_id: int, telegram_ids: tuple[int, ...]) -> None:
        """Close a delivery without asking what comes next."""
        ...

    async def progressed(self, delivery_id: int, sent: tuple[int, ...]) -> None:
        """Note the pieces of a long answer that have arrived."""
        ...

    async def postponed(self, delivery_id: int, seconds: float, error: str) -> None:
        """Put a delivery off."""
        ...

    async def refused(self, delivery_id: int, error: str, *, blocked: bool) -> None:
        """Give a delivery up; ``blocked`` marks the chat so that nothing more is sent."""
        ...

    async def transcript(self, chat_id: int, before: int) -> Sequence[Message]:
        """The running conversation up to (without) message ``before``, newest part of it, bounded."""
        ...

    async def opened(self, chat_id: int, token: str, conversation: str) -> None:
        """Note the provider's new conversation; earlier ones of the chat are closed."""
        ...

    async def save_lead(self, chat_id: int, token: str, contact: Contact, hold: float) -> SavedLead:
        """Store a contact and queue its mail, together; the mail waits ``hold`` s for the turn's answer."""
        ...

    async def due_mails(self, limit: int) -> Sequence[MailTask]:
        """Mails whose time has come."""
        ...

    async def next_mail_at(self) -> datetime | None:
        """When the next mail becomes due."""
        ...

    async def lead_dossier(self, lead_id: int) -> LeadDossier | None:
        """A lead with its dialogue; None when it was erased."""
        ...

    async def report(self, report_id: int) -> Report | None:
        """A report that was made."""
        ...

    async def queue_notice(self, notice: Notice) -> bool:
        """Queue a mail that tells the owner something, once over all processes.

        Returns:
            Whether the owner knows now, by this mail or by an earlier one; False: it is to be told later,
            because a model that comes and goes is one piece of news.
        """
        ...

    async def mail_done(self, mail_id: int, accepted: tuple[str, ...]) -> None:
        """Close a mail."""
        ...

    async def mail_postponed(
        self, mail_id: int, seconds: float, error: str, accepted: tuple[str, ...], *, counts: bool
    ) -> None:
        """Put a mail off; ``counts`` is False where nothing was tried (no server configured)."""
        ...

    async def mail_failed(self, mail_id: int, error: str) -> None:
        """Give a mail up."""
        ...

    async def claim_report(self, day: date, end: datetime) -> bool:
        """Make a day's report and queue its mail, once for each day over all processes."""
        ...
