"""Updates by webhook: PTB's server answers 200 only after the update is on disk."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import urlsplit

import structlog
import telegram
from telegram.error import TelegramError
from telegram.ext import Updater

from sovetnik.core.errors import ConfigError
from sovetnik.core.model import Incoming
from sovetnik.telegram_ui.client import who_we_are
from sovetnik.telegram_ui.incoming import ALLOWED_UPDATES, incoming_from

log = structlog.get_logger("sovetnik.webhook")


class _DurableQueue(asyncio.Queue[object]):
    """PTB's handler puts each update here and then answers Telegram; a put that raises answers 500."""

    def __init__(self, bot: telegram.Bot, accept: Callable[[Sequence[Incoming]], Awaitable[None]]) -> None:
        super().__init__()
        self._bot = bot
        self._accept = accept

    async def put(self, item: object) -> None:
        """Write the update to disk; nothing is kept in memory."""
        incoming = self._read(item) if isinstance(item, telegram.Update) else None
        if incoming:
            await self._accept([incoming])

    def _read(self, update: telegram.Update) -> Incoming | None:
        try:
            return incoming_from(update, who_we_are(self._bot))
        except Exception:  # noqa: BLE001 - whatever it is, Telegram would bring it again and again
            log.error("update_skipped", update_id=update.update_id)
            return None


class Webhook:
    """Listens for Telegram's calls."""

    def __init__(self, bot: telegram.Bot, accept: Callable[[Sequence[Incoming]], Awaitable[None]]) -> None:
        self._updater = Updater(bot, update_queue=_DurableQueue(bot, accept))

    async def start(self, url: str, listen: str, secret: str) -> None:
        """Listen and tell Telegram where.

        Args:
            url: The public address.
            listen: ``host:port`` of this process.
            secret: What Telegram sends in the header of every call; others are answered 403.

        Raises:
            ConfigError: the address cannot be listened on.
        """
        host, _, port = listen.rpartition(":")
        await self._updater.initialize()
        try:
            await self._updater.start_webhook(
                listen=host,
                port=int(port),
                url_path=urlsplit(url).path,
                webhook_url=url,
                secret_token=secret,
                allowed_updates=ALLOWED_UPDATES,
                drop_pending_updates=False,
                bootstrap_retries=3,
            )
        except TelegramError as error:
            raise ConfigError(
                f"TELEGRAM_WEBHOOK_URL: Telegram refuses {url}: {error.message}; it wants https and "
                "port 443, 80, 88 or 8443"
            ) from error
        except OSError as error:
            raise ConfigError(
                f"TELEGRAM_WEBHOOK_LISTEN: cannot listen on {listen}: {error.strerror}; name a free address"
            ) from error

    async def stop(self) -> None:
        """Stop listening; Telegram keeps what it could not deliver."""
        if self._updater.running:
            await self._updater.stop()
