"""How fast we may send: overall, in each chat, in groups (generic cell rate algorithm)."""

from __future__ import annotations

import asyncio

FORGET_ABOVE = 10_000
"""Chats remembered before those that are free to send again are dropped."""

GROUP_GAP = 4.0
GROUP_BURST = 4
"""Telegram takes 20 messages a minute in a group: one each 4 s after four at once makes 19 at worst."""

ROOM_FOR_FINALS = 0.5
"""Share of the overall burst that things which can be left out do not touch."""


class Pace:
    """Spaces messages out; callers wait their turn in the order they came.

    What waits here is one delivery for each chat that is being worked on, and the outbox holds the rest on
    disk: the queue cannot outgrow the number of busy chats.

    Args:
        overall: Messages a second, with a second's worth as a burst; 0 = no limit.
        chat: The same in one chat, without a burst; 0 = no limit, in groups neither.
    """

    def __init__(self, overall: float, chat: float) -> None:
        self._gap = 1 / overall if overall else 0.0
        self._burst = 1.0 if overall else 0.0
        self._chat_gap = 1 / chat if chat else 0.0
        self._next = 0.0
        self._next_in: dict[int, float] = {}
        self._next_in_group: dict[int, float] = {}

    async def wait(self, chat_id: int) -> None:
        """Wait until a message may be sent to the chat, and count it as sent."""
        now = asyncio.get_running_loop().time()
        if self._chat_gap:
            at = self._in_chat(chat_id, now)
            await asyncio.sleep(at - now)
            now = at
        if self._gap:
            at = max(now, self._next - self._burst)
            self._next = max(now, self._next) + self._gap
            await asyncio.sleep(at - now)

    def spare(self) -> bool:
        """Whether something that can be left out may be sent now; if so it counts as sent."""
        if not self._gap:
            return True
        now = asyncio.get_running_loop().time()
        if self._next - now > self._burst * (1 - ROOM_FOR_FINALS):
            return False
        self._next = max(now, self._next) + self._gap
        return True

    def _in_chat(self, chat_id: int, now: float) -> float:
        """When the chat takes its next message."""
        at = max(now, self._next_in.get(chat_id, 0.0))
        if chat_id < 0:
            full = self._next_in_group.get(chat_id, 0.0)
            at = max(at, full - GROUP_GAP * (GROUP_BURST - 1))
            self._next_in_group[chat_id] = max(at, full) + GROUP_GAP
        self._next_in[chat_id] = at + self._chat_gap
        self._forget(now)
        return at

    def _forget(self, now: float) -> None:
        for times in (self._next_in, self._next_in_group):
            if len(times) > FORGET_ABOVE:
                free = [chat for chat, at in times.items() if at <= now]
                for chat in free:
                    del times[chat]
