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
)


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
            mime=sound.mime_type or "audio/ogg",
            size=sound.file_size,
            seconds=int(sound.to_dict()["duration"]),  # PTB's own attribute changes its type some day
        )
    if message.photo:
        fitting = [size for size in message.photo if max(size.width, size.height) <= LARGEST_PHOTO]
        best = max(fitting or message.photo[:1], key=lambda size: size.width * size.height)
        yield Attachment("photo", best.file_id, mime="image/jpeg", size=best.file_size)
    file = message.document
    if file and not message.animation:
        mime = file.mime_type or ""
        kind = "photo" if mime in {"image/jpeg", "image/png", "image/webp", "image/gif"} else "document"
        yield Attachment(
            kind, file.file_id, name=storable(file.file_name or ""), mime=mime, size=file.file_size
        )


def note_of(message: telegram.Message) -> str:
    """What the model has to know beside the words: what they answer, whose they are."""
    notes: list[str] = []
    if message.forward_origin:
        notes.append(f"[forwarded from {_origin(message.forward_origin)}:]")
    replied = message.reply_to_message
    quoted = (message.quote and message.quote.text) or (replied and (replied.text or replied.caption))
    if quoted:
        short = quoted if len(quoted) <= QUOTED else f"{quoted[:QUOTED]}…"
        whose = "your message" if replied and replied.from_user and replied.from_user.is_bot else "a message"
        notes.append(f"[in reply to {whose}: «{short}»]")
    return "\n".join(notes)


def _origin(origin: telegram.MessageOrigin) -> str:
    if isinstance(origin, telegram.MessageOriginUser):
        return origin.sender_user.full_name
    if isinstance(origin, telegram.MessageOriginHiddenUser):
        return origin.sender_user_name
    if isinstance(origin, telegram.MessageOriginChannel):
        return origin.chat.title or "a channel"
    return (isinstance(origin, telegram.MessageOriginChat) and origin.sender_chat.title) or "a group"


def unreadable_content(message: telegram.Message) -> str:
    """What the message is, where no model can read it; empty for service messages."""
    return next((kind for kind in _UNREADABLE if getattr(message, kind, None)), "")
