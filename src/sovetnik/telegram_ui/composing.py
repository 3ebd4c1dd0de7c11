"""What a customer sees while an answer is in the making: "typing", the growing text, one honest line.

Everything here is an ornament: it yields to real messages, and whatever Telegram says to it, the answer goes
out by itself afterwards.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import structlog
import telegram
from telegram.constants import ChatAction
from telegram.error import BadRequest, Forbidden, InvalidToken, RetryAfter, TelegramError

from sovetnik.core.errors import StorageError
from sovetnik.core.model import Turn
from sovetnik.core.texts import texts
from sovetnik.core.waiting import woken
from sovetnik.telegram_ui.client import call, seconds_of
from sovetnik.telegram_ui.pace import Pace
from sovetnik.telegram_ui.pieces import Piece, draft_piece

log = structlog.get_logger("sovetnik.composing")

Streaming = Literal["drafts", "edits", "off"]

TYPING_AFTER = 0.3
"""Seconds: an answer that comes at once needs no "typing"."""

TYPING_EVERY = 4.0
"""Seconds: Telegram shows it for five."""

DRAFT_EVERY = 1.05
EDIT_EVERY = 1.5
"""Seconds from the arrival of one look of the growing text to the next one; edits are taken more slowly."""

DRAFT_LASTS = 20.0
"""Seconds after which a draft that did not change is shown again: Telegram drops it after 30."""

FIRST_EDIT = 24
"""Characters before a real message is sent for the growing text: it rings, so it should say something."""

HONEST_AFTER = 8.0
"""Seconds without a word after which the customer is told that we are still at it."""

LATE = 0.1
"""Seconds that the event loop may be behind; beyond that drafts give way to answers."""

GATHER = 0.01
"""Seconds between a word and its look: more of them may be there by then, or the whole answer."""

GIVE_WAY = 0.25
"""Seconds until something is tried again that gave way to what is more important."""

LAST_WORD = 0.5
"""Seconds that a look on its way gets to arrive, so that it does not come after the answer."""

LAST_WORD_OF_MESSAGE = 5.0
"""The same for a real message: one whose id is not noted would stay in the chat."""

NEVER = float("inf")


@dataclass(slots=True)
class Composing:
    """One turn's show, between ``begin`` and ``end``.

    Attributes:
        mode: How the growing text is shown; goes from drafts to edits where drafts are refused.
        draft_id: The same for all drafts of a turn, so that Telegram animates the change.
        previewed: Called with Telegram's id of a real message that the answer takes the place of.
        text: All that the model has said so far.
        shown: What of it, or instead of it, the customer sees.
        preview: That message's id.
        grows: Whether the customer sees the answer growing.
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
    grows: bool = True
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _unripe: str = ""
    _began: float = 0.0
    _typed_at: float = -NEVER
    _shown_at: float = -NEVER
    _next_at: float = -NEVER
    _timer: asyncio.TimerHandle | None = None
    _task: asyncio.Task[None] | None = None
    _look: asyncio.Task[None] | None = None
    _typing: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        self.preview = self.turn.chat.preview  # a killed process may have left one
        if self.mode == "off":  # the answer does not grow; the honest line is a draft all the same
            self.grows, self.mode = False, "drafts"
        if self.turn.chat.is_group and self.mode == "drafts":
            self.mode = "edits"

    def begin(self) -> None:
        """Be there when the model says something, or nothing for a while: many answers come before that."""
        self._began = _now()
        self._timer = asyncio.get_running_loop().call_later(TYPING_AFTER, self._start)

    def _start(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    def show(self, text: str) -> None:
        """The whole text so far."""
        if self.grows:
            self.text = text
            self._news.set()
            self._start()

    async def _run(self) -> None:
        """Show what there is to show until cancelled."""
        await self._gather()
        while self._next_at < NEVER:
            await self._grow()
            self._type()
            await self._until_next()

    def _wanted(self) -> str:
        """What the customer should see now; empty while that is nothing."""
        if self.text:
            return self.text
        waited = _now() - self._began >= HONEST_AFTER
        return texts(self.turn.chat.language).thinking if waited else ""

    async def _until_next(self) -> None:
        """Until there may be something to do: a word that is not shown yet, or the time for a repetition."""
        self._news.clear()
        now, wanted = _now(), self._wanted()
        if wanted and wanted not in (self.shown, self._unripe):
            pause = self._next_at - now if self._next_at > now else GIVE_WAY
            await self._sleep(min(pause, self._typing_in(now)))
        else:
            honest = self._began + HONEST_AFTER - now
            await self._listen(min(self._typing_in(now), honest if honest > 0 else TYPING_EVERY))

    def _typing_in(self, now: float) -> float:
        return max(GIVE_WAY, max(self._typed_at, self._shown_at) + TYPING_EVERY - now)

    async def _listen(self, seconds: float) -> None:
        """Until the time is over or the model says something."""
        await woken(self._news, seconds)
        await self._gather()

    async def _gather(self) -> None:
        """A moment for more words, where there are any."""
        if self._news.is_set():
            await self._sleep(GATHER)

    async def _sleep(self, seconds: float) -> None:
        until = _now() + seconds
        await asyncio.sleep(seconds)
        if _now() - until > LATE:  # the machine is busy: real messages first
            self._next_at = max(self._next_at, _now() + DRAFT_EVERY)

    # the growing text

    @property
    def _drafts(self) -> bool:
        return self.mode == "drafts"

    @property
    def _enough(self) -> int:
        """Characters that are worth a look."""
        return 1 if self._drafts or self.preview is not None else FIRST_EDIT

    async def _grow(self) -> None:
        """Show what is wanted, unless something more important wants the line."""
        wanted, now = self._wanted(), _now()
        faded = self._drafts and now - self._shown_at >= DRAFT_LASTS
        if not wanted or now < self._next_at or (wanted == self.shown and not faded):
            return
        piece = draft_piece(wanted)
        if len(piece.text.strip()) < self._enough:
            self._unripe = wanted
            return
        if not self.pace.spare(None if self._drafts else self.turn.chat.id):
            return
        self._look = asyncio.create_task(self._try(piece, wanted))
        await asyncio.shield(self._look)

    async def _try(self, piece: Piece, wanted: str) -> None:
        """Show one look; what Telegram says to it decides when the next one may follow."""
        try:
            await self._send(piece)
        except RetryAfter as error:
            self._next_at = _now() + seconds_of(error)
        except Forbidden:
            self._next_at = NEVER
        except InvalidToken:  # how PTB names an unknown method's 404
            self._refused("unknown method")
        except BadRequest as error:
            if "not modified" in error.message.lower():
                self._arrived(wanted)
            else:
                self._refused(error.message)
        except (TelegramError, StorageError) as error:
            log.debug("preview_failed", chat=self.turn.chat.id, error=str(error))
            self._next_at = _now() + EDIT_EVERY
        else:
            self._arrived(wanted)

    def _arrived(self, wanted: str) -> None:
        self.shown, self._shown_at = wanted, _now()
        self._next_at = self._shown_at + (DRAFT_EVERY if self._drafts else EDIT_EVERY)

    async def _send(self, piece: Piece) -> None:
        if self._drafts:
            await self._call("sendMessageDraft", piece, draft_id=self.draft_id)
        elif self.preview is not None:
            await self._call("editMessageText", piece, message_id=self.preview)
        else:
            message = await self._call("sendMessage", piece, disable_notification=True)
            await self._note(message["message_id"])

    async def _call(self, method: str, piece: Piece, **more: Any) -> Any:  # noqa: ANN401 - whatever it gives
        chat_id = self.turn.chat.id
        return await call(self.bot, method, chat_id=chat_id, text=piece.text, entities=piece.marks, **more)

    async def _note(self, message_id: int) -> None:
        """Have the preview's id kept; a message that nobody knows of must not stay in the chat."""
        try:
            await self.previewed(message_id)
        except StorageError:
            await self.bot.delete_message(self.turn.chat.id, message_id)
            raise
        self.preview = message_id

    def _refused(self, reason: str) -> None:
        if self._drafts:
            log.info("drafts_refused", chat=self.turn.chat.id, reason=reason)
            self.mode, self.shown = "edits", ""
        elif self.preview is not None:  # the customer deleted it
            self.preview, self._next_at = None, _now() + EDIT_EVERY
        else:
            log.info("preview_refused", chat=self.turn.chat.id, reason=reason)
            self._next_at = NEVER

    # typing

    def _type(self) -> None:
        """Say that we are typing, unless the growing text says so."""
        busy = self._typing is not None and not self._typing.done()
        now = _now()
        if busy or now - max(self._typed_at, self._shown_at) < TYPING_EVERY:
            return
        self._typed_at = now
        if not self.pace.may_type():
            return
        self._typing = asyncio.create_task(self._send_typing())

    async def _send_typing(self) -> None:
        with contextlib.suppress(TelegramError):  # the answer will meet the same trouble
            await call(self.bot, "sendChatAction", chat_id=self.turn.chat.id, action=ChatAction.TYPING)

    async def end(self) -> None:
        """Stop; what is on its way gets a moment, so that it does not arrive after the answer."""
        if self._timer is not None:
            self._timer.cancel()
        if self._task is None:
            return
        self._task.cancel()
        under_way = {one for one in (self._look, self._typing) if one is not None and not one.done()}
        real = not self._drafts and self.preview is None and self._look in under_way
        try:
            if under_way:
                await asyncio.wait(under_way, timeout=LAST_WORD_OF_MESSAGE if real else LAST_WORD)
        finally:
            for one in under_way:
                one.cancel()
        for result in await asyncio.gather(self._task, *under_way, return_exceptions=True):
            if isinstance(result, Exception):
                log.error("show_broken", chat=self.turn.chat.id, exc_info=result)


def _now() -> float:
    return asyncio.get_running_loop().time()
