"""Who wakes the chats. State lives in the tables; a runner only says "drain chat 42".

This one is for a single process: a task for each chat that has something to do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Set

import structlog

log = structlog.get_logger("sovetnik.runner")


class LocalRunner:
    """Asyncio tasks in this process.

    Args:
        drain: Does everything that waits in a chat.
    """

    def __init__(self, drain: Callable[[int], Awaitable[None]]) -> None:
        self._drain = drain
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._again: set[int] = set()
        self._stopping = False

    def wake(self, chats: Iterable[int]) -> None:
        """See to it that each chat is drained; one that is being drained is looked at once more."""
        if self._stopping:
            return  # their rows wait in the inbox for the next start
        for chat_id in chats:
            if chat_id in self._tasks:
                self._again.add(chat_id)
            else:
                self._start(chat_id)

    @property
    def busy(self) -> Set[int]:
        """The chats that are being drained."""
        return self._tasks.keys()

    def _start(self, chat_id: int) -> None:
        task = asyncio.ensure_future(self._drain(chat_id))
        self._tasks[chat_id] = task
        task.add_done_callback(lambda done: self.ended(chat_id, done))

    def ended(self, chat_id: int, task: asyncio.Task[None]) -> None:
        """Note the end of a chat's task."""
        del self._tasks[chat_id]
        if not task.cancelled() and (error := task.exception()):
            log.error("drain_failed", chat=chat_id, exc_info=error)
        if chat_id in self._again:
            self._again.discard(chat_id)
            self.wake([chat_id])

    async def stop(self, seconds: float) -> int:
        """Let running turns finish for so long, then cancel; gives how many were cut off."""
        self._stopping = True
        tasks = list(self._tasks.values())
        if not tasks:
            return 0
        _, pending = await asyncio.wait(tasks, timeout=seconds)
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)
        return len(pending)
