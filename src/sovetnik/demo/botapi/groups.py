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
        """The person is in the group; nobody is told."""
        if person.id not in self.chat.members:
            self.chat.members.append(person.id)

    def invite(self, person: Person, by: Person | None = None) -> Message:
        """The person comes in, alone or brought by somebody, and the group is told."""
        self.join(person)
        user = person.user.json()
        more = {"new_chat_participant": user, "new_chat_member": user}  # what old bots read
        return self.service(by or person, {**more, "new_chat_members": [user]})

    def leave(self, person: Person, by: Person | None = None) -> Message:
        """The person goes, or is removed by somebody, and the group is told."""
        self.chat.members.remove(person.id)
        user = person.user.json()
        return self.service(by or person, {"left_chat_participant": user, "left_chat_member": user})

    def rename(self, title: str, by: Person) -> Message:
        """Somebody gives the group another title."""
        self.chat.data["title"] = title
        return self.service(by, {"new_chat_title": title})

    def service(self, by: Person, content: JsonDict) -> Message:
        """Any service message; privacy mode hides none of them from the bot."""
        return self._service(self.chat, by.user.json(), content)

    def remove_bot(self, by: Person) -> int | None:
        """Somebody throws the bot out; gives the id of the ``my_chat_member`` update that tells it."""
        self.chat.bot_is_out = True
        is_supergroup = self.chat.data["type"] == "supergroup"
        out: JsonDict = {"status": "kicked", "until_date": 0} if is_supergroup else {"status": "left"}
        update_id = self._tell(by, {"status": "member"}, out)
        left = self._service(self.chat, by.user.json(), {"left_chat_member": self.api.bot_user()})
        left.update_id = self.api.updates.add("message", copy.deepcopy(left.data))  # the last that it gets
        return update_id

    def add_bot(self, by: Person) -> int | None:
        """Somebody takes the bot in; gives the id of the ``my_chat_member`` update that tells it."""
        self.chat.bot_is_out = False
        update_id = self._tell(by, {"status": "left"}, {"status": "member"})
        bot = self.api.bot_user()
        more = {"new_chat_participant": bot, "new_chat_member": bot}
        self.service(by, {**more, "new_chat_members": [bot]})
        return update_id

    def _tell(self, by: Person, old: JsonDict, new: JsonDict) -> int | None:
        bot = self.api.bot_user()
        return self.api.tell_membership(self.chat, by.user, {"user": bot, **old}, {"user": bot, **new})

    def migrate(self) -> Group:
        """Make it a supergroup: another chat with another id, and two service messages that say so."""
        old = self.chat
        # Telegram's new id has nothing to do with the old one; a fixed rule keeps tests readable.
        number = -1_000_000_000_000 + old.id
        data = {"id": number, "title": old.data["title"], "type": "supergroup"}
        new = Chat(number, self.api.clock, data, members=list(old.members))
        self.api.world.chats[number] = new
        sender = self.api.world.users[old.members[0]].json() if old.members else self.api.bot_user()
        self._service(old, sender, {"migrate_to_chat_id": number})
        self._service(new, sender, {"migrate_from_chat_id": old.id})
        old.migrated_to = number
        return Group(self.api, new)

    def _service(self, chat: Chat, sender: JsonDict, content: JsonDict) -> Message:
        message = self.api.world.add_message(chat, sender, content)
        if not chat.bot_is_out:
            message.update_id = self.api.updates.add("message", copy.deepcopy(message.data))
        self.api.feed.wake()
        return message


def bot_sees(api: BotApi, chat: Chat, message: Message) -> bool:
    """Privacy mode: in a group a bot gets commands, mentions of itself and replies to itself."""
    if chat.bot_is_out:
        return False
    if chat.is_private or not api.privacy_mode:
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
