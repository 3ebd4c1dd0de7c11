"""A double of the Bot API with its customers, who write again as soon as they are answered (closed loop)."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from benchmarks.load.web import Request

TOKEN = "7000000001:benchmark-token-for-loopback-only"  # not a secret
BOT = {"id": 7_000_000_001, "is_bot": True, "first_name": "Bench", "username": "bench_bot"}
OTHERS: dict[str, object] = {
    "getme": {**BOT, "can_join_groups": True, "can_read_all_group_messages": False},
    "getwebhookinfo": {"url": "", "has_custom_certificate": False, "pending_update_count": 0},
    "getmycommands": [],
}
QUESTIONS = (
    "Подскажите, пожалуйста, есть ли эта модель в наличии и сколько стоит доставка?",
    "А чем она отличается от предыдущей версии?",
    "Какая гарантия и можно ли вернуть товар, если он не подойдёт?",
    "Мне нужно для небольшого офиса, бюджет около тридцати тысяч. Что посоветуете?",
    "Хорошо, а как оформить заказ?",
)
FIRST_CHAT = 5_000_000_000


@dataclass(slots=True)
class Turn:
    """A question and when its answer came.

    Attributes:
        follows: What is asked after it, as `Telegram._ask` counts.
        asked: `time.perf_counter`, as in `first` and `final` (0.0: not yet).
        first: The answer's first words were seen, be it in a draft.
        final: The whole answer was seen in a message.
        message: Telegram's id of that message.
        answers: Messages with the whole answer: one, if all is well.
    """

    follows: int
    asked: float
    first: float = 0.0
    final: float = 0.0
    message: int = 0
    answers: int = 0


class Telegram:
    """The Bot API, for one bot that polls.

    Attributes:
        turns: Every question, by its number.
        ready: The bot polls.
        answered: Questions that have their whole answer.
        idle: Nobody waits for an answer, and nobody asks any more.
    """

    def __init__(self, customers: int, *, spread: float, once: bool) -> None:
        self.customers, self.spread, self.once = customers, spread, once
        self.loop = asyncio.get_running_loop()
        self.methods: dict[str, Callable[[Request], None]] = {
            "getupdates": self._get_updates,
            "sendmessage": self._send_message,
            "sendmessagedraft": self._draft,
            "editmessagetext": self._edit,
        }
        self.calls: Counter[str] = Counter()
        self.turns: list[Turn] = []
        self.waiting = self.answered = 0
        self.stopping = False
        self.ready, self.idle = asyncio.Event(), asyncio.Event()
        self.updates: deque[tuple[int, bytes]] = deque()
        self.poll: Request | None = None
        self.next_customer = self.next_message = 1
        self.next_update = 1_000_000_000  # beyond those of a filled database

    def begin(self) -> None:
        """The customers come, evenly within `spread` seconds."""
        for number in range(self.customers):
            self.loop.call_later(self.spread * number / self.customers, self._new_customer)

    def __call__(self, request: Request) -> None:
        method = request.path.rpartition("/")[2].lower()
        self.calls[method] += 1
        if handler := self.methods.get(method):
            handler(request)
        else:
            request.reply(json.dumps({"ok": True, "result": OTHERS.get(method, True)}).encode())

    # the bot's side

    def _get_updates(self, request: Request) -> None:
        asked = request.parameters()
        offset, timeout = int(asked.get("offset") or 0), float(asked.get("timeout") or 0)
        while self.updates and self.updates[0][0] < offset:
            self.updates.popleft()
        self.ready.set()
        if self.poll is not None and not self.poll.gone:
            self.poll.reply(b'{"ok":false,"error_code":409,"description":"Conflict: other getUpdates"}', 409)
        self.poll = request
        if self.updates or not timeout:
            self._hand_out(request)
        else:
            self.loop.call_later(timeout, self._hand_out, request)

    def _hand_out(self, request: Request) -> None:
        if self.poll is request:
            self.poll = None
            batch = [raw for _, raw in itertools.islice(self.updates, 100)]
            request.reply(b'{"ok":true,"result":[%s]}' % b",".join(batch))

    def _send_message(self, request: Request) -> None:
        said = request.parameters()
        number = self.next_message
        self.next_message += 1
        self._reply_with_message(request, said, number)
        self._shown(said["text"], number)

    def _edit(self, request: Request) -> None:
        said = request.parameters()
        self._reply_with_message(request, said, int(said["message_id"]))
        self._shown(said["text"], int(said["message_id"]))

    def _draft(self, request: Request) -> None:
        request.reply(b'{"ok":true,"result":true}')
        self._shown(request.parameters()["text"], None)

    def _reply_with_message(self, request: Request, said: dict[str, Any], number: int) -> None:
        message = {
            "message_id": number,
            "date": int(time.time()),
            "chat": {"id": int(said["chat_id"]), "type": "private", "first_name": "Анна"},
            "from": BOT,
            "text": said["text"],
        }
        request.reply(json.dumps({"ok": True, "result": message}, ensure_ascii=False).encode())

    # the customers' side

    def _shown(self, text: str, message: int | None) -> None:
        """A customer sees a text; `message` is None for a draft, which is no answer yet."""
        if not text.startswith("re-"):
            return
        turn = self.turns[int(text[3 : text.index(":")])]
        now = time.perf_counter()
        turn.first = turn.first or now
        if message is None or not text.endswith("."):
            return
        if " end-" in text and message != turn.message:
            turn.answers += 1
            turn.message = message
            if turn.answers == 1:
                turn.final = now
                self._answered(turn.follows)

    def _answered(self, follows: int) -> None:
        self.waiting -= 1
        self.answered += 1
        if not self.stopping and not self.once:
            self._ask(follows)
        elif not self.waiting and (self.stopping or self.next_customer > self.customers):
            self.idle.set()

    def stop(self) -> None:
        """Nobody asks any more."""
        self.stopping = True
        if not self.waiting:
            self.idle.set()

    def _new_customer(self) -> None:
        if not self.stopping:
            self.next_customer += 1
            self._ask((self.next_customer - 2) * len(QUESTIONS))

    def _ask(self, asked: int) -> None:
        """`asked` counts a customer's questions; after the last a new customer comes in the place."""
        customer, question = divmod(asked, len(QUESTIONS))
        chat = FIRST_CHAT + customer
        number, update = len(self.turns), self.next_update
        follows = asked + 1
        if question == len(QUESTIONS) - 1 and not self.once:
            follows = (self.next_customer - 1) * len(QUESTIONS)
            self.next_customer += 1
        self.turns.append(Turn(follows, time.perf_counter()))
        self.next_update += 1
        self.waiting += 1
        who = {"id": chat, "first_name": "Анна", "username": f"anna{customer}"}
        message = {
            "message_id": update,
            "from": {**who, "is_bot": False, "language_code": "ru"},
            "chat": {**who, "type": "private"},
            "date": int(time.time()),
            "text": f"{QUESTIONS[question]} ask-{number}",
        }
        raw = json.dumps({"update_id": update, "message": message}, ensure_ascii=False).encode()
        self.updates.append((update, raw))
        if self.poll is not None and not self.poll.gone:
            self._hand_out(self.poll)
