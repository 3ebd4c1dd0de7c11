"""``HTTP_LISTEN``: ``/healthz`` for whoever restarts the bot, ``/metrics`` for Prometheus."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sovetnik.core.owner import Queue, Window
from sovetnik.listening import Listener
from sovetnik.ops.signs import Inside, Observer, Signs

if TYPE_CHECKING:
    from sovetnik.ops.metrics import Metrics

DEAF_AFTER = 120.0
"""Seconds without a completed poll after which the bot counts as unhealthy."""


class Health:
    """Serves ``/healthz``, and ``/metrics`` where there are any, on ``HTTP_LISTEN``.

    Args:
        listen: ``host:port``.
        polled_at: ``time.monotonic()`` of the last completed poll, None before the first; no callable
            where there is no polling.
        inside: Where the rest is asked.
        metrics: What has been counted.
    """

    def __init__(
        self,
        listen: str,
        polled_at: Callable[[], float | None] | None,
        inside: Inside | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        self._observer = Observer(polled_at, inside)
        self._metrics = metrics
        routes = [Route("/healthz", self._healthz)]
        if metrics:
            routes.append(Route("/metrics", partial(self._show_metrics, metrics)))
        self._listener = Listener(Starlette(routes=routes), listen, "HTTP_LISTEN")

    async def start(self) -> None:
        """Listen.

        Raises:
            ConfigError: the address cannot be listened on.
        """
        await self._listener.start()
        if self._metrics:
            self._metrics.start()

    async def stop(self) -> None:
        """Stop listening."""
        await self._listener.stop()
        if self._metrics:
            self._metrics.stop()
        self._observer.close()

    async def _healthz(self, _: Request) -> JSONResponse:
        signs = await self._observer.look()
        status = _status(signs)
        return JSONResponse({"status": status, **_told(signs)}, 200 if status == "ok" else 503)

    async def _show_metrics(self, metrics: Metrics, request: Request) -> Response:
        signs = await self._observer.look()
        page, kind = metrics.page(signs, request.headers.get("accept", ""))
        return Response(page, headers={"content-type": kind})


def _status(signs: Signs) -> str:
    """Not ``ok`` only where the bot does not do its work; a full disk or an absent model is only told."""
    if signs.database is not None:
        return "database"
    if signs.poll_age is not None and signs.poll_age >= DEAF_AFTER:
        return "deaf"
    return "ok"


def _told(signs: Signs) -> dict[str, Any]:
    vitals = signs.vitals
    return {
        "last_poll_age_s": None if signs.poll_age is None else round(signs.poll_age, 1),
        "database": signs.database or "ok",
        "inbox": vitals and _queue(vitals.inbox),
        "answers": vitals and _queue(vitals.answers),
        "mails": vitals and _queue(vitals.mails),
        "last_report": vitals and _report(vitals.last_report),
        "disk_free_mb": None if signs.disk_free is None else signs.disk_free // 1_000_000,
        "paused": vitals and vitals.paused_at is not None,
        "model": signs.model,
    }


def _queue(queue: Queue) -> dict[str, float]:
    return {"waiting": queue.waiting, "oldest_s": round(queue.age(datetime.now(UTC)), 1)}


def _report(window: Window | None) -> dict[str, str] | None:
    if window is None or window.start == window.end:  # only marks where the first report will begin
        return None
    return {"day": window.day.isoformat(), "made_at": window.end.isoformat()}
