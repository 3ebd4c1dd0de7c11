"""The proxies against clients that know nothing of them: python-socks, httpx and httpx2."""

import asyncio

import httpx
import httpx2
import pytest
import socksio
from python_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError
from python_socks.async_.asyncio import Proxy
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from sovetnik.demo.serving import serve

from .socks5 import Fault, HttpProxy, Socks5Proxy

CLIENTS = [httpx, httpx2]


async def tell(request: Request):
    body = (await request.body()).decode()
    return JSONResponse({"host": request.headers["host"], "path": request.url.path, "body": body})


@pytest.fixture
async def port():
    app = Starlette(routes=[Route("/{path:path}", tell, methods=["GET", "POST"])])
    async with serve(app) as base:
        yield int(base.rsplit(":", 1)[1])


def client(library, proxy, **options):
    return library.AsyncClient(proxy=proxy.url, trust_env=False, timeout=2, **options)


def log(proxy):
    return [(c.host, c.port, c.by_name, c.user, c.method, c.outcome) for c in proxy.connections]


@pytest.mark.parametrize("library", CLIENTS)
@pytest.mark.parametrize("kind", [Socks5Proxy, HttpProxy])
async def test_a_name_that_only_the_proxy_knows(library, kind, port):
    async with kind(names={"api.invalid": ("127.0.0.1", port)}) as proxy:
        async with client(library, proxy) as web:
            answer = await web.post("http://api.invalid/hello", content="тело")
        assert answer.json() == {"host": "api.invalid", "path": "/hello", "body": "тело"}
    method = "CONNECT" if kind is Socks5Proxy else "POST"
    assert log(proxy) == [("api.invalid", 80, True, None, method, "connected")]


@pytest.mark.parametrize("kind", [Socks5Proxy, HttpProxy])
async def test_an_unknown_name_is_not_resolved_elsewhere(kind):
    async with kind() as proxy, client(httpx, proxy) as web:
        if kind is HttpProxy:
            assert (await web.get("http://localhost/")).status_code == 502
        else:
            with pytest.raises(httpx.ProxyError):
                await web.get("http://localhost/")
    assert log(proxy)[0][-1] == "refused"


@pytest.mark.parametrize("library", CLIENTS)
@pytest.mark.parametrize("kind", [Socks5Proxy, HttpProxy])
async def test_login_with_signs_that_need_encoding(library, kind, port):
    login = (
        {"username": "пётр@дом", "password": "p:a/s#s"}
        if kind is Socks5Proxy
        else {"username": "us@er", "password": "p:a/s#s"}
    )
    async with kind(**login) as proxy:
        async with client(library, proxy) as web:
            assert (await web.get(f"http://127.0.0.1:{port}/")).status_code == 200
        proxy.password = "other"
        stale = proxy.url
        proxy.password = "p:a/s#s"
        async with library.AsyncClient(proxy=stale, trust_env=False, timeout=2) as web:
            if kind is HttpProxy:
                assert (await web.get(f"http://127.0.0.1:{port}/")).status_code == 407
            else:
                with pytest.raises(library.ProxyError):
                    await web.get(f"http://127.0.0.1:{port}/")
    assert [connection.user for connection in proxy.connections] == [login["username"]]
    assert proxy.rejected_logins == [login["username"]]


@pytest.mark.parametrize("rdns", [True, False])
async def test_python_socks_addresses_and_names(rdns, port):
    async with Socks5Proxy(names={"mail.invalid": ("127.0.0.1", port)}) as proxy:
        host = "mail.invalid" if rdns else "127.0.0.1"
        sock = await Proxy.from_url(proxy.url, rdns=rdns).connect(host, port, timeout=2)
        reader, writer = await asyncio.open_connection(sock=sock)
        writer.write(b"GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        assert b'"path":"/x"' in await reader.read()
        writer.close()
    assert log(proxy) == [(host, port, rdns, None, "CONNECT", "connected")]


async def test_ipv6_addresses_are_understood():
    async with Socks5Proxy() as proxy:
        with pytest.raises(ProxyError):
            await Proxy.from_url(proxy.url).connect("::1", 1, timeout=2)
    assert (proxy.connections[0].host, proxy.connections[0].by_name) == ("::1", False)


async def test_a_login_is_demanded():
    async with Socks5Proxy(username="u", password="p") as proxy:
        with pytest.raises(ProxyError):
            await Proxy.from_url(f"socks5://127.0.0.1:{proxy.port}").connect("127.0.0.1", 1, timeout=2)
    assert proxy.rejected_logins == [None]


async def test_socks_refuses_hangs_and_stays_half_open(port):
    async with Socks5Proxy() as proxy:
        target = ("127.0.0.1", port)
        proxy.fault = Fault.REFUSE
        with pytest.raises(ProxyError, match="General SOCKS server failure"):
            await Proxy.from_url(proxy.url).connect(*target, timeout=2)
        proxy.fault = Fault.HANG
        with pytest.raises(ProxyTimeoutError):
            await Proxy.from_url(proxy.url).connect(*target, timeout=0.1)
        proxy.fault = Fault.HALF_OPEN
        async with httpx.AsyncClient(proxy=proxy.url, trust_env=False, timeout=0.2) as web:
            with pytest.raises(httpx.ReadTimeout):
                await web.get(f"http://127.0.0.1:{port}/")
        proxy.fault = None
        sock = await Proxy.from_url(proxy.url).connect(*target, timeout=2)
        sock.close()
    assert [connection.outcome for connection in proxy.connections] == ["refused", "half-open", "connected"]
    assert proxy.opened == 4
    with pytest.raises(ProxyConnectionError):
        await Proxy.from_url(proxy.url).connect(*target, timeout=2)


async def test_a_connection_in_use_freezes_and_the_next_one_does_not(port):
    async with Socks5Proxy() as proxy:
        async with client(httpx, proxy) as web:
            await web.get(f"http://127.0.0.1:{port}/before")
            proxy.freeze()
            with pytest.raises(httpx.ReadTimeout):
                await web.get(f"http://127.0.0.1:{port}/frozen", timeout=0.2)
            answer = await web.get(f"http://127.0.0.1:{port}/after")
        assert answer.json()["path"] == "/after"
    first, second = proxy.connections
    assert (first.frozen, second.frozen) == (True, False)
    assert first.local != second.local


async def test_an_answer_that_a_frozen_connection_swallows_is_counted():
    came, released = asyncio.Event(), asyncio.Event()

    async def slow(request: Request):
        came.set()
        await released.wait()
        return JSONResponse({})

    app = Starlette(routes=[Route("/", slow)])
    async with serve(app) as base, Socks5Proxy() as proxy, client(httpx, proxy) as web:
        asked = asyncio.create_task(web.get(base))
        await came.wait()
        proxy.freeze()
        released.set()
        with pytest.raises(httpx.ReadTimeout):
            await asked
        assert proxy.connections[0].swallowed > 0


async def test_a_tunnel_that_dies_under_way(port):
    async with Socks5Proxy() as proxy:
        sock = await Proxy.from_url(proxy.url).connect("127.0.0.1", port, timeout=2)
        reader, writer = await asyncio.open_connection(sock=sock)
        await proxy.wait_for(1)
    assert await reader.read() == b""
    writer.close()


async def test_a_reply_in_two_segments_breaks_socksio_but_not_python_socks(port):
    async with Socks5Proxy(split_replies=True) as proxy:
        sock = await Proxy.from_url(proxy.url).connect("127.0.0.1", port, timeout=2)
        sock.close()
        async with client(httpx, proxy) as web:
            # Known of httpx: the error is socksio's own, mapped by nobody.
            with pytest.raises(socksio.ProtocolError):
                await web.get(f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize("library", CLIENTS)
async def test_an_http_tunnel_refuses_and_hangs(library, port):
    async with HttpProxy() as proxy:
        proxy.fault = Fault.REFUSE
        async with client(library, proxy) as web:
            with pytest.raises(library.ProxyError, match="502"):
                await web.get(f"https://127.0.0.1:{port}/")
        proxy.fault = Fault.HANG
        async with library.AsyncClient(proxy=proxy.url, trust_env=False, timeout=0.1) as web:
            with pytest.raises(library.TimeoutException):
                await web.get(f"https://127.0.0.1:{port}/")
    assert log(proxy) == [("127.0.0.1", port, False, None, "CONNECT", "refused")]


async def test_python_socks_through_the_http_tunnel(port):
    async with HttpProxy(names={"smtp.invalid": ("127.0.0.1", port)}, username="u", password="p") as proxy:
        sock = await Proxy.from_url(proxy.url).connect("smtp.invalid", 25, timeout=2)
        reader, writer = await asyncio.open_connection(sock=sock)
        writer.write(b"GET /y HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        assert b'"path":"/y"' in await reader.read()
        writer.close()
    assert log(proxy) == [("smtp.invalid", 25, True, "u", "CONNECT", "connected")]
