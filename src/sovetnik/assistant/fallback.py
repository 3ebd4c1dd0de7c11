"""The model where it can, the documents alone where it cannot; the owner hears of it once."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable

import structlog

from sovetnik.assistant.offline import OfflineConsultant
from sovetnik.core.errors import AssistantError
from sovetnik.core.events import Event, Restarted
from sovetnik.core.model import Notice, Turn
from sovetnik.core.ports import Assistant, Desk
from sovetnik.core.turn import error_code

log = structlog.get_logger("sovetnik.fallback")

DOWN = frozenset({"auth", "quota", "connection", "timeout", "server", "rate_limit", "cut"})
"""Kinds of failure that mean "the model is away", not "this turn is odd"."""

REST = 30.0
"""Seconds before the model is tried again: customers must not each wait for the same time-out."""


class FallbackAssistant:
    """Two assistants in one; see :class:`sovetnik.core.ports.Assistant`.

    Args:
        model: The real one.
        offline: Quotes the documents.
        over_budget: Tells whether the day's tokens are spent.
        tell: Queues a notice to the owner.
    """

    def __init__(
        self,
        model: Assistant,
        offline: OfflineConsultant,
        over_budget: Callable[[], Awaitable[bool]],
        tell: Callable[[Notice], Awaitable[None]],
    ) -> None:
        self._model = model
        self._offline = offline
        self._over_budget = over_budget
        self._tell = tell
        self._rests_until = 0.0
        self._away: Notice | None = None

    async def answer(self, turn: Turn, desk: Desk) -> AsyncIterator[Event]:
        """Work on one turn; see the port."""
        if await self._over_budget():
            await self._gone(Notice("budget_spent", "DAILY_TOKEN_BUDGET", error_code()))
        elif time.monotonic() >= self._rests_until:
            try:
                async for event in self._model.answer(turn, desk):
                    yield event
            except AssistantError as error:
                if error.kind not in DOWN:
                    raise
                self._rests_until = time.monotonic() + REST
                await self._gone(Notice("model_down", str(error), error_code()))
                yield Restarted()
            else:
                await self._back()
                return
        code = self._away.code if self._away else None
        async for event in self._offline.answer(turn, desk, code):
            yield event

    async def _gone(self, notice: Notice) -> None:
        if self._away is None or self._away.kind != notice.kind:
            self._away = notice
            log.error("model_away", reason=notice.kind, code=notice.code, error=notice.detail)
            await self._tell(notice)

    async def _back(self) -> None:
        if self._away is not None:
            log.info("model_back", code=self._away.code)
            await self._tell(Notice("model_back", self._away.detail, self._away.code))
            self._away = None
