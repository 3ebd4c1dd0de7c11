"""One chat's work: take a turn, have it answered, deliver it. The order inside a chat is kept here.

``Turns.drain`` may be started for any chat, at any time, by any process: the store's owner token decides
who really works, and whatever a killed process left behind is simply the next step.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field

import structlog

from sovetnik.core.commands import Commands, Office, phone_keyboard
from sovetnik.core.contacts import ContactForm
from sovetnik.core.errors import AssistantError, DeliveryLater, DeliveryRefused, Fenced, StorageError
from sovetnik.core.events import Done, Restarted, TextDelta, ToolUsed
from sovetnik.core.house import House
from sovetnik.core.model import (
    Answer,
    Command,
    Delivery,
    Flood,
    Keyboard,
    Limits,
    Trace,
    Turn,
    Usage,
    Wait,
)
from sovetnik.core.perception import Perceive, perceive_nothing, take_in, told, with_images, within_bounds
from sovetnik.core.ports import Assistant, Desk, Knowledge, Messenger, Store
from sovetnik.core.texts import storable, texts, trouble
from sovetnik.core.tools import Toolbox
from sovetnik.core.waiting import woken

log = structlog.get_logger("sovetnik.turn")

UNEXPECTED_RETRY = 30.0
"""Seconds before a chat is tried again after an error that nobody foresaw."""

OUT_OF_TOUCH = 1.0
"""Seconds before a process that was out of touch looks again whether it may send."""

STORE_RETRY = 5.0
"""Seconds between tries when the database refuses (full disk, locked)."""


CONSENT_RETRIES, CONSENT_RETRY = 2, 1.5
"""Tries more, and seconds before each, to show the consent text while a contact waits to be saved."""

ENTERING = 64
"""Chats that take their first step side by side: thousands after a start would hold up every other write."""


@dataclass(slots=True)
class Turns:
    """The worker for chats.

    Attributes:
        worker: What the tokens begin with that this process owns chats by.
        may_send: Whether this process may be sure that its chats are still its own; False after it was
            out of touch for so long that another may have taken them over.
        house: The owner's own texts.
        office: What the owner can ask for in Telegram.
        perceive: Takes in files that customers send.
        limits: When a chat's messages are answered.
        slots: How many turns are worked on at the same time; the others wait in order.
        wake_mails: Called when a mail may have become due.
        observe: Called after each turn.
        timed: Called with a stage of a turn and its seconds: ``slot``, ``files``, ``store``, ``deliver``.
    """

    store: Store
    assistant: Assistant
    messenger: Messenger
    form: ContactForm
    wake_mails: Callable[[], None]
    knowledge: Knowledge | None = None
    worker: str = ""
    may_send: Callable[[], bool] = lambda: True
    house: House = field(default_factory=House)
    office: Office | None = None
    perceive: Perceive = perceive_nothing
    limits: Limits = field(default_factory=Limits)
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(64))
    observe: Callable[[Trace], None] | None = None
    # nobody measures: the default takes what a measurer would
    timed: Callable[[str, float], None] = lambda stage, seconds: None  # noqa: ARG005
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    entrance: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(ENTERING))
    commands: Commands = field(init=False)

    def __post_init__(self) -> None:
        self.commands = Commands(self.store, self.messenger, self.house, self.office)

    async def drain(self, chat_id: int) -> None:
        """Do everything that waits in a chat, in order, then release it.

        Storage trouble is waited out: the state stays where it was, so trying again is safe.
        """
        token = self.worker + secrets.token_hex(8)
        done: tuple[int, tuple[int, ...]] | None = None
        entering = True
        while not self.stopping.is_set():
            try:
                async with self.entrance if entering else nullcontext():
                    step = await self.store.next_step(chat_id, token, self.limits, done)
                entering = False
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

    async def _do(self, step: Turn | Command | Flood | Delivery | Wait) -> tuple[int, tuple[int, ...]] | None:
        if isinstance(step, Wait):
            await self._pause(step.seconds)
            return None
        if isinstance(step, Turn):
            delivery = await self._answer(step)
        elif isinstance(step, Command):
            delivery = await self.commands.answer(step)
        elif isinstance(step, Flood):
            said = Answer(texts(step.chat.language).flooding, kind="service")
            delivery = await self.store.tell(step.chat.id, step.token, said, flood=True)
            log.warning("chat_floods", chat=step.chat.id, limit=self.limits.per_minute)
        else:
            delivery = step
        if delivery is not None and not self.may_send():  # look again whose it is
            log.warning("out_of_touch", chat=delivery.chat_id)
            await self._pause(OUT_OF_TOUCH)
            return None
        return await self._deliver(delivery) if delivery else None

    async def _pause(self, seconds: float) -> None:
        """Sleep, but not into a shutdown."""
        await woken(self.stopping, seconds)

    # answering

    async def _answer(self, turn: Turn) -> Delivery | None:
        if turn.paused == "silent":
            await self.store.passed(turn)
            return None
        if turn.paused == "tell":
            return await self.store.answered(turn, Answer(texts(turn.chat.language).paused, kind="service"))
        began = time.monotonic()
        toolbox = Toolbox(turn, self.store, self.form, self.knowledge, consent=self._consent_for(turn))
        async with self.slots, self.messenger.composing(turn, self._previewed(turn)) as show:
            self.timed("slot", time.monotonic() - began)
            try:
                answer = await self._ask(turn, toolbox, show)
            except AssistantError as error:
                answer = self._apology(turn, error)
            except StorageError:
                raise
            except Exception as error:  # a mistake of ours: the customer gets an answer all the same
                log.exception("turn_broken", chat=turn.chat.id)
                answer = self._apology(turn, AssistantError("internal", type(error).__name__))
        with self._stage("store"):
            delivery = await self.store.answered(turn, answer)
        if toolbox.saved or turn.lead:  # its mail may have waited for the answer
            self.wake_mails()
        seconds = round(time.monotonic() - began, 3)
        log.info(
            "turn_done", chat=turn.chat.id, messages=len(turn.messages), kind=answer.kind, seconds=seconds
        )
        if self.observe:
            self.observe(Trace(turn.chat.id, answer, tuple(toolbox.used), seconds))
        return delivery

    @contextmanager
    def _stage(self, name: str) -> Generator[None]:
        began = time.monotonic()
        yield
        self.timed(name, time.monotonic() - began)

    def _previewed(self, turn: Turn) -> Callable[[int], Awaitable[None]]:
        return lambda telegram_id: self.store.previewed(turn.chat.id, telegram_id)

    def _consent_for(self, turn: Turn) -> Callable[[], Awaitable[bool]] | None:
        """What shows the consent text before a contact is stored; None where that was done."""
        consent = self.house.consent()
        if consent is None or turn.chat.consent == consent.version:
            return None
        shown: bool | None = None

        async def show() -> bool:
            nonlocal shown
            if shown is None:  # once: what was put off comes by itself later
                answer = Answer(consent.text, kind="service", consent=consent.version)
                delivery = await self.store.tell(turn.chat.id, turn.token, answer)
                shown = await self._show_now(delivery)
            return shown

        return show

    async def _show_now(self, delivery: Delivery) -> bool:
        """Deliver inside a turn; a moment's trouble at Telegram or at the disk must not cost the lead."""
        done, again = await self._attempt(delivery)
        for _ in range(CONSENT_RETRIES):
            if not again:
                break
            await self._pause(CONSENT_RETRY)
            done, again = await self._attempt(delivery)
        if done is None:
            return False
        arrived = done
        await self._insist(delivery.chat_id, lambda: self.store.delivered(*arrived))
        return True

    async def _take_in(self, turn: Turn) -> tuple[Turn, Answer | None]:
        """The turn with its files taken in; an answer where there is nothing else in it."""
        if not any(message.attachments for message in turn.messages):
            return turn, None
        perceive = within_bounds(self.perceive)
        taken = await asyncio.gather(*(take_in(message, perceive) for message in turn.messages))
        for part in taken:
            if part.stored is not None:
                await self.store.heard(part.stored)
        problems = [part.problem for part in taken if part.problem]
        if len(problems) == len(taken):
            said = told(texts(turn.chat.language), *problems[0])
            return turn, Answer(said, kind="service")
        return with_images(turn, taken), None

    async def _ask(self, turn: Turn, toolbox: Toolbox, show: Callable[[str], None]) -> Answer:
        """The assistant's whole answer.

        Raises:
            AssistantError: also when the assistant's stream ended without an end.
        """
        with self._stage("files"):
            turn, answer = await self._take_in(turn)
        if answer is not None:
            return answer

        async def opened(conversation: str) -> None:
            await self.store.opened(turn.chat.id, turn.token, conversation)

        desk = Desk(
            call_tool=toolbox.call,
            search=toolbox.search,
            transcript=lambda: self.store.transcript(turn.chat.id, turn.messages[0].id),
            opened=opened,
        )
        done: Done | None = None
        text = ""
        async for event in self.assistant.answer(turn, desk):  # to its end: assistants tidy up after Done
            if isinstance(event, TextDelta):
                text += event.text
                show(text)
            elif isinstance(event, Restarted):
                text = ""
            elif isinstance(event, ToolUsed):
                text += "\n\n" if text else ""
            else:
                done = event
        if done is None:
            raise AssistantError("cut", "the assistant ended without an answer")
        return self._finished(turn, toolbox, done)

    def _finished(self, turn: Turn, toolbox: Toolbox, done: Done) -> Answer:
        text, keyboard, version = done.text, None, None
        if toolbox.phone_button and not toolbox.saved:
            text, version = self.house.with_consent(text, turn.chat)
            keyboard = phone_keyboard(turn.chat.language)
        elif turn.chat.keyboard and (toolbox.saved or turn.lead):  # saved before, in a turn that failed
            keyboard = Keyboard("remove")
        return Answer(
            text=storable(text),
            kind=done.kind,
            usage=done.usage,
            error_code=done.code,
            passages=done.cited or tuple(toolbox.passages.values()),
            unanswered=storable(toolbox.unanswered) if toolbox.unanswered else None,
            keyboard=keyboard,
            consent=version,
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

    # deliveries

    async def _deliver(self, delivery: Delivery) -> tuple[int, tuple[int, ...]] | None:
        """Send an answer; gives what the store has to note as delivered, or None when it was put off."""
        done, _ = await self._attempt(delivery)
        return done

    async def _attempt(self, delivery: Delivery) -> tuple[tuple[int, tuple[int, ...]] | None, bool]:
        """The same, and whether another try may help."""

        async def note(sent: tuple[int, ...]) -> None:
            """The next piece must not go out before it is known that this one did."""
            await self._insist(delivery.chat_id, lambda: self.store.progressed(delivery.id, sent))

        try:
            with self._stage("deliver"):
                sent = await self.messenger.deliver(delivery, note)
        except DeliveryLater as later:
            seconds = later.pause.total_seconds() if later.pause else retry_pause(delivery.attempts)
            log.warning("delivery_put_off", chat=delivery.chat_id, seconds=seconds, reason=later.reason)
            await self.store.postponed(delivery.id, seconds, later.reason)
            return None, True
        except DeliveryRefused as refusal:
            level = log.info if refusal.blocked else log.error
            level("delivery_refused", chat=delivery.chat_id, reason=refusal.reason, blocked=refusal.blocked)
            await self.store.refused(delivery.id, refusal.reason, blocked=refusal.blocked)
            return None, False
        else:
            if delivery.preview is not None:
                with suppress(StorageError):  # or the answer, which did arrive, would be sent again
                    await self.store.previewed(delivery.chat_id, None)
            return (delivery.id, sent), False

    async def _insist(self, chat_id: int, note: Callable[[], Awaitable[None]]) -> None:
        """Note what has arrived, however long the database refuses, or it would be sent again."""
        while True:
            try:
                return await note()
            except StorageError as error:
                if self.stopping.is_set():
                    raise
                log.error("storage_refused", chat=chat_id, error=str(error), retry_s=STORE_RETRY)
                await self._pause(STORE_RETRY)


def retry_pause(attempts: int) -> float:
    """Growing pause before the next try at Telegram: 1, 2, 4 … 60 s."""
    return min(60.0, 2.0 ** min(attempts, 6))


def error_code() -> str:
    """Six characters that a customer can read out and the owner can find in the log."""
    return "".join(secrets.choice("ABCDEFGHJKLMNPQRSTUVWXYZ23456789") for _ in range(6))
