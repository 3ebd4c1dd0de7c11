"""Messages out: sending, the show before it, and Telegram's refusals in our words."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog
import telegram
from telegram.error import BadRequest, ChatMigrated, Forbidden, RetryAfter, TelegramError

from sovetnik.core.errors import DeliveryLater, DeliveryRefused
from sovetnik.core.model import Command, Delivery, Turn
from sovetnik.telegram_ui.client import call, seconds_of
from sovetnik.telegram_ui.composing import Composing, Streaming
from sovetnik.telegram_ui.pace import Pace
from sovetnik.telegram_ui.pieces import JSON, Piece, pieces, plain_pieces

log = structlog.get_logger("sovetnik.messenger")

Markup = telegram.ReplyKeyboardMarkup | telegram.ReplyKeyboardRemove | telegram.InlineKeyboardMarkup


class TelegramMessenger:
    """The way to the customer; see :class:`sovetnik.core.ports.Messenger`.

    Args:
        bot: The bot, initialised.
        pace: Shared by everything that sends.
        streaming: How a growing answer is shown.
    """

    def __init__(self, bot: telegram.Bot, pace: Pace, streaming: Streaming = "drafts") -> None:
        self._bot = bot
        self._pace = pace
        self._streaming: Streaming = streaming

    @asynccontextmanager
    async def composing(
        self, turn: Turn, previewed: Callable[[int], Awaitable[None]]
    ) -> AsyncGenerator[Callable[[str], None]]:
        """Show that an answer is in the making; see the port."""
        show = Composing(
            bot=self._bot,
            pace=self._pace,
            turn=turn,
            mode=self._streaming,
            draft_id=turn.messages[0].id,
            previewed=previewed,
        )
        show.begin()
        try:
            yield show.show
        finally:
            await show.end()

    async def deliver(
        self, delivery: Delivery, note: Callable[[tuple[int, ...]], Awaitable[None]]
    ) -> tuple[int, ...]:
        """Send a stored answer; see the port."""
        sent = delivery.sent
        todo = _pieces(delivery)[len(sent) :]
        for left, piece in zip(range(len(todo) - 1, -1, -1), todo, strict=True):
            await self._pace.wait(delivery.chat_id)
            markup = None if left else _markup(delivery)
            sent = (*sent, await self._send(delivery.chat_id, piece, markup))
            if left:
                await note(sent)
        if delivery.preview is not None:
            await self._delete(delivery.chat_id, delivery.preview)
        return sent

    async def pressed(self, command: Command) -> None:
        """Let go of a pressed button and take its keyboard away; see the port."""
        incoming = command.incoming
        if incoming.press:
            with contextlib.suppress(TelegramError):  # pressed long ago: Telegram has let go by itself
                await self._bot.answer_callback_query(incoming.press)
        await self._pace.wait(incoming.chat_id)  # an edit counts like a message, and the answer comes next
        with contextlib.suppress(TelegramError):
            await self._bot.edit_message_reply_markup(incoming.chat_id, incoming.message_id)

    async def _send(self, chat_id: int, piece: Piece, markup: Markup | None) -> int:
        try:
            return await self._send_formatted(chat_id, piece, markup)
        except RetryAfter as error:
            raise DeliveryLater(timedelta(seconds=seconds_of(error)), "Telegram asks to slow down") from error
        except ChatMigrated as error:  # the update that says so is on its way to us
            return await self._send(error.new_chat_id, piece, markup)
        except Forbidden as error:
            raise DeliveryRefused(error.message, blocked=True) from error
        except BadRequest as error:
            raise DeliveryRefused(error.message, blocked=False) from error
        except TelegramError as error:
            raise DeliveryLater(None, f"{type(error).__name__}: {error.message}") from error

    async def _send_formatted(self, chat_id: int, piece: Piece, markup: Markup | None) -> int:
        """With entities; where Telegram refuses those, the same text without them."""
        keyboard = markup.to_dict() if markup else None
        try:
            return await self._message(chat_id, piece.text, piece.marks, keyboard)
        except BadRequest as error:
            if "entit" not in error.message.lower():
                raise
            log.error("entities_refused", chat=chat_id, reason=error.message)
            return await self._message(chat_id, piece.text, None, keyboard)

    async def _message(
        self, chat_id: int, text: str, marks: Sequence[JSON] | None, keyboard: JSON | None
    ) -> int:
        sent = await call(
            self._bot, "sendMessage", chat_id=chat_id, text=text, entities=marks, reply_markup=keyboard
        )
        return int(sent["message_id"])

    async def _delete(self, chat_id: int, message_id: int) -> None:
        try:
            await self._bot.delete_message(chat_id, message_id)
        except TelegramError as error:
            log.warning("preview_stays", chat=chat_id, reason=error.message)


def _pieces(delivery: Delivery) -> list[Piece]:
    try:
        return pieces(delivery.text)
    except Exception:  # a text that the converter trips over must not hold up its chat for ever
        log.exception("formatting_failed", chat=delivery.chat_id)
        return plain_pieces(delivery.text)


def _markup(delivery: Delivery) -> Markup | None:
    keyboard = delivery.keyboard
    if keyboard is None:
        return None
    if keyboard.kind == "remove":
        return telegram.ReplyKeyboardRemove()
    if keyboard.kind == "phone":
        if delivery.chat_id < 0:  # Telegram would refuse the whole answer
            return None
        button = telegram.KeyboardButton(keyboard.buttons[0].text, request_contact=True)
        return telegram.ReplyKeyboardMarkup([[button]], resize_keyboard=True, one_time_keyboard=True)
    row = [telegram.InlineKeyboardButton(one.text, callback_data=one.data) for one in keyboard.buttons]
    return telegram.InlineKeyboardMarkup([row])
