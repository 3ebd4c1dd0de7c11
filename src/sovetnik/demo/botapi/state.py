"""What there is: people, chats with their messages, files. All of it can be written as JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sovetnik.demo.botapi.refusal import JsonDict

DRAFT_SECONDS = 30  # a draft that is not renewed disappears
ACTION_SECONDS = 5  # so does "typing…"

Clock = Callable[[], float]


@dataclass
class Message:
    """One message of a chat, from either side.

    Attributes:
        data: the message as the Bot API gives it.
        markup: the reply markup the bot sent with it, of any kind.
        update_id: the update that told the bot of a person's message; None if it was not told.
    """

    chat_id: int
    id: int
    from_bot: bool
    data: JsonDict
    markup: JsonDict | None = None
    update_id: int | None = None
    deleted: bool = False

    @property
    def text(self) -> str:
        """Text or caption."""
        return str(self.data.get("text", self.data.get("caption", "")))

    @property
    def entities(self) -> list[JsonDict]:
        """Entities of the text or caption."""
        return self.data.get("entities", self.data.get("caption_entities", []))

    @property
    def date(self) -> int:
        """When it was sent, Unix seconds."""
        return self.data["date"]

    @property
    def edit_date(self) -> int | None:
        """When it was last edited."""
        return self.data.get("edit_date")

    @property
    def sender(self) -> int:
        """Whose it is."""
        return self.data["from"]["id"]


@dataclass(frozen=True)
class Draft:
    """What the bot is writing: a preview that lasts 30 s and is no message."""

    id: int
    text: str
    entities: list[JsonDict]
    at: float


@dataclass(frozen=True)
class Action:
    """A chat action, such as typing, and when it was sent."""

    name: str
    at: float


@dataclass
class User:
    """A simulated person as the bot sees them."""

    id: int
    first_name: str
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = "ru"
    phone: str = "+79161234567"
    wrote: bool = False
    blocked: bool = False

    def json(self, *, is_chat: bool = False) -> JsonDict:
        """The ``User`` object, or the ``Chat`` object of the private chat."""
        names = {"first_name": self.first_name, "last_name": self.last_name, "username": self.username}
        given = {name: value for name, value in names.items() if value}
        if is_chat:
            return {"id": self.id, **given, "type": "private"}
        language = {"language_code": self.language_code} if self.language_code else {}
        return {"id": self.id, "is_bot": False, **given, **language}


@dataclass
class Chat:
    """A chat's visible state.

    Attributes:
        data: the ``Chat`` object as the Bot API gives it.
        messages: every message of both sides in order, deleted ones too (``message.deleted``).
        keyboard: the reply keyboard under the input field.
        last_id: last message id, where the chat counts its own (supergroups).
    """

    id: int
    clock: Clock
    data: JsonDict
    messages: list[Message] = field(default_factory=list[Message])
    actions: list[Action] = field(default_factory=list[Action])
    drafts: list[Draft] = field(default_factory=list[Draft])
    shown_draft: Draft | None = None
    members: list[int] = field(default_factory=list[int])
    migrated_to: int | None = None
    bot_is_out: bool = False
    keyboard: JsonDict | None = None
    last_id: int = 0

    @property
    def is_private(self) -> bool:
        """Whether it is a person's own chat with the bot."""
        return self.data["type"] == "private"

    @property
    def from_bot(self) -> list[Message]:
        """The bot's messages that still stand, in order."""
        return [message for message in self.messages if message.from_bot and not message.deleted]

    @property
    def draft(self) -> Draft | None:
        """The draft a person sees now; every one that was shown is in ``drafts``."""
        shown = self.shown_draft
        return shown if shown and self.clock() - shown.at < DRAFT_SECONDS else None

    @property
    def action(self) -> Action | None:
        """What the bot is seen doing now."""
        last = self.actions[-1] if self.actions else None
        return last if last and self.clock() - last.at < ACTION_SECONDS else None

    def find(self, message_id: int) -> Message | None:
        """The message of that id, unless it was deleted."""
        found = (m for m in self.messages if m.id == message_id and not m.deleted)
        return next(found, None)


@dataclass(frozen=True)
class StoredFile:
    """A file that a person or the bot sent.

    Attributes:
        path: where the bot downloads it.
        told_size: bytes, when Telegram shall tell another size than the true one.
    """

    id: str
    unique_id: str
    path: str
    data: bytes
    name: str
    content_type: str
    told_size: int | None = None

    @property
    def size(self) -> int:
        """What Telegram says of its size, bytes."""
        return len(self.data) if self.told_size is None else self.told_size


@dataclass
class World:
    """Everything but the updates still to be delivered."""

    clock: Clock
    bot: JsonDict
    users: dict[int, User] = field(default_factory=dict[int, User])
    chats: dict[int, Chat] = field(default_factory=dict[int, Chat])
    files: dict[str, StoredFile] = field(default_factory=dict[str, StoredFile])
    settings: JsonDict = field(default_factory=dict[str, Any])
    last_message_id: int = 0

    def add_message(self, chat: Chat, sender: JsonDict, content: JsonDict) -> Message:
        """A new message at the end of the chat."""
        if chat.data["type"] == "supergroup":
            chat.last_id += 1
            number = chat.last_id
        else:  # private chats and plain groups share one count, as in a real account
            self.last_message_id += 1
            number = self.last_message_id
        date = int(self.clock())
        data: JsonDict = {"message_id": number, "from": sender, "chat": chat.data, "date": date, **content}
        message = Message(chat.id, number, sender["id"] == self.bot["id"], data)
        chat.messages.append(message)
        return message

    def add_file(
        self, data: bytes, folder: str, name: str, content_type: str, size: int | None = None
    ) -> StoredFile:
        """Keep a file so that the bot can download it."""
        number = len(self.files) + 1
        suffix = f".{name.rpartition('.')[2]}" if "." in name else ""
        path = f"{folder}/file_{number}{suffix}"
        stored = StoredFile(f"BQACAgI{number:09d}", f"AQAD{number:09d}", path, data, name, content_type, size)
        self.files[stored.id] = stored
        return stored

    def private_chat(self, user: User) -> Chat:
        """The person's chat with the bot, made on first use."""
        if user.id not in self.chats:
            self.chats[user.id] = Chat(user.id, self.clock, user.json(is_chat=True))
        return self.chats[user.id]
