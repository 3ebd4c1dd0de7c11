"""Who waits for something to happen, and the events a page can follow."""

from __future__ import annotations

import asyncio
import copy
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from sovetnik.demo.botapi.refusal import JsonDict


class Subscription:
    """Events from the moment of subscribing on; ``async for`` ends when the server closes."""

    def __init__(self, on_close: Callable[[Subscription], None]) -> None:
        self._events: asyncio.Queue[JsonDict | None] = asyncio.Queue()
        self._on_close = on_close

    def put(self, event: JsonDict | None) -> None:
        """Add an event; None ends the iteration."""
        self._events.put_nowait(event)

    def close(self) -> None:
        """Follow no longer."""
        self._on_close(self)
        self.put(None)

    def __aiter__(self) -> Subscription:
        return self

    async def __anext__(self) -> JsonDict:
        event = await self._events.get()
        if event is None:
            raise StopAsyncIteration
        return event


class Feed:
    """Tells subscribers what happened, and wakes everybody who waits for a condition."""

    def __init__(self) -> None:
        self._subscriptions: list[Subscription] = []
        self._waiting: set[asyncio.Future[None]] = set()

    def emit(self, event: str, **what: object) -> None:
        """Something happened: ``{"event": event, **what}``."""
        for subscription in self._subscriptions:
            subscription.put({"event": event, **copy.deepcopy(what)})
        self.wake()

    def wake(self) -> None:
        """Let everybody who waits look again."""
        for future in self._waiting:
            if not future.done():
                future.set_result(None)

    async def changed(self) -> None:
        """Wait until something happens."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        try:
            await future
        finally:
            self._waiting.discard(future)

    async def until(self, condition: Callable[[], bool], timeout: float) -> None:  # noqa: ASYNC109
        """Wait for the condition, which is looked at whenever something happens.

        Raises:
            TimeoutError: not within ``timeout`` seconds.
        """
        async with asyncio.timeout(timeout):
            while not condition():
                await self.changed()

    def subscribe(self) -> Subscription:
        """Follow what happens from now on."""
        subscription = Subscription(self._leave)
        self._subscriptions.append(subscription)
        return subscription

    def close(self) -> None:
        """End every subscription."""
        for subscription in list(self._subscriptions):
            subscription.close()

    def _leave(self, subscription: Subscription) -> None:
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)
