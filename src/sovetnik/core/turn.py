"""One chat's work: take a turn, have it answered, deliver it. The order inside a chat is kept here.

``Turns.drain`` may be started for any chat, at any time, by any process: the store's owner token decides
who really works, and whatever a killed process left behind is simply the next step.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

import structlog

from sovetnik.core.contacts import ContactForm, ContactProblem, check_contact
from sovetnik.core.errors import AssistantError, DeliveryLater, DeliveryRefused, Fenced, StorageError
from sovetnik.core.events import Done
from sovetnik.core.model import Answer, Command, Delivery, SavedLead, Turn, Usage, Wait
from sovetnik.core.ports import Assistant, Desk, Messenger, Store
from sovetnik.core.texts import texts, trouble

log = structlog.get_logger("sovetnik.turn")

LEAD_MAIL_HOLD = 10.0
"""Seconds a lead's mail waits for the turn's answer, so that it shows the dialogue with its end."""

UNEXPECTED_RETRY = 30.0
"""Seconds before a chat is tried again after an error that nobody foresaw."""

STORE_RETRY = 5.0
"""Seconds between tries when the database refuses (full disk, locked)."""


@dataclass(slots=True)
class Turns:
    """The worker for chats.

    Attributes:
        greeting: The owner's own /start text; empty for ours.
        join: Seconds to wait for another message of the same customer before answering.
        slots: How many turns are worked on at the same time; the others wait in order.
        wake_mails: Called when a mail may have become due.
    """

    store: Store
    assistant: Assistant
    messenger: Messenger
    form: ContactForm
    wake_mails: Callable[[], None]
    greeting: Callable[[], str] = lambda: ""
    join: float = 0.7
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(64))
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def drain(self, chat_id: int) -> None:
        """Do everything that waits in a chat, in order, then release it.

        Storage trouble is waited out: the state stays where it was, so trying again is safe.
        """
        token = secrets.token_hex(8)
        done: tuple[int, tuple[int, ...]] | None = None
        while not self.stopping.is_set():
            try:
                step = await self.store.next_step(chat_id, token, self.join, done)
                done = None
                if step is None:
                    return
                done = await self._do(step)
            except Fenced:
                log.warning("chat_taken_over", chat=chat_id)
                return
            except StorageError as error:
                log.error("storage_refused", chat=chat_id, error=str(error), retry_s=STORE_RETRY)
                await self._pause(STORE_RETRY)
            except Exception:  # a mistake of ours must cost one chat a pause, never its messages
                log.exception("chat_failed", chat=chat_id, retry_s=UNEXPECTED_RETRY)
                await self._pause(UNEXPECTED_RETRY)

    async def _do(self, step: Turn | Command | Delivery | Wait) -> tuple[int, tuple[int, ...]] | None:
        if isinstance(step, Wait):
            await self._pause(step.seconds)
            return None
        if isinstance(step, Turn):
            delivery = await self._answer(step)
        elif isinstance(step, Command):
            delivery = await self._command(step)
        else:
            delivery = step
        return await self._deliver(delivery) if delivery else None

    async def _pause(self, seconds: float) -> None:
        """Sleep, but not into a shutdown."""
        try:
            async with asyncio.timeout(seconds):
                await self.stopping.wait()
        except TimeoutError:
            pass

    # answering

    async def _answer(self, turn: Turn) -> Delivery | None:
        began = time.monotonic()
        async with self.slots, self.messenger.typing(turn.chat.id):
            try:
                answer = await self._ask(turn)
            except AssistantError as error:
                answer = self._apology(turn, error)
        delivery = await self.store.answered(turn, answer)
        self.wake_mails()
        log.info(
            "turn_done",
            chat=turn.chat.id,
            messages=len(turn.messages),
            kind=answer.kind,
            seconds=round(time.monotonic() - began, 3),
        )
        return delivery

    async def _ask(self, turn: Turn) -> Answer:
        """The assistant's whole answer.

        Raises:
            AssistantError: also when the assistant's stream ended without an end.
        """

        async def call_tool(name: str, arguments: str) -> str:
            return await self._tool(turn, name, arguments)

        async def opened(conversation: str) -> None:
            await self.store.opened(turn.chat.id, turn.token, conversation)

        desk = Desk(
            call_tool=call_tool,
            transcript=lambda: self.store.transcript(turn.chat.id, turn.messages[0].id),
            opened=opened,
        )
        async for event in self.assistant.answer(turn, desk):
            if isinstance(event, Done):  # text so far and tool calls are for whoever shows them
                return Answer(text=event.text, usage=event.usage)
        raise AssistantError("cut", "the assistant ended without an answer")

    def _apology(self, turn: Turn, error: AssistantError) -> Answer:
        code = error_code()
        log.error("turn_failed", chat=turn.chat.id, code=code, kind=error.kind, error=error.detail)
        return Answer(
            text=trouble(turn.chat.language, error.kind, code),
            kind="error",
            error_code=code,
            usage=Usage(),
        )

    # tools

    async def _tool(self, turn: Turn, name: str, arguments: str) -> str:
        if name != "save_contact":
            return json.dumps({"error": f"there is no tool named {name}"})
        try:
            parsed: object = json.loads(arguments or "{}")
        except ValueError as error:
            return json.dumps({"saved": False, "problem": f"the arguments are no JSON: {error}"})
        if not isinstance(parsed, dict):
            return json.dumps({"saved": False, "problem": "the arguments must be a JSON object"})
        return await self._save_contact(turn, cast("dict[str, object]", parsed))

    async def _save_contact(self, turn: Turn, values: dict[str, object]) -> str:
        try:
            contact = check_contact(self.form, values)
        except ContactProblem as problem:
            return json.dumps({"saved": False, "problem": str(problem)}, ensure_ascii=False)
        try:
            saved = await self.store.save_lead(turn.chat.id, turn.token, contact, LEAD_MAIL_HOLD)
        except Fenced:
            raise
        except StorageError as error:
            log.error("lead_not_saved", chat=turn.chat.id, error=str(error))
            problem = "our database refused; do not promise anything, ask the customer to try again later"
            return json.dumps({"saved": False, "problem": problem})
        self.wake_mails()
        log.info("lead_saved", chat=turn.chat.id, lead=saved.lead.id, change=saved.change)
        return _saved_for_model(saved)

    # commands and deliveries

    async def _command(self, command: Command) -> Delivery | None:
        own = texts(command.chat.language)
        kind = command.incoming.kind
        if kind == "start":
            text = self.greeting() or own.greeting
        elif kind == "new":
            text = own.fresh_start
        else:
            text = own.only_text
        return await self.store.commanded(
            command.chat.id,
            command.token,
            command.incoming.update_id,
            Answer(text=text, kind="service"),
            fresh=kind == "new",
        )

    async def _deliver(self, delivery: Delivery) -> tuple[int, tuple[int, ...]] | None:
        """Send an answer; gives what the store has to note as delivered, or None when it was put off."""

        async def note(sent: tuple[int, ...]) -> None:
            await self.store.progressed(delivery.id, sent)

        try:
            return delivery.id, await self.messenger.deliver(delivery, note)
        except DeliveryLater as later:
            seconds = later.pause.total_seconds() if later.pause else retry_pause(delivery.attempts)
            log.warning("delivery_put_off", chat=delivery.chat_id, seconds=seconds, reason=later.reason)
            await self.store.postponed(delivery.id, seconds, later.reason)
        except DeliveryRefused as refusal:
            level = log.info if refusal.blocked else log.error
            level("delivery_refused", chat=delivery.chat_id, reason=refusal.reason, blocked=refusal.blocked)
            await self.store.refused(delivery.id, refusal.reason, blocked=refusal.blocked)
        return None


def retry_pause(attempts: int) -> float:
    """Growing pause before the next try at Telegram: 1, 2, 4 … 60 s."""
    return min(60.0, 2.0 ** min(attempts, 6))


def error_code() -> str:
    """Six characters that a customer can read out and the owner can find in the log."""
    return "".join(secrets.choice("ABCDEFGHJKLMNPQRSTUVWXYZ23456789") for _ in range(6))


def _saved_for_model(saved: SavedLead) -> str:
    told = {
        "created": "The contact is saved and the manager has been notified.",
        "updated": "The contact was known and is now updated; the manager has been notified of the change.",
        "unchanged": "Exactly this contact was saved before; nothing changed. The manager already has it.",
    }[saved.change]
    contact = saved.lead.contact
    return json.dumps(
        {"saved": True, "result": told, "name": contact.name, "phone": contact.phone, "order": contact.order},
        ensure_ascii=False,
    )
