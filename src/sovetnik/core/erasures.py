"""The worker that has customers erased at the provider, however long that one is away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog

from sovetnik.core.errors import AssistantError, StorageError
from sovetnik.core.owner import Erasure
from sovetnik.core.ports import Store
from sovetnik.core.waiting import woken

log = structlog.get_logger("sovetnik.erasures")

LOOK_EVERY = 60.0
"""Seconds between looks at the outbox; what was asked for just now is done at once."""

LONGEST_PAUSE = 6 * 3600.0

AT_ONCE = 20


@dataclass(slots=True)
class Erasures:
    """Erases conversations at the provider; ``wake`` when there may be one.

    Attributes:
        erase: Erases a conversation there; raises :class:`AssistantError`.
    """

    store: Store
    erase: Callable[[str], Awaitable[None]]
    _woken: asyncio.Event = field(default_factory=asyncio.Event)

    def wake(self) -> None:
        """Look now."""
        self._woken.set()

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            self._woken.clear()
            try:
                while found := await self.store.due_erasures(AT_ONCE):
                    for erasure in found:
                        await self._do(erasure)
            except StorageError as error:
                log.error("storage_refused", error=str(error), retry_s=LOOK_EVERY)
            await woken(self._woken, LOOK_EVERY)

    async def _do(self, erasure: Erasure) -> None:
        try:
            await self.erase(erasure.conversation)
        except AssistantError as error:
            pause = min(LONGEST_PAUSE, 30.0 * 2 ** min(erasure.attempts, 10))
            log.warning("erasure_put_off", error=str(error), retry_s=pause)
            await self.store.erasure_postponed(erasure.id, pause, str(error))
        else:
            await self.store.erased(erasure.id)
            log.info("conversation_erased_at_provider")
