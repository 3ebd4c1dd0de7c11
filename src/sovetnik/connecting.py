"""HTTP for the calls of every turn: aiohttp, straight or through a proxy that also resolves the names.

httpx looks at all its connections for each request; with hundreds of busy chats that is half the processor's
time. What is asked seldom stays with the SDKs' own clients.
"""

from __future__ import annotations

import functools
import re
import ssl
from typing import TYPE_CHECKING, Self
from urllib.parse import unquote, urlsplit

import aiohttp
import httpx

if TYPE_CHECKING:
    from aiohttp_socks import ProxyConnector

PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
"""Kinds of proxies, and the ports of those whose URL has none."""

_ADDRESS = re.compile(r"\w+://\S+")


def check_proxy(proxy: str | None) -> None:
    """Look at a proxy's URL before anything is opened.

    Raises:
        ValueError: its kind is not known, or it names no host; the words hold no password.
    """
    if proxy is None:
        return
    url = urlsplit(proxy)
    if url.scheme not in PORTS or not url.hostname:
        raise ValueError(f"a proxy cannot be {url.scheme}://…")


@functools.cache
def trusted() -> ssl.SSLContext:
    """Whom Telegram's and the model's servers must have a certificate of.

    Mozilla's list, which comes with us, since a bare machine has none; and this machine's, where a company
    puts its own. Made once: reading them takes up to 35 ms.
    """
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context


def open_session(
    proxy: str | None, tls: ssl.SSLContext, *, limit: int = 0, keep_alive: float = 15.0
) -> aiohttp.ClientSession:
    """A session without cookies that knows nothing of the environment's proxies; to be closed.

    Args:
        proxy: Checked by :func:`check_proxy`; resolves the names of the servers, for socks5 as for socks5h.
        tls: Whom to trust.
        limit: Connections at the same time, more calls wait; 0 = no limit.
        keep_alive: Seconds that an idle connection is kept.
    """
    connector = (
        _through(proxy, tls, limit, keep_alive)
        if proxy
        else aiohttp.TCPConnector(ssl=tls, limit=limit, keepalive_timeout=keep_alive)
    )
    return aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar(), timeout=aiohttp.ClientTimeout()
    )


@functools.cache
def limits(
    *, total: float | None, pool: float, connect: float, silence: float | None
) -> aiohttp.ClientTimeout:
    """The limits of a call, in seconds.

    Args:
        total: For all of it.
        pool: Until a connection is free and open.
        connect: Until a new one is open.
        silence: Without a sign of life.
    """
    return aiohttp.ClientTimeout(total=total, connect=pool, sock_connect=connect, sock_read=silence)


def is_timeout(error: BaseException) -> bool:
    """Whether a failed call ran out of time: the proxy's own time-out is no TimeoutError."""
    return isinstance(error, TimeoutError) or type(error).__name__ == "ProxyTimeoutError"


def told(error: BaseException) -> str:
    """A failed call in one line, without the address: Telegram's holds the token."""
    said = error.message if isinstance(error, aiohttp.ClientResponseError) else str(error)
    shown = "" if isinstance(error, aiohttp.InvalidURL) else _ADDRESS.sub("…", said)
    return f"{type(error).__name__}: {shown}".removesuffix(": ")


def proxy_login(url: str) -> tuple[str | None, str | None]:
    """User and password of a proxy's URL, as python-socks has to be given them to send UTF-8."""
    parsed = urlsplit(url)
    if not parsed.username and not parsed.password:
        return None, None
    return _Credential.of(parsed.username or ""), _Credential.of(parsed.password or "")


class _Credential(str):
    """Part of a proxy's login as the library sends it: it knows ASCII only, and counts characters.

    Each character stands for one byte of UTF-8, which is what other clients send.
    """

    __slots__ = ()

    @classmethod
    def of(cls, quoted: str) -> Self:
        """As a URL has it."""
        return cls(unquote(quoted).encode().decode("latin-1"))

    def __bool__(self) -> bool:
        """True: a key without a password is a login too, which the library would not send."""
        return True

    def encode(self, encoding: str = "", errors: str = "strict") -> bytes:  # noqa: ARG002 - str's signature
        """Its bytes, whatever encoding is asked for."""
        return super().encode("latin-1")


def _through(proxy: str, tls: ssl.SSLContext, limit: int, keep_alive: float) -> ProxyConnector:
    # Most owners have no proxy, and the import takes time at the start.
    from aiohttp_socks import ProxyConnector, ProxyType

    url = urlsplit(proxy)
    username, password = proxy_login(proxy)
    return ProxyConnector(
        host=url.hostname or "",
        port=url.port or PORTS[url.scheme],
        proxy_type=ProxyType.SOCKS5 if url.scheme.startswith("socks") else ProxyType.HTTP,
        username=username,
        password=password,
        rdns=True,
        proxy_ssl=tls if url.scheme == "https" else None,
        ssl=tls,
        limit=limit,
        keepalive_timeout=keep_alive,
    )
