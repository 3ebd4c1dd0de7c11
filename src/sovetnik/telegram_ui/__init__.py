"""Telegram: updates in, messages out."""

from sovetnik.telegram_ui.client import BotSettings, make_bot, say_hello
from sovetnik.telegram_ui.messenger import TelegramMessenger
from sovetnik.telegram_ui.polling import Poller
from sovetnik.telegram_ui.webhook import Webhook

__all__ = ["BotSettings", "Poller", "TelegramMessenger", "Webhook", "make_bot", "say_hello"]
