"""Whether a proxy works, and whether it resolves names."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import re
import time
from urllib.parse import urlsplit

from python_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError, parse_proxy_url
from python_socks.async_.asyncio import Proxy

from sovetnik.connecting import proxy_login
from sovetnik.doctor import words
from sovetnik.doctor.finding import PATIENCE, Finding, Said, Trouble, same, tenths
from sovetnik.doctor.patient import literal, place

_LOGIN = re.compile(r"authenticat|\b407\b|wants a user", re.IGNORECASE)


async def check_proxy(name: str, setting: str, proxy: str, host: str, port: int) -> Finding:
    """Connect through the proxy to the server that it is for.

    Args:
        name: Of the finding.
        setting: Where the proxy is set, for the way out.
        proxy: Its URL.
        host: The server, by the name that the bot uses.
        port: The server's.

    Raises:
        Trouble: the proxy is down, refuses the login, or does not reach the server.
    """
    shown = place(proxy)
    if urlsplit(proxy).scheme == "https":  # python-socks does not speak TLS to a proxy
        return Finding(name, "ok", words.PROXY_NOT_APART.format(proxy=shown))
    began = time.monotonic()
    try:
        await _connect(proxy, host, port)
    except ProxyTimeoutError:
        raise Trouble(
            words.PROXY_DOWN.format(proxy=shown, error=words.TOO_SLOW.format(seconds=round(PATIENCE))),
            words.PROXY_DOWN_OUT.format(setting=setting),
            "unreachable",
        ) from None
    except ProxyConnectionError as error:
        raise Trouble(
            words.PROXY_DOWN.format(proxy=shown, error=_cause(error)),
            words.PROXY_DOWN_OUT.format(setting=setting),
            "unreachable",
        ) from None
    except (ProxyError, OSError) as error:
        raise await _trouble(setting, proxy, (host, port), error) from None
    if _is_address(host):
        return Finding(name, "ok", words.PROXY_GOOD_ADDRESS.format(proxy=shown, host=f"{host}:{port}"))
    seconds = tenths(time.monotonic() - began)
    return Finding(name, "ok", words.PROXY_GOOD.format(proxy=shown, host=host, seconds=seconds))


def server_of(url: str) -> tuple[str, int]:
    """Host and port of a server's URL."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (80 if parts.scheme == "http" else 443)


async def _trouble(setting: str, proxy: str, server: tuple[str, int], error: Exception) -> Trouble:
    shown, host = place(proxy), server[0]
    if _LOGIN.search(str(error)):
        login = words.PROXY_LOGIN.format(proxy=shown)
        return Trouble(login, words.PROXY_LOGIN_OUT.format(setting=setting), "refused")
    if not _is_address(host) and await _works_by_address(proxy, server):
        fact = words.PROXY_NO_NAMES.format(proxy=shown, host=host)
        return Trouble(fact, words.PROXY_NO_NAMES_OUT.format(setting=setting), "unreachable")
    fact = words.PROXY_NO_WAY.format(proxy=shown, host=host, error=literal(error))
    return Trouble(fact, words.PROXY_NO_WAY_OUT.format(setting=setting), "unreachable")


async def _works_by_address(proxy: str, server: tuple[str, int]) -> bool:
    with contextlib.suppress(OSError, ProxyError, TimeoutError):
        found = await asyncio.get_running_loop().getaddrinfo(*server, type=1)
        await _connect(proxy, str(found[0][4][0]), server[1])
        return True
    return False


async def _connect(proxy: str, host: str, port: int) -> None:
    try:
        kind, its_host, its_port, *_ = parse_proxy_url(proxy.replace("socks5h://", "socks5://", 1))
        way = Proxy(kind, its_host, its_port, *proxy_login(proxy), rdns=True)
        sock = await way.connect(host, port, timeout=PATIENCE - 1)
    except AssertionError:  # python-socks' word for a proxy that asks for a password we have not
        raise ProxyError("it wants a user name and password") from None
    sock.close()


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _cause(error: ProxyConnectionError) -> Said:
    under = error.__cause__ or error
    if isinstance(under, ConnectionRefusedError):
        return Said("nothing listens there", "там никто не слушает")
    return same(getattr(under, "strerror", None) or str(under))
