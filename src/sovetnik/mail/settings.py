"""The plain values this room is given; it reads no settings itself."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal
from zoneinfo import ZoneInfo

from sovetnik.core.model import Language

Security = Literal["starttls", "ssl", "none"]

DEFAULT_PORTS: Mapping[Security, int] = {"starttls": 587, "ssl": 465, "none": 25}


@dataclass(frozen=True, slots=True)
class Look:
    """For whom mails and reports are written.

    Attributes:
        zone: The owner's time zone; every time is shown in it.
        field_labels: How the contact form's fields are called, by field name.
        bot: The bot's @username or link, for the footer.
    """

    language: Language = "ru"
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    field_labels: Mapping[str, str] = field(default_factory=dict[str, str])
    bot: str | None = None


@dataclass(frozen=True, slots=True)
class MailSettings:
    """Who writes to whom.

    Attributes:
        sender: ``SMTP_FROM``, an address or ``Name <address>``; None: made from the login or host name.
        leads_to: Recipients of lead mails; none = they wait in the outbox. Notices go to them as well,
            or to the reports' recipients where there are none.
        report_to: Recipients of reports; none = they wait in the outbox.
    """

    sender: str | None = None
    leads_to: tuple[str, ...] = ()
    report_to: tuple[str, ...] = ()
    look: Look = field(default_factory=Look)


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """How the mail server is reached.

    Attributes:
        host: None: no server is configured, nothing is sent.
        port: None: the usual one for ``security`` (587, 465, 25).
        security: ``starttls`` never falls back to an open connection.
        proxy: ``socks5://[user:password@]host:port``; the proxy resolves the server's name.
        timeout: Seconds for each step of the talk.
        tls: Instead of the system's trusted authorities (tests bring their own).
    """

    host: str | None = None
    port: int | None = None
    security: Security = "starttls"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    proxy: str | None = field(default=None, repr=False)
    timeout: float = 30.0
    tls: ssl.SSLContext | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Host and port to connect to."""
        return self.host or "", self.port or DEFAULT_PORTS[self.security]
