"""What was asked of the server and how it ended, for assertions."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from .errors import Json


@dataclass(eq=False)
class Call:
    """One HTTP request."""

    method: str
    path: str
    body: Json
    headers: dict[str, str]
    query: dict[str, str] = field(default_factory=dict[str, str])
    started: float = field(default_factory=time.monotonic)
    ended: float | None = None
    finished: str = ""
    """Empty while it runs; then `ok`, `completed`, `incomplete`, `failed`, `error event`, `cut`, `reset`,
    `stalled`, `abandoned` (the client left) or the status of a refusal, as in `429 insufficient_quota`."""
    disconnected: bool = False
    """The client left before its answer was complete."""

    @property
    def done(self) -> bool:
        """Whether the server has finished with it."""
        return bool(self.finished)


class Journal:
    """All calls so far, and waiting for more without polling."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.in_flight = 0
        self.max_in_flight = 0
        self._changed = asyncio.Event()

    def begin(self, call: Call) -> None:
        """Write a call down when it arrives."""
        self.calls.append(call)
        if call.path == "/v1/responses":
            self.in_flight += 1
            self.max_in_flight = max(self.max_in_flight, self.in_flight)
        self._wake()

    def end(self, call: Call, finished: str, *, insist: bool = False) -> None:
        """Note how it ended; the first word counts, unless a later one insists."""
        if call.done:
            call.finished = finished if insist else call.finished
            return
        call.finished = finished
        call.ended = time.monotonic()
        if call.path == "/v1/responses":
            self.in_flight -= 1
        self._wake()

    def note_disconnect(self, call: Call) -> None:
        """Note that the client went away."""
        call.disconnected = True
        self._wake()

    def _wake(self) -> None:
        # Everyone waiting holds the old event, so nobody can miss a change between two looks.
        self._changed.set()
        self._changed = asyncio.Event()

    async def wait_until(self, reached: Callable[[], bool], what: str, timeout: float) -> None:  # noqa: ASYNC109
        """Return as soon as `reached()` holds, looked at after each change.

        Raises:
            TimeoutError: naming `what` was awaited.
        """
        try:
            async with asyncio.timeout(timeout):
                while not reached():
                    await self._changed.wait()
        except TimeoutError as error:
            seen = [(call.method, call.path, call.finished or "running") for call in self.calls]
            raise TimeoutError(f"{what} did not happen in {timeout} s; seen: {seen}") from error
