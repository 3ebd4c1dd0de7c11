"""One chat's work: take a turn, have it answered, deliver it. The order inside a chat is kept here.

``Turns.drain`` may be started for any chat, at any time, by any process: the store's owner token decides
who really works, and whatever a killed process left behind is simply the next step.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from sovetnik.core.contacts import ContactForm
from sovetnik.core.errors import AssistantError, DeliveryLater, DeliveryRefused, Fenced, StorageError
from sovetnik.core.events import Done
from sovetnik.core.model import Answer, Command, Delivery, Trace, Turn, Usage, Wait
from sovetnik.core.ports import Assistant, Desk, Knowledge, Messenger, Store
from sovetnik.core.texts import storable, texts, trouble
from sovetnik.core.tools import Toolbox

log = structlog.get_logger("sovetnik.turn")

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
        observe: Called after each turn.
    """

    store: Store
    assistant: Assistant
    messenger: Messenger
    form: ContactForm
    wake_mails: Callable[[], None]
    knowledge: Knowledge | None = None
    greeting: Callable[[], str] = lambda: ""
    join: float = 0.7
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(64))
    observe: Callable[[Trace], None] | None = None
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
        if done is not None:  # stopping: what was sent must not be sent again after the start
            await self.store.delivered(*done)

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
        toolbox = Toolbox(turn, self.store, self.form, self.knowledge)
        async with self.slots, self.messenger.typing(turn.chat.id):
            try:
                answer = await self._ask(turn, toolbox)
            except AssistantError as error:
                answer = self._apology(turn, error)
            except StorageError:
                raise
            except Exception as error:  # a mistake of ours: the customer gets an answer all the same
                log.exception("turn_broken", chat=turn.chat.id)
                answer = self._apology(turn, AssistantError("internal", type(error).__name__))
        delivery = await self.store.answered(turn, answer)
        self.wake_mails()
        seconds = round(time.monotonic() - began, 3)
        log.info(
            "turn_done", chat=turn.chat.id, messages=len(turn.messages), kind=answer.kind, seconds=seconds
        )
        if self.observe:
            self.observe(Trace(turn.chat.id, answer, tuple(toolbox.used), seconds))
        return delivery

    async def _ask(self, turn: Turn, toolbox: Toolbox) -> Answer:
        """The assistant's whole answer.

        Raises:
            AssistantError: also when the assistant's stream ended without an end.
        """

        async def opened(conversation: str) -> None:
            await self.store.opened(turn.chat.id, turn.token, conversation)

        desk = Desk(
            call_tool=toolbox.call,
            search=toolbox.search,
            transcript=lambda: self.store.transcript(turn.chat.id, turn.messages[0].id),
            opened=opened,
        )
        done: Done | None = None
        async for event in self.assistant.answer(turn, desk):  # to its end: assistants tidy up after Done
            if isinstance(event, Done):
                done = event
        if done is None:
            raise AssistantError("cut", "the assistant ended without an answer")
        return Answer(
            text=storable(done.text),
            kind=done.kind,
            usage=done.usage,
            error_code=done.code,
            passages=done.cited or tuple(toolbox.passages.values()),
            unanswered=storable(toolbox.unanswered) if toolbox.unanswered else None,
        )

    def _apology(self, turn: Turn, error: AssistantError) -> Answer:
        code = error_code()
        log.error("turn_failed", chat=turn.chat.id, code=code, kind=error.kind, error=error.detail)
        return Answer(
            text=trouble(turn.chat.language, error.kind, code),
            kind="error",
            error_code=code,
            usage=Usage(),
        )

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
            """Insist: the next piece must not go out before it is known that this one did."""
            while True:
                try:
                    return await self.store.progressed(delivery.id, sent)
                except StorageError as error:
                    if self.stopping.is_set():
                        raise
                    log.error("storage_refused", chat=delivery.chat_id, error=str(error), retry_s=STORE_RETRY)
                    await self._pause(STORE_RETRY)

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
