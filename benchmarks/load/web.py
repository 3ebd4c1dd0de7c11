"""As little of an HTTP/1.1 server as the two doubles need: what it costs is taken from the bot's machine."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

REASONS = {200: "OK", 404: "Not Found", 409: "Conflict", 501: "Not Implemented"}


class Request:
    """Answered once with `reply`, or with `start`, some `chunk` and `end`."""

    __slots__ = ("body", "connection", "head", "method", "path", "query")

    def __init__(self, connection: Connection, head: bytes, body: bytes) -> None:
        self.connection, self.head, self.body = connection, head, body
        self.method, target, _ = head.decode("latin-1").split(" ", 2)
        self.path, _, self.query = target.partition("?")

    def parameters(self) -> dict[str, Any]:
        """Of a Bot API call: JSON, or a form whose values are text."""
        if self.body.startswith(b"{"):
            return json.loads(self.body)
        return dict(parse_qsl(self.body.decode() or self.query))

    @property
    def gone(self) -> bool:
        """Nobody waits for the answer any more."""
        return self.connection.transport is None

    def reply(self, body: bytes, status: int = 200) -> None:
        """Answer with JSON."""
        self._write(
            b"HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
            % (status, REASONS[status].encode(), len(body), body)
        )

    def start(self) -> None:
        """Begin a stream of server-sent events."""
        self._write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        )

    def chunk(self, data: bytes) -> None:
        self._write(b"%x\r\n%s\r\n" % (len(data), data))

    def end(self) -> None:
        self._write(b"0\r\n\r\n")

    def _write(self, data: bytes) -> None:
        if self.connection.transport is not None:
            self.connection.transport.write(data)


class Connection(asyncio.Protocol):
    """Kept alive; a client sends its next request after the answer to the one before."""

    def __init__(self, application: Callable[[Request], None]) -> None:
        self.application = application
        self.transport: asyncio.Transport | None = None
        self.received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's protocol
        self.transport = None

    def data_received(self, data: bytes) -> None:
        self.received = received = self.received + data if self.received else data
        end = received.find(b"\r\n\r\n")
        if end < 0:
            return
        head = received[:end]
        lower = head.lower()
        if b"\ntransfer-encoding:" in lower:
            Request(self, head, b"").reply(b"{}", 501)
            return
        at = lower.find(b"\ncontent-length:")
        length = int(lower[at + 16 :].split(b"\r", 1)[0]) if at >= 0 else 0
        if len(received) >= end + 4 + length:
            self.received = b""
            self.application(Request(self, head, received[end + 4 :]))


async def listen(application: Callable[[Request], None]) -> tuple[asyncio.Server, str]:
    """A server on loopback, and its address."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(application), "127.0.0.1", 0, backlog=4096)
    return server, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
