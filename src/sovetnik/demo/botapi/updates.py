"""The queue of updates and getUpdates, which empties it: confirmed is what an offset has passed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from sovetnik.demo.botapi.refusal import Json, JsonDict, Refusal, conflict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

KEPT_SECONDS = 24 * 3600  # Telegram keeps an update no longer
PRESS_SECONDS = 150  # and a pressed button's no longer than this
SILENCE_SECONDS = 7 * 24 * 3600  # after which the ids begin anew somewhere else
FAR_AHEAD = 10  # an offset so far beyond the newest update is none at all
MAX_TIMEOUT = 50  # longest long poll, seconds

KINDS = (
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "business_connection",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
    "message_reaction",
    "message_reaction_count",
    "inline_query",
    "chosen_inline_result",
    "callback_query",
    "shipping_query",
    "pre_checkout_query",
    "purchased_paid_media",
    "poll",
    "poll_answer",
    "my_chat_member",
    "chat_member",
    "chat_join_request",
    "chat_boost",
    "removed_chat_boost",
)
_ONLY_WHEN_ASKED = {"chat_member", "message_reaction", "message_reaction_count"}
_OTHER_POLLER = "terminated by other getUpdates request; make sure that only one bot instance is running"


@dataclass
class Queued:
    """An update that waits; ``again`` means it is handed once more though an offset has passed it."""

    update: JsonDict
    at: float
    again: bool = False

    @property
    def id(self) -> int:
        """The update id."""
        return self.update["update_id"]

    @property
    def expires(self) -> float:
        """When Telegram drops it, Unix seconds."""
        return self.at + (PRESS_SECONDS if "callback_query" in self.update else KEPT_SECONDS)


class Updates:
    """What the bot has not confirmed yet."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.next_id = 870_000_001
        self.allowed: list[str] = []
        self.queue: list[Queued] = []
        self.confirmed = 0
        self.last_at = clock()
        self.on_add: list[Callable[[], None]] = []
        self.on_poll: list[Callable[[], None]] = []
        self._poller: asyncio.Future[None] | None = None

    def add(self, kind: str, content: JsonDict) -> int | None:
        """Queue an update and return its id; None if the bot did not allow the kind."""
        if kind not in self._allowed_kinds():
            return None
        if self.clock() - self.last_at > SILENCE_SECONDS:
            # Telegram takes a random number; a fixed rule keeps tests readable. It may well be a smaller one.
            self.next_id = 2_000_001 + self.next_id * 7919 % 1_000_000_000
            self.confirmed = 0
        update_id = self.next_id
        self.next_id += 1
        self._put(Queued({"update_id": update_id, kind: content}, self.clock()))
        return update_id

    def push(self, update: JsonDict) -> int:
        """Queue a raw update; an ``update_id`` of its own may repeat an earlier one."""
        update = {"update_id": self.next_id, **update}
        update_id: int = update["update_id"]
        again = update_id < self.confirmed or any(waiting.id == update_id for waiting in self.queue)
        self.next_id = max(self.next_id, update_id + 1)
        self._put(Queued(update, self.clock(), again))
        return update_id

    def _put(self, queued: Queued) -> None:
        self.last_at = queued.at
        self.queue.append(queued)
        self._release(None)
        for tell in self.on_add:
            tell()

    def allow(self, kinds: Json) -> None:
        """Remember ``allowed_updates``: an empty list is the default set, no list of words is no change."""
        if isinstance(kinds, list):
            named = cast("list[Any]", kinds)
            if all(isinstance(kind, str) for kind in named):
                wanted = {kind.lower() for kind in named}
                self.allowed = [kind for kind in KINDS if kind in wanted]

    def _allowed_kinds(self) -> Iterable[str]:
        return self.allowed or [kind for kind in KINDS if kind not in _ONLY_WHEN_ASKED]

    def pending(self) -> list[Queued]:
        """What waits, without what is too old."""
        now = self.clock()
        self.queue = [queued for queued in self.queue if queued.expires > now]
        return self.queue

    def confirm(self, offset: int) -> None:
        """Forget every update below ``offset``; below zero it counts from the end of the queue.

        An offset far beyond the newest update forgets nothing: a bot that has one from elsewhere (another
        token's, or from before the ids began anew) gets the same updates again and again.
        """
        if offset < 0:
            self.queue = self.pending()[offset:]
        elif 0 < offset <= self.next_id + FAR_AHEAD:
            self.queue = [queued for queued in self.pending() if queued.id >= offset or queued.again]
            self.confirmed = max(self.confirmed, offset)

    def _batch(self, limit: int) -> list[JsonDict]:
        batch = self.pending()[:limit]
        for queued in batch:
            queued.again = False
        return [queued.update for queued in batch]

    async def poll(self, offset: int, limit: int, timeout: float) -> list[JsonDict]:  # noqa: ASYNC109
        """Serve ``getUpdates``.

        Args:
            offset: first update wanted; confirms all before it.
            limit: most updates wanted, 1 to 100.
            timeout: seconds to wait for the first one.

        Raises:
            Refusal: 409, when another poller or a webhook takes over.
        """
        self.end_poll(conflict(_OTHER_POLLER))
        self.confirm(offset)
        batch = self._batch(limit)
        if batch or timeout <= 0:
            return batch
        self._poller = poller = asyncio.get_running_loop().create_future()
        for tell in self.on_poll:
            tell()
        try:
            async with asyncio.timeout(min(timeout, MAX_TIMEOUT)):
                await poller
        except TimeoutError:
            return []
        finally:
            if self._poller is poller:
                self._poller = None
        return self._batch(limit)

    @property
    def polled(self) -> bool:
        """Whether a long poll waits right now."""
        return self._poller is not None

    def end_poll(self, refusal: Refusal | None = None) -> None:
        """Answer the waiting long poll: with what there is, or with a refusal."""
        self._release(refusal)
        self._poller = None

    def _release(self, refusal: Refusal | None) -> None:
        if self._poller is None or self._poller.done():
            return
        if refusal is None:
            self._poller.set_result(None)
        else:
            self._poller.set_exception(refusal)
