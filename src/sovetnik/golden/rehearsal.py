"""The whole consultant without Telegram: the parts that `run` takes, over a database that is thrown away.

What a customer of a check leaves behind, a contact or a conversation at the provider, must reach nobody.
"""

from __future__ import annotations

import asyncio
import itertools
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pydantic import SecretStr

from sovetnik.brain import Brain, make_brain
from sovetnik.core.errors import AssistantError
from sovetnik.core.model import Answer, Command, Delivery, Incoming, Trace, Turn
from sovetnik.core.turn import Turns
from sovetnik.golden.cases import Case
from sovetnik.library import LocalLibrary
from sovetnik.parts import make_folder, make_house
from sovetnik.settings import Settings
from sovetnik.storage import SqlStore

ERASURES = 100
"""Conversations at the provider that are looked up at once."""


@dataclass(frozen=True, slots=True)
class Played:
    """A case's conversation.

    Attributes:
        traces: What happened in each turn.
        seconds: Of the whole conversation.
        failure: Why the model gave no answer of its own; the log's words.
    """

    traces: tuple[Trace, ...]
    seconds: float
    failure: str | None = None

    @property
    def answer(self) -> Answer | None:
        """The answer to the last message."""
        return self.traces[-1].answer if self.traces else None


class _NoTelegram:
    """Takes every answer as sent; see :class:`sovetnik.core.ports.Messenger`."""

    @asynccontextmanager
    async def composing(
        self,
        turn: Turn,  # noqa: ARG002 - the port's
        previewed: Callable[[int], Awaitable[None]],  # noqa: ARG002 - the port's
    ) -> AsyncGenerator[Callable[[str], None]]:
        """Nobody looks on."""
        yield lambda _: None

    async def pressed(self, command: Command) -> None:
        """There are no buttons to press."""

    async def deliver(
        self,
        delivery: Delivery,
        note: Callable[[tuple[int, ...]], Awaitable[None]],  # noqa: ARG002 - the port's
    ) -> tuple[int, ...]:
        """An id of its own for each answer."""
        return (delivery.id,)


@dataclass(slots=True)
class Rehearsal:
    """The consultant, ready to be asked."""

    store: SqlStore
    turns: Turns
    brain: Brain
    not_erased: list[str] = field(default_factory=list[str])
    _traces: dict[int, list[Trace]] = field(default_factory=dict[int, list[Trace]])
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def observe(self, trace: Trace) -> None:
        """Keep what happened."""
        self._traces[trace.chat_id].append(trace)

    async def play(self, case: Case) -> Played:
        """Ask a case's messages one after the other, as a customer who was never here."""
        chat_id = next(self._numbers)
        traces = self._traces[chat_id] = []
        began = time.monotonic()
        for text in case.ask:
            asked = Incoming(
                update_id=next(self._numbers),
                chat_id=chat_id,
                kind="text",
                text=text,
                sent_at=datetime.now(UTC),
                name="Alex" if case.language == "en" else "Алекс",
                language_code=case.language,
            )
            await self.store.accept([asked])
            await self.turns.drain(chat_id)
        seconds = round(time.monotonic() - began, 3)
        return Played(tuple(traces), seconds, await self._failure(traces))

    async def _failure(self, traces: list[Trace]) -> str | None:
        """What the owner would be told of the model; empty where only the log knows."""
        code = next((trace.answer.error_code for trace in traces if trace.answer.error_code), None)
        if code is None:
            return None
        notices = [task.notice for task in await self.store.due_mails(ERASURES)]
        return next((notice.detail for notice in notices if notice and notice.code == code), "")

    async def erase(self) -> None:
        """Have the provider forget the conversations that were opened there."""
        for chat_id in self._traces:
            await self.store.forget_wholly(chat_id)
        while waiting := await self.store.due_erasures(ERASURES):
            await asyncio.gather(*(self._erase(each.id, each.conversation) for each in waiting))

    async def _erase(self, erasure_id: int, conversation: str) -> None:
        try:
            await self.brain.erase(conversation)
        except AssistantError:
            self.not_erased.append(conversation)
        await self.store.erased(erasure_id)


@asynccontextmanager
async def rehearse(settings: Settings, library: LocalLibrary) -> AsyncGenerator[Rehearsal]:
    """Put the consultant together as `run` does.

    Raises:
        ConfigError: the folder, the key or the model is wrong.
    """
    token = settings.telegram_token or SecretStr(
        "no-bot"
    )  # only salts what the provider is told of customers
    settings = settings.model_copy(update={"telegram_token": token, "daily_token_budget": 0})
    folder = make_folder(settings)
    form = folder.form(settings.phone_region)
    async with AsyncExitStack() as stack:
        place = stack.enter_context(tempfile.TemporaryDirectory(prefix="sovetnik-check-"))
        store = await stack.enter_async_context(SqlStore.open(f"sqlite:///{place}/check.db", exclusive=True))
        brain = await stack.enter_async_context(make_brain(settings, folder, form, store, lambda: None))
        if settings.openai_api_key is not None:
            await brain.check()
        turns = Turns(
            store=store,
            assistant=brain.assistant,
            messenger=_NoTelegram(),
            form=form,
            wake_mails=lambda: None,
            knowledge=library,
            house=make_house(folder),
            slots=asyncio.Semaphore(settings.model_concurrency),
        )
        rehearsal = Rehearsal(store, turns, brain)
        turns.observe = rehearsal.observe
        stack.push_async_callback(rehearsal.erase)
        yield rehearsal
