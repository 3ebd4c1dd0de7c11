"""The server as a test or the demo holds it in its hand."""

from __future__ import annotations

import asyncio
import copy
import time
from typing import TYPE_CHECKING

from sovetnik.demo.botapi.app import Dispatcher
from sovetnik.demo.botapi.dumping import dump_updates, dump_world, load_updates, load_world
from sovetnik.demo.botapi.faults import Call, Faults, Limiter, Limits
from sovetnik.demo.botapi.feed import Feed, Subscription
from sovetnik.demo.botapi.groups import Group
from sovetnik.demo.botapi.methods import NAMES
from sovetnik.demo.botapi.people import Person
from sovetnik.demo.botapi.state import Chat, Clock, Message, User, World
from sovetnik.demo.botapi.updates import Updates
from sovetnik.demo.botapi.webhook import Deliverer, Webhook

if TYPE_CHECKING:
    from collections.abc import Callable

    from sovetnik.demo.botapi.params import Params
    from sovetnik.demo.botapi.refusal import JsonDict

_NO_LIMITS = Limits()
FIRST_PERSON = 5_000_000_001


class BotApi:
    """A local Telegram: one bot, simulated people, and the Bot API between them.

    Args:
        token: the bot's token, ``<id>:<secret>``.
        username: the bot's, without @.
        name: the bot's first name.
        clock: the time, Unix seconds; long polls and pauses use real time.
        limits: how fast the bot may write; none by default.
        privacy_mode: in groups the bot gets only what is meant for it.
        retry_pause: seconds before a webhook post is tried again; doubles up to a minute.

    Attributes:
        app: the Starlette application, for ``sovetnik.demo.serving.serve``.
        calls: every call of a known method, oldest first.
        faults: what shall go wrong.
        limiter: how fast the bot may write; its ``limits`` may be set at any time.
        press_answers: what the bot answered to pressed buttons.
    """

    def __init__(
        self,
        token: str,
        *,
        username: str = "sovetnik_demo_bot",
        name: str = "Советник",
        clock: Clock = time.time,
        limits: Limits = _NO_LIMITS,
        privacy_mode: bool = True,
        retry_pause: float = 1.0,
    ) -> None:
        number = token.partition(":")[0]
        if not number.isdigit():
            raise ValueError("a token is <bot id>:<secret>")
        self.token = token
        self.clock = clock
        self.limiter = Limiter(limits, clock)
        self.privacy_mode = privacy_mode
        self.retry_pause = retry_pause
        self.world = World(
            clock, {"id": int(number), "is_bot": True, "first_name": name, "username": username}
        )
        self.feed = Feed()
        self.updates = Updates(clock)
        self.updates.on_poll.append(self.feed.wake)
        self.webhook = Webhook()
        self.faults = Faults()
        self.calls: list[Call] = []
        self.last_press = 0
        self.unanswered_presses: dict[str, float] = {}
        self.press_answers: list[JsonDict] = []
        self._people: dict[int, Person] = {}
        self._dispatcher = Dispatcher(self)
        self.app = self._dispatcher.app

    def person(
        self,
        id: int | None = None,  # noqa: A002 - the field's own word
        *,
        first_name: str = "Анна",
        last_name: str | None = None,
        username: str | None = None,
        language_code: str | None = "ru",
        phone: str = "+79161234567",
    ) -> Person:
        """A new person, or the one who has that id already (then the names are not looked at)."""
        number = id or max([FIRST_PERSON - 1, *self.world.users]) + 1
        user = self.world.users.get(number)
        if user is None:
            user = User(number, first_name, last_name, username, language_code, phone)
            self.world.users[number] = user
            self.world.private_chat(user)
        return self._people.setdefault(number, Person(self, user))

    def group(
        self,
        *members: Person,
        id: int = -4_000_001,  # noqa: A002 - the field's own word
        title: str = "Команда",
        has_bot: bool = True,
    ) -> Group:
        """A new group of these people and the bot, or the one that has that id already.

        The bot is not told that it is in; without ``has_bot`` it is not, and ``group.add_bot`` tells it.
        """
        if id not in self.world.chats:
            data = {"id": id, "title": title, "type": "group", "all_members_are_administrators": False}
            self.world.chats[id] = Chat(id, self.clock, data, bot_is_out=not has_bot)
        group = Group(self, self.world.chats[id])
        for member in members:
            group.join(member)
        return group

    def push(self, update: JsonDict) -> int:
        """Queue a raw update, also one with an id that was used before: it is handed all the same."""
        return self.updates.push(update)

    def chat(self, chat_id: int) -> Chat:
        """A chat's visible state.

        Raises:
            KeyError: there is no such chat.
        """
        return self.world.chats[chat_id]

    def answers(self, chat_id: int) -> list[str]:
        """Texts and captions of the bot's messages that stand in the chat, in order."""
        return [message.text for message in self._from_bot(chat_id)]

    def calls_of(self, method: str) -> list[Call]:
        """The calls of one method, oldest first."""
        return [call for call in self.calls if call.method.lower() == method.lower()]

    async def wait_for_messages(self, chat_id: int, n: int = 1, timeout: float = 10) -> list[Message]:  # noqa: ASYNC109
        """The bot's messages in the chat, as soon as there are ``n`` or more.

        Raises:
            TimeoutError: with what is there.
        """
        try:
            await self.feed.until(lambda: len(self._from_bot(chat_id)) >= n, timeout)
        except TimeoutError:
            there = self.answers(chat_id)
            raise TimeoutError(f"{len(there)} of {n} messages in chat {chat_id}: {there}") from None
        return self._from_bot(chat_id)

    async def wait_until(self, condition: Callable[[], bool], timeout: float = 10) -> None:  # noqa: ASYNC109
        """Wait for anything else; the condition is looked at whenever something happens here.

        Raises:
            TimeoutError: not within ``timeout`` seconds.
        """
        await self.feed.until(condition, timeout)

    def subscribe(self) -> Subscription:
        """Everything that happens from now on, as small dicts with an ``event``; ``close()`` it after use.

        Events: message, edited (``message``, ``from_bot``), deleted (``message_id``), draft (``draft_id``,
        ``text``, ``entities``), action, keyboard (None: removed), blocked, commands, press_answer. Those of a
        chat have ``chat_id``.
        """
        return self.feed.subscribe()

    def dump(self) -> JsonDict:
        """Everything but calls, faults and webhook, as JSON."""
        return copy.deepcopy(
            {
                "token": self.token,
                "privacy_mode": self.privacy_mode,
                "last_press": self.last_press,
                "world": dump_world(self.world),
                "updates": dump_updates(self.updates),
            }
        )

    @classmethod
    def load(cls, dumped: JsonDict, *, clock: Clock = time.time, limits: Limits = _NO_LIMITS) -> BotApi:
        """A server with the state that ``dump`` gave; people are there again by ``person(id)``."""
        api = cls(dumped["token"], clock=clock, limits=limits, privacy_mode=dumped["privacy_mode"])
        dumped = copy.deepcopy(dumped)
        api.last_press = dumped["last_press"]
        api.world = load_world(dumped["world"], clock)
        api.updates = load_updates(dumped["updates"], clock)
        api.updates.on_poll.append(api.feed.wake)
        return api

    # What the rest of the package needs.

    def bot_user(self) -> JsonDict:
        """The bot as a ``User``."""
        return dict(self.world.bot)

    def tell_membership(self, chat: Chat, by: User, old: JsonDict, new: JsonDict) -> int | None:
        """The ``my_chat_member`` update: somebody changed what the bot may do in the chat."""
        change: JsonDict = {"chat": chat.data, "from": by.json(), "date": int(self.clock())}
        return self.updates.add("my_chat_member", {**change, "old_chat_member": old, "new_chat_member": new})

    def start_webhook(self) -> None:
        """Post updates from now on, if a webhook is set and nobody does yet."""
        if self.webhook.url and self.webhook.task is None:
            self.webhook.task = asyncio.create_task(Deliverer(self, self.webhook).run())

    async def execute(self, method: str, params: Params) -> None:
        """Do a method that came in a webhook's answer; unknown ones are left alone."""
        if method.lower() in NAMES:
            call = self._dispatcher.log(NAMES[method.lower()], params, "")
            await self._dispatcher.run(call, params)

    def close(self) -> None:
        """End long polls, subscriptions and webhook posts: the server stops."""
        self.updates.end_poll()
        self.webhook.stop()
        self.feed.close()

    def _from_bot(self, chat_id: int) -> list[Message]:
        chat = self.world.chats.get(chat_id)
        return chat.from_bot if chat else []
