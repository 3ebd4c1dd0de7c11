"""How a person's message comes into a chat: where to, in reply to what, forwarded from whom."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict, Unpack

from sovetnik.demo.botapi.entities import Formatted, fixed
from sovetnik.demo.botapi.groups import Group, bot_sees
from sovetnik.demo.botapi.sending import MAX_TEXT, fields_of, without_reply
from sovetnik.demo.botapi.utf16 import width

if TYPE_CHECKING:
    from sovetnik.demo.botapi.api import BotApi
    from sovetnik.demo.botapi.refusal import JsonDict
    from sovetnik.demo.botapi.state import Chat, Message, User

_CAPTIONED = {"photo", "video", "animation", "audio", "document", "voice"}


@dataclass(frozen=True)
class Channel:
    """A channel that somebody forwards from: the post ``message_id``, signed by its author or not."""

    title: str
    id: int = -1_001_000_000_001
    username: str | None = None
    message_id: int = 1
    signature: str | None = None


class Where(TypedDict, total=False):
    """Where and how a person sends.

    Attributes:
        group: into this group instead of the private chat with the bot.
        reply_to: id of the message that is answered.
        quote: the part of its text or caption that is quoted.
        forwarded_from: whose message it was: a person, somebody whose account is hidden (the bare name), an
            anonymous administrator of a group, or a channel.
    """

    group: Group | None
    reply_to: int | None
    quote: str | None
    forwarded_from: Writer | Group | Channel | str | None


class Writer:
    """The part of a person that writes."""

    def __init__(self, api: BotApi, user: User) -> None:
        self.api = api
        self.user = user

    @property
    def id(self) -> int:
        """The person's id, which is also that of the private chat."""
        return self.user.id

    @property
    def chat(self) -> Chat:
        """The private chat with the bot."""
        return self.api.world.private_chat(self.user)

    def say(self, text: str, **where: Unpack[Where]) -> Message:
        """Send a text; commands, links, phone numbers and addresses in it become entities."""
        return self.send(fields_of(typed(text)), **where)

    def send(self, content: JsonDict, **where: Unpack[Where]) -> Message:
        """Send any message: ``content`` holds its fields as the Bot API writes them, taken as they are."""
        group = where.get("group")
        chat = self.chat if group is None else group.chat
        self._check_may_write(chat)
        data = {**content, **_answering(chat, where), **self._forwarded(where)}
        message = self.api.world.add_message(chat, self.user.json(), data)
        self.user.wrote = self.user.wrote or chat.is_private
        self.api.feed.emit("message", chat_id=chat.id, message=message.data, from_bot=False)
        if bot_sees(self.api, chat, message):
            message.update_id = self.api.updates.add("message", copy.deepcopy(message.data))
        return message

    def edit(self, message_id: int, text: str, *, group: Group | None = None) -> int | None:
        """Change the text or caption of an own message; gives the update id, None if the bot is not told."""
        chat, message = self._own(message_id, group)
        if "text" in message.data:
            replaced, fields = ("text", "entities"), fields_of(typed(text))
        else:
            replaced, fields = ("caption", "caption_entities"), caption_fields(text)
        for name in replaced:
            message.data.pop(name, None)
        message.data |= {**fields, "edit_date": int(self.api.clock())}
        self.api.feed.emit("edited", chat_id=chat.id, message=message.data, from_bot=False)
        if not bot_sees(self.api, chat, message):
            return None
        return self.api.updates.add("edited_message", copy.deepcopy(message.data))

    def _own(self, message_id: int, group: Group | None) -> tuple[Chat, Message]:
        # Every chat is searched, the person's own first: a supergroup counts its messages for itself.
        chats = [self.chat, *self.api.world.chats.values()] if group is None else [group.chat]
        for chat in chats:
            message = chat.find(message_id)
            if message is not None and message.sender == self.id and _is_editable(message):
                return chat, message
        raise ValueError(f"{self.user.first_name} has no text or caption {message_id} to edit")

    def _check_may_write(self, chat: Chat) -> None:
        if chat.is_private and self.user.blocked:
            raise ValueError(f"{self.user.first_name} has blocked the bot; start() or unblock() first")
        if chat.migrated_to is not None:
            raise ValueError(f"{chat.data['title']} has become the supergroup {chat.migrated_to}")
        if not chat.is_private and self.id not in chat.members:
            raise ValueError(f"{self.user.first_name} is not in {chat.data['title']}")

    def _forwarded(self, where: Where) -> JsonDict:
        origin = where.get("forwarded_from")
        if origin is None or origin == "":
            return {}
        return {"forward_origin": {**_origin(origin), "date": int(self.api.clock())}}


def _is_editable(message: Message) -> bool:
    if "forward_origin" in message.data:
        return False
    return "text" in message.data or not _CAPTIONED.isdisjoint(message.data)


def _origin(origin: Writer | Group | Channel | str) -> JsonDict:
    if isinstance(origin, Writer):
        return {"type": "user", "sender_user": origin.user.json()}
    if isinstance(origin, Group):
        return {"type": "chat", "sender_chat": origin.chat.data}
    if isinstance(origin, Channel):
        chat: JsonDict = {"id": origin.id, "type": "channel", "title": origin.title}
        name = {"username": origin.username} if origin.username else {}
        signed = {"author_signature": origin.signature} if origin.signature else {}
        return {"type": "channel", "chat": {**chat, **name}, "message_id": origin.message_id, **signed}
    return {"type": "hidden_user", "sender_user_name": origin}


def _answering(chat: Chat, where: Where) -> JsonDict:
    reply_to, quote = where.get("reply_to"), where.get("quote")
    if reply_to is None:
        if quote:
            raise ValueError("a quote needs the message it is from: reply_to")
        return {}
    replied = chat.find(reply_to)
    if replied is None:
        raise ValueError(f"there is no message {reply_to} to reply to")
    answered: JsonDict = {"reply_to_message": copy.deepcopy(without_reply(replied))}
    if not quote:
        return answered
    index = replied.text.find(quote)
    if index < 0:
        raise ValueError(f"{quote!r} is not in the message {reply_to}")
    position = width(replied.text[:index])
    return {**answered, "quote": {"text": quote, "position": position, "is_manual": True}}


def typed(text: str) -> Formatted:
    """What the client makes of a typed text.

    Raises:
        ValueError: it is empty, or longer than the client sends at once.
    """
    formatted = fixed(text, [], may_be_empty=True)
    if not formatted.text:
        raise ValueError("a message needs a text")
    if width(formatted.text) > MAX_TEXT:
        raise ValueError("a person's message is at most 4096 characters; the client would send several")
    return formatted


def caption_fields(caption: str) -> JsonDict:
    """A typed caption as fields of a message; none for an empty one."""
    return fields_of(typed(caption), "caption", "caption_entities") if caption else {}
