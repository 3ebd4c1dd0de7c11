"""Which mail server an address is served by."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from typing import Literal

from sovetnik.doctor.finding import Said, Trouble

Security = Literal["starttls", "ssl", "none"]


@dataclass(frozen=True, slots=True)
class Host:
    """A mail server, and what its owner demands of programs."""

    host: str
    port: int
    security: Security
    remark: Said | None = None

    @property
    def shown(self) -> str:
        """``host:port``."""
        return f"{self.host}:{self.port}"


def _app_password(where: str) -> Said:
    return Said(
        f"It wants an app password, not your usual one: {where}",
        f"Нужен пароль приложения, а не обычный: {where}",
    )


GMAIL = Host("smtp.gmail.com", 587, "starttls", _app_password("https://myaccount.google.com/apppasswords"))
YANDEX = Host("smtp.yandex.ru", 465, "ssl", _app_password("https://id.yandex.ru/security/app-passwords"))
MAILRU = Host("smtp.mail.ru", 465, "ssl", _app_password("https://account.mail.ru/user/2-step-auth/passwords"))
OUTLOOK = Host(
    "smtp-mail.outlook.com",
    587,
    "starttls",
    Said(
        "Microsoft often refuses passwords here; if so, take another mailbox",
        "Microsoft часто не пускает по паролю; тогда возьмите другой ящик",
    ),
)
ICLOUD = Host("smtp.mail.me.com", 587, "starttls", _app_password("https://account.apple.com"))
RAMBLER = Host(
    "smtp.rambler.ru",
    465,
    "ssl",
    Said(
        "Allow mail programs in the mailbox's settings first",
        "Сначала разрешите почтовые программы в настройках ящика",
    ),
)

_BY_DOMAIN = {
    **dict.fromkeys(("gmail.com", "googlemail.com"), GMAIL),
    **dict.fromkeys(("yandex.ru", "yandex.com", "yandex.by", "yandex.kz", "ya.ru", "narod.ru"), YANDEX),
    **dict.fromkeys(("mail.ru", "bk.ru", "list.ru", "inbox.ru", "internet.ru", "xmail.ru"), MAILRU),
    **dict.fromkeys(("outlook.com", "hotmail.com", "live.com", "msn.com"), OUTLOOK),
    **dict.fromkeys(("icloud.com", "me.com", "mac.com"), ICLOUD),
    **dict.fromkeys(("rambler.ru", "lenta.ru", "autorambler.ru", "myrambler.ru", "ro.ru"), RAMBLER),
}


def guess(address: str) -> Host:
    """The usual server of an address: a known provider's, else the domain's own."""
    domain = address.rpartition("@")[2].lower()
    if domain in _BY_DOMAIN:
        return _BY_DOMAIN[domain]
    for name in (f"smtp.{domain}", f"mail.{domain}"):
        try:
            socket.getaddrinfo(name, 587, type=socket.SOCK_STREAM)
        except OSError:
            continue
        return Host(name, 587, "starttls")
    return Host(f"smtp.{domain}", 587, "starttls")


def parse(text: str, known: Host) -> Host:
    """A server as the owner writes it, ``host`` or ``host:port``.

    Raises:
        Trouble: it is none.
    """
    text = text.strip()
    if text == known.shown:
        return known
    host, colon, port = text.rpartition(":")
    if not colon:
        host, port = text, "587"
    if not host or " " in text or not port.isdigit() or not 0 < int(port) < 65536:
        raise Trouble(
            Said(f"{text} is no server", f"{text} — не сервер"),
            Said("write it as smtp.example.com:587", "напишите так: smtp.example.com:587"),
        )
    return Host(host, int(port), "ssl" if port == "465" else "starttls")


def is_here(host: str) -> bool:
    """Whether a server stands on this machine or in this network: there mail may go unencrypted."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return False
