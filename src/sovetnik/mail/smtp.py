"""One conversation with the mail server: connect, TLS, login, and every failure in our own words."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Generator
from contextlib import contextmanager, suppress
from email.message import EmailMessage

from python_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError, parse_proxy_url

from sovetnik.core.errors import MailError
from sovetnik.mail.replies import Stage, explain
from sovetnik.mail.settings import SmtpServer

FOREIGN = (smtplib.SMTPException, OSError, ProxyError, ProxyConnectionError, ProxyTimeoutError, UnicodeError)
"""All that smtplib, ssl, socket and python-socks raise on the way to a mail server."""

_OUR_NAME = "[127.0.0.1]"
"""Our EHLO name: asking DNS for our own would take seconds where there is none, and tell it to the server."""


class _Dialled(smtplib.SMTP):
    """smtplib with a proxy where one is set."""

    def __init__(self, server: SmtpServer, tls: ssl.SSLContext | None) -> None:
        self._server = server
        self._tls = tls
        host, port = server.address
        super().__init__(host, port, local_hostname=_OUR_NAME, timeout=server.timeout)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        """Called by smtplib for its socket; TLS from the first byte if a context was given."""
        sock = _dial(self._server, host, port, timeout)
        if self._tls is None:
            return sock
        return self._tls.wrap_socket(sock, server_hostname=host)


def _dial(server: SmtpServer, host: str, port: int, timeout: float) -> socket.socket:
    if server.proxy is None:
        return socket.create_connection((host, port), timeout)
    # Most owners have no proxy, and the imports take time at the start.
    from python_socks.sync import Proxy

    from sovetnik.connecting import proxy_login

    kind, its_host, its_port, *_ = parse_proxy_url(proxy_url(server.proxy))
    proxy = Proxy(kind, its_host, its_port, *proxy_login(server.proxy), rdns=True)
    try:
        sock = proxy.connect(host, port, timeout=timeout)
    except AssertionError:  # python-socks' word for a proxy that asks for a password we have not
        raise ProxyError("it wants a user name and password") from None
    sock.settimeout(timeout)
    return sock


def proxy_url(url: str) -> str:
    """The URL as python-socks reads it; curl's ``socks5h`` is what we do anyway.

    Raises:
        ValueError: this is no proxy URL.
    """
    url = url.strip().replace("socks5h://", "socks5://", 1)
    parse_proxy_url(url)
    return url


@contextmanager
def session(server: SmtpServer) -> Generator[smtplib.SMTP]:
    """A connection that is ready for mail, closed afterwards.

    Raises:
        MailError: with the stage and the cause.
    """
    tls = None if server.security == "none" else server.tls or ssl.create_default_context()
    with stage(server, "connect"):
        smtp = _Dialled(server, tls if server.security == "ssl" else None)
    try:
        if tls is not None and server.security == "starttls":
            with stage(server, "TLS"):
                smtp.starttls(context=tls)
        if server.username is not None:
            with stage(server, "login"):
                smtp.login(server.username, server.password or "")
        yield smtp
    finally:
        _hang_up(smtp)


def send(server: SmtpServer, mail: EmailMessage, sender: str, recipients: tuple[str, ...]) -> dict[str, str]:
    """Hand a mail over.

    Args:
        server: Where to.
        mail: The mail as it stands.
        sender: Envelope sender, a bare address.
        recipients: Envelope recipients, bare addresses.

    Returns:
        The recipients the server refused and its words for each; empty when everybody got the mail.

    Raises:
        MailError: nobody got it.
    """
    with session(server) as smtp, stage(server, "delivery"):
        try:
            refused = smtp.send_message(mail, sender, recipients)
        except smtplib.SMTPRecipientsRefused as error:
            refused = error.recipients
    return {
        address: explain(server, "recipient", smtplib.SMTPResponseException(*reply))
        for address, reply in refused.items()
    }


@contextmanager
def stage(server: SmtpServer, name: Stage) -> Generator[None]:
    """Foreign exceptions become :class:`MailError`; their chain is cut, for it could quote a mail."""
    try:
        yield
    except FOREIGN as error:
        raise MailError(explain(server, name, error)) from None


def _hang_up(smtp: smtplib.SMTP) -> None:
    """Say goodbye; what the server took is taken, however it parts."""
    with suppress(*FOREIGN):
        smtp.quit()
    smtp.close()
