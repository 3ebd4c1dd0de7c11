"""How fast we may send: overall, in each chat, in groups."""

from __future__ import annotations

import asyncio
from collections import deque

FORGET_ABOVE = 10_000
"""Chats remembered before those that are free to send again are dropped."""

GROUP_MESSAGES = 20
GROUP_SECONDS = 60.0
"""Telegram takes so many messages in a group in so many seconds."""

SLACK = 1.05
"""By how much all spans are stretched: what leaves here at even distances bunches up on the way."""

TYPING = 100
""""Typing" a second over all chats: with thousands who wait, it would leave no time for their answers."""

ROOM_FOR_FINALS = 0.5
"""Share of a limit that things which can be left out do not touch."""


class _Window:
    """At most ``count`` messages in any ``seconds``; moments are seconds of the event loop's clock."""

    def __init__(self, count: int, seconds: float) -> None:
        self._at: deque[float] = deque(maxlen=count)
        self._count = count
        self._seconds = seconds * SLACK

    def next(self, now: float) -> float:
        """When the next one may go, ``now`` at the earliest."""
        return now if len(self._at) < self._count else max(now, self._at[0] + self._seconds)

    def take(self, at: float) -> None:
        """Count one that goes at that moment, not before those counted already."""
        self._at.append(at)

    def go_on_from(self, other: _Window) -> None:
        """Count what another window has counted."""
        self._at.extend(other._at)

    def has_room(self, now: float) -> bool:
        """Whether something that can be left out fits in."""
        recent = sum(at > now - self._seconds for at in self._at)
        return recent < self._count * (1 - ROOM_FOR_FINALS)

    def is_over(self, now: float) -> bool:
        """Whether nothing counted matters any more."""
        return not self._at or self._at[-1] + self._seconds <= now


def _window(rate: float) -> _Window:
    count = max(1, int(rate))
    return _Window(count, count / rate)


class Pace:
    """Spaces messages out; callers wait their turn in the order they came.

    What waits here is one delivery for each chat that is being worked on, and the outbox holds the rest on
    disk: the queue cannot outgrow the number of busy chats.

    Args:
        overall: Messages a second, which may all come at once; 0 = no limit.
        chat: The same in one chat, evenly spaced; 0 = no limit, in groups neither.
    """

    def __init__(self, overall: float, chat: float) -> None:
        self._rate = overall
        self._part = 1.0
        self._overall = _window(overall) if overall else None
        self._line = asyncio.Lock()
        self._waiting = self._asked = 0
        self._asked_from = self._need = 0.0
        self._chat_gap = SLACK / chat if chat else 0.0
        self._next_in: dict[int, float] = {}
        self._groups: dict[int, _Window] = {}
        self._typing = _Window(TYPING, 1.0)

    def may_type(self) -> bool:
        """Whether a "typing" may go out now; if so it counts. Telegram does not count them as messages."""
        now = asyncio.get_running_loop().time()
        if self._typing.next(now) > now:
            return False
        self._typing.take(now)
        return True

    def share(self, part: float) -> None:
        """Keep to a part of the overall limit, more than 0 and 1 at most: others send with the same token."""
        if self._rate and part != self._part:
            before, self._overall = self._overall, _window(self._rate * part)
            self._part = part
            if before:
                self._overall.go_on_from(before)

    def need(self) -> float:
        """The part of the overall limit that was asked for lately, 1 at most.

        Half of it is what the call before said: shares come a moment late, and would swing with every burst.
        """
        now = asyncio.get_running_loop().time()
        seconds, self._asked_from = max(1.0, now - self._asked_from), now
        asked, self._asked = self._asked, 0
        latest = min(1.0, (asked + self._waiting) / seconds / self._rate) if self._rate else 0.0
        self._need = (self._need + latest) / 2
        return self._need

    async def wait(self, chat_id: int) -> None:
        """Wait until a message may be sent to the chat, and count it as sent."""
        now = asyncio.get_running_loop().time()
        if self._chat_gap:
            at = max(now, self._next_in.get(chat_id, 0.0))
            if chat_id < 0:
                at = self._group(chat_id).next(at)
            self._take_in_chat(chat_id, at, now)
            await asyncio.sleep(at - now)
            now = at
        if self._overall:
            at = await self._wait_overall()
            if self._chat_gap:  # the chat's next message keeps its distance from this later moment
                self._next_in[chat_id] = max(self._next_in.get(chat_id, 0.0), at + self._chat_gap)

    def spare(self, chat_id: int | None = None) -> bool:
        """Whether something that can be left out may be sent now; if so it counts as sent.

        Args:
            chat_id: Where Telegram counts it as a message of the chat; drafts are none.
        """
        now = asyncio.get_running_loop().time()
        self._asked += 1
        if self._overall and (self._waiting or not self._overall.has_room(now)):
            return False
        if chat_id is not None and self._chat_gap:
            if self._next_in.get(chat_id, 0.0) > now:
                return False
            if chat_id < 0 and not self._group(chat_id).has_room(now):
                return False
            self._take_in_chat(chat_id, now, now)
        if self._overall:
            self._overall.take(now)
        return True

    async def _wait_overall(self) -> float:
        """Wait in line, under whatever share holds by then; gives the moment."""
        loop = asyncio.get_running_loop()
        self._asked += 1
        self._waiting += 1
        try:
            async with self._line:
                while self._overall and (pause := self._overall.next(loop.time()) - loop.time()) > 0:  # noqa: ASYNC110
                    await asyncio.sleep(pause)  # and look again: the share may be another by then
                now = loop.time()
                if self._overall:
                    self._overall.take(now)
                return now
        finally:
            self._waiting -= 1

    def _group(self, chat_id: int) -> _Window:
        return self._groups.setdefault(chat_id, _Window(GROUP_MESSAGES, GROUP_SECONDS))

    def _take_in_chat(self, chat_id: int, at: float, now: float) -> None:
        self._next_in[chat_id] = at + self._chat_gap
        if chat_id < 0:
            self._group(chat_id).take(at)
        self._forget(now)

    def _forget(self, now: float) -> None:
        if len(self._next_in) > FORGET_ABOVE:
            self._next_in = {chat: at for chat, at in self._next_in.items() if at > now}
        if len(self._groups) > FORGET_ABOVE:
            self._groups = {chat: sent for chat, sent in self._groups.items() if not sent.is_over(now)}
