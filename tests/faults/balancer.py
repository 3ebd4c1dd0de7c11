"""The load balancer before the replicas: each connection to the next one that answers."""

from __future__ import annotations

import asyncio
import contextlib
import socket

PATIENCE = 8.0
"""Seconds without a byte from a replica after which a connection is ended: it may be frozen."""


class Balancer:
    """Takes Telegram's calls on loopback and passes them on in turn.

    Attributes:
        ports: Where each replica listens.
        port: Where it listens itself.
    """

    def __init__(self, replicas: int) -> None:
        self.ports = [_free_port() for _ in range(replicas)]
        self.port = 0
        self._next = 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Balancer:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *error: object) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._tasks.add(task)
        try:
            await self._pass_on(reader, writer)
        except (OSError, TimeoutError, asyncio.CancelledError):
            pass  # Telegram tries again; asyncio would print a cancelled handler
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await self._connect()
        up = asyncio.ensure_future(_pump(reader, far_writer))
        try:
            while True:
                async with asyncio.timeout(PATIENCE):
                    data = await far_reader.read(65536)
                if not data:
                    return
                writer.write(data)
                await writer.drain()
        finally:
            up.cancel()
            far_writer.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        for _ in self.ports:
            self._next = (self._next + 1) % len(self.ports)
            with contextlib.suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", self.ports[self._next])
        raise ConnectionRefusedError


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
