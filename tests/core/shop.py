"""A chat's work over the real store, with an assistant that follows scripts and a messenger that notes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from sovetnik.core.commands import Commands, Office
from sovetnik.core.contacts import ContactForm, FormField
from sovetnik.core.events import Done, Event, TextDelta
from sovetnik.core.house import House
from sovetnik.core.model import Command, Delivery, Message, Turn, Usage
from sovetnik.core.ports import Desk
from sovetnik.core.turn import Turns
from sovetnik.storage import SqlStore
from tests.storage.samples import Clock

Script = Callable[[Turn, Desk], Awaitable[str | None]]
GOOD = json.dumps({"name": "Анна", "phone": "8 912 345-67-89", "order": "Кровать", "city": "Пермь"})
FORM = ContactForm(fields=(FormField("city", "Город", required=True),))


class Assistant:
    """Answers with the customer's words, or as the next script says; None ends without an answer."""

    def __init__(self, *scripts: Script) -> None:
        self.scripts = list(scripts)
        self.turns: list[Turn] = []
        self.asked = asyncio.Event()

    async def answer(self, turn: Turn, desk: Desk) -> AsyncIterator[Event]:
        self.turns.append(turn)
        self.asked.set()
        text: str | None = f"re: {' | '.join(m.text for m in turn.messages)}"
        if self.scripts:
            text = await self.scripts.pop(0)(turn, desk)
        yield TextDelta("…")
        if text is not None:
            yield Done(text, Usage("model", 10, 0, 5, 0.1, 1))


class Messenger:
    """Delivers at once, or raises the next trouble of that chat."""

    def __init__(self) -> None:
        self.sent: list[tuple[int, str]] = []
        self.deliveries: list[Delivery] = []
        self.trouble: list[Exception | None] = []
        self.in_trouble = asyncio.Event()
        self.on_send: Callable[[], Any] = lambda: None
        self.shown: list[str] = []
        self.presses: list[str] = []

    @asynccontextmanager
    async def composing(
        self, turn: Turn, previewed: Callable[[int], Awaitable[None]]
    ) -> AsyncGenerator[Callable[[str], None]]:
        yield self.shown.append

    async def pressed(self, command: Command) -> None:
        self.presses.append(command.incoming.text)

    async def deliver(
        self, delivery: Delivery, note: Callable[[tuple[int, ...]], Awaitable[None]]
    ) -> tuple[int, ...]:
        trouble = self.trouble.pop(0) if self.trouble else None
        if trouble:
            self.in_trouble.set()
            raise trouble
        self.sent.append((delivery.chat_id, delivery.text))
        self.deliveries.append(delivery)
        self.on_send()
        return (len(self.sent),)


@dataclass
class Shop:
    """Turns with all that they need."""

    store: SqlStore
    assistant: Assistant
    messenger: Messenger
    turns: Turns
    clock: Clock
    mails_woken: list[None] = field(default_factory=list)

    def furnish(self, house: House, office: Office | None = None) -> None:
        self.turns.house = house
        self.turns.commands = Commands(self.store, self.messenger, house, office)

    async def write(self, *updates: Any) -> None:
        await self.store.accept(updates)

    async def drain(self, chat_id: int = 1) -> None:
        async with asyncio.timeout(10):
            await self.turns.drain(chat_id)

    @property
    def read(self) -> list[str]:
        return [text for _, text in self.messenger.sent]

    @property
    def keyboards(self) -> list[str | None]:
        """Kinds of the keyboards that came with what was read."""
        return [each.keyboard and each.keyboard.kind for each in self.messenger.deliveries]

    async def stored(self) -> list[Message]:
        return [row.message async for row in self.store.export(None, None)]


class Failing:
    """The real store, with methods that raise as often as ordered."""

    def __init__(self, store: SqlStore, **failures: list[Exception]) -> None:
        self._store = store
        self._failures = failures

    def __getattr__(self, name: str) -> Any:
        if self._failures.get(name):
            error = self._failures[name].pop(0)

            async def refuse(*_: object, **__: object) -> None:
                raise error

            return refuse
        return getattr(self._store, name)
