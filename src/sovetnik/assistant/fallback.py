"""The model where it can, the documents alone where it cannot; the owner hears of it once."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable

import structlog

from sovetnik.assistant.offline import OfflineConsultant
from sovetnik.core.errors import AssistantError
from sovetnik.core.events import Done, Event, Restarted
from sovetnik.core.model import Turn
from sovetnik.core.owner import Notice
from sovetnik.core.ports import Assistant, Desk
from sovetnik.core.turn import error_code

log = structlog.get_logger("sovetnik.fallback")

DOWN = frozenset({"auth", "quota", "connection", "timeout", "server", "rate_limit", "cut"})
"""Kinds of failure that mean "the model is away", not "this turn is odd"."""

ODD = 2
"""Bad requests in a row that mean so too: one may lie in what a customer sent, but not two."""

REST = 30.0
"""Seconds before the model is tried again: customers must not each wait for the same time-out."""


class FallbackAssistant:
    """Two assistants in one; see :class:`sovetnik.core.ports.Assistant`.

    Args:
        model: The real one.
        offline: Quotes the documents.
        over_budget: Tells whether the day's tokens are spent.
        tell: Queues a notice to the owner; False when it is to be told later.
    """

    def __init__(
        self,
        model: Assistant,
        offline: OfflineConsultant,
        over_budget: Callable[[], Awaitable[bool]],
        tell: Callable[[Notice], Awaitable[bool]],
    ) -> None:
        self._model = model
        self._offline = offline
        self._over_budget = over_budget
        self._tell = tell
        self._rests_until = 0.0
        self._probing = False
        self._away: Notice | None = None
        self._told = False
        self._odd = 0
        self._tell_at = 0.0

    async def answer(self, turn: Turn, desk: Desk) -> AsyncIterator[Event]:
        """Work on one turn; see the port."""
        code: str | None = None
        if await self._over_budget():
            await self._gone(Notice("budget_spent", "DAILY_TOKEN_BUDGET", error_code()))
        elif self._may_try():
            probe = self._probing = self._away is not None
            try:
                async for event in self._model.answer(turn, desk):
                    if probe and isinstance(event, Done):
                        await self._back()
                    yield event
            except AssistantError as error:
                code = await self._failed(turn, error)
                yield Restarted()
            else:
                self._odd = 0
                return
            finally:
                if probe:
                    self._probing = False
        code = self._away.code if self._away else code
        async for event in self._offline.answer(turn, desk, code):
            yield event

    def away(self) -> str | None:
        """The code of the failure that keeps the model away; None while it answers."""
        return self._away.code if self._away else None

    async def _failed(self, turn: Turn, error: AssistantError) -> str:
        """Note a failure; gives its code.

        Raises:
            AssistantError: the same one, where the documents are no answer to it.
        """
        code = error_code()
        if self._is_down(error):
            self._rests_until = time.monotonic() + REST
            await self._gone(Notice("model_down", str(error), code))
        elif error.kind == "bad_request":
            log.error("turn_refused", chat=turn.chat.id, code=code, error=error.detail)
        else:
            raise error
        return code

    def _is_down(self, error: AssistantError) -> bool:
        if error.kind == "bad_request":
            self._odd += 1
            return self._odd >= ODD
        return error.kind in DOWN

    def _may_try(self) -> bool:
        """While the model is away, one turn at a time finds out whether it is back."""
        return self._away is None or (time.monotonic() >= self._rests_until and not self._probing)

    async def _gone(self, notice: Notice) -> None:
        if self._away is None or self._away.kind != notice.kind:
            self._away, self._told, self._tell_at = notice, False, 0.0
            log.error("model_away", reason=notice.kind, code=notice.code, error=notice.detail)
        if not self._told and time.monotonic() >= self._tell_at:
            self._told, self._tell_at = True, time.monotonic() + REST  # at once: turns run side by side
            self._told = await self._tell(self._away)

    async def _back(self) -> None:
        away, told = self._away, self._told
        self._away, self._told = None, False
        if away is not None:
            log.info("model_back", code=away.code)
            if told:
                await self._tell(Notice("model_back", away.detail, away.code))
