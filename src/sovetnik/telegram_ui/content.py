"""What a message holds beside its words: files, what it answers, who wrote it first."""

from __future__ import annotations

from collections.abc import Iterator

import telegram

from sovetnik.core.model import Attachment
from sovetnik.core.texts import storable

QUOTED = 300
"""Characters of the message replied to that the model is shown."""

LARGEST_PHOTO = 1280
"""Pixels of the longer side: Telegram keeps several sizes, and models see no more in a bigger one."""

PICTURES = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})
"""Types of files that models can look at."""

_UNREADABLE = (
    "sticker",
    "animation",
    "dice",
    "game",
    "location",
    "venue",
    "video",
    "video_note",
    "contact",
    "poll",
    "story",
    "paid_media",
    "invoice",
    "checklist",
    "giveaway",
    "giveaway_winners",
)


def name_of(person: telegram.User | None) -> str:
    """First and last name, as far as there are any; PTB's ``full_name`` is None for a deleted account."""
    return storable(f"{person.first_name} {person.last_name or ''}").strip() if person else ""


def attachments_of(message: telegram.Message) -> tuple[Attachment, ...]:
    """The files that can be heard, seen or read."""
    return tuple(_attachments(message))


def _attachments(message: telegram.Message) -> Iterator[Attachment]:
    sound = message.voice or message.audio
    if sound:
        yield Attachment(
            "voice",
            sound.file_id,
            name=storable((message.audio and message.audio.file_name) or ""),
            mime=storable(sound.mime_type or "audio/ogg"),
            size=sound.file_size,
            seconds=int(sound.to_dict()["duration"]),  # PTB's own attribute changes its type some day
        )
    if message.photo:
        fitting = [size for size in message.photo if max(size.width, size.height) <= LARGEST_PHOTO]
        best = max(fitting or message.photo[:1], key=lambda size: size.width * size.height)
        yield Attachment("photo", best.file_id, mime="image/jpeg", size=best.file_size)
    if message.document and not message.animation:
        yield _file(message.document)


def _file(file: telegram.Document) -> Attachment:
    mime = storable(file.mime_type or "")
    kind = "photo" if mime in PICTURES else "voice" if mime.startswith("audio/") else "document"
    return Attachment(kind, file.file_id, name=storable(file.file_name or ""), mime=mime, size=file.file_size)


def attachments_replied_to(message: telegram.Message) -> tuple[Attachment, ...]:
    """The files of the message that this one answers: it speaks of them, perhaps without a word of them."""
    replied = message.reply_to_message
    return attachments_of(replied) if replied else ()


def note_of(message: telegram.Message, bot: telegram.User | None) -> str:
    """What the model has to know beside the words: what they answer, whose they are."""
    notes: list[str] = []
    if message.forward_origin:
        notes.append(f"[forwarded from {_origin(message.forward_origin)}:]")
    replied = _replied(message, bot)
    if replied:
        notes.append(f"[in reply to {replied}]")
    content = unreadable_content(message)
    if content and message.caption:
        notes.append(f"[sent with a {content.replace('_', ' ')} that cannot be looked at:]")
    return "\n".join(notes)


def _replied(message: telegram.Message, bot: telegram.User | None) -> str:
    """Whose message is answered and what stands in it; empty where there is nothing to tell."""
    replied, elsewhere = message.reply_to_message, message.external_reply
    quoted = (message.quote and message.quote.text) or (replied and (replied.text or replied.caption))
    if replied is not None:
        whose = _author(replied, message, bot)
        content = _content(replied)
    elif elsewhere is not None:
        whose, content = f"a message from {_origin(elsewhere.origin)}", "its text is not shown"
    else:
        return f"a message: «{_short(quoted)}»" if quoted else ""
    if quoted:
        return f"{whose}: «{_short(quoted)}»"
    return f"{whose}: {content}" if content else ""


def _short(text: str) -> str:
    return text if len(text) <= QUOTED else f"{text[:QUOTED]}…"


def _author(replied: telegram.Message, message: telegram.Message, bot: telegram.User | None) -> str:
    author = replied.from_user
    if author is None or replied.sender_chat is not None:
        return "a message"
    if author.id == bot.id if bot else author.is_bot:
        return "your message"
    if message.from_user and author.id == message.from_user.id:
        return "their own message"
    return f"a message from {name_of(author)}"


def _content(message: telegram.Message) -> str:
    kinds = [attachment.kind for attachment in attachments_of(message)]
    return " and ".join(kinds) or unreadable_content(message).replace("_", " ")


def _origin(origin: telegram.MessageOrigin) -> str:
    if isinstance(origin, telegram.MessageOriginUser):
        return name_of(origin.sender_user)
    if isinstance(origin, telegram.MessageOriginHiddenUser):
        return origin.sender_user_name
    if isinstance(origin, telegram.MessageOriginChannel):
        return origin.chat.title or "a channel"
    return (isinstance(origin, telegram.MessageOriginChat) and origin.sender_chat.title) or "a group"


def unreadable_content(message: telegram.Message) -> str:
    """What the message is, where no model can read it; empty for service messages."""
    return next((kind for kind in _UNREADABLE if getattr(message, kind, None)), "")
