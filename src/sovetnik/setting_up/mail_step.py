"""Where mails go and from where, proved by one that is really sent."""

from __future__ import annotations

import re
from dataclasses import replace
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from sovetnik.core.errors import MailError
from sovetnik.doctor.finding import Trouble
from sovetnik.doctor.post import mail_trouble
from sovetnik.mail import SmtpServer
from sovetnik.mail.settings import DEFAULT_PORTS
from sovetnik.mail.smtp import send
from sovetnik.setting_up import words
from sovetnik.setting_up.mailhosts import Host, guess, is_here, parse
from sovetnik.setting_up.setup import Setup, good_proxy
from sovetnik.setting_up.talk import Question

PATIENCE = 15.0
"""Seconds for each step of the talk with the mail server."""

_ADDRESS = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+")


def mail_step(setup: Setup) -> None:
    """Ask for addresses and mailbox until a test mail is taken."""
    known = ", ".join(setup.settings.leads_to or setup.settings.report_to) or None
    question = Question(words.MAIL_TO, "--mail-to", setup.given.mail_to, known, optional=True)
    to = setup.talk.checked(question, _addresses)
    if not to:
        setup.talk.warn(words.MAIL_NONE)
        return
    setup.save(leads_to=",".join(to), report_to=",".join(setup.settings.report_to or to))
    server = _server(setup, to)
    if server is None:
        setup.talk.warn(words.MAIL_NONE)
        return
    setup.talk.good(words.MAIL_GOOD, to=", ".join(to))
    host, port = server.address
    setup.save(
        smtp_host=host,
        smtp_port=str(port),
        smtp_security=server.security,
        smtp_username=server.username,
        smtp_password=server.password,
        smtp_from=_sender(setup, server),
        smtp_proxy=server.proxy,
    )


def _addresses(text: str) -> tuple[str, ...]:
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    for address in found:
        if not _ADDRESS.fullmatch(address):
            raise Trouble(words.ADDRESS_FORM.format(text=address), None)
    return found


def _server(setup: Setup, to: tuple[str, ...]) -> SmtpServer | None:
    """A server that took a test mail; None where mail is put off."""
    login = _login(setup, to[0])
    server = _password(setup, _host(setup, login), login, setup.given.mail_password)
    while True:
        try:
            with setup.talk.busy(words.SENDING):
                return _try(setup, server, login, to)
        except Trouble as trouble:
            setup.talk.refuse("--mail-password" if trouble.kind == "refused" else "--mail-server", trouble)
            options = list(words.MAIL_CHOICES.items())
            likely = "password" if trouble.kind == "refused" else "server"
            choice = setup.talk.choose(words.MAIL_AGAIN, "", None, options, likely)
        if choice == "skip":
            return None
        if choice == "proxy":
            question = setup.proxy_question("--mail-proxy", None, setup.known("telegram_proxy"))
            server = replace(server, proxy=setup.talk.checked(question, good_proxy))
        elif choice == "server":
            server = replace(
                _host(setup, login, again=True), username=server.username, password=server.password
            )
        else:
            server = _password(setup, server, login, None)


def _login(setup: Setup, first: str) -> str:
    default = setup.settings.smtp_from or setup.settings.smtp_username or first
    question = Question(words.MAIL_LOGIN, "--mail-login", setup.given.mail_login, default)
    found = setup.talk.checked(question, _addresses)
    return found[0] if found else first


def _host(setup: Setup, login: str, *, again: bool = False) -> SmtpServer:
    settings = setup.settings
    usual = guess(login)
    if settings.smtp_host and not again:
        port = settings.smtp_port or DEFAULT_PORTS[settings.smtp_security]
        usual = Host(settings.smtp_host, port, settings.smtp_security, usual.remark)
    given = None if again else setup.given.mail_server
    question = Question(words.MAIL_SERVER, "--mail-server", given, usual.shown)
    host = setup.talk.checked(question, lambda text: parse(text, usual)) or usual
    if host.remark:
        setup.talk.note(host.remark)
    return SmtpServer(host.host, host.port, host.security, proxy=setup.known("smtp_proxy"), timeout=PATIENCE)


def _password(setup: Setup, server: SmtpServer, login: str, given: str | None) -> SmtpServer:
    known = setup.known("smtp_password") if server.password is None else None
    label = words.MAIL_PASSWORD.format(login=login)
    question = Question(label, "--mail-password", given, known, hidden=True, optional=True)
    password = setup.talk.checked(question, str)
    return replace(server, username=login if password else None, password=password)


def _try(setup: Setup, server: SmtpServer, login: str, to: tuple[str, ...]) -> SmtpServer:
    """Send; gives the server as it worked: without encryption only where it stands in this network."""
    try:
        _send(setup, server, login, to)
    except MailError as error:
        unsecured = "offers no STARTTLS" in str(error) and is_here(server.host or "")
        if unsecured:
            return _try(setup, replace(server, security="none"), login, to)
        proxy = setup.given.mail_proxy
        if proxy and server.proxy is None and ": connect:" in str(error):
            return _try(setup, replace(server, proxy=good_proxy(proxy)), login, to)
        raise mail_trouble(error) from None
    return server


def _send(setup: Setup, server: SmtpServer, login: str, to: tuple[str, ...]) -> None:
    mail = EmailMessage()
    mail["Subject"] = words.MAIL_SUBJECT.in_language(setup.talk.language)
    mail["From"], mail["To"] = login, ", ".join(to)
    mail["Date"], mail["Message-ID"] = formatdate(), make_msgid(domain=login.rpartition("@")[2])
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(words.MAIL_BODY.in_language(setup.talk.language))
    refused = send(server, mail, login, to)
    if refused:
        raise MailError("; ".join(f"{address}: {why}" for address, why in refused.items()))


def _sender(setup: Setup, server: SmtpServer) -> str | None:
    """Needed where there is no login to take it from."""
    if server.username:
        return setup.settings.smtp_from
    return setup.given.mail_login or setup.settings.smtp_from or setup.settings.leads_to[0]
