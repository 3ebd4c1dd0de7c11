"""The load: customers whose every message can be told apart, and a model that names what it answers.

Message 3 of customer 17 carries "q17x3"; the answer to it carries "a17x3". A tenth of the messages leave a
contact with a number that nobody else has.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from sovetnik.demo.botapi import BotApi, Message
from sovetnik.demo.modelapi import ModelRequest, Reply, Text, ToolCall
from tests.acceptance.stage import EXAMPLES

FIRST_CHAT = 5_100_000_000
BURST = 0.08
"""How many messages do not wait for the answer to the one before."""
BATCH = 100
"""Updates that one getUpdates gives at most."""

SWAPPED = 0.05
"""How many pairs of messages reach the bot in the wrong order."""

QUESTIONS = (
    "Сколько стоит доставка?",
    "Какая гарантия на стол?",
    "Из чего сделан шкаф Нерль?",
    "Можно ли вернуть заказ?",
    "Какая гарантия на шкаф?",
)
CONSENT = (EXAMPLES / "ru" / "consent.md").read_text().strip()
"""What a customer is shown before a contact is stored: no answer, and once."""

_ASKED = re.compile(r"\bq(\d+)x(\d+)\b")
_NAMED = re.compile(r"\ba(\d+)x(\d+)\b")


def asked_in(text: str) -> list[tuple[int, int]]:
    """(customer, message) of each question in a text."""
    return [(int(who), int(number)) for who, number in _ASKED.findall(text)]


def named_in(text: str) -> list[tuple[int, int]]:
    """(customer, message) of each question that an answer names."""
    return [(int(who), int(number)) for who, number in _NAMED.findall(text)]


def key_of(text: str) -> str:
    """What tells an answer apart: the questions that it names, or that it names none (a quote)."""
    if text == CONSENT:
        return "consent"
    return " ".join(f"{who}x{number}" for who, number in named_in(text)) or "quote"


def _is_quote(text: str) -> bool:
    return key_of(text) == "quote"


def phone_of(customer: int) -> str:
    return f"+7916{2_000_000 + customer}"


@dataclass(frozen=True)
class Sent:
    """One message that a customer sent, with the bot's clock at that moment."""

    message: Message
    at: datetime


@dataclass
class Load:
    """So many customers with so many messages each, over so many seconds."""

    seed: int
    chats: int
    messages: int
    seconds: float
    clock: Callable[[], datetime] | None = None
    swaps: bool = True
    """Whether a batch may hold two messages in the wrong order; a webhook gets each chat's one by one."""
    sent: list[Sent] = field(default_factory=list)
    unsound: list[str] = field(default_factory=list)
    """What the model was shown of a dialogue that never was so."""
    refused: set[int] = field(default_factory=set)
    """Customers who were told that their contact was not saved; they leave it again."""
    refusals: int = 0
    swapped: int = 0
    telegram: BotApi = field(init=False)

    @property
    def total(self) -> int:
        return self.chats * self.messages

    def chat_id(self, customer: int) -> int:
        return FIRST_CHAT + customer

    def leaves_contact(self, customer: int, number: int) -> bool:
        return (customer * self.messages + number) % 10 == 4

    def with_contact(self) -> set[int]:
        """Customers of whom there must be a lead."""
        return {
            customer
            for customer in range(self.chats)
            for number in range(self.messages)
            if self.leaves_contact(customer, number)
        }

    def text(self, customer: int, number: int) -> str:
        if self.leaves_contact(customer, number) or customer in self.refused:
            return f"q{customer}x{number} Я Покупатель {customer}, телефон {phone_of(customer)}, стол"
        return f"q{customer}x{number} {QUESTIONS[(customer + number) % len(QUESTIONS)]}"

    async def run(self) -> None:
        """Everybody writes, and waits for the last answer."""
        await asyncio.gather(*(self._customer(number) for number in range(self.chats)))

    async def _customer(self, customer: int) -> None:
        rng = random.Random(f"{self.seed} {customer}")
        began = time.monotonic()
        moments = sorted(rng.uniform(0, self.seconds) for _ in range(self.messages))
        number = 0
        while number < self.messages:
            await asyncio.sleep(max(0.0, began + moments[number] - time.monotonic()))
            if rng.random() < SWAPPED and self.swaps and number + 1 < self.messages:
                self._say_swapped(customer, number)
                number += 1
            else:
                self._say(customer, number)
            number += 1
            if rng.random() >= BURST:
                await self.answered(customer, number - 1)
        await self.answered(customer, self.messages - 1)

    def _say(self, customer: int, number: int) -> None:
        person = self.telegram.person(self.chat_id(customer), first_name=f"Покупатель{customer}")
        self.sent.append(Sent(person.say(self.text(customer, number)), self.clock()))

    def _say_swapped(self, customer: int, number: int) -> None:
        """Two messages, the second delivered first: nobody has fetched the queue in between."""
        self._say(customer, number)
        self._say(customer, number + 1)
        queue = self.telegram.updates.queue
        if (len(queue) - 1) % BATCH == 0:
            # They would come in two batches, and who confirms the first has confirmed all lower ids. Telegram
            # never does so, and no bot could get the second.
            return
        queue[-2], queue[-1] = queue[-1], queue[-2]
        self.swapped += 1

    async def answered(self, customer: int, number: int) -> None:
        """Until the message is answered, as far as its customer can tell."""
        chat = self.telegram.chat(self.chat_id(customer))

        def seen() -> bool:
            after = False
            for message in chat.messages:
                if not message.from_bot:
                    after = after or (customer, number) in asked_in(message.text)
                elif after and ((customer, number) in named_in(message.text) or _is_quote(message.text)):
                    return True
            return False

        while not seen():
            await self.telegram.feed.changed()

    async def brain(self, request: ModelRequest) -> Reply:
        """Name what is asked; save a contact first where there is one."""
        asked = asked_in(request.last_user_text)
        self._look_at(request, asked)
        delay = random.Random(request.last_user_text).uniform(0.01, 0.25)
        if "+7916" in request.last_user_text and not request.tool_outputs:
            customer = asked[-1][0]
            contact = {
                "name": f"Покупатель {customer}",
                "phone": phone_of(customer),
                "order": f"Стол {customer}",
            }
            return Reply([ToolCall("save_contact", contact)], first_token_delay=delay)
        said = "Спасибо за вопрос, сейчас всё расскажу."
        if request.tool_outputs:
            said = self._told(asked[-1][0], request.tool_outputs[-1].output)
        names = " ".join(f"a{who}x{number}" for who, number in asked)
        return Reply([Text(f"{names} {said}")], first_token_delay=delay, chunk=4)

    def _told(self, customer: int, result: str) -> str:
        if '"saved": true' in result:
            self.refused.discard(customer)
            return "Спасибо, записал."
        self.refused.add(customer)
        self.refusals += 1
        return "Записать не получилось, оставьте номер ещё раз."

    def _look_at(self, request: ModelRequest, asked: list[tuple[int, int]]) -> None:
        """The model must be shown the dialogue as it was: each message once, in order, up to this one."""
        shown = [found for text in request.user_texts for found in asked_in(text)]
        wanted = [(asked[0][0], number) for number in range(asked[-1][1] + 1)] if asked else []
        if shown != wanted:
            self.unsound.append(f"customer {asked[:1]}: {shown}")
