"""Whether mails can be handed over, and to whom they go."""

from __future__ import annotations

import asyncio

from sovetnik.core.contacts import ContactForm
from sovetnik.core.errors import ConfigError, MailError
from sovetnik.doctor import words
from sovetnik.doctor.finding import PATIENCE, Finding, Trouble, same
from sovetnik.doctor.patient import Patient, skipped, within
from sovetnik.doctor.proxy import check_proxy
from sovetnik.mail.settings import DEFAULT_PORTS
from sovetnik.parts import make_mailer
from sovetnik.settings import Settings


async def mail(patient: Patient) -> list[Finding]:
    """Proxy, login, recipients."""
    settings = patient.settings
    findings: list[Finding] = []
    if why := patient.spoilt("SMTP_"):
        findings.append(skipped("mail", why))
    elif settings.smtp_host is None:
        findings.append(Finding("mail", "warning", words.MAIL_NONE, words.MAIL_NONE_OUT))
    else:
        findings += await _server(settings, settings.smtp_host)
    if why := patient.spoilt("LEADS_", "REPORT_TO"):
        return [*findings, skipped("recipients", why)]
    return [*findings, check_recipients(settings)]


async def _server(settings: Settings, host: str) -> list[Finding]:
    findings: list[Finding] = []
    if settings.smtp_proxy:
        port = settings.smtp_port or DEFAULT_PORTS[settings.smtp_security]
        proxy = settings.smtp_proxy.get_secret_value()
        findings.append(
            await within("mail_proxy", check_proxy("mail_proxy", "SMTP_PROXY", proxy, host, port))
        )
        if findings[-1].state == "broken":
            return [*findings, skipped("mail", words.PROXY_FAILS)]
    return [*findings, await within("mail", check_login(settings))]


async def check_login(settings: Settings, seconds: float = PATIENCE - 0.5) -> Finding:
    """Connect, secure the line, log in: all but a mail.

    Raises:
        Trouble: a step failed; it says which.
    """
    try:
        async with asyncio.timeout(seconds):
            await make_mailer(settings, ContactForm()).check_login()
    except TimeoutError:
        said = words.MAIL_SILENT.format(host=settings.smtp_host, seconds=round(seconds))
        raise Trouble(said, words.MAIL_REACH_OUT, "unreachable") from None
    except ConfigError as error:
        raise Trouble(same(str(error)), None) from None
    except MailError as error:
        raise mail_trouble(error) from None
    port = settings.smtp_port or DEFAULT_PORTS[settings.smtp_security]
    user = settings.smtp_username or words.MAIL_NOBODY
    return Finding("mail", "ok", words.MAIL_GOOD.format(host=settings.smtp_host, port=port, user=user))


def mail_trouble(error: MailError) -> Trouble:
    """A failed talk with the mail server, told to the owner."""
    login = ": login:" in str(error)
    out = words.MAIL_LOGIN_OUT if login else words.MAIL_REACH_OUT
    return Trouble(words.MAIL_BAD.format(error=str(error)), out, "refused" if login else "unreachable")


def check_recipients(settings: Settings) -> Finding:
    """Who gets leads and reports."""
    both = {"LEADS_TO": settings.leads_to, "REPORT_TO": settings.report_to}
    missing = ", ".join(name for name, addresses in both.items() if not addresses)
    if missing:
        fact = words.RECIPIENTS_NONE.format(names=missing)
        out = words.RECIPIENTS_OUT.format(names=missing.replace(", ", "=…, "))
        return Finding("recipients", "warning", fact, out)
    fact = words.RECIPIENTS_GOOD.format(
        leads=", ".join(settings.leads_to), report=", ".join(settings.report_to)
    )
    return Finding("recipients", "ok", fact)
