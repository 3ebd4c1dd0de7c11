"""The queue of updates and getUpdates, which empties it: confirmed is what an offset has passed."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from sovetnik.demo.botapi.refusal import Json, JsonDict, Refusal, conflict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

KEPT_SECONDS = 24 * 3600  # Telegram keeps an update no longer
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


class Updates:
    """What the bot has not confirmed yet."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.next_id = 870_000_001
        self.allowed: list[str] = []
        self.queue: list[Queued] = []
        self.confirmed = 0
        self.on_add: list[Callable[[], None]] = []
        self.on_poll: list[Callable[[], None]] = []
        self._poller: asyncio.Future[None] | None = None

    def add(self, kind: str, content: JsonDict) -> int | None:
        """Queue an update and return its id; None if the bot did not allow the kind."""
        if kind not in self._allowed_kinds():
            return None
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
        self.queue.append(queued)
        self._release(None)
        for tell in self.on_add:
            tell()

    def allow(self, kinds: Json) -> None:
        """Remember ``allowed_updates``: an empty list is the default set, no list is no change."""
        if isinstance(kinds, list):
            self.allowed = [kind for kind in cast("list[Any]", kinds) if kind in KINDS]

    def _allowed_kinds(self) -> Iterable[str]:
        return self.allowed or [kind for kind in KINDS if kind not in _ONLY_WHEN_ASKED]

    def pending(self) -> list[Queued]:
        """What waits, without what is older than a day."""
        oldest = self.clock() - KEPT_SECONDS
        self.queue = [queued for queued in self.queue if queued.at > oldest]
        return self.queue

    def confirm(self, offset: int) -> None:
        """Forget every update below ``offset``; below zero it counts from the end of the queue."""
        if offset < 0:
            self.queue = self.pending()[offset:]
        elif offset > 0:
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
