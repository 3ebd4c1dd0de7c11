"""The only way from one replica to PostgreSQL: it can be cut, and comes back."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path


class Relay:
    """Forwards TCP connections of loopback to a server's Unix socket.

    Attributes:
        port: Where it listens.
    """

    def __init__(self, target: Path) -> None:
        self.port = 0
        self._target = target
        self._open = asyncio.Event()
        self._open.set()
        self._refusing = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Relay:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *error: object) -> None:
        self.mend()
        self._server.close()
        await self._end_all()

    def hold(self) -> None:
        """Keep every connection and forward nothing, as a network does whose packets are lost."""
        self._open.clear()

    async def refuse(self) -> None:
        """End every connection and take none, as a firewall does that answers."""
        self._refusing = True
        await self._end_all()

    def mend(self) -> None:
        """Forward again, also what was held."""
        self._refusing = False
        self._open.set()

    async def _end_all(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._tasks.add(task)
        try:
            if not self._refusing:
                await self._connect(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass  # ended by either side, or by us; asyncio would print a cancelled handler
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._open.wait()
        far_reader, far_writer = await asyncio.open_unix_connection(self._target)
        pumps = [
            asyncio.ensure_future(self._pump(reader, far_writer)),
            asyncio.ensure_future(self._pump(far_reader, writer)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:  # PostgreSQL and its clients end both directions at once
            for pump in pumps:
                pump.cancel()
            far_writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await self._open.wait()
                writer.write(data)
                await writer.drain()
