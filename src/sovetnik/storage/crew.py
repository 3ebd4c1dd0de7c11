"""A process among others, or alone: what the composition root asks of either."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence, Set
from typing import Any, Protocol

from sovetnik.storage.runner import LocalRunner

Drain = Callable[[int], Awaitable[None]]
Sweep = Callable[[Set[int]], Awaitable[tuple[Sequence[int], set[int]]]]


class Crew(Protocol):
    """Who does what.

    Attributes:
        worker: What the tokens begin with that this process owns chats by.
    """

    worker: str

    @property
    def on_duty(self) -> bool:
        """Whether this process does what only one may do."""
        ...

    def in_touch(self) -> bool:
        """Whether nobody can think this process dead and take its chats over."""
        ...

    async def join(self, sweep: Sweep) -> Sequence[asyncio.Task[Any]]:
        """Become one of the crew.

        Args:
            sweep: Finds the chats that have work and nobody at it, given those that were queued when it
                was called last, and all that are queued.

        Returns:
            The tasks that the crew lives by.
        """
        ...

    def wake(self, chats: Iterable[int]) -> None:
        """See to it that each chat is drained."""
        ...

    def begin(self, chats: Set[int]) -> Set[int]:
        """See to chats whose updates are on their way to the disk; gives those that need no waking then.

        What a chat does first comes after those updates, in the same transaction where there is one writer.
        """
        ...

    def divide(self, need: Callable[[], float], share: Callable[[float], None]) -> None:
        """Divide a limit that all processes have in common by what each needs.

        Args:
            need: Gives the part of the limit, 0 to 1, that was asked for lately.
            share: Told the part that this process may use, now and then.
        """
        ...

    async def keep(self, work: Callable[[], Awaitable[None]]) -> None:
        """Have something done by one process only: here, while this one is on duty."""
        ...

    def resign(self) -> None:
        """Leave the duty to others: this process is about to end."""
        ...

    async def stop(self, seconds: float) -> int:
        """Let running turns finish for so long, then cancel; gives how many were cut off."""
        ...


class Alone(LocalRunner):
    """The only process on its database: always on duty."""

    worker = ""
    on_duty = True

    def in_touch(self) -> bool:
        """Nobody is there to think so."""
        return True

    async def join(self, sweep: Sweep) -> Sequence[asyncio.Task[Any]]:
        """Nobody is there to join."""
        del sweep
        return ()

    def begin(self, chats: Set[int]) -> Set[int]:
        """Drain those that nobody is at: the writer takes what it is given in its order."""
        fresh = chats - self.busy
        self.wake(fresh)
        return fresh

    def divide(self, need: Callable[[], float], share: Callable[[float], None]) -> None:
        """All of it is ours."""

    async def keep(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do it."""
        await work()

    def resign(self) -> None:
        """Nobody is there to take over."""
