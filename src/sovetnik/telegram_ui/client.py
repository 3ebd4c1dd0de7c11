"""The bot's connection to Telegram."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import telegram
from telegram.error import InvalidToken, NetworkError, RetryAfter, TelegramError
from telegram.request import BaseRequest

from sovetnik.connecting import check_proxy, trusted
from sovetnik.core.errors import ConfigError
from sovetnik.telegram_ui.request import AiohttpRequest, ask

POOL = 256
"""Connections for sending: many chats are answered at the same moment."""

READ_TIMEOUT = 20.0
"""Seconds. Longer than PTB's 5: a message that timed out may have arrived, and is sent again."""

POLL_SECONDS = 25
"""How long one getUpdates waits at Telegram for news."""

HELLO_TRIES = 3


@dataclass(frozen=True, slots=True)
class BotSettings:
    """How Telegram is reached; ``base_url`` is the Bot API's root without ``/bot``."""

    token: str
    base_url: str = "https://api.telegram.org"
    proxy: str | None = None


def make_bot(settings: BotSettings) -> telegram.Bot:
    """The bot; both its requests go through the proxy, and no proxy of the environment does.

    Raises:
        ConfigError: the proxy's URL or the token cannot be used.
    """
    root = settings.base_url.rstrip("/")
    try:
        check_proxy(settings.proxy)
    except ValueError as error:
        raise ConfigError(f"TELEGRAM_PROXY: {error}; write socks5://user:password@host:port") from error
    tls = trusted()
    try:
        return telegram.Bot(
            settings.token,
            base_url=f"{root}/bot",
            base_file_url=f"{root}/file/bot",
            request=AiohttpRequest(settings.proxy, tls, pool=POOL, read_timeout=READ_TIMEOUT),
            # PTB adds the poll's own wait to its time limit.
            get_updates_request=AiohttpRequest(settings.proxy, tls, pool=1, read_timeout=10.0),
        )
    except InvalidToken as error:
        raise ConfigError(_BAD_TOKEN) from error


_BAD_TOKEN = (
    "TELEGRAM_TOKEN: Telegram does not know this token; copy it from @BotFather (/mybots → API Token)"  # noqa: S105 - a message
)


async def say_hello(bot: telegram.Bot, settings: BotSettings) -> str:
    """Start the bot's connections and ask Telegram who it is; gives the bot's username.

    Raises:
        ConfigError: Telegram cannot be reached or refuses the token; the message says which.
    """
    try:
        await _initialize(bot, settings)
    except ConfigError:
        await bot.shutdown()  # nobody else closes the connections of a bot that did not come up
        raise
    return bot.username


async def _initialize(bot: telegram.Bot, settings: BotSettings) -> None:
    for attempt in range(1, HELLO_TRIES + 1):
        try:
            await bot.initialize()
        except InvalidToken:
            raise ConfigError(_BAD_TOKEN) from None
        except NetworkError as error:
            if attempt == HELLO_TRIES:
                raise ConfigError(_unreachable(settings, error)) from error
            await asyncio.sleep(attempt)
        except TelegramError as error:
            raise ConfigError(f"TELEGRAM_TOKEN: Telegram refused: {error.message}") from error
        else:
            return


def who_we_are(bot: telegram.Bot) -> telegram.User | None:
    """The bot's own account; None before Telegram has told it."""
    try:
        return bot.bot
    except RuntimeError:  # PTB's word for "not initialised"
        return None


def polling_request(bot: telegram.Bot) -> BaseRequest:
    """The connection that getUpdates has to itself."""
    return bot._request[0]  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


async def call(bot: telegram.Bot, method: str, **parameters: Any) -> Any:  # noqa: ANN401 - whatever it gives
    """Call what every turn calls; see :func:`sovetnik.telegram_ui.request.ask`."""
    return await ask(bot.request, f"{bot.base_url}/{method}", parameters)


def seconds_of(error: RetryAfter) -> float:
    """How long Telegram asks to wait."""
    pause = error.retry_after
    return float(pause) if isinstance(pause, int | float) else pause.total_seconds()


def _unreachable(settings: BotSettings, error: NetworkError) -> str:
    cause = error.message
    if settings.proxy:
        shown = settings.proxy.rsplit("@", 1)[-1]
        return (
            f"TELEGRAM_PROXY: Telegram cannot be reached through {shown}: {cause}; check that the proxy "
            "runs, its address, name and password"
        )
    return (
        f"TELEGRAM_BASE_URL: {settings.base_url} cannot be reached: {cause}; check the network, or set "
        "TELEGRAM_PROXY=socks5://user:password@host:port where Telegram is blocked"
    )
