"""A SOCKS5 proxy and an HTTP proxy, real ones, in the running loop, with a log and faults.

    async with Socks5Proxy(names={"api.invalid": ("127.0.0.1", port)}) as proxy:
        ...  # a client with proxy.url reaches http://api.invalid/, which no resolver knows
        assert proxy.connections[0].by_name

`names` is the proxy's whole DNS: what is not in it is connected to as it stands if it is an address, and
refused ("host unreachable") if it is a name. So a request that gets through by name proves that the proxy
resolved it.
"""

import asyncio
import base64
import contextlib
import ipaddress
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import quote, urlsplit


class Fault(Enum):
    """What the proxy does instead of its work."""

    REFUSE = "refuse"  # answers "general failure" (SOCKS) or 502 (HTTP)
    HANG = "hang"  # takes the connection and says nothing
    HALF_OPEN = "half-open"  # connects, then forwards nothing and closes nothing


@dataclass
class Connection:
    """One connection that a client asked for."""

    host: str
    port: int
    by_name: bool
    """Whether the client gave a name, not an address."""
    user: str | None = None
    method: str = "CONNECT"
    """CONNECT, or the HTTP method of a request forwarded in absolute form."""
    outcome: str = ""
    """connected, refused, hung or half-open."""
    local: str = ""
    """Where the server sees it come from, address:port."""
    frozen: bool = False
    """Went half-open while it was in use; see `freeze`."""
    swallowed: int = 0
    """Bytes of the server that did not reach the client, because the connection was frozen."""


@dataclass
class _Proxy:
    """What both proxies share: listening, the log, connecting and forwarding."""

    names: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    username: str | None = None
    password: str | None = None
    host: str = "127.0.0.1"
    fault: Fault | None = None
    """In force for new connections as long as it is set."""
    port: int = 0
    connections: list[Connection] = field(default_factory=list)
    opened: int = 0
    """TCP connections taken, whatever came of them."""
    rejected_logins: list[str | None] = field(default_factory=list)

    scheme = ""

    def freeze(self):
        """Let every connection of this moment go half-open: it stays, and nothing gets through any more."""
        for connection in self.connections:
            connection.frozen = True

    @property
    def url(self) -> str:
        """The proxy's URL with user and password, percent-encoded."""
        login = ""
        if self.username is not None:
            login = f"{quote(self.username, safe='')}:{quote(self.password or '', safe='')}@"
        return f"{self.scheme}://{login}{self.host}:{self.port}"

    async def __aenter__(self):
        self._tasks = set()
        self._changed = asyncio.Event()
        self._server = await asyncio.start_server(self._accept, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *error):
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def wait_for(self, count, timeout=5):  # noqa: ASYNC109
        """The connections, once there are so many."""
        async with asyncio.timeout(timeout):
            while len(self.connections) < count:
                await self._changed.wait()
        return self.connections

    def _note(self, connection):
        self.connections.append(connection)
        self._changed.set()
        self._changed = asyncio.Event()

    async def _accept(self, reader, writer):
        self.opened += 1
        task = asyncio.current_task()
        self._tasks.add(task)
        try:
            await self._serve(reader, writer)
        except (OSError, EOFError, ValueError):
            pass  # the client left or spoke nonsense: nothing to say to it
        except asyncio.CancelledError:
            pass  # the proxy stops; asyncio.start_server would print a cancelled handler
        finally:
            self._tasks.discard(task)
            writer.transport.abort() if not writer.is_closing() else writer.close()

    async def _serve(self, reader, writer):
        raise NotImplementedError

    async def _hang(self, reader):
        while await reader.read(65536):
            pass

    async def _open(self, connection):
        """Streams to the wanted host, or None if it cannot be had."""
        known = self.names.get(connection.host.lower())
        if connection.by_name and known is None:
            return None
        host, port = known or (connection.host, connection.port)
        try:
            return await asyncio.open_connection(host, port)
        except OSError:
            return None

    async def _forward(self, connection, reader, writer, remote):
        """Bytes both ways until both sides have ended, or nothing at all when half-open."""
        far_reader, far_writer = remote
        host, port = far_writer.get_extra_info("sockname")[:2]
        connection.local = f"{host}:{port}"
        connection.outcome = "half-open" if self.fault is Fault.HALF_OPEN else "connected"
        try:
            if self.fault is Fault.HALF_OPEN:
                await self._hang(reader)
            else:
                await asyncio.gather(
                    _pump(reader, far_writer, connection),
                    _pump(far_reader, writer, connection, from_server=True),
                )
        finally:
            far_writer.close()


async def _pump(reader, writer, connection, *, from_server=False):
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            if connection.frozen:
                connection.swallowed += len(data) if from_server else 0
                continue
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
        else:
            writer.close()


def _is_name(host):
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return True
    return False


@dataclass
class Socks5Proxy(_Proxy):
    """SOCKS5 (RFC 1928), CONNECT only, with username and password (RFC 1929) if a username is given."""

    split_replies: bool = False
    """Send the reply to CONNECT as two TCP segments."""

    scheme = "socks5"

    async def _serve(self, reader, writer):
        if self.fault is Fault.HANG:
            await self._hang(reader)
            return
        version, count = await reader.readexactly(2)
        methods = await reader.readexactly(count)
        wanted = 0 if self.username is None else 2
        if version != 5 or wanted not in methods:
            writer.write(b"\x05\xff")
            self.rejected_logins.append(None)
            await self._close(writer)
            return
        writer.write(bytes([5, wanted]))
        user = None
        if wanted == 2:
            user = await self._login(reader, writer)
            if user is None:
                return
        await self._connect(reader, writer, user)

    async def _login(self, reader, writer):
        _, size = await reader.readexactly(2)
        user = (await reader.readexactly(size)).decode()
        (size,) = await reader.readexactly(1)
        password = (await reader.readexactly(size)).decode()
        if (user, password) == (self.username, self.password or ""):
            writer.write(b"\x01\x00")
            return user
        writer.write(b"\x01\x01")
        self.rejected_logins.append(user)
        await self._close(writer)
        return None

    async def _connect(self, reader, writer, user):
        _, command, _, kind = await reader.readexactly(4)
        host = await self._address(reader, kind)
        (port,) = struct.unpack("!H", await reader.readexactly(2))
        connection = Connection(host, port, by_name=kind == 3, user=user, outcome="refused")
        self._note(connection)
        if self.fault is Fault.REFUSE or command != 1:
            await self._reply(writer, 1 if command == 1 else 7)
            await self._close(writer)
            return
        remote = await self._open(connection)
        await self._reply(writer, 4 if remote is None else 0)
        if remote is None:
            await self._close(writer)
        else:
            await self._forward(connection, reader, writer, remote)

    async def _address(self, reader, kind):
        if kind == 3:
            (size,) = await reader.readexactly(1)
            return (await reader.readexactly(size)).decode("idna")
        if kind in (1, 4):
            return str(ipaddress.ip_address(await reader.readexactly(4 if kind == 1 else 16)))
        raise ValueError(kind)

    async def _reply(self, writer, code):
        reply = bytes([5, code, 0, 1, 0, 0, 0, 0, 0, 0])
        if self.split_replies:
            writer.write(reply[:3])
            await writer.drain()
            # Two writes make two segments, but a slow client would read both at once: give it a moment.
            await asyncio.sleep(0.02)
            reply = reply[3:]
        writer.write(reply)
        await writer.drain()

    async def _close(self, writer):
        await writer.drain()
        writer.close()


@dataclass
class HttpProxy(_Proxy):
    """An HTTP proxy: CONNECT tunnels, and plain requests in absolute form (`GET http://…`) forwarded."""

    scheme = "http"

    async def _serve(self, reader, writer):
        if self.fault is Fault.HANG:
            await self._hang(reader)
            return
        while await self._request(reader, writer):
            pass

    async def _request(self, reader, writer):
        """One request; true if another may follow on the same connection."""
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
        method, target, _ = first.split(" ", 2)
        headers = [tuple(line.split(": ", 1)) for line in lines]
        user, right = self._login({name.lower(): value for name, value in headers})
        if not right:
            self.rejected_logins.append(user)
            await self._answer(
                writer, "407 Proxy Authentication Required", 'Proxy-Authenticate: Basic realm="p"'
            )
            return False
        parts = urlsplit(f"//{target}" if method == "CONNECT" else target)
        host, port = parts.hostname or "", parts.port or 80
        connection = Connection(host, port, _is_name(host), user, method, "refused")
        self._note(connection)
        remote = None if self.fault is Fault.REFUSE else await self._open(connection)
        if remote is None:
            await self._answer(writer, "502 Bad Gateway")
            return False
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            path = parts._replace(scheme="", netloc="").geturl() or "/"
            kept = [
                f"{name}: {value}"
                for name, value in headers
                if not name.lower().startswith(("proxy-", "connection"))
            ]
            # One request a connection: so the answer needs no parsing here.
            lines = [f"{method} {path} HTTP/1.1", *kept, "Connection: close", "", ""]
            remote[1].write("\r\n".join(lines).encode("latin-1"))
        await self._forward(connection, reader, writer, remote)
        return False

    def _login(self, headers):
        if self.username is None:
            return None, True
        scheme, _, encoded = headers.get("proxy-authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return None, False
        user, _, password = base64.b64decode(encoded).decode().partition(":")
        return user, (user, password) == (self.username, self.password or "")

    async def _answer(self, writer, status, *headers):
        lines = [f"HTTP/1.1 {status}", *headers, "Content-Length: 0", "Connection: close", "", ""]
        writer.write("\r\n".join(lines).encode())
        await writer.drain()
        writer.close()
