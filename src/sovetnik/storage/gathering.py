"""Updates that arrive while others are being stored go together into the next transaction.

On PostgreSQL each transaction that leaves a wake-up costs a disk's confirmation and a lock that all such
transactions share; a crowd's updates share one instead.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from sovetnik.core.errors import StorageError
from sovetnik.core.model import Incoming

Store = Callable[[Sequence[Incoming]], Awaitable[set[int]]]

TOGETHER = 50
"""Updates in one transaction, about."""


class Gathering:
    """Stores updates together.

    Args:
        store: Stores updates in one transaction; gives the chats that have to be woken.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: list[tuple[Sequence[Incoming], asyncio.Future[set[int]]]] = []
        self._working: asyncio.Task[None] | None = None

    async def add(self, updates: Sequence[Incoming]) -> set[int]:
        """Store updates; returns after they are on disk.

        Returns:
            The chats to be woken, also those that somebody else's updates woke; each is told to one caller.
        """
        future: asyncio.Future[set[int]] = asyncio.get_running_loop().create_future()
        future.add_done_callback(_look_at)
        self._waiting.append((updates, future))
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work())
        return await asyncio.shield(future)

    async def _work(self) -> None:
        while self._waiting:
            batch, count = [self._waiting.pop(0)], 0
            while self._waiting and count < TOGETHER:
                batch.append(self._waiting.pop(0))
                count += len(batch[-1][0])
            if not await self._together(batch):
                for one in batch:  # one of them is to blame, the others are not
                    await self._together([one], last=True)

    async def _together(
        self, batch: Sequence[tuple[Sequence[Incoming], asyncio.Future[set[int]]]], *, last: bool = False
    ) -> bool:
        updates = [update for part, _ in batch for update in part]
        try:
            # In the order of chats: two replicas that lock the same ones must not wait for each other.
            woken: set[int] = await self._store(sorted(updates, key=lambda update: update.chat_id))
        except Exception as error:  # noqa: BLE001 - goes to whoever asked
            if not last and len(batch) > 1 and not isinstance(error, StorageError):
                return False
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return True
        for _, future in batch:
            if not future.done():
                future.set_result(woken)
                woken = set[int]()
        return True


def _look_at(future: asyncio.Future[set[int]]) -> None:
    """Whoever asked may have gone: a refusal that nobody hears is nothing to complain of."""
    if not future.cancelled():
        future.exception()
