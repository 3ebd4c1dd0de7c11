"""What a customer sees while an answer is in the making: "typing", the growing text, one honest line.

Everything here is an ornament: it yields to real messages, and whatever Telegram says to it, the answer goes
out by itself afterwards.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal

import structlog
import telegram
from telegram.constants import ChatAction
from telegram.error import BadRequest, Forbidden, InvalidToken, RetryAfter, TelegramError

from sovetnik.core.errors import StorageError
from sovetnik.core.model import Turn
from sovetnik.core.texts import texts
from sovetnik.telegram_ui.client import seconds_of
from sovetnik.telegram_ui.pace import Pace
from sovetnik.telegram_ui.pieces import Piece, draft_piece

log = structlog.get_logger("sovetnik.composing")

Streaming = Literal["drafts", "edits", "off"]

TYPING_AFTER = 0.3
"""Seconds: an answer that comes at once needs no "typing"."""

TYPING_EVERY = 4.0
"""Seconds: Telegram shows it for five."""

DRAFT_EVERY = 1.0
EDIT_EVERY = 1.5
"""Seconds between two looks of the growing text; Telegram takes edits more slowly than drafts."""

DRAFT_LASTS = 20.0
"""Seconds after which a draft that did not change is shown again: Telegram drops it after 30."""

FIRST_EDIT = 24
"""Characters before a real message is sent for the growing text: it rings, so it should say something."""

HONEST_AFTER = 8.0
"""Seconds without a word after which the customer is told that we are still at it."""

LATE = 0.1
"""Seconds that the event loop may be behind; beyond that drafts give way to answers."""

GATHER = 0.01
"""Seconds between the first word and the first draft: a whole answer may be there by then."""

LAST_WORD = 0.5
"""Seconds that a draft on its way gets to arrive, so that it does not come after the answer."""

LAST_WORD_OF_MESSAGE = 5.0
"""The same for a real message: one whose id is not noted would stay in the chat."""


@dataclass(slots=True)
class Composing:
    """One turn's show; ``run`` is its task.

    Attributes:
        mode: How the growing text is shown; goes from drafts to edits where drafts are refused.
        draft_id: The same for all drafts of a turn, so that Telegram animates the change.
    """

    bot: telegram.Bot
    pace: Pace
    turn: Turn
    mode: Streaming
    draft_id: int
    previewed: Callable[[int], Awaitable[None]]
    text: str = ""
    shown: str = ""
    preview: int | None = None
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _quiet_until: float = 0.0
    _shown_at: float = -60.0
    _grown: bool = False
    _call: asyncio.Task[None] | None = None

    def show(self, text: str) -> None:
        """The whole text so far."""
        self.text = text
        if text:  # the first piece of a model's text may be empty
            self._news.set()

    async def run(self) -> None:
        """Show what there is to show until cancelled."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        typed_at, told = began - TYPING_EVERY, False
        self.preview = self.turn.chat.preview
        await self._sleep(TYPING_AFTER)
        while True:
            now = loop.time()
            growing = bool(self.text) and self.mode != "off"
            if growing:
                self._grown = True
                await self._grow(self.text)
            elif now - typed_at >= TYPING_EVERY:
                typed_at = now
                await self._type()
            if not (growing or told or self.text) and now - began >= HONEST_AFTER:
                told = True
                await self._grow(texts(self.turn.chat.language).thinking)
            await self._until_next(self._due_at() if growing else typed_at + TYPING_EVERY)

    async def _until_next(self, due: float) -> None:
        loop = asyncio.get_running_loop()
        until = min(max(due, loop.time() + 0.02), loop.time() + DRAFT_EVERY)
        await self._sleep(until - loop.time())
        if loop.time() - until > LATE:  # the machine is busy: real messages first
            self._quiet_until = max(self._quiet_until, loop.time() + DRAFT_EVERY)

    async def _sleep(self, seconds: float) -> None:
        """Until the time is over; the first words of an answer end it early."""
        if self._grown or self.mode == "off":
            await asyncio.sleep(seconds)
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()
        if self.text:  # an answer that comes at once needs no preview
            await asyncio.sleep(GATHER)

    def _due_at(self) -> float:
        every = EDIT_EVERY if self.mode == "edits" else DRAFT_EVERY
        return max(self._shown_at + every, self._quiet_until)

    async def _grow(self, text: str) -> None:
        """Show the text, unless something more important wants the line."""
        now = asyncio.get_running_loop().time()
        if now < self._due_at() or (text == self.shown and not self._fades(now)) or not self.pace.spare():
            return
        piece = draft_piece(text)
        if not piece.text.strip():
            return
        self._shown_at, self.shown = now, text
        self._call = asyncio.create_task(self._try(piece))
        await asyncio.shield(self._call)

    async def _try(self, piece: Piece) -> None:
        try:
            await self._send(piece)
        except RetryAfter as error:
            self._quiet_until = asyncio.get_running_loop().time() + seconds_of(error)
        except Forbidden:
            self._quiet_until = float("inf")
        except InvalidToken:  # how PTB names an unknown method's 404
            self.mode = "edits"
        except BadRequest as error:
            self._refused(error)
        except (TelegramError, StorageError) as error:
            log.debug("preview_failed", chat=self.turn.chat.id, error=str(error))

    def _fades(self, now: float) -> bool:
        return self.mode != "edits" and not self.turn.chat.is_group and now - self._shown_at >= DRAFT_LASTS

    async def _send(self, piece: Piece) -> None:
        chat = self.turn.chat
        if self.mode != "edits" and not chat.is_group:
            await self.bot.send_message_draft(chat.id, self.draft_id, piece.text, entities=piece.entities)
        elif self.preview is not None:
            await self.bot.edit_message_text(
                piece.text, chat_id=chat.id, message_id=self.preview, entities=piece.entities
            )
        elif len(piece.text) >= FIRST_EDIT:
            message = await self.bot.send_message(
                chat.id, piece.text, entities=piece.entities, disable_notification=True
            )
            self.preview = message.message_id
            await self.previewed(message.message_id)
        else:
            self.shown = ""

    def _refused(self, error: BadRequest) -> None:
        if "not modified" in error.message.lower():
            return
        if self.mode == "drafts":
            log.info("drafts_refused", chat=self.turn.chat.id, reason=error.message)
            self.mode = "edits"
            self._shown_at = -60.0
        else:
            self._quiet_until = float("inf")

    async def _type(self) -> None:
        with contextlib.suppress(TelegramError):  # the answer will meet the same trouble
            await self.bot.send_chat_action(self.turn.chat.id, ChatAction.TYPING)

    async def end(self, task: asyncio.Task[None]) -> None:
        """Stop; what is on its way gets a moment, so that it does not arrive after the answer."""
        task.cancel()
        if self._call is not None and not self._call.done():
            real = self.mode == "edits" and self.preview is None
            await asyncio.wait({self._call}, timeout=LAST_WORD_OF_MESSAGE if real else LAST_WORD)
            self._call.cancel()
