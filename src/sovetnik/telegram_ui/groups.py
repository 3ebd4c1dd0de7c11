"""Groups: what is said to the bot there, and what is not."""

from __future__ import annotations

import re

import telegram
from telegram.constants import MessageEntityType

from sovetnik.telegram_ui.commands import whose_command


def addressed(message: telegram.Message, bot: telegram.User | None) -> str | None:
    """The words said to us without our name in them; None when they are not for us.

    For us are our commands unless they name another bot, any command that names us, mentions of our name,
    and replies to our messages. What holds nothing but our name is given as it stands.
    """
    if bot is None or not bot.username or message.is_automatic_forward:
        return None
    text = message.text or message.caption or ""
    ours = whose_command(text, bot.username)
    if ours is not None:
        return text if ours else None
    # By its letters, not by its entity: offsets in halves of characters are nothing to rely on.
    mention = re.compile(rf"(?<!\w)@{re.escape(bot.username)}(?!\w)", re.IGNORECASE)
    if mention.search(text):
        return _without(mention, text) or text
    return text if _names(message, bot) or _answers(message, bot) else None


def _without(mention: re.Pattern[str], text: str) -> str:
    """The text without our name and the comma that went with it."""
    name = mention.pattern
    text = re.sub(rf",?\s{{0,20}}{name}\s{{0,20}}(?=[?!.…]|$)", "", text, flags=re.IGNORECASE)
    text = re.sub(rf"{name}\s{{0,20}}[,:]?\s{{0,20}}", "", text, flags=re.IGNORECASE)
    return text.lstrip(" ,:.!?…\n").rstrip(" ,:\n")


def _names(message: telegram.Message, bot: telegram.User) -> bool:
    """Whether our name stands there as a link to us."""
    links = [*message.entities, *message.caption_entities]
    return any(
        link.type == MessageEntityType.TEXT_MENTION and link.user is not None and link.user.id == bot.id
        for link in links
    )


def _answers(message: telegram.Message, bot: telegram.User) -> bool:
    replied = message.reply_to_message
    if replied is None or replied.from_user is None or replied.forum_topic_created:
        return False
    return replied.from_user.id == bot.id
