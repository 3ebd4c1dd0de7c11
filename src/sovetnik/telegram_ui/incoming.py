"""A Telegram update in our words."""

from __future__ import annotations

from dataclasses import replace
from typing import cast, get_args

import telegram

from sovetnik.core.model import CustomerCommand, Incoming, IncomingKind, OwnerCommand
from sovetnik.core.texts import storable
from sovetnik.telegram_ui.content import attachments_of, note_of, unreadable_content
from sovetnik.telegram_ui.groups import addressed

ALLOWED_UPDATES = ["message", "edited_message", "callback_query", "my_chat_member"]
"""What we ask Telegram for; everything else never comes."""

COMMANDS = frozenset({*get_args(CustomerCommand), *get_args(OwnerCommand), "pair"})

PAIRING = "pair-"
"""How the payload of /start begins when it is a pairing code: ``t.me/<bot>?start=pair-…``."""


def incoming_from(update: telegram.Update, bot: telegram.User | None = None) -> Incoming | None:
    """The update, or None when it asks for nothing (service messages, talk between people).

    Args:
        update: As PTB reads it.
        bot: Who we are; without it nothing in a group is for us.
    """
    if update.my_chat_member is not None:
        return _membership(update.update_id, update.my_chat_member)
    if update.callback_query is not None:
        return _press(update.update_id, update.callback_query)
    message = update.message or update.edited_message
    if message is None:
        return None
    if message.migrate_to_chat_id:
        return _of(message, update.update_id, "migrated", str(message.migrate_to_chat_id))
    if message.from_user is None or message.chat.type == "channel":
        return None
    if message.chat.type == "private":
        return _said(update, message, message.text or message.caption)
    text = addressed(message, bot)
    return None if text is None else _in_group(update, message, text)


def _in_group(update: telegram.Update, message: telegram.Message, text: str) -> Incoming | None:
    """What is said to us in a group, with the one who says it."""
    incoming = _said(update, message, text)
    if incoming is None or message.from_user is None or incoming.kind not in {"text", "edited"}:
        return incoming
    speaker = f"[{storable(message.from_user.full_name)}:]"
    return replace(incoming, note=f"{incoming.note}\n{speaker}".strip())


def _said(update: telegram.Update, message: telegram.Message, text: str | None) -> Incoming | None:
    edited = update.edited_message is not None
    attachments = attachments_of(message)
    if not edited and text and not attachments and (command := _command(text)):
        return _of(message, update.update_id, *command)
    if not text and not attachments:
        return None if edited else _without_text(update, message)
    note = note_of(message)
    if edited:  # its files are those of the message that was edited
        note = f"{note}\n[the customer corrected an earlier message; it now reads:]".strip()
        attachments = ()
    incoming = _of(message, update.update_id, "edited" if edited else "text", text or "")
    return replace(
        incoming,
        note=storable(note),
        attachments=attachments,
        album=None if edited else message.media_group_id,
    )


def _command(text: str) -> tuple[IncomingKind, str] | None:
    """A command and what follows it; others than ours are words like any."""
    first, _, rest = text.partition(" ")
    name = first.partition("@")[0].lower()
    if not name.startswith("/") or name[1:] not in COMMANDS:
        return None
    if name == "/start" and rest.strip().startswith(PAIRING):
        return "pair", rest.strip().removeprefix(PAIRING)
    return cast("IncomingKind", name[1:]), rest.strip()


def _without_text(update: telegram.Update, message: telegram.Message) -> Incoming | None:
    card = message.contact
    if card and message.from_user and card.user_id == message.from_user.id and not message.forward_origin:
        name = f"{card.first_name} {card.last_name or ''}".strip()
        return _of(message, update.update_id, "text", f"{name}, +{card.phone_number.lstrip('+')}")
    content = unreadable_content(message)
    return _of(message, update.update_id, "unsupported", content) if content else None


def _of(message: telegram.Message, update_id: int, kind: IncomingKind, text: str) -> Incoming:
    person = message.from_user
    group = message.chat.type != "private"
    return Incoming(
        update_id=update_id,
        chat_id=message.chat.id,
        kind=kind,
        text=storable(text),
        sent_at=message.date,
        message_id=message.message_id,
        name=storable((message.chat.title or "") if group else person.full_name if person else ""),
        username=message.chat.username if group else person.username if person else None,
        language_code=person.language_code if person else None,
    )


def _press(update_id: int, query: telegram.CallbackQuery) -> Incoming | None:
    message = query.message
    if message is None or not query.data:
        return None
    return Incoming(
        update_id=update_id,
        chat_id=message.chat.id,
        kind="press",
        text=query.data,
        sent_at=message.date,
        message_id=message.message_id,
        name=storable(
            query.from_user.full_name if message.chat.type == "private" else message.chat.title or ""
        ),
        username=query.from_user.username if message.chat.type == "private" else None,
        language_code=query.from_user.language_code,
        press=query.id,
    )


def _membership(update_id: int, change: telegram.ChatMemberUpdated) -> Incoming:
    gone = change.new_chat_member.status in {"kicked", "left"}
    private = change.chat.type == "private"
    return Incoming(
        update_id=update_id,
        chat_id=change.chat.id,
        kind="blocked" if gone else "unblocked",
        text="",
        sent_at=change.date,
        name=storable(change.from_user.full_name if private else change.chat.title or ""),
        username=change.from_user.username if private else None,
        language_code=change.from_user.language_code,
    )
