"""Simulated people: what they do in Telegram becomes updates for the bot."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sovetnik.demo.botapi.entities import Formatted, fixed
from sovetnik.demo.botapi.groups import Group, bot_sees
from sovetnik.demo.botapi.media import media_fields, store
from sovetnik.demo.botapi.sending import MAX_TEXT, fields_of, without_reply
from sovetnik.demo.botapi.utf16 import width

if TYPE_CHECKING:
    from sovetnik.demo.botapi.api import BotApi
    from sovetnik.demo.botapi.refusal import JsonDict
    from sovetnik.demo.botapi.state import Chat, Message, User


@dataclass(frozen=True)
class Sent:
    """Where and how a person sends: in which group, in reply to what, forwarded from whom."""

    group: Group | None = None
    reply_to: int | None = None
    forwarded_from: Person | str | None = None


_HERE = Sent()


class Person:
    """Somebody with a Telegram account.

    Whatever the real client does not allow raises ``ValueError``: writing to a blocked bot, pressing a button
    that is not there. Times are the server's clock.
    """

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

    def say(
        self,
        text: str,
        *,
        reply_to: int | None = None,
        forwarded_from: Person | str | None = None,
        group: Group | None = None,
    ) -> Message:
        """Send a text; commands, links, phone numbers and addresses in it become entities."""
        return self._send(fields_of(_typed(text)), Sent(group, reply_to, forwarded_from))

    def start(self, payload: str = "") -> Message:
        """Press Start, as after a link ``t.me/<bot>?start=payload``; it also unblocks the bot."""
        if self.user.blocked:
            self.unblock()
        return self.say(f"/start {payload}".strip())

    def share_contact(
        self,
        phone: str | None = None,
        *,
        user_id: int | None = None,
        first_name: str | None = None,
        forwarded_from: Person | str | None = None,
    ) -> Message:
        """Send a contact card.

        Args:
            phone: the person's own by default.
            user_id: whose card it is; by default the person's own, 0 for somebody without Telegram.
            first_name: on the card.
            forwarded_from: who wrote the message that is forwarded.
        """
        owner = self.id if user_id is None else user_id
        name = first_name or self.user.first_name
        card: JsonDict = {"phone_number": phone or self.user.phone, "first_name": name}
        contact = card | ({"user_id": owner} if owner else {})
        keyboard = next((m for m in reversed(self.chat.from_bot) if _asks_contact(m)), None)
        own = owner == self.id and keyboard is not None
        reply_to = keyboard.id if own and keyboard else None
        return self._send({"contact": contact}, Sent(reply_to=reply_to, forwarded_from=forwarded_from))

    def send_photo(self, data: bytes, *, caption: str = "", name: str = "photo.jpg") -> Message:
        """Send a picture; the bot can download ``data``."""
        return self._send_file("photo", data, name, "image/jpeg", caption)

    def send_voice(self, data: bytes, *, duration: int = 3, caption: str = "") -> Message:
        """Send a voice message of ``duration`` seconds."""
        return self._send_file("voice", data, "voice.oga", "audio/ogg", caption, duration)

    def send_document(
        self, data: bytes, *, name: str = "file.pdf", mime_type: str = "application/pdf", caption: str = ""
    ) -> Message:
        """Send a file."""
        return self._send_file("document", data, name, mime_type, caption)

    def send_sticker(self, data: bytes = b"RIFF") -> Message:
        """Send a sticker."""
        return self._send_file("sticker", data, "sticker.webp", "image/webp", "")

    def send_location(self, latitude: float, longitude: float) -> Message:
        """Send a place."""
        return self._send({"location": {"latitude": latitude, "longitude": longitude}})

    def _send_file(
        self, kind: str, data: bytes, name: str, mime_type: str, caption: str, duration: int = 1
    ) -> Message:
        stored = store(self.api, kind, data, name, mime_type)
        text = fields_of(_typed(caption), "caption", "caption_entities") if caption else {}
        return self._send({**media_fields(kind, stored, duration), **text})

    def edit(self, message_id: int, text: str) -> int | None:
        """Change an own message; gives the update id."""
        chat, message = self._own(message_id)
        message.data.pop("entities", None)
        message.data |= {**fields_of(_typed(text)), "edit_date": int(self.api.clock())}
        self.api.feed.emit("edited", chat_id=chat.id, message=message.data, from_bot=False)
        return self.api.updates.add("edited_message", copy.deepcopy(message.data))

    def _own(self, message_id: int) -> tuple[Chat, Message]:
        for chat in self.api.world.chats.values():
            message = chat.find(message_id)
            if message is not None and message.sender == self.id and "text" in message.data:
                return chat, message
        raise ValueError(f"{self.user.first_name} has no text message {message_id} to edit")

    def press(self, button: str, *, message_id: int | None = None) -> int | None:
        """Press a button, named by its callback data or by its text.

        Buttons under messages come first (the newest message that has it, or ``message_id``), then the
        keyboard under the input field, where a button for the contact sends it. Gives the update id.
        """
        for message in reversed(self.chat.from_bot):
            found = _inline_button(message, button) if message_id in (None, message.id) else None
            if found is not None:
                return self._press_inline(message, found)
        for row in (self.chat.keyboard or {}).get("keyboard", []):
            for key in row:
                if key["text"] == button:
                    sent = self.share_contact() if key.get("request_contact") else self.say(button)
                    return sent.update_id
        raise ValueError(f"there is no button {button!r} in the chat of {self.user.first_name}")

    def _press_inline(self, message: Message, button: JsonDict) -> int | None:
        self._check_not_blocked()
        if "callback_data" not in button:
            raise ValueError(f"the button {button['text']!r} opens a page and tells the bot nothing")
        self.api.last_press += 1
        press = str(self.api.last_press)
        self.api.unanswered_presses.add(press)
        query: JsonDict = {
            "id": press,
            "from": self.user.json(),
            "message": copy.deepcopy(message.data),
            "chat_instance": f"{message.chat_id}",
            "data": button["callback_data"],
        }
        return self.api.updates.add("callback_query", query)

    def block(self) -> int | None:
        """Block the bot: it cannot write any more, and is told so."""
        return self._set_blocked(blocked=True)

    def unblock(self) -> int | None:
        """Let the bot write again."""
        return self._set_blocked(blocked=False)

    def _set_blocked(self, *, blocked: bool) -> int | None:
        if self.user.blocked == blocked:
            return None
        self.user.blocked = blocked
        bot = self.api.bot_user()
        member: JsonDict = {"user": bot, "status": "member"}
        kicked: JsonDict = {"user": bot, "status": "kicked", "until_date": 0}
        old, new = (member, kicked) if blocked else (kicked, member)
        self.api.feed.emit("blocked", chat_id=self.id, blocked=blocked)
        return self.api.tell_membership(self.chat, self.user, old, new)

    def _check_not_blocked(self) -> None:
        if self.user.blocked:
            raise ValueError(f"{self.user.first_name} has blocked the bot; start() or unblock() first")

    def _send(self, content: JsonDict, sent: Sent = _HERE) -> Message:
        chat = self.chat if sent.group is None else sent.group.chat
        if sent.group is None:
            self._check_not_blocked()
            self.user.wrote = True
        elif self.id not in chat.members:
            raise ValueError(f"{self.user.first_name} is not in {chat.data['title']}")
        message = self.api.world.add_message(chat, self.user.json(), {**content, **self._context(chat, sent)})
        self.api.feed.emit("message", chat_id=chat.id, message=message.data, from_bot=False)
        if chat.is_private or bot_sees(self.api, chat, message):
            message.update_id = self.api.updates.add("message", copy.deepcopy(message.data))
        return message

    def _context(self, chat: Chat, sent: Sent) -> JsonDict:
        context: JsonDict = {}
        if sent.reply_to is not None:
            replied = chat.find(sent.reply_to)
            if replied is None:
                raise ValueError(f"there is no message {sent.reply_to} to reply to")
            context["reply_to_message"] = copy.deepcopy(without_reply(replied))
        if isinstance(sent.forwarded_from, Person):
            origin = {"type": "user", "sender_user": sent.forwarded_from.user.json()}
            context["forward_origin"] = {**origin, "date": int(self.api.clock())}
        elif sent.forwarded_from:
            origin = {"type": "hidden_user", "sender_user_name": sent.forwarded_from}
            context["forward_origin"] = {**origin, "date": int(self.api.clock())}
        return context


def _typed(text: str) -> Formatted:
    """What the client makes of a typed text."""
    formatted = fixed(text, [], may_be_empty=True)
    if not formatted.text:
        raise ValueError("a message needs a text")
    if width(formatted.text) > MAX_TEXT:
        raise ValueError("a person's message is at most 4096 characters; the client would send several")
    return formatted


def _asks_contact(message: Message) -> bool:
    rows = (message.markup or {}).get("keyboard", [])
    return any(button.get("request_contact") for row in rows for button in row)


def _inline_button(message: Message, name: str) -> JsonDict | None:
    buttons = [key for row in (message.markup or {}).get("inline_keyboard", []) for key in row]
    by_data = (key for key in buttons if key.get("callback_data") == name)
    by_text = (key for key in buttons if key["text"] == name)
    return next(by_data, None) or next(by_text, None)
