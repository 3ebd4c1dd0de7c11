"""Groups with the bot in them."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from sovetnik.demo.botapi.state import Chat
from sovetnik.demo.botapi.utf16 import cut

if TYPE_CHECKING:
    from sovetnik.demo.botapi.api import BotApi
    from sovetnik.demo.botapi.people import Person
    from sovetnik.demo.botapi.refusal import JsonDict
    from sovetnik.demo.botapi.state import Message


class Group:
    """A group or, after ``migrate``, a supergroup; people write there with ``person.say(…, group=group)``."""

    def __init__(self, api: BotApi, chat: Chat) -> None:
        self.api = api
        self.chat = chat

    @property
    def id(self) -> int:
        """The chat's id, below zero."""
        return self.chat.id

    def join(self, person: Person) -> None:
        """The person comes in; the bot is not told."""
        if person.id not in self.chat.members:
            self.chat.members.append(person.id)

    def remove_bot(self, by: Person) -> int | None:
        """Somebody throws the bot out; gives the id of the update that tells it."""
        return self._set_out(by, out=True)

    def add_bot(self, by: Person) -> int | None:
        """Somebody takes the bot in again."""
        return self._set_out(by, out=False)

    def _set_out(self, by: Person, *, out: bool) -> int | None:
        self.chat.bot_is_out = out
        bot = self.api.bot_user()
        member: JsonDict = {"user": bot, "status": "member"}
        left: JsonDict = {"user": bot, "status": "left"}
        old, new = (member, left) if out else (left, member)
        return self.api.tell_membership(self.chat, by.user, old, new)

    def migrate(self) -> Group:
        """Make it a supergroup: another chat with another id, and two service messages that say so."""
        old = self.chat
        # Telegram's new id has nothing to do with the old one; a fixed rule keeps tests readable.
        number = -1_000_000_000_000 + old.id
        data = {"id": number, "title": old.data["title"], "type": "supergroup"}
        new = Chat(number, self.api.clock, data, members=list(old.members))
        self.api.world.chats[number] = new
        self._service(old, {"migrate_to_chat_id": number})
        self._service(new, {"migrate_from_chat_id": old.id})
        old.migrated_to = number
        return Group(self.api, new)

    def _service(self, chat: Chat, content: JsonDict) -> None:
        sender = self.api.world.users[chat.members[0]].json() if chat.members else self.api.bot_user()
        message = self.api.world.add_message(chat, sender, content)
        message.update_id = self.api.updates.add("message", copy.deepcopy(message.data))


def bot_sees(api: BotApi, chat: Chat, message: Message) -> bool:
    """Privacy mode: in a group a bot gets commands, mentions of itself and replies to itself."""
    if chat.bot_is_out:
        return False
    if not api.privacy_mode:
        return True
    replied = message.data.get("reply_to_message")
    if replied is not None and replied["from"]["id"] == api.world.bot["id"]:
        return True
    name = f"@{api.world.bot['username']}".lower()
    for entity in message.entities:
        part = cut(message.text, entity["offset"], entity["length"]).lower()
        if entity["type"] == "bot_command" and ("@" not in part or part.endswith(name)):
            return True
        if entity["type"] == "mention" and part == name:
            return True
    return False
