"""A Telegram update in our words."""

from __future__ import annotations

import traceback
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
import telegram

from sovetnik.core.model import Incoming, IncomingKind
from sovetnik.core.texts import storable
from sovetnik.telegram_ui.client import who_we_are
from sovetnik.telegram_ui.commands import command_in
from sovetnik.telegram_ui.content import (
    attachments_of,
    attachments_replied_to,
    name_of,
    note_of,
    unreadable_content,
)
from sovetnik.telegram_ui.groups import addressed

log = structlog.get_logger("sovetnik.incoming")

ALLOWED_UPDATES = ["message", "edited_message", "callback_query", "my_chat_member"]
"""What we ask Telegram for; everything else never comes."""


def incoming_of(update: dict[str, Any], bot: telegram.Bot) -> Incoming | None:
    """An update as Telegram sent it; None also for one that nobody can read, or it would come for ever."""
    try:
        plain = plain_text(update)
        return plain or incoming_from(telegram.Update.de_json(update, bot), who_we_are(bot))
    except Exception as error:  # noqa: BLE001 - whatever it is
        # Where, and not what: the error's own words may be the customer's.
        where = traceback.extract_tb(error.__traceback__)[-1]
        log.error(
            "update_skipped",
            update_id=update.get("update_id"),
            reason=type(error).__name__,
            where=f"{where.name}, {Path(where.filename).name}:{where.lineno}",
        )
        return None


_USUAL = {"message_id", "from", "chat", "date", "text"}


def plain_text(update: dict[str, Any]) -> Incoming | None:
    """The usual update, a person's words in a private chat; None for every other.

    PTB takes for its objects half of the time in which such an update is stored.
    """
    message: dict[str, Any] = update.get("message") or {}
    if len(update) != len(("update_id", "message")) or message.keys() != _USUAL:
        return None
    chat: dict[str, Any] = message["chat"]
    person: dict[str, Any] = message["from"] or {}
    text = storable(message["text"]).strip()
    if chat["type"] != "private" or person.get("is_bot", True) or not text or text.startswith("/"):
        return None
    last_name, username, language = (person.get(key) for key in ("last_name", "username", "language_code"))
    return Incoming(
        update_id=update["update_id"],
        chat_id=_checked(chat["id"]),
        kind="text",
        text=text,
        sent_at=datetime.fromtimestamp(message["date"], UTC),
        name=storable(f"{person['first_name']} {last_name or ''}").strip(),
        username=storable(username) if username else None,
        language_code=storable(language) if language else None,
        message_id=message["message_id"],
    )


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
        return _of(message, update.update_id, "migrated", str(_checked(message.migrate_to_chat_id)))
    if not _from_a_person(message):
        return None
    if message.chat.type == "private":
        return _said(update, message, message.text or message.caption, bot)
    text = addressed(message, bot)
    return None if text is None else _in_group(update, message, text, bot)


def _from_a_person(message: telegram.Message) -> bool:
    """Two bots that answer each other would never end; anonymous administrators look like bots."""
    if message.from_user is None or message.chat.type == "channel":
        return False
    return not message.from_user.is_bot or message.sender_chat is not None


def _in_group(
    update: telegram.Update, message: telegram.Message, text: str, bot: telegram.User | None
) -> Incoming | None:
    """What is said to us in a group, with the one who says it."""
    incoming = _said(update, message, text, bot)
    if incoming is None or incoming.kind not in {"text", "edited"}:
        return incoming
    anonymous = message.sender_chat and message.sender_chat.title
    name = anonymous or name_of(message.from_user)
    return replace(incoming, note=f"{incoming.note}\n[{storable(name)}:]".strip())


def _said(
    update: telegram.Update, message: telegram.Message, text: str | None, bot: telegram.User | None
) -> Incoming | None:
    text = storable(text or "").strip()
    if update.edited_message is not None:
        return _corrected(update.update_id, message, text, bot)
    attachments = attachments_of(message)
    if text and not attachments and (command := command_in(text)):
        return _of(message, update.update_id, *command)
    if not text and not attachments:
        return _without_text(update.update_id, message)
    if not message.media_group_id:  # each part of an album repeats what it answers
        attachments = (*attachments, *attachments_replied_to(message))
    return replace(
        _of(message, update.update_id, "text", text),
        note=storable(note_of(message, bot)),
        attachments=attachments,
        album=message.media_group_id,
    )


def _corrected(
    update_id: int, message: telegram.Message, text: str, bot: telegram.User | None
) -> Incoming | None:
    """An edit of words; its files are those of the message that was edited. Others ask for nothing."""
    if not text:
        return None
    note = f"{note_of(message, bot)}\n[the customer corrected an earlier message; it now reads:]".strip()
    return replace(_of(message, update_id, "edited", text), note=storable(note))


def _without_text(update_id: int, message: telegram.Message) -> Incoming | None:
    card = message.contact
    if card and message.from_user and card.user_id == message.from_user.id and not message.forward_origin:
        name = f"{card.first_name} {card.last_name or ''}".strip()
        return _of(message, update_id, "text", f"{name}, +{card.phone_number.lstrip('+')}".lstrip(", "))
    content = unreadable_content(message)
    return _of(message, update_id, "unsupported", content) if content else None


def _of(message: telegram.Message, update_id: int, kind: IncomingKind, text: str) -> Incoming:
    incoming = _by(message.chat, message.from_user, update_id, kind, text, message.date)
    return replace(incoming, message_id=message.message_id)


def _press(update_id: int, query: telegram.CallbackQuery) -> Incoming | None:
    message = query.message
    if message is None or not query.data:
        return None
    incoming = _by(message.chat, query.from_user, update_id, "press", query.data, message.date)
    return replace(incoming, message_id=message.message_id, press=query.id)


def _membership(update_id: int, change: telegram.ChatMemberUpdated) -> Incoming | None:
    if change.chat.type == "channel":
        return None
    gone = change.new_chat_member.status in {"kicked", "left"}
    return _by(change.chat, change.from_user, update_id, "blocked" if gone else "unblocked", "", change.date)


def _by(
    chat: telegram.Chat,
    person: telegram.User | None,
    update_id: int,
    kind: IncomingKind,
    text: str,
    at: datetime,
) -> Incoming:
    """An update with the names of its chat: the person's own, or the group's."""
    group = chat.type != "private"
    username = chat.username if group else person.username if person else None
    language = person.language_code if person else None
    return Incoming(
        update_id=update_id,
        chat_id=_checked(chat.id),
        kind=kind,
        text=storable(text),
        sent_at=_checked_time(at),
        name=storable(chat.title or "") if group else name_of(person),
        username=storable(username) if username else None,
        language_code=storable(language) if language else None,
    )


def _checked(chat_id: object) -> int:
    """An id that a database takes; Telegram's own have 52 bits.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(chat_id, int) or chat_id.bit_length() > 63:
        raise ValueError("no chat id")
    return chat_id


def _checked_time(at: object) -> datetime:
    if not isinstance(at, datetime):
        raise ValueError("no time")  # noqa: TRY004 - foreign data, not a wrong argument
    return at
