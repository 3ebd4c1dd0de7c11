"""Updates by webhook: Telegram hears 200 only after the update is on disk."""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast
from urllib.parse import urlsplit

import structlog
import telegram
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from telegram.error import NetworkError, TelegramError

from sovetnik.core.errors import ConfigError, StorageError
from sovetnik.core.model import Incoming
from sovetnik.listening import Listener
from sovetnik.telegram_ui.incoming import ALLOWED_UPDATES, incoming_of

log = structlog.get_logger("sovetnik.webhook")

HEADER = "X-Telegram-Bot-Api-Secret-Token"

LARGEST = 4 * 1024 * 1024
"""Bytes of one update that are read: a message has 4,096 characters, and keyboards are small."""

TRIES = 3


class Webhook:
    """Listens for Telegram's calls.

    PTB's own server answers 400 to an update that it cannot read, and so gets it again for a day; it logs its
    words, too.
    """

    def __init__(self, bot: telegram.Bot, accept: Callable[[Sequence[Incoming]], Awaitable[None]]) -> None:
        self._bot = bot
        self._accept = accept
        self._secret = ""
        self._listener: Listener | None = None

    async def start(self, url: str, listen: str, secret: str) -> None:
        """Listen and tell Telegram where.

        Args:
            url: The public address.
            listen: ``host:port`` of this process.
            secret: What Telegram sends in the header of every call; others are answered 403.

        Raises:
            ConfigError: the address cannot be listened on, or Telegram refuses it.
        """
        self._secret = secret
        path = urlsplit(url).path or "/"
        app = Starlette(routes=[Route(path, self._called, methods=["POST"])])
        self._listener = Listener(app, listen, "TELEGRAM_WEBHOOK_LISTEN")
        await self._listener.start()
        for attempt in range(1, TRIES + 1):
            try:
                await self._bot.set_webhook(
                    url, secret_token=secret, allowed_updates=ALLOWED_UPDATES, drop_pending_updates=False
                )
            except NetworkError as error:
                if attempt == TRIES or isinstance(error, telegram.error.BadRequest):
                    raise _refused(url, error) from error
                await asyncio.sleep(attempt)
            except TelegramError as error:
                raise _refused(url, error) from error
            else:
                return

    async def stop(self) -> None:
        """Stop listening; Telegram keeps what it could not deliver."""
        if self._listener is not None:
            await self._listener.stop()

    async def _called(self, request: Request) -> Response:
        given = request.headers.get(HEADER, "").encode("latin-1", "replace")
        if not hmac.compare_digest(given, self._secret.encode()):
            return _no("Forbidden", 403)
        if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            return _no("Forbidden", 403)
        body = b""
        async for part in request.stream():
            body += part
            if len(body) > LARGEST:
                return _no("Payload Too Large", 413)
        try:
            update: object = json.loads(body)
        except (ValueError, RecursionError):
            return Response("Bad Request", 400)
        if not isinstance(update, dict):
            return Response("Bad Request", 400)
        try:
            await self._take(cast("dict[str, Any]", update))
        except StorageError as error:
            log.error("update_refused", error=str(error), way_out="Telegram sends it again")
            return Response("Internal Server Error", 500)
        return Response(status_code=200)

    async def _take(self, update: dict[str, Any]) -> None:
        incoming = incoming_of(update, self._bot)
        if incoming:
            await self._accept([incoming])


def _no(words: str, status: int) -> Response:
    """A refusal that ends the connection: its body is not read."""
    return Response(words, status, headers={"Connection": "close"})


def _refused(url: str, error: TelegramError) -> ConfigError:
    return ConfigError(
        f"TELEGRAM_WEBHOOK_URL: Telegram refuses {url}: {error.message}; it wants https and "
        "port 443, 80, 88 or 8443"
    )
