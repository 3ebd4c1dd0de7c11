"""Messages out: typing, sending, and Telegram's refusals in our words."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog
import telegram
from telegram.constants import ChatAction
from telegram.error import BadRequest, Forbidden, RetryAfter, TelegramError

from sovetnik.core.errors import DeliveryLater, DeliveryRefused
from sovetnik.core.model import Delivery
from sovetnik.telegram_ui.pace import Pace
from sovetnik.telegram_ui.pieces import Piece, pieces, plain_pieces

log = structlog.get_logger("sovetnik.messenger")

TYPING_AFTER = 0.3
"""Seconds: an answer that comes at once needs no "typing"."""

TYPING_EVERY = 4.0
"""Seconds: Telegram shows it for five."""


class TelegramMessenger:
    """The way to the customer; see :class:`sovetnik.core.ports.Messenger`."""

    def __init__(self, bot: telegram.Bot, pace: Pace) -> None:
        self._bot = bot
        self._pace = pace

    @asynccontextmanager
    async def typing(self, chat_id: int) -> AsyncGenerator[None]:
        """Show "typing" for as long as the context lasts."""
        task = asyncio.create_task(self._type(chat_id))
        try:
            yield
        finally:
            task.cancel()

    async def _type(self, chat_id: int) -> None:
        await asyncio.sleep(TYPING_AFTER)
        while True:
            with contextlib.suppress(TelegramError):  # an ornament; the answer will meet the same trouble
                await self._bot.send_chat_action(chat_id, ChatAction.TYPING)
            await asyncio.sleep(TYPING_EVERY)

    async def deliver(
        self, delivery: Delivery, note: Callable[[tuple[int, ...]], Awaitable[None]]
    ) -> tuple[int, ...]:
        """Send a stored answer; see the port."""
        sent = delivery.sent
        todo = _pieces(delivery)[len(sent) :]
        for left, piece in zip(range(len(todo) - 1, -1, -1), todo, strict=True):
            await self._pace.wait(delivery.chat_id)
            sent = (*sent, await self._send(delivery.chat_id, piece))
            if left:
                await note(sent)
        return sent

    async def _send(self, chat_id: int, piece: Piece) -> int:
        try:
            message = await self._send_formatted(chat_id, piece)
        except RetryAfter as error:
            pause = error.retry_after
            seconds = pause if isinstance(pause, timedelta) else timedelta(seconds=pause)
            raise DeliveryLater(seconds, "Telegram asks to slow down") from error
        except Forbidden as error:
            raise DeliveryRefused(error.message, blocked=True) from error
        except BadRequest as error:
            raise DeliveryRefused(error.message, blocked=False) from error
        except TelegramError as error:
            raise DeliveryLater(None, f"{type(error).__name__}: {error.message}") from error
        return message.message_id

    async def _send_formatted(self, chat_id: int, piece: Piece) -> telegram.Message:
        """With entities; where Telegram refuses those, the same text without them."""
        try:
            return await self._bot.send_message(chat_id, piece.text, entities=piece.entities)
        except BadRequest as error:
            if "entit" not in error.message.lower():
                raise
            log.error("entities_refused", chat=chat_id, reason=error.message)
            return await self._bot.send_message(chat_id, piece.text)


def _pieces(delivery: Delivery) -> list[Piece]:
    try:
        return pieces(delivery.text)
    except Exception:  # a text that the converter trips over must not hold up its chat for ever
        log.exception("formatting_failed", chat=delivery.chat_id)
        return plain_pieces(delivery.text)
