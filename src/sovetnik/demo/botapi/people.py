"""Simulated people: what they do in Telegram becomes updates for the bot."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Unpack

from sovetnik.demo.botapi import contents
from sovetnik.demo.botapi.albums import album_contents
from sovetnik.demo.botapi.media import media_fields, store
from sovetnik.demo.botapi.profile import shown_commands
from sovetnik.demo.botapi.writing import Where, Writer, caption_fields

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sovetnik.demo.botapi.albums import AlbumItem
    from sovetnik.demo.botapi.groups import Group
    from sovetnik.demo.botapi.refusal import JsonDict
    from sovetnik.demo.botapi.state import Message


class Person(Writer):
    """Somebody with a Telegram account.

    Whatever the real client does not allow raises ``ValueError``: writing to a blocked bot, pressing a button
    that is not there. Times are the server's clock. Everything that is sent takes the keywords of ``Where``:
    ``group``, ``reply_to``, ``quote``, ``forwarded_from``. A file's ``size``, bytes, is what Telegram tells
    of it where the true one will not do: the bot cannot download what is said to be over 20 MB.
    """

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
        last_name: str | None = None,
        vcard: str | None = None,
        **where: Unpack[Where],
    ) -> Message:
        """Send a contact card.

        Args:
            phone: the person's own by default.
            user_id: whose card it is; by default the person's own, 0 for somebody without Telegram.
            first_name: on the card.
            last_name: on the card.
            vcard: more about the contact, at most 2048 bytes.
            **where: see ``Where``; the own card answers the keyboard that asked for it.
        """
        owner = self.id if user_id is None else user_id
        keyboard = next((m for m in reversed(self.chat.from_bot) if _asks_contact(m)), None)
        if owner == self.id and keyboard is not None and not where.get("group"):
            where.setdefault("reply_to", keyboard.id)
        name = first_name or self.user.first_name
        return self.send(contents.contact(phone or self.user.phone, name, last_name, owner, vcard), **where)

    def send_photo(
        self,
        data: bytes,
        *,
        caption: str = "",
        name: str = "photo.jpg",
        size: int | None = None,
        **where: Unpack[Where],
    ) -> Message:
        """Send a picture; the bot can download ``data``."""
        return self.send(self._file("photo", data, name, caption, size), **where)

    def send_voice(
        self,
        data: bytes,
        *,
        duration: int = 3,
        caption: str = "",
        size: int | None = None,
        **where: Unpack[Where],
    ) -> Message:
        """Send a voice message of ``duration`` seconds."""
        return self.send(self._file("voice", data, "voice.oga", caption, size, duration=duration), **where)

    def send_document(
        self,
        data: bytes,
        *,
        name: str = "file.pdf",
        mime_type: str = "application/pdf",
        caption: str = "",
        size: int | None = None,
        **where: Unpack[Where],
    ) -> Message:
        """Send a file."""
        return self.send(self._file("document", data, name, caption, size, mime_type=mime_type), **where)

    def send_audio(
        self,
        data: bytes,
        *,
        name: str = "song.mp3",
        duration: int = 180,
        caption: str = "",
        size: int | None = None,
        **where: Unpack[Where],
    ) -> Message:
        """Send music."""
        return self.send(self._file("audio", data, name, caption, size, duration=duration), **where)

    def send_video(
        self,
        data: bytes,
        *,
        name: str = "video.mp4",
        duration: int = 10,
        caption: str = "",
        size: int | None = None,
        **where: Unpack[Where],
    ) -> Message:
        """Send a video."""
        return self.send(self._file("video", data, name, caption, size, duration=duration), **where)

    def send_video_note(
        self, data: bytes, *, duration: int = 5, size: int | None = None, **where: Unpack[Where]
    ) -> Message:
        """Send a round video."""
        return self.send(self._file("video_note", data, "note.mp4", "", size, duration=duration), **where)

    def send_animation(
        self, data: bytes, *, name: str = "cat.mp4", caption: str = "", **where: Unpack[Where]
    ) -> Message:
        """Send a GIF, which Telegram keeps as a silent video."""
        return self.send(self._file("animation", data, name, caption, None), **where)

    def send_sticker(self, data: bytes = b"RIFF", **where: Unpack[Where]) -> Message:
        """Send a sticker."""
        return self.send(self._file("sticker", data, "sticker.webp", "", None), **where)

    def send_album(
        self,
        items: Sequence[AlbumItem],
        *,
        caption: str = "",
        media_group_id: str | None = None,
        **where: Unpack[Where],
    ) -> list[Message]:
        """Send several files at once: messages of their own that share a ``media_group_id``.

        Args:
            items: 2 to 10 of ``(kind, data)`` or ``(kind, data, file name)``; the kinds are photo and video,
                which mix, or document only, or audio only.
            caption: under the first.
            media_group_id: goes on with an earlier album, as when its last files arrive late.
            **where: see ``Where``.
        """
        parts = album_contents(self.api, items, caption_fields(caption), media_group_id)
        return [self.send(part, **where) for part in parts]

    def send_location(self, latitude: float, longitude: float, **where: Unpack[Where]) -> Message:
        """Send a place."""
        return self.send(contents.location(latitude, longitude), **where)

    def send_venue(
        self, latitude: float, longitude: float, title: str, address: str, **where: Unpack[Where]
    ) -> Message:
        """Send a place with its name and address."""
        return self.send(contents.venue(latitude, longitude, title, address), **where)

    def send_dice(self, emoji: str = "🎲", value: int = 6, **where: Unpack[Where]) -> Message:
        """Roll a die (or 🎯 🎳 🏀 ⚽ 🎰) that shows ``value``."""
        return self.send(contents.dice(emoji, value), **where)

    def send_poll(self, question: str, options: Sequence[str], **where: Unpack[Where]) -> Message:
        """Send a poll of one's own."""
        number = 5_300_000_000_000_000_000 + self.api.world.last_message_id
        return self.send(contents.poll(number, question, options), **where)

    def send_story(self, number: int = 1, **where: Unpack[Where]) -> Message:
        """Send on a story of one's own."""
        return self.send(contents.story(self.user.json(is_chat=True), number), **where)

    def _file(
        self,
        kind: str,
        data: bytes,
        name: str,
        caption: str,
        size: int | None,
        *,
        duration: int = 1,
        mime_type: str | None = None,
    ) -> JsonDict:
        caption_and_entities = caption_fields(caption)
        stored = store(self.api, kind, data, name, mime_type, size)
        return {**media_fields(kind, stored, duration), **caption_and_entities}

    def press(self, button: str, *, message_id: int | None = None, group: Group | None = None) -> int | None:
        """Press a button, named by its callback data or by its text.

        Buttons under messages come first (the newest message that has it, or ``message_id``), then the
        keyboard under the input field, where a button for the contact sends it. Gives the update id.
        """
        chat = self.chat if group is None else group.chat
        for message in reversed(chat.from_bot):
            found = _inline_button(message, button) if message_id in (None, message.id) else None
            if found is not None:
                return self._press_inline(message, found)
        for row in (chat.keyboard or {}).get("keyboard", []):
            for key in row:
                if key["text"] == button:
                    contact = key.get("request_contact")
                    return (self.share_contact() if contact else self.say(button, group=group)).update_id
        raise ValueError(f"there is no button {button!r} in the chat of {self.user.first_name}")

    def _press_inline(self, message: Message, button: JsonDict) -> int | None:
        self._check_may_write(self.api.chat(message.chat_id))
        if "callback_data" not in button:
            raise ValueError(f"the button {button['text']!r} opens a page and tells the bot nothing")
        self.api.last_press += 1
        press = str(self.api.last_press)
        self.api.unanswered_presses[press] = self.api.clock()
        query: JsonDict = {
            "id": press,
            "from": self.user.json(),
            "message": copy.deepcopy(message.data),
            "chat_instance": f"{message.chat_id}",
            "data": button["callback_data"],
        }
        return self.api.updates.add("callback_query", query)

    def commands(self, *, group: Group | None = None) -> list[JsonDict]:
        """The commands that the menu shows this person, in the private chat or in a group."""
        return shown_commands(self.api, self.user, self.chat if group is None else group.chat)

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


def _asks_contact(message: Message) -> bool:
    rows = (message.markup or {}).get("keyboard", [])
    return any(button.get("request_contact") for row in rows for button in row)


def _inline_button(message: Message, name: str) -> JsonDict | None:
    buttons = [key for row in (message.markup or {}).get("inline_keyboard", []) for key in row]
    by_data = (key for key in buttons if key.get("callback_data") == name)
    by_text = (key for key in buttons if key["text"] == name)
    return next(by_data, None) or next(by_text, None)
