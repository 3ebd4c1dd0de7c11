"""An ASGI application served inside the running event loop, for tests and the demo.

Unlike uvicorn's own ``serve`` it leaves signals alone, tells the real port at once, and stops at once: first
the application hears of it (lifespan shutdown) and can end its long polls, then what is still open is cut.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    import ssl as ssl_module
    from collections.abc import AsyncGenerator, Generator

    from starlette.types import ASGIApp, Receive, Scope, Send

GRACE_SECONDS = 1.0  # for answers under way when the server stops
ABORT = "sovetnik.abort"  # the ASGI extension: a function that closes the connection at once
KEEP_ALIVE_SECONDS = 75  # nginx's; with uvicorn's 5 a pooled connection is often gone when it is needed


class _Protocol(H11Protocol):
    """HTTP with one extension: the application can close the connection without an answer."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        app: Any = self.app

        async def with_abort(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})[ABORT] = transport.abort
            await app(scope, receive, send)

        self.app = with_abort


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()
        self.stopping = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield  # the program that runs this loop has handlers of its own

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        except SystemExit:  # uvicorn's way of saying that the application's lifespan failed
            raise RuntimeError("the application did not start; its log says why") from None
        self.listening.set()

    async def main_loop(self) -> None:
        # uvicorn looks ten times a second whether to stop; here stopping wakes it.
        while not self.stopping.is_set():
            await self.on_tick(0)  # renews the Date header
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), 1.0)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for sock in sockets or []:
            sock.close()
        await self.lifespan.shutdown()
        connections: list[Any] = list(self.server_state.connections)
        for connection in connections:
            connection.shutdown()
        tasks = set(self.server_state.tasks)
        if tasks:
            await asyncio.wait(tasks, timeout=GRACE_SECONDS)
        for connection in connections:
            if not connection.transport.is_closing():  # a closing one still sends the end of its answer
                connection.transport.abort()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _listening(family: socket.AddressFamily, host: str, port: int) -> socket.socket:
    # With the protocol left to the system asyncio would not set TCP_NODELAY, and each answer took 40 ms more.
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(2048)
    except OSError:
        sock.close()
        raise
    return sock


@contextlib.asynccontextmanager
async def serve(
    app: ASGIApp, host: str = "127.0.0.1", port: int = 0, *, ssl: ssl_module.SSLContext | None = None
) -> AsyncGenerator[str]:
    """Serve ``app`` until the block ends.

    Args:
        app: any ASGI application.
        host: address to listen on.
        port: 0 takes a free one.
        ssl: serve HTTPS with this context.

    Yields:
        The base URL, without a slash at the end.

    Raises:
        OSError: the address is taken.
        RuntimeError: the application refused to start.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = _listening(family, host, port)
    config = uvicorn.Config(
        app,
        http=_Protocol,
        ws="none",
        lifespan="auto",
        log_config=None,
        access_log=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )
    config.load()
    if ssl is not None:
        config.ssl = ssl
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[sock]))
    listening = asyncio.create_task(server.listening.wait())
    await asyncio.wait({listening, task}, return_when=asyncio.FIRST_COMPLETED)
    listening.cancel()
    if task.done():
        sock.close()
        task.result()
    try:
        shown = f"[{host}]" if family == socket.AF_INET6 else host
        yield f"{'https' if ssl else 'http'}://{shown}:{sock.getsockname()[1]}"
    finally:
        server.stopping.set()
        await task
