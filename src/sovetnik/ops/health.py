"""``/healthz``: is the bot still hearing Telegram?"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable, Generator

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from sovetnik.core.errors import ConfigError

DEAF_AFTER = 120.0
"""Seconds without a completed poll after which the bot counts as unhealthy."""


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield  # the bot's own handlers stay


class Health:
    """Serves ``/healthz`` on ``HTTP_LISTEN``.

    Args:
        polled_at: ``time.monotonic()`` of the last completed poll, None before the first; no callable
            where there is no polling.
    """

    def __init__(self, listen: str, polled_at: Callable[[], float | None] | None) -> None:
        self._listen = listen
        self._polled_at = polled_at
        self._started_at = time.monotonic()
        app = Starlette(routes=[Route("/healthz", self._healthz)])
        config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off")
        self._server = _Server(config)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Listen.

        Raises:
            ConfigError: the address cannot be listened on.
        """
        host, _, port = self._listen.rpartition(":")
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            bound = socket.socket(family)
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind((host.strip("[]"), int(port)))
            bound.listen()  # now, not when the server gets to it: "ready" is logged next
        except OSError as error:
            raise ConfigError(
                f"HTTP_LISTEN: cannot listen on {self._listen}: {error.strerror}; name a free address"
            ) from error
        self._task = asyncio.create_task(self._server.serve(sockets=[bound]))

    async def stop(self) -> None:
        """Stop listening."""
        if self._task:
            self._server.should_exit = True
            await self._task

    async def _healthz(self, _: Request) -> JSONResponse:
        age = None
        if self._polled_at is not None:
            age = round(time.monotonic() - (self._polled_at() or self._started_at), 1)
        healthy = age is None or age < DEAF_AFTER
        return JSONResponse(
            {"status": "ok" if healthy else "deaf", "last_poll_age_s": age}, 200 if healthy else 503
        )
