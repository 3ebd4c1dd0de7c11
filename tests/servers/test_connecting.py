"""Our sessions through the proxies: by name, and every way in which a proxy fails."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import trustme
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from sovetnik.connecting import check_proxy, is_timeout, open_session, told, trusted
from sovetnik.demo.serving import serve
from tests.servers.socks5 import Fault, HttpProxy, Socks5Proxy

KINDS = {"socks5": Socks5Proxy, "socks5h": Socks5Proxy, "http": HttpProxy}
LOGIN = {"username": "shop", "password": "p@ss:w/rd %"}


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async def echo(request: Any) -> JSONResponse:
        return JSONResponse({"path": request.url.path})

    async with serve(Starlette(routes=[Route("/{path:path}", echo)])) as base:
        yield int(base.rsplit(":", 1)[1])


@asynccontextmanager
async def through(proxy: str, seconds: float = 2.0, tls: ssl.SSLContext | None = None) -> AsyncIterator[Any]:
    check_proxy(proxy)
    timeout = aiohttp.ClientTimeout(connect=seconds, sock_connect=seconds, sock_read=seconds)
    async with open_session(proxy, tls or ssl.create_default_context()) as session:

        async def get(url: str) -> Any:
            async with session.get(url, timeout=timeout) as answer:
                return (await answer.json())["path"]

        yield get


@pytest.mark.parametrize("login", [{}, LOGIN], ids=["open", "with password"])
@pytest.mark.parametrize("scheme", KINDS)
async def test_a_name_that_only_the_proxy_knows(scheme: str, login: dict[str, str], port: int) -> None:
    async with KINDS[scheme](names={"api.invalid": ("127.0.0.1", port)}, **login) as proxy:
        url = proxy.url.replace(f"{proxy.scheme}://", f"{scheme}://")
        async with through(url) as get:
            assert await get("http://api.invalid/a") == "/a"
            assert await get("http://api.invalid/b") == "/b"
    (connection,) = proxy.connections
    assert (connection.host, connection.by_name, connection.user) == (
        "api.invalid",
        True,
        login.get("username"),
    )


@pytest.mark.parametrize("login", ["key:@", "key@"])
@pytest.mark.parametrize("kind", [Socks5Proxy, HttpProxy])
async def test_a_key_without_a_password_is_a_login(kind: Any, login: str, port: int) -> None:
    async with kind(username="key", password="") as proxy, through(proxy.url.replace("key:@", login)) as get:
        assert await get(f"http://127.0.0.1:{port}/a") == "/a"
    assert [connection.user for connection in proxy.connections] == ["key"]


@pytest.mark.parametrize("kind", [Socks5Proxy, HttpProxy])
@pytest.mark.parametrize("wrong", ["login", "name", "refuses"])
async def test_what_a_proxy_refuses_is_told_without_the_password(kind: Any, wrong: str, port: int) -> None:
    async with kind(**LOGIN) as proxy:
        url = proxy.url.replace("shop", "shap") if wrong == "login" else proxy.url
        proxy.fault = Fault.REFUSE if wrong == "refuses" else None
        host = "localhost" if wrong == "name" else "127.0.0.1"  # this proxy knows no name, not even that one
        async with through(url) as get:
            with pytest.raises(Exception, match=r".") as failure:
                await get(f"http://{host}:{port}/")
    assert not is_timeout(failure.value)
    assert "p%40ss" not in told(failure.value)
    assert "p@ss" not in told(failure.value)


@pytest.mark.parametrize("kind", [Socks5Proxy, HttpProxy])
@pytest.mark.parametrize("fault", [Fault.HANG, Fault.HALF_OPEN])
async def test_a_proxy_that_says_nothing_is_a_time_out(kind: Any, fault: Fault, port: int) -> None:
    async with kind(fault=fault) as proxy, through(proxy.url, 0.2) as get:
        with pytest.raises(Exception) as failure:  # noqa: PT011 - which one is the library's affair
            await get(f"http://127.0.0.1:{port}/")
        assert is_timeout(failure.value)
        proxy.fault = None
        assert await get(f"http://127.0.0.1:{port}/after") == "/after"


async def test_a_connection_in_use_freezes_and_the_next_one_does_not(port: int) -> None:
    async with Socks5Proxy() as proxy, through(proxy.url, 0.3) as get:
        await get(f"http://127.0.0.1:{port}/before")
        proxy.freeze()
        with pytest.raises(TimeoutError):
            await get(f"http://127.0.0.1:{port}/frozen")
        assert await get(f"http://127.0.0.1:{port}/after") == "/after"
    assert [connection.frozen for connection in proxy.connections] == [True, False]


async def test_a_reply_in_two_segments_is_understood(port: int) -> None:
    async with Socks5Proxy(split_replies=True) as proxy, through(proxy.url) as get:
        assert await get(f"http://127.0.0.1:{port}/a") == "/a"


async def test_nobody_there_is_no_time_out() -> None:
    async with through("socks5://shop:secret@127.0.0.1:1") as get:
        with pytest.raises(Exception, match=r"127\.0\.0\.1") as failure:
            await get("http://api.invalid/")
    assert not is_timeout(failure.value)
    assert "secret" not in told(failure.value)


async def test_an_https_proxy_is_spoken_to_in_tls(port: int) -> None:
    authority = trustme.CA()
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(theirs)
    ours = ssl.create_default_context()
    authority.configure_trust(ours)
    async with HttpProxy(names={"api.invalid": ("127.0.0.1", port)}, **LOGIN) as proxy:

        async def unwrap(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", proxy.port)
            await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))

        listening = await asyncio.start_server(unwrap, "127.0.0.1", 0, ssl=theirs)
        url = proxy.url.replace("http://", "https://").replace(
            str(proxy.port), str(listening.sockets[0].getsockname()[1])
        )
        async with through(url, tls=ours) as get:
            assert await get("http://api.invalid/a") == "/a"
        listening.close()


@pytest.mark.parametrize("known", [True, False], ids=["of this machine", "of a stranger"])
async def test_a_server_is_trusted_for_this_machines_certificates(
    known: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    (authority if known else trustme.CA()).cert_pem.write_to_path(str(tmp_path / "company.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "company.pem"))
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(theirs)
    app = Starlette(routes=[Route("/", lambda request: JSONResponse({}))])
    async with serve(app, ssl=theirs) as url, open_session(None, trusted.__wrapped__()) as session:
        if known:
            assert (await session.get(url)).status == 200
        else:
            with pytest.raises(aiohttp.ClientConnectorCertificateError):
                await session.get(url)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()


@pytest.mark.parametrize("url", ["socks4://user:hunter2@host:1080", "ftp://user:hunter2@host", "socks5://"])
def test_what_is_no_proxy_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ValueError, match="proxy") as failure:
        check_proxy(url)
    assert "hunter2" not in str(failure.value)
