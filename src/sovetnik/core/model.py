"""The words of the product as values: what travels between the rooms.

Times are aware UTC. ``id`` is always our own row id, ``chat_id`` and ``telegram_ids`` are Telegram's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Language = Literal["ru", "en"]
Role = Literal["customer", "assistant", "manager"]
CustomerCommand = Literal["start", "new", "help", "contact", "privacy", "forget"]
OwnerCommand = Literal["report", "status", "pause", "resume"]
IncomingKind = (
    Literal["text", "edited", "press", "unsupported", "pair", "blocked", "unblocked", "migrated"]
    | CustomerCommand
    | OwnerCommand
)
"""``text`` is whatever the model answers, also voices, photos and documents."""
MessageKind = Literal["text", "answer", "quote", "error", "service"]
"""``answer`` comes from the model, ``quote`` from the documents alone, ``service`` are commands."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file of a customer's message, still at Telegram.

    Attributes:
        size: Bytes; None when Telegram does not say.
        seconds: Of a voice or audio.
        taken: Whether its words stand in the message already.
    """

    kind: Literal["voice", "photo", "document"]
    file_id: str
    name: str = ""
    mime: str = ""
    size: int | None = None
    seconds: int | None = None
    taken: bool = False


@dataclass(frozen=True, slots=True)
class Incoming:
    """A Telegram update in our words.

    Attributes:
        text: The customer's text or caption; for ``start`` the payload; for ``unsupported`` the kind of
            content; for ``press`` the button's data; for ``pair`` the code; for ``migrated`` the new chat id.
        note: What the model has to know beside the text: who forwarded it, what it replies to.
        attachments: Files that came with it.
        album: Telegram's id of the album that the message is a part of.
        press: Telegram's id of a pressed button's query.
    """

    update_id: int
    chat_id: int
    kind: IncomingKind
    text: str
    sent_at: datetime
    message_id: int | None = None
    name: str = ""
    username: str | None = None
    language_code: str | None = None
    note: str = ""
    attachments: tuple[Attachment, ...] = ()
    album: str | None = None
    press: str | None = None


@dataclass(frozen=True, slots=True)
class Chat:
    """One customer's private chat, or a group where the bot is spoken to.

    Attributes:
        consent: Version of the consent text that was shown here last.
        keyboard: Whether the button that shares the phone is on the screen.
        preview: Telegram's id of a message that the next answer takes the place of.
    """

    id: int
    name: str
    username: str | None
    language: Language
    source: str | None
    created_at: datetime
    consent: str | None = None
    keyboard: bool = False
    preview: int | None = None

    @property
    def is_group(self) -> bool:
        """Whether several people talk here; Telegram gives groups negative ids."""
        return self.id < 0


@dataclass(frozen=True, slots=True)
class Usage:
    """What a turn cost, summed over its model calls. Tokens; ``seconds`` is wall-clock time."""

    model: str = ""
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    seconds: float = 0.0
    calls: int = 0


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of the owner's documents. ``score`` is 0..1, comparable within one search."""

    source: str
    heading: str
    text: str
    score: float = 0.0


@dataclass(frozen=True, slots=True)
class Found:
    """What a search brought, best first; ``fits`` is False when none of it is likely to hold an answer."""

    passages: tuple[Passage, ...] = ()
    fits: bool = False

    @property
    def best(self) -> float:
        """The best passage's score."""
        return self.passages[0].score if self.passages else 0.0


@dataclass(frozen=True, slots=True)
class Message:
    """One stored line of a dialogue.

    Attributes:
        passages: On an answer: what of the documents it was given, without the texts.
        unanswered: On an answer: the question that the documents do not answer.
        note: What the model is told beside a customer's text: a quote, a document's words.
        attachments: Files that came with a customer's message.
    """

    id: int
    chat_id: int
    role: Role
    kind: MessageKind
    text: str
    created_at: datetime
    telegram_ids: tuple[int, ...] = ()
    error_code: str | None = None
    usage: Usage | None = None
    passages: tuple[Passage, ...] = ()
    unanswered: str | None = None
    note: str = ""
    attachments: tuple[Attachment, ...] = ()

    @property
    def for_model(self) -> str:
        """Note and text, as the model reads them."""
        return f"{self.note}\n{self.text}".strip() if self.note else self.text


@dataclass(frozen=True, slots=True)
class Contact:
    """A checked contact with its order; ``phone`` is E.164, ``fields`` are those of the contact form."""

    name: str
    phone: str
    order: str
    fields: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Lead:
    """A stored contact.

    Attributes:
        revision: Starts at 1 and grows with every change.
        consent: Version of the consent text that the customer was shown, and when.
    """

    id: int
    chat_id: int
    contact: Contact
    revision: int
    created_at: datetime
    updated_at: datetime
    consent: str | None = None
    consent_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SavedLead:
    """What saving a contact did."""

    lead: Lead
    change: Literal["created", "updated", "unchanged"]


@dataclass(frozen=True, slots=True)
class Turn:
    """One or more waiting messages of a chat, to be answered together.

    Attributes:
        conversation: The provider's conversation id, or None when a new one has to be opened.
        updates: The inbox rows that the answer closes.
        images: Pictures of the messages, as data URLs.
        paused: Set while the owner has paused the bot: ``tell`` the customer so, or be ``silent``.
    """

    chat: Chat
    token: str
    messages: tuple[Message, ...]
    updates: tuple[int, ...]
    conversation: str | None
    lead: Lead | None
    images: tuple[str, ...] = ()
    paused: Literal["tell", "silent"] | None = None

    @property
    def said(self) -> str:
        """What the customer said, as the model reads it."""
        return "\n".join(message.for_model for message in self.messages)


@dataclass(frozen=True, slots=True)
class Command:
    """A waiting update that is answered by ourselves, without the model."""

    chat: Chat
    token: str
    incoming: Incoming


@dataclass(frozen=True, slots=True)
class Flood:
    """A chat that writes more than is answered; to be told so once."""

    chat: Chat
    token: str


@dataclass(frozen=True, slots=True)
class Button:
    """A button under a message; ``data`` comes back when it is pressed."""

    text: str
    data: str


@dataclass(frozen=True, slots=True)
class Keyboard:
    """What stands below a message.

    Attributes:
        kind: ``phone``: the one button that shares the phone; ``remove``: takes it away; ``buttons``: under
            the message itself.
    """

    kind: Literal["phone", "remove", "buttons"]
    buttons: tuple[Button, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What is to be stored and sent for a turn or a command.

    Attributes:
        consent: Version of the consent text that is in it.
    """

    text: str
    kind: MessageKind = "answer"
    usage: Usage | None = None
    error_code: str | None = None
    passages: tuple[Passage, ...] = ()
    unanswered: str | None = None
    keyboard: Keyboard | None = None
    consent: str | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """What happened in a turn, for whoever wants to look on.

    Attributes:
        tools: Name, arguments and result of each tool call; the last two are JSON texts.
        seconds: From taking the turn to its stored answer.
    """

    chat_id: int
    answer: Answer
    tools: tuple[tuple[str, str, str], ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Delivery:
    """An answer in the outbox.

    Attributes:
        sent: Telegram's ids of the pieces that already arrived.
        keyboard: Goes with the last piece.
        preview: Telegram's id of the message that it takes the place of.
    """

    id: int
    chat_id: int
    message_id: int
    text: str
    sent: tuple[int, ...] = ()
    attempts: int = 0
    keyboard: Keyboard | None = None
    preview: int | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """When a chat's messages are answered.

    Attributes:
        join: Seconds to wait for another message of the same customer.
        per_minute: Messages of one customer that are answered as they come; beyond that all wait for one
            answer together. 0 = no limit.
    """

    join: float = 0.0
    per_minute: int = 0


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do in the chat for so many seconds."""

    seconds: float


Step = Turn | Command | Flood | Delivery | Wait | None
"""The next thing to do in a chat; None: nothing is left and the chat has been released."""
