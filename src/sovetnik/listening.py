"""A web server inside the running bot: for `/healthz`, for Telegram's calls; others do not import it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Generator

import uvicorn
from starlette.applications import Starlette

from sovetnik.core.errors import ConfigError

WAITING = 1024
"""Calls that may wait to be taken: Telegram makes up to a hundred at once."""


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield  # the bot's own handlers stay


class Listener:
    """Serves an application on one address.

    Args:
        app: What answers.
        listen: ``host:port``.
        setting: Where the owner has set that.
    """

    def __init__(self, app: Starlette, listen: str, setting: str) -> None:
        config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", server_header=False)
        self._server = _Server(config)
        self._listen, self._setting = listen, setting
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen.

        Raises:
            ConfigError: the address cannot be listened on.
        """
        self._task = asyncio.create_task(self._server.serve(sockets=[self._bound()]))

    async def stop(self) -> None:
        """Stop listening; calls that are being answered are finished."""
        if self._task is not None:
            self._server.should_exit = True
            await self._task

    def _bound(self) -> socket.socket:
        host, _, port = self._listen.rpartition(":")
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            # With its protocol named asyncio sends small answers at once (TCP_NODELAY).
            bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind((host.strip("[]"), int(port)))
            bound.listen(WAITING)  # now, not when the server gets to it: the first call may come at once
        except OSError as error:
            raise ConfigError(
                f"{self._setting}: cannot listen on {self._listen}: {error.strerror}; name a free address"
            ) from error
        return bound
