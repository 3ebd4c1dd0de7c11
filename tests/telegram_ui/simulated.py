"""Telegram, a customer and the messenger on a clock that leaps instead of waiting.

The strict Bot API is called in memory, without sockets: whenever everybody waits, it is at once as late as
the first of them wants. So a storm of an hour passes in a second.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

import httpx
import telegram
from telegram.request import HTTPXRequest

from sovetnik.core.errors import DeliveryLater, StorageError
from sovetnik.core.model import Chat, Delivery, Keyboard, Language, Message, Turn
from sovetnik.demo.botapi import BotApi, Call, Limits, Person
from sovetnik.telegram_ui import TelegramMessenger
from sovetnik.telegram_ui.composing import Streaming
from sovetnik.telegram_ui.pace import Pace

TOKEN = "7000000001:AAF-loopback-only-token-of-the-tests"
NOW = datetime(2026, 11, 22, tzinfo=UTC)
BEGIN = 1000.0
"""What the loop's clock says first."""


class LeapingLoop(asyncio.SelectorEventLoop):
    """Its time is that of the next appointment."""

    def __init__(self) -> None:
        self.now = BEGIN
        super().__init__(_Leaping(self))

    def time(self) -> float:
        return self.now


class _Leaping(selectors.SelectSelector):
    def __init__(self, loop: LeapingLoop) -> None:
        super().__init__()
        self.loop = loop

    def select(self, timeout: float | None = None) -> Any:
        self.loop.now += timeout or 0
        return super().select(0)


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Do it on the leaping clock; nothing may be left running."""

    async def supervised() -> Any:
        result = await work
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, left
        return result

    with asyncio.Runner(loop_factory=LeapingLoop) as runner:
        return runner.run(supervised())


def clock() -> float:
    """Seconds since the beginning."""
    return asyncio.get_running_loop().time() - BEGIN


@dataclass
class Stage:
    """One bot and its customers.

    Attributes:
        previews: Ids that were noted; what the store would know.
        trouble: Raised by the next notes.
    """

    api: BotApi
    bot: telegram.Bot
    anna: Person
    messenger: TelegramMessenger
    previews: list[int] = field(default_factory=list)
    trouble: list[StorageError] = field(default_factory=list)
    ids: Iterator[int] = field(default_factory=lambda: count(1))

    async def previewed(self, message_id: int) -> None:
        if self.trouble:
            raise self.trouble.pop(0)
        self.previews.append(message_id)

    def turn(
        self, chat_id: int | None = None, *, language: Language = "ru", preview: int | None = None
    ) -> Turn:
        number = chat_id or self.anna.id
        chat = Chat(number, "Анна", None, language, None, NOW, preview=preview)
        message = Message(next(self.ids), number, "customer", "text", "Есть доставка?", NOW)
        return Turn(chat, "token", (message,), (1,), None, None)

    @asynccontextmanager
    async def composing(self, turn: Turn | None = None) -> AsyncGenerator[Callable[[str], None]]:
        async with self.messenger.composing(turn or self.turn(), self.previewed) as show:
            yield show

    async def answer(
        self,
        text: str,
        chat_id: int | None = None,
        *,
        preview: int | None = None,
        keyboard: Keyboard | None = None,
    ) -> tuple[int, ...]:
        """Deliver as the core does: what is put off is tried again later, from where it was."""
        sent: tuple[int, ...] = ()

        async def note(ids: tuple[int, ...]) -> None:
            nonlocal sent
            sent = ids

        for attempts in count():
            delivery = Delivery(1, chat_id or self.anna.id, 1, text, sent, attempts, keyboard, preview)
            try:
                return await self.messenger.deliver(delivery, note)
            except DeliveryLater as later:
                await asyncio.sleep(later.pause.total_seconds() if later.pause else 1.0)
        raise AssertionError

    def at(self, method: str, *, refused: bool = False) -> list[float]:
        """When the method was called, seconds from the beginning."""
        return [round(call.at - BEGIN, 3) for call in self.calls(method, refused=refused)]

    def calls(self, method: str, *, refused: bool = False) -> list[Call]:
        return [call for call in self.api.calls_of(method) if refused or call.status == 200]

    def drafts(self, chat_id: int | None = None) -> list[str]:
        return [draft.text for draft in self.api.chat(chat_id or self.anna.id).drafts]


def play(
    scenario: Callable[[Stage], Awaitable[Any]],
    *,
    streaming: Streaming = "drafts",
    pace: tuple[float, float] = (0, 0),
    limits: Limits | None = None,
) -> Any:
    """Act a scenario on the leaping clock."""

    async def work() -> Any:
        api = BotApi(TOKEN, clock=asyncio.get_running_loop().time, limits=limits or Limits())
        transport = httpx.ASGITransport(api.app)
        requests = [HTTPXRequest(256, httpx_kwargs={"transport": transport}) for _ in range(2)]
        bot = telegram.Bot(
            TOKEN,
            base_url="http://telegram/bot",
            base_file_url="http://telegram/file/bot",
            request=requests[0],
            get_updates_request=requests[1],
        )
        anna = api.person()
        anna.start()
        async with bot:
            return await scenario(Stage(api, bot, anna, TelegramMessenger(bot, Pace(*pace), streaming)))

    return run(work())
