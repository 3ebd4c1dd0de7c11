"""Groups: what is said to the bot there, and what is not."""

from __future__ import annotations

import telegram
from telegram.constants import MessageEntityType


def addressed(message: telegram.Message, bot: telegram.User | None) -> str | None:
    """The words said to us without our name in them; None when they are not for us.

    For us are commands that name us or nobody, mentions of our name, and replies to our messages.
    """
    if bot is None or bot.username is None:
        return None
    text = message.text or message.caption or ""
    if text.startswith("/"):
        _, _, name = text.split(maxsplit=1)[0].partition("@")
        return text if not name or name.lower() == bot.username.lower() else None
    cut = _without_mention(message, text, bot.username)
    replied = message.reply_to_message
    if replied and replied.from_user and replied.from_user.id == bot.id and not replied.forum_topic_created:
        return cut or text
    return cut


def _without_mention(message: telegram.Message, text: str, username: str) -> str | None:
    kinds: list[str | None] = [MessageEntityType.MENTION]
    found = message.parse_entities(kinds) if message.text else message.parse_caption_entities(kinds)
    ours = next((name for name in found.values() if name.lower() == f"@{username.lower()}"), None)
    return None if ours is None else " ".join(text.replace(ours, " ", 1).split(" ")).strip(" ,:")
