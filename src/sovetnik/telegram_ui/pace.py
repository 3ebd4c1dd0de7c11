"""How fast we may send: overall and in each chat (generic cell rate algorithm)."""

from __future__ import annotations

import asyncio

FORGET_ABOVE = 10_000
"""Chats remembered before those that are free to send again are dropped."""


class Pace:
    """Spaces messages out; callers wait their turn in the order they came.

    Args:
        overall: Messages a second, with a second's worth as a burst; 0 = no limit.
        chat: The same in one chat, without a burst.
    """

    def __init__(self, overall: float, chat: float) -> None:
        self._gap = 1 / overall if overall else 0.0
        self._burst = 1.0 if overall else 0.0
        self._chat_gap = 1 / chat if chat else 0.0
        self._next = 0.0
        self._next_in: dict[int, float] = {}

    async def wait(self, chat_id: int) -> None:
        """Wait until a message may be sent to the chat, and count it as sent."""
        now = asyncio.get_running_loop().time()
        if self._chat_gap:
            at = max(now, self._next_in.get(chat_id, 0.0))
            self._next_in[chat_id] = at + self._chat_gap
            self._forget(now)
            await asyncio.sleep(at - now)
            now = at
        if self._gap:
            at = max(now, self._next - self._burst)
            self._next = max(now, self._next) + self._gap
            await asyncio.sleep(at - now)

    def _forget(self, now: float) -> None:
        if len(self._next_in) > FORGET_ABOVE:
            self._next_in = {chat: at for chat, at in self._next_in.items() if at > now}
