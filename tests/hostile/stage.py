"""The whole way of an update in one process: Telegram over HTTP, real store, real turns."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import telegram

from sovetnik.core.commands import Office
from sovetnik.core.house import House
from sovetnik.core.model import Incoming
from sovetnik.core.ports import Assistant
from sovetnik.core.turn import Turns
from sovetnik.demo.botapi import BotApi, Person
from sovetnik.demo.serving import serve
from sovetnik.storage import SqlStore
from sovetnik.telegram_ui import BotSettings, TelegramMessenger, make_bot, say_hello
from sovetnik.telegram_ui.incoming import incoming_from
from sovetnik.telegram_ui.pace import Pace
from tests.core.shop import FORM
from tests.core.shop import Assistant as Echo
from tests.storage.samples import Clock, database

TOKEN = "7000000001:AAF-loopback-only-token-of-the-tests"
OWNER = 999_001
PATIENCE = 10.0


class HastyTurns(Turns):
    """Waits by moving the clock on."""

    clock: Clock

    async def _pause(self, seconds: float) -> None:
        self.clock.later(seconds=seconds)
        await asyncio.sleep(0)


@dataclass
class Stage:
    """One bot with its store, and the customers in front of it.

    Attributes:
        accepted: Everything that was stored, in order.
    """

    telegram: BotApi
    bot: telegram.Bot
    store: SqlStore
    turns: Turns
    clock: Clock
    database: str
    accepted: list[Incoming] = field(default_factory=list, repr=False)
    asked: int = 0

    async def accept(self, updates: Sequence[Incoming]) -> None:
        """Store and answer, as the product does."""
        woken = await self.store.accept(updates)
        self.accepted += updates
        for chat in woken:
            async with asyncio.timeout(PATIENCE):
                await self.turns.drain(chat)

    async def feed(self, update: dict[str, Any]) -> Incoming | None:
        """An update on its whole way; gives what was read in it."""
        whole = {"update_id": self.telegram.updates.next_id, **update}
        self.telegram.updates.next_id += 1
        incoming = incoming_from(telegram.Update.de_json(whole, self.bot), self.bot.bot)
        if incoming is not None:
            await self.accept([incoming])
        return incoming

    async def hear(self) -> None:
        """Everything that people have done at Telegram since the last time."""
        for queued in list(self.telegram.updates.queue):
            await self.feed(queued.update)
        self.telegram.updates.queue.clear()

    async def still_answers(self, person: Person) -> None:
        """A usual message of that customer is answered as usual."""
        self.asked += 1
        text = f"Обычный вопрос номер {self.asked}"
        person.say(text)
        await self.hear()
        assert text in self.telegram.answers(person.id)[-1]


@asynccontextmanager
async def stage(
    folder: Path, assistant: Assistant | None = None, house: House | None = None, **more: Any
) -> AsyncGenerator[Stage]:
    """Everything but the model; ``assistant`` repeats what it hears unless another is given."""
    clock = Clock()
    api = BotApi(TOKEN)
    where = database(folder)
    async with serve(api.app) as url, SqlStore.open(where, exclusive=True, clock=clock) as store:
        settings = BotSettings(TOKEN, url)
        bot = make_bot(settings)
        await say_hello(bot, settings)

        async def answer(kind: str) -> str:
            return f"owner's {kind}"

        async def paired(chat_id: int) -> None:
            del chat_id

        turns = HastyTurns(
            store=store,
            assistant=assistant or Echo(),
            messenger=TelegramMessenger(bot, Pace(0, 0), "off"),
            form=FORM,
            wake_mails=lambda: None,
            house=house or House(),
            office=Office(frozenset({OWNER}), answer, paired, lambda: None),
            **more,
        )
        turns.clock = clock
        try:
            yield Stage(api, bot, store, turns, clock, where)
        finally:
            await bot.shutdown()
