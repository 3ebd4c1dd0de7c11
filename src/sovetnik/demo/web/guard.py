"""Who may use the page: this machine's own browser, on this page, and nobody else.

A site that the same browser has open could otherwise reach the page: by a name of its own that resolves to
127.0.0.1 (DNS rebinding), or by posting forms to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

OWN_NAMES = {"localhost", "127.0.0.1", "::1"}

PAGE_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; object-src 'none'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# A mail's own styles and inline pictures are fine; scripts, forms and anything fetched are not.
FRAME_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
    "style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "Cache-Control": "no-store",
}


class Guard:
    """ASGI middleware: refuses other hosts and foreign posts, adds the security headers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        refusal = refusal_of(scope["method"], Headers(scope=scope))

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Content-Security-Policy", PAGE_POLICY)
            await send(message)

        app = self.app if refusal is None else JSONResponse({"error": refusal}, 403)
        await app(scope, receive, guarded)


def refusal_of(method: str, headers: Headers) -> str | None:
    """Why the request is refused; None if it is not."""
    host = headers.get("host", "")
    if not is_own_host(host):
        return "this page answers to localhost, 127.0.0.1 and [::1] only"
    if method in {"GET", "HEAD"}:
        return None
    return None if _same_origin(host, headers) else "only the page itself may do that"


def is_own_host(host: str) -> bool:
    """Whether a Host header names this machine."""
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        return False
    return name in OWN_NAMES


def _same_origin(host: str, headers: Headers) -> bool:
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if origin is None and site is None:
        return False
    return origin in {None, f"http://{host}", f"https://{host}"} and site in {None, "same-origin"}
