"""A Telegram update in our words."""

from __future__ import annotations

import telegram

from sovetnik.core.model import Incoming, IncomingKind
from sovetnik.core.texts import storable

ALLOWED_UPDATES = ["message", "my_chat_member"]
"""What we ask Telegram for; everything else never comes."""

_CONTENT = (
    "photo",
    "voice",
    "audio",
    "video",
    "video_note",
    "document",
    "sticker",
    "animation",
    "location",
    "venue",
    "contact",
    "poll",
    "dice",
    "story",
)


def incoming_from(update: telegram.Update) -> Incoming | None:
    """The update, or None when it asks for nothing (service messages, groups)."""
    if update.my_chat_member is not None:
        return _membership(update.update_id, update.my_chat_member)
    message = update.message
    if message is None or message.chat.type != "private" or message.from_user is None:
        return None
    said = _said(message)
    if said is None:
        return None
    kind, text = said
    return Incoming(
        update_id=update.update_id,
        chat_id=message.chat.id,
        kind=kind,
        text=storable(text),
        sent_at=message.date,
        message_id=message.message_id,
        name=storable(message.from_user.full_name),
        username=message.from_user.username,
        language_code=message.from_user.language_code,
    )


def _said(message: telegram.Message) -> tuple[IncomingKind, str] | None:
    text = message.text or message.caption
    if text is None:
        return _without_text(message)
    command, _, rest = text.partition(" ")
    command = command.partition("@")[0].lower()
    if command == "/start":
        return "start", rest.strip()
    if command == "/new":
        return "new", rest.strip()
    return "text", text


def _without_text(message: telegram.Message) -> tuple[IncomingKind, str] | None:
    card = message.contact
    if card and message.from_user and card.user_id == message.from_user.id:
        name = f"{card.first_name} {card.last_name or ''}".strip()
        return "text", f"{name}, +{card.phone_number.lstrip('+')}"
    for kind in _CONTENT:
        if getattr(message, kind, None):
            return "unsupported", kind
    return None


def _membership(update_id: int, change: telegram.ChatMemberUpdated) -> Incoming | None:
    if change.chat.type != "private":
        return None
    gone = change.new_chat_member.status in {"kicked", "left"}
    return Incoming(
        update_id=update_id,
        chat_id=change.chat.id,
        kind="blocked" if gone else "unblocked",
        text="",
        sent_at=change.date,
        name=change.from_user.full_name,
        username=change.from_user.username,
        language_code=change.from_user.language_code,
    )
