"""Sending a run to its client: the pace, the faults of the wire, and clients that leave."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Iterator
from typing import Any

from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from .events import Event
from .faults import Fault
from .journal import Call, Journal
from .run import Run
from .wire import chunks, dressed, encoded, torn


async def until_gone(receive: Receive) -> None:
    """Return when the client has closed its connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def first_of(gone: asyncio.Future[None], released: asyncio.Event) -> None:
    """Return when the client has left or the fault was released, whichever comes first."""
    waiting = asyncio.ensure_future(released.wait())
    try:
        await asyncio.wait([waiting, gone], return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()


def hang_up(send: Send, *, hard: bool) -> None:
    """Close the client's connection at once; hard means a TCP reset.

    ASGI has no word for it, so this reaches for the transport behind uvicorn's `send`, a bound method.
    """
    transport: Any = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise RuntimeError("closing a connection early needs uvicorn's own `send`")
    if not hard:
        transport.close()
        return
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


class Delivery:
    """Sends one run to one client and writes down in the journal how it ended."""

    def __init__(self, run: Run, call: Call, journal: Journal, fault: Fault | None, *, keep: bool) -> None:
        self._run = run
        self._call = call
        self._journal = journal
        self._fault = fault
        self._keep = keep
        """Whether a response completes although its client left."""
        self._gone: asyncio.Future[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI side."""
        self._gone = asyncio.ensure_future(until_gone(receive))
        try:
            if self._run.streamed:
                await self._stream(scope, send)
            else:
                await self._whole(scope, receive, send)
        finally:
            self._gone.cancel()
            # Whatever happened above, the conversation must not stay locked.
            self._run.finish(completed=False)

    def _left(self) -> bool:
        left = self._gone is not None and self._gone.done()
        if left and not self._call.disconnected:
            self._journal.note_disconnect(self._call)
        return left

    async def _pause(self, seconds: float) -> None:
        """Wait, but no longer than the client does unless its answer is wanted all the same."""
        if seconds <= 0 or self._gone is None:
            return
        if self._keep:
            await asyncio.sleep(seconds)
        else:
            await asyncio.wait([self._gone], timeout=seconds)

    async def _stream(self, scope: Scope, send: Send) -> None:
        headers = [(b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-store")]
        fault = self._fault
        events = self._run.events(fault)
        started = False
        for count, event in enumerate(events):
            await self._pause(event.wait)
            if self._left() and not self._keep:
                return self._journal.end(self._call, "abandoned")
            if not started and not self._at(fault, count, "reset_after", "stall_after"):
                await send({"type": "http.response.start", "status": 200, "headers": headers})
                started = True
            data = encoded(event, fault)
            half = torn(data, fault) if fault is not None and started else b""
            if fault is not None and await self._breaks(scope, count, events, send, half):
                return None
            if self._run.status != "in_progress":
                # Before the terminal event is out: whoever has seen it may ask again at once.
                self._complete()
            for piece in chunks(data, fault):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})
        return None

    @staticmethod
    def _at(fault: Fault | None, count: int, *names: str) -> bool:
        return fault is not None and any(getattr(fault, name) == count for name in names)

    async def _breaks(self, scope: Scope, count: int, rest: Iterator[Event], send: Send, half: bytes) -> bool:
        """Do what the fault orders after `count` events; true if the stream is over with it.

        `half` is what still goes out of the next event before that.
        """
        fault: Fault = scope["fault"]
        if self._at(fault, count, "hold_after"):
            await self._hold(fault)
        if not self._at(fault, count, "cut_after", "reset_after", "stall_after"):
            return False
        if half:
            await send({"type": "http.response.body", "body": half, "more_body": True})
        if fault.keep:
            for _ in rest:  # the events that nobody will see: after them the response is complete
                pass
            self._run.finish(completed=True)
        elif fault.stall_after != count:
            self._run.finish(completed=False)
        if fault.cut_after == count:
            self._journal.end(self._call, "cut")
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        else:
            await self._break_off(fault, count, scope["bare_send"])
        return True

    async def _hold(self, fault: Fault) -> None:
        if self._keep or self._gone is None:
            await fault.released.wait()
        else:
            await first_of(self._gone, fault.released)

    async def _break_off(self, fault: Fault, count: int, bare_send: Send) -> None:
        if self._gone is None:
            return
        if fault.reset_after == count:
            hang_up(bare_send, hard=True)
        await first_of(self._gone, fault.released)
        self._left()
        self._journal.end(self._call, "reset" if fault.reset_after == count else "stalled")

    async def _whole(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault = self._fault
        if fault is not None and fault.hold_after is not None:
            await self._hold(fault)
        if fault is not None and fault.outcome is not None:
            return await self._break_whole(fault, scope["bare_send"])
        failure = fault.failure() if fault is not None else None
        if failure is not None:
            self._journal.end(self._call, f"{failure.status} {failure.code}")
            return await JSONResponse(failure.body(), failure.status)(scope, receive, send)
        await self._pause(sum(event.wait for event in self._run.events(fault)))
        if self._left() and not self._keep:
            return self._journal.end(self._call, "abandoned")
        self._complete()
        return await JSONResponse(dressed(self._run.shown(), fault))(scope, receive, send)

    async def _break_whole(self, fault: Fault, bare_send: Send) -> None:
        """No answer: the connection is closed, or nothing comes until the client gives up."""
        if fault.keep:
            self._run.close()
            self._run.finish(completed=True)
        elif fault.outcome != "stalled":
            self._run.finish(completed=False)
        if fault.outcome != "stalled":
            hang_up(bare_send, hard=fault.outcome == "reset")
        if self._gone is not None:
            await first_of(self._gone, fault.released)
        self._left()
        self._journal.end(self._call, fault.outcome or "")

    def _complete(self) -> None:
        status = self._run.status
        completed = status in ("completed", "incomplete")
        self._run.finish(completed=completed)
        ended = "error event" if self._fault and self._fault.error_event else status
        self._left()
        self._journal.end(self._call, ended)
