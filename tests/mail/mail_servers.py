# ruff: noqa: N802 - aiosmtpd names its hooks so
"""A real SMTP server and a small SOCKS5 proxy in the test's own event loop."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

USER, PASSWORD = "bot@shop.example", "s3cret-pass"


@dataclass
class Box:
    """What arrived, and what the server shall do wrong."""

    port: int = 0
    mails: list[tuple[list[str], EmailMessage]] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    data_reply: str | None = None
    die: str | None = None
    logins: int = 0

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.data_reply:
            return self.data_reply
        self.mails.append((list(envelope.rcpt_tos), message_from_bytes(envelope.content, policy=policy.SMTP)))  # type: ignore[arg-type]
        if self.die == "data":
            server.transport.abort()
        return "250 OK"

    async def handle_QUIT(self, server: Any, session: Any, envelope: Any) -> str:
        if self.die == "quit":
            server.transport.abort()
        return "221 Bye"

    def authenticate(self, server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (
            USER.encode(),
            PASSWORD.encode(),
        )
        self.logins += good
        return AuthResult(success=good, handled=False)


@asynccontextmanager
async def smtp_server(
    security: str = "none", context: ssl.SSLContext | None = None, *, login: bool = False
) -> AsyncIterator[Box]:
    box = Box()
    starttls = security == "starttls"

    def talk() -> SMTP:
        return SMTP(
            box,
            hostname="mail.test",
            tls_context=context if starttls else None,
            require_starttls=starttls,
            authenticator=box.authenticate if login else None,
            auth_required=login,
            auth_require_tls=starttls or not login,
        )

    tls = context if security == "ssl" else None
    server = await asyncio.get_running_loop().create_server(talk, "127.0.0.1", 0, ssl=tls)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()


@dataclass
class Socks:
    port: int = 0
    asked: list[tuple[int, str, int]] = field(default_factory=list)


@asynccontextmanager
async def socks_proxy(login: tuple[str, str] | None = None, *, reply: int = 0) -> AsyncIterator[Socks]:
    """SOCKS5 that takes every name for 127.0.0.1; ``reply`` other than 0 refuses."""
    socks = Socks()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, OSError):
            if await _greet(reader, writer, login):
                kind, host, port = await _request(reader)
                socks.asked.append((kind, host, port))
                writer.write(bytes([5, reply, 0, 1, 0, 0, 0, 0, 0, 0]))
                if reply == 0:
                    await _join(reader, writer, port)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    socks.port = server.sockets[0].getsockname()[1]
    try:
        yield socks
    finally:
        server.close()


async def _greet(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, login: tuple[str, str] | None
) -> bool:
    _, count = await reader.readexactly(2)
    methods = await reader.readexactly(count)
    wanted = 2 if login else 0
    writer.write(bytes([5, wanted if wanted in methods else 255]))
    if login is None or wanted not in methods:
        return wanted in methods
    _, length = await reader.readexactly(2)
    user = await reader.readexactly(length)
    password = await reader.readexactly((await reader.readexactly(1))[0])
    good = (user.decode(), password.decode()) == login
    writer.write(bytes([1, 0 if good else 1]))
    return good


async def _request(reader: asyncio.StreamReader) -> tuple[int, str, int]:
    _, _, _, kind = await reader.readexactly(4)
    if kind == 3:
        host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
    else:
        host = ".".join(str(part) for part in await reader.readexactly(4))
    return kind, host, int.from_bytes(await reader.readexactly(2), "big")


async def _join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)

    async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(65536):
                target.write(data)
            target.close()

    await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))
