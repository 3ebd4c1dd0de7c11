"""Server-sent events: first the whole state, then everything that happens, in order.

Subscribing and taking the state happen without a pause in between, so a page that (re)connects misses nothing
and sees nothing twice.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from sovetnik.demo.web.mails import summary

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable

    from sovetnik.demo.botapi import BotApi
    from sovetnik.demo.botapi.refusal import JsonDict
    from sovetnik.demo.mailbox import Mail, Mailbox

HEARTBEAT_SECONDS = 15.0  # a comment line, so that a dead connection is noticed

Queue = asyncio.Queue["JsonDict | None"]


class Events:
    """The open streams."""

    def __init__(self, api: BotApi, mailbox: Mailbox, state: Callable[[], JsonDict]) -> None:
        self._api = api
        self._mailbox = mailbox
        self._state = state
        self._open: set[Queue] = set()

    def close(self) -> None:
        """End every stream: the server stops."""
        for queue in self._open:
            queue.put_nowait(None)

    async def stream(self) -> AsyncGenerator[str]:
        """One page's events as SSE text."""
        queue: Queue = asyncio.Queue()
        happened = self._api.subscribe()
        mails = self._mailbox.subscribe()
        first = len(self._mailbox.mails)
        queue.put_nowait({"event": "state", **self._state()})
        self._open.add(queue)
        pumps = [
            asyncio.create_task(_pump_feed(happened, queue)),
            asyncio.create_task(_pump_mails(mails, first, queue)),
        ]
        try:
            yield "retry: 1000\n\n"
            while True:
                try:
                    event = await asyncio.wait_for(queue.get(), HEARTBEAT_SECONDS)
                except TimeoutError:
                    yield ": still here\n\n"
                    continue
                if event is None:
                    return
                yield as_sse(event)
        finally:
            self._open.discard(queue)
            happened.close()
            for pump in pumps:
                pump.cancel()


async def _pump_feed(happened: AsyncIterator[JsonDict], queue: Queue) -> None:
    async for event in happened:
        queue.put_nowait(event)
    queue.put_nowait(None)


async def _pump_mails(mails: AsyncIterator[Mail], number: int, queue: Queue) -> None:
    async for mail in mails:
        queue.put_nowait({"event": "mail", "mail": summary(number, mail)})
        number += 1


def as_sse(event: JsonDict) -> str:
    """The event in text/event-stream; JSON has no raw line breaks, so one data line is enough."""
    return f"data: {json.dumps(event, ensure_ascii=False)}\n\n"
