"""A real SMTP server that keeps what it gets: tests and the demo read the mails from it."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any, Literal, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

if TYPE_CHECKING:
    import ssl

Security = Literal["none", "starttls", "ssl"]


@dataclass(frozen=True, eq=False)
class Mail:
    """One mail as it was handed over."""

    mail_from: str
    rcpt_to: list[str]
    """The recipients that were accepted."""
    raw: bytes
    user: str | None = None
    """Who had logged in."""
    tls: bool = False
    received_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def message(self) -> EmailMessage:
        """The parsed mail."""
        return message_from_bytes(self.raw, policy=policy.default)

    @property
    def subject(self) -> str:
        """The decoded subject, empty if there is none."""
        return str(self.message["subject"] or "")

    @property
    def text(self) -> str:
        """The plain text body, empty if there is none."""
        return self._body("plain")

    @property
    def html(self) -> str:
        """The HTML body, empty if there is none."""
        return self._body("html")

    def _body(self, kind: str) -> str:
        part = self.message.get_body((kind,))
        # Mails travel with CRLF, whoever reads one wants lines.
        return "" if part is None else str(part.get_content()).replace("\r\n", "\n")


@dataclass
class _Refusal:
    """An ordered answer: so many times (None: always), for this recipient ('*': any)."""

    reply: str
    times: int | None = 1
    address: str = "*"

    def take(self, address: str = "*") -> bool:
        """Whether it applies now; counts itself down."""
        if self.times == 0 or self.address not in ("*", address.lower()):
            return False
        if self.times is not None:
            self.times -= 1
        return True


class Mailbox:
    """An SMTP server in the running loop; an async context manager.

    Args:
        host: The address to listen on.
        port: 0 takes a free one; see `.port`.
        security: `starttls` refuses mail before STARTTLS; `ssl` speaks TLS from the first byte.
        tls_context: The server's context, needed unless security is `none`.
        username: With a password, AUTH (LOGIN or PLAIN) is demanded, and over TLS only if there is TLS.
        password: See username.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        security: Security = "none",
        tls_context: ssl.SSLContext | None = None,
        username: str | None = None,
        password: str | None = None,
    ) -> None:
        if (security == "none") != (tls_context is None):
            raise ValueError("'starttls' and 'ssl' need a tls_context, 'none' takes none")
        self.host = host
        self.port = port
        self.security: Security = security
        self.mails: list[Mail] = []
        self.connections = 0
        """How many connections were opened so far."""
        self._tls_context = tls_context
        self._login = None if username is None else (username, password or "")
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.BaseTransport] = set()
        self._changed = asyncio.Event()
        self.heal()

    async def start(self) -> None:
        """Listen. `.port` is known afterwards."""
        context = self._tls_context if self.security == "ssl" else None
        listening = asyncio.get_running_loop().create_server(self._session, self.host, self.port, ssl=context)
        self._server = await listening
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening and drop the open connections. The mails stay."""
        if self._server is None:
            return
        self._server.close()
        for transport in list(self._open):
            if isinstance(transport, asyncio.Transport):
                transport.abort()
        # The aborted connections need a turn of the loop to cancel their tasks.
        await asyncio.sleep(0)
        await self._server.wait_closed()
        self._server = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.stop()

    def refuse(self, address: str, code: int, message: str = "Refused", *, times: int | None = None) -> None:
        """Refuse a recipient ('*': any) with this 4xx or 5xx code, always or so many times."""
        self._recipients.append(_Refusal(f"{code} {message}", times, address.lower()))

    def refuse_data(self, code: int, message: str = "Refused", *, times: int | None = 1) -> None:
        """Refuse the mail itself, after it was transferred."""
        self._data.append(_Refusal(f"{code} {message}", times))

    def hang_at_banner(self, *, times: int | None = 1) -> None:
        """Accept the connection and never say a word."""
        self._silent = _Refusal("", times)

    def vanish_after_data(self, *, times: int | None = 1) -> None:
        """Keep the mail and close the connection without a reply: delivered, but the client cannot know."""
        self._vanish = _Refusal("", times)

    def heal(self) -> None:
        """Forget all faults."""
        self._recipients: list[_Refusal] = []
        self._data: list[_Refusal] = []
        self._silent = _Refusal("", times=0)
        self._vanish = _Refusal("", times=0)

    async def wait_for(
        self,
        count: int = 1,
        timeout: float = 10.0,  # noqa: ASYNC109
        predicate: Callable[[Mail], bool] | None = None,
    ) -> list[Mail]:
        """The mails (that the predicate accepts) as soon as there are `count` of them.

        Raises:
            TimeoutError: naming the subjects that did come.
        """

        def found() -> list[Mail]:
            return [mail for mail in self.mails if predicate is None or predicate(mail)]

        try:
            async with asyncio.timeout(timeout):
                while len(found()) < count:
                    await self._changed.wait()
        except TimeoutError as error:
            subjects = [mail.subject for mail in self.mails]
            raise TimeoutError(f"no {count} such mails within {timeout} s, but {subjects}") from error
        return found()

    def subscribe(self, *, from_start: bool = False) -> AsyncIterator[Mail]:
        """Mails as they come, from this call on or from the first one; endless."""
        return self._follow(0 if from_start else len(self.mails))

    async def _follow(self, at: int) -> AsyncIterator[Mail]:
        while True:
            changed = self._changed
            while at < len(self.mails):
                yield self.mails[at]
                at += 1
                changed = self._changed
            await changed.wait()

    def _session(self) -> asyncio.Protocol:
        self.connections += 1
        if self._silent.take():
            return _Silence(self._open)
        starttls = self.security == "starttls"
        return _Smtp(
            self,
            self._open,
            tls_context=self._tls_context if starttls else None,
            require_starttls=starttls,
            auth_required=self._login is not None,
            authenticator=_authenticator(self._login),
        )

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Answer RCPT; aiosmtpd finds this by its name."""
        del server, session
        for refusal in self._recipients:
            if refusal.take(address):
                return refusal.reply
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Answer DATA: keep the mail and tell everyone who waits."""
        for refusal in self._data:
            if refusal.take():
                return refusal.reply
        login: LoginPassword | None = session.auth_data if session.authenticated else None
        mail = Mail(
            mail_from=envelope.mail_from or "",
            rcpt_to=list(map(str, envelope.rcpt_tos)),
            raw=bytes(envelope.original_content or b""),
            user=None if login is None else login.login.decode(),
            tls=session.ssl is not None or self.security == "ssl",
        )
        self.mails.append(mail)
        # Everyone waiting holds the old event, so nobody can miss a mail between two looks.
        self._changed.set()
        self._changed = asyncio.Event()
        if self._vanish.take() and isinstance(server.transport, asyncio.Transport):
            server.transport.abort()
            # The lost connection cancels this task before any reply could go out.
            await asyncio.get_running_loop().create_future()
        return f"250 OK queued as {len(self.mails)}"


class _Silence(asyncio.Protocol):
    """A connection on which nothing is ever said."""

    def __init__(self, open_connections: set[asyncio.BaseTransport]) -> None:
        self._open = open_connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._open.add(transport)


class _Smtp(SMTP):
    """One SMTP connection."""

    def __init__(self, box: Mailbox, open_connections: set[asyncio.BaseTransport], **options: Any) -> None:  # noqa: ANN401
        super().__init__(
            box,
            enable_SMTPUTF8=True,
            hostname="mailbox.localhost",
            loop=asyncio.get_running_loop(),
            **options,
        )
        # aiosmtpd knows of TLS only through STARTTLS; its own argument for this warns on each connection.
        self._auth_require_tls = bool(options["require_starttls"])
        self._open = open_connections
        self._accepted: asyncio.BaseTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self._accepted is None:
            self._accepted = transport
            self._open.add(transport)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self._accepted is not None:
            self._open.discard(self._accepted)
        super().connection_lost(error)


def _authenticator(login: tuple[str, str] | None) -> Callable[..., AuthResult]:
    def check(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:  # noqa: ANN401
        del server, session, envelope, mechanism
        given = data if isinstance(data, LoginPassword) else LoginPassword(b"", b"")
        user, password = login or ("", "")
        expected = LoginPassword(user.encode(), password.encode())
        right = hmac.compare_digest(b"\0".join(given), b"\0".join(expected))
        # Not handled here: the server then answers 535 itself.
        return AuthResult(success=login is not None and right, handled=False, auth_data=given)

    return check
