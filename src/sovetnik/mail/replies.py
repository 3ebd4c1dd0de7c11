"""Failures on the way to the mail server, in words that let the owner find the cause.

Never a customer's data, never a password: servers quote what they dislike, so replies are masked.
"""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from typing import Literal
from urllib.parse import unquote, urlsplit

from python_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError

from sovetnik.mail.settings import SmtpServer

Stage = Literal["connect", "TLS", "login", "sender", "recipient", "data", "delivery", "check"]

MAX_REPLY = 300

_ADDRESS = re.compile(r"[^\s<>()\[\]:;,@\"']+@[^\s<>()\[\]:;,@\"']+")
_PHONE = re.compile(r"\+?\d[\d\s()-]{7,}\d")


def explain(server: SmtpServer, stage: Stage, error: BaseException) -> str:
    """``smtp.example.com:587: login: 535 5.7.8 Authentication failed``."""
    host, port = server.address
    where = f"{host}:{port}"
    if server.proxy and stage == "connect":
        where += f" through the proxy {_proxy_place(server.proxy)}"
    return f"{where}: {_exact_stage(stage, error)}: {_cause(server, stage, error)}"


def mask(server: SmtpServer, reply: str) -> str:
    """One bounded line without passwords, strangers' addresses and phone numbers."""
    line = " ".join(reply.split())
    for secret in (server.password, _proxy_password(server.proxy)):
        if secret:
            line = line.replace(secret, "***")
    line = _PHONE.sub("<number>", _ADDRESS.sub("<address>", line))
    return line[:MAX_REPLY]


def _exact_stage(stage: Stage, error: BaseException) -> Stage:
    if isinstance(error, ssl.SSLError):
        return "TLS"
    if isinstance(error, smtplib.SMTPSenderRefused):
        return "sender"
    if isinstance(error, smtplib.SMTPDataError):
        return "data"
    return stage


def _cause(server: SmtpServer, stage: Stage, error: BaseException) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {mask(server, _decoded(error.smtp_error))}"
    if isinstance(error, smtplib.SMTPException):
        return _protocol_cause(server, stage, error)
    if isinstance(error, ProxyError | ProxyConnectionError | ProxyTimeoutError):
        return f"the proxy could not connect: {mask(server, str(error))}"
    if isinstance(error, ssl.SSLError):
        return _tls_cause(server, error)
    return _spelling_cause(stage) if isinstance(error, UnicodeError) else _network_cause(server, error)


def _spelling_cause(stage: Stage) -> str:
    """Python's own words quote the offending letter, which may be one of the password."""
    if stage == "login":
        return "the user name or password has letters outside ASCII, which SMTP login does not allow"
    return "the server's name or an address has letters that it does not understand"


def _protocol_cause(server: SmtpServer, stage: Stage, error: smtplib.SMTPException) -> str:
    if isinstance(error, smtplib.SMTPServerDisconnected):
        # smtplib says so too when a reply does not come in time.
        late = "timed out" in str(error)
        what = f"no reply within {server.timeout:g} s" if late else "the server closed the connection"
        return what + _port_hint(server, stage)
    if isinstance(error, smtplib.SMTPNotSupportedError):
        if stage == "TLS":
            return "the server offers no STARTTLS; try SMTP_SECURITY=ssl (or none inside your own network)"
        if stage == "login":
            return "the server offers no login here; leave SMTP_USERNAME empty or change SMTP_SECURITY"
    return mask(server, str(error))


def _tls_cause(server: SmtpServer, error: ssl.SSLError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the server's certificate was not accepted: {error.verify_message or error.reason}"
    hint = ""
    if error.reason in {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"} and server.security == "ssl":
        hint = "; this port starts without TLS: try SMTP_SECURITY=starttls"
    return f"{error.reason or 'the handshake failed'}{hint}"


def _network_cause(server: SmtpServer, error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return f"no reply within {server.timeout:g} s"
    if isinstance(error, socket.gaierror):
        return "there is no server of this name (DNS)"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused: nothing listens there"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return mask(server, str(error)) or type(error).__name__


def _port_hint(server: SmtpServer, stage: Stage) -> str:
    """A server on port 465 waits for TLS in silence."""
    waits = stage == "connect" and server.security != "ssl" and server.address[1] == 465
    return "; this port wants TLS from the start: try SMTP_SECURITY=ssl" if waits else ""


def _decoded(reply: bytes | str) -> str:
    return reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply


def _proxy_place(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port}"


def _proxy_password(url: str | None) -> str:
    return unquote(urlsplit(url).password or "") if url else ""
