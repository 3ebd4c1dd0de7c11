"""The :class:`~sovetnik.core.ports.Mailer` that speaks SMTP."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable
from datetime import datetime
from email.message import EmailMessage

from sovetnik.core.errors import ConfigError, MailError
from sovetnik.core.owner import LeadDossier, Notice, Report
from sovetnik.mail.compose import Envelope, compose_lead, compose_notice, compose_report
from sovetnik.mail.headers import clean_address, clean_addresses
from sovetnik.mail.settings import MailSettings, SmtpServer
from sovetnik.mail.smtp import proxy_url, send, session, stage


class SmtpMailer:
    """Lead mails, notices and reports through one mail server, one connection for each mail.

    A mail is handed over at least once: if the connection dies between the server's acceptance and our
    note of it, the retry brings the same mail with the same Message-ID.

    Raises:
        ConfigError: an address or the proxy's URL cannot be read.
    """

    def __init__(self, server: SmtpServer, settings: MailSettings) -> None:
        self._server = server
        self._look = settings.look
        self._sender = settings.sender or _default_sender(server)
        self._bare_sender = clean_address(self._sender, "SMTP_FROM")[1]
        self._leads_to = clean_addresses(settings.leads_to, "LEADS_TO")
        self._report_to = clean_addresses(settings.report_to, "REPORT_TO")
        _check_proxy(server.proxy)

    async def send_lead(self, dossier: LeadDossier, accepted: tuple[str, ...]) -> tuple[str, ...] | None:
        """Send a lead mail to all recipients but ``accepted``.

        Returns:
            Everyone who has it now; None when no mail server or recipient is configured.

        Raises:
            MailError: somebody could not be reached; its ``accepted`` says who has it.
        """

        def compose() -> EmailMessage:
            return compose_lead(dossier, self._look, Envelope(self._sender, self._leads_to))

        return await self._send(compose, self._leads_to, accepted)

    async def send_notice(
        self, notice: Notice, at: datetime, accepted: tuple[str, ...]
    ) -> tuple[str, ...] | None:
        """Send a notice to the leads' recipients, or else the reports'; as :meth:`send_lead`."""
        recipients = self._leads_to or self._report_to

        def compose() -> EmailMessage:
            return compose_notice(notice, at, self._look, Envelope(self._sender, recipients))

        return await self._send(compose, recipients, accepted)

    async def send_report(self, report: Report, accepted: tuple[str, ...]) -> tuple[str, ...] | None:
        """Send a report; as :meth:`send_lead`."""

        def compose() -> EmailMessage:
            return compose_report(report, self._look, Envelope(self._sender, self._report_to))

        return await self._send(compose, self._report_to, accepted)

    async def check_login(self) -> None:
        """Connect, secure the line, log in and say NOOP: all but a mail.

        Raises:
            MailError: no server is configured, or a step failed; says which and why.
        """
        if not self._server.host:
            raise MailError("no mail server is configured: set SMTP_HOST")
        await _apart(self._knock)

    def _knock(self) -> None:
        with session(self._server) as smtp, stage(self._server, "check"):
            smtp.noop()

    async def _send(
        self, compose: Callable[[], EmailMessage], recipients: tuple[str, ...], accepted: tuple[str, ...]
    ) -> tuple[str, ...] | None:
        if not (self._server.host and recipients):
            return None
        missing = tuple(address for address in recipients if address not in accepted)
        if missing:
            # Composing a long report takes some hundred milliseconds: not on the event loop either.
            await _apart(lambda: self._hand_over(compose, missing, accepted))
        return tuple(dict.fromkeys((*accepted, *missing)))

    def _hand_over(
        self, compose: Callable[[], EmailMessage], missing: tuple[str, ...], accepted: tuple[str, ...]
    ) -> None:
        try:
            refused = send(self._server, compose(), self._bare_sender, missing)
        except MailError as error:
            raise MailError(str(error), accepted) from None
        if refused:
            has_it = (*accepted, *(address for address in missing if address not in refused))
            words = "; ".join(f"{address}: {why}" for address, why in refused.items())
            raise MailError(words, tuple(dict.fromkeys(has_it)))


async def _apart(work: Callable[[], None]) -> None:
    """Run blocking work on a thread of its own.

    A daemon, unlike the executor's threads: a server that hangs must not hold up the end of the program.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def finish(error: BaseException | None) -> None:
        if done.done():  # cancelled meanwhile
            return
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)

    def run() -> None:
        outcome: BaseException | None = None
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised again where the work was asked for
            outcome = error
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(finish, outcome)

    threading.Thread(target=run, name="sovetnik-mail", daemon=True).start()
    await done


def _default_sender(server: SmtpServer) -> str:
    """The login where it is an address, else this product on this host."""
    if server.username and "@" in server.username:
        return server.username
    return f"sovetnik@{socket.gethostname() or 'localhost'}"


def _check_proxy(url: str | None) -> None:
    if url is None:
        return
    try:
        proxy_url(url)
    except ValueError:
        # Its own words may quote the URL with the password.
        raise ConfigError("SMTP_PROXY: write socks5://user:password@host:port") from None
