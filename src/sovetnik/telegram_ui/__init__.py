"""Telegram: updates in, messages out."""

from sovetnik.telegram_ui.client import BotSettings, make_bot, say_hello
from sovetnik.telegram_ui.files import LARGEST, download
from sovetnik.telegram_ui.menus import set_menus
from sovetnik.telegram_ui.messenger import TelegramMessenger
from sovetnik.telegram_ui.polling import Poller

__all__ = [
    "LARGEST",
    "BotSettings",
    "Poller",
    "TelegramMessenger",
    "download",
    "make_bot",
    "say_hello",
    "set_menus",
]
