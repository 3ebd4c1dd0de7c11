"""The commands that Telegram shows beside the input field."""

from __future__ import annotations

from collections.abc import Iterable

import structlog
import telegram
from telegram.error import TelegramError

from sovetnik.core.model import Language

log = structlog.get_logger("sovetnik.menus")

_CUSTOMERS: dict[Language, dict[str, str]] = {
    "ru": {
        "start": "Начать",
        "new": "Начать разговор заново",
        "contact": "Оставить телефон менеджеру",
        "privacy": "Что хранится о вас",
        "forget": "Стереть всё о себе",
        "help": "Что умеет консультант",
    },
    "en": {
        "start": "Begin",
        "new": "Start the conversation afresh",
        "contact": "Leave your phone for a manager",
        "privacy": "What is kept about you",
        "forget": "Erase everything about you",
        "help": "What the consultant can do",
    },
}
_OWNERS: dict[Language, dict[str, str]] = {
    "ru": {
        "report": "Что было с последнего отчёта",
        "status": "Всё ли в порядке",
        "pause": "Не отвечать покупателям",
        "resume": "Снова отвечать",
    },
    "en": {
        "report": "What happened since the last report",
        "status": "Whether all is well",
        "pause": "Stop answering customers",
        "resume": "Answer customers again",
    },
}


async def set_menus(bot: telegram.Bot, language: Language, owners: Iterable[int]) -> None:
    """Tell Telegram our commands; an ornament, so a refusal is only logged.

    Args:
        bot: The bot.
        language: The owner's, for the owner's chats.
        owners: Chats that see the owner's commands as well.
    """
    private = telegram.BotCommandScopeAllPrivateChats()
    wanted = [(_commands(_CUSTOMERS["en"]), private, None), (_commands(_CUSTOMERS["ru"]), private, "ru")]
    owned = _commands(_OWNERS[language] | _CUSTOMERS[language])
    wanted += [(owned, telegram.BotCommandScopeChat(chat_id), None) for chat_id in owners]
    for commands, scope, code in wanted:
        try:
            await bot.set_my_commands(commands, scope=scope, language_code=code)
        except TelegramError as error:
            log.warning("menu_refused", error=error.message)


def _commands(named: dict[str, str]) -> list[telegram.BotCommand]:
    return [telegram.BotCommand(name, what) for name, what in named.items()]
