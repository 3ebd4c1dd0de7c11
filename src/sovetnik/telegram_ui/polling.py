"""Long polling that loses nothing: an update is acknowledged only after it is on disk.

Telegram forgets an update when the next getUpdates names a higher offset, so the offset moves only after
``accept`` has returned. PTB's own ``Updater`` moves it as soon as the update is queued in memory.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog
import telegram
from telegram.error import Conflict, InvalidToken, NetworkError, RetryAfter, TelegramError

from sovetnik.core.errors import StorageError
from sovetnik.core.model import Incoming
from sovetnik.telegram_ui.client import POLL_SECONDS, polling_request, seconds_of
from sovetnik.telegram_ui.incoming import ALLOWED_UPDATES, incoming_of
from sovetnik.telegram_ui.request import ask

log = structlog.get_logger("sovetnik.polling")

LONGEST_PAUSE = 30.0
"""Seconds between tries when Telegram or the database cannot be reached."""

DEAF_AFTER = POLL_SECONDS + 20.0
"""Seconds after which a poll that says nothing is given up: a half-open socket never says anything."""

Accept = Callable[[Sequence[Incoming]], Awaitable[None]]


class Poller:
    """Fetches updates for ever.

    Attributes:
        polled_at: ``time.monotonic()`` of the last poll that Telegram answered; None before the first.
    """

    def __init__(self, bot: telegram.Bot, accept: Accept) -> None:
        self._bot = bot
        self._request = polling_request(bot)
        self._accept = accept
        self._offset: int | None = None
        self._failures = 0
        self.polled_at: float | None = None

    async def run(self) -> None:
        """Poll until cancelled."""
        while not await self._try(self._drop_webhook()):
            pass
        while True:
            await self._try(self._once())

    async def _drop_webhook(self) -> None:
        """A webhook left from another way of running would refuse every poll; its updates are kept."""
        await self._bot.delete_webhook(drop_pending_updates=False)

    async def _once(self) -> None:
        async with asyncio.timeout(DEAF_AFTER):
            updates, highest = await self._fetch()
        self.polled_at = time.monotonic()
        if highest is None:
            return
        await self._accept(updates)
        self._offset = highest + 1

    async def _fetch(self) -> tuple[list[Incoming], int | None]:
        """What is new, in our words, and the highest update id of it."""
        offset = {} if self._offset is None else {"offset": self._offset}
        raw: list[dict[str, Any]] = await ask(
            self._request,
            f"{self._bot.base_url}/getUpdates",
            {"timeout": POLL_SECONDS, "allowed_updates": ALLOWED_UPDATES, **offset},
            (self._request.read_timeout or 0) + POLL_SECONDS,
        )
        found = [incoming for update in raw if (incoming := incoming_of(update, self._bot))]
        return found, max((update["update_id"] for update in raw), default=None)

    async def _try(self, step: Awaitable[None]) -> bool:
        """Do a step; when it fails, say why and pause. False after a failure."""
        try:
            await step
        except (TelegramError, TimeoutError, StorageError) as error:
            self._failures += 1
            pause = self._pause_after(error)
            log.warning(
                "polling_failed", error=_words(error), failures=self._failures, retry_s=round(pause, 1)
            )
            if isinstance(error, NetworkError | TimeoutError):
                await self._reconnect()
            await asyncio.sleep(pause)
            return False
        except Exception:  # a mistake of ours: nothing is acknowledged, so nothing is lost
            self._failures += 1
            log.exception("polling_broken", retry_s=LONGEST_PAUSE)
            await asyncio.sleep(LONGEST_PAUSE)
            return False
        if self._failures:
            log.info("polling_recovered", failures=self._failures)
        self._failures = 0
        return True

    def _pause_after(self, error: Exception) -> float:
        if isinstance(error, RetryAfter):
            return seconds_of(error)
        if isinstance(error, Conflict | InvalidToken):
            return min(LONGEST_PAUSE, 5.0 * self._failures)
        return min(LONGEST_PAUSE, 0.5 * 2 ** min(self._failures - 1, 6))

    async def _reconnect(self) -> None:
        """New sockets: the old one may be half-open."""
        await self._request.shutdown()
        await self._request.initialize()


def _words(error: Exception) -> str:
    if isinstance(error, Conflict):
        return "another program polls with this token: stop it (TELEGRAM_TOKEN is for one bot process)"
    if isinstance(error, InvalidToken):
        return "Telegram does not know TELEGRAM_TOKEN any more: was it revoked in @BotFather?"
    return f"{type(error).__name__}: {error}"
