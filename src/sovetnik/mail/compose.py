"""Mails as pure functions of what they tell: the same lead gives the same bytes on each attempt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from sovetnik.core.owner import LeadDossier, Notice, Report
from sovetnik.mail.headers import clean_address, clean_addresses, find_address
from sovetnik.mail.pages import Pages, lead_pages, notice_pages, report_pages
from sovetnik.mail.settings import Look
from sovetnik.mail.texts import TEXTS
from sovetnik.mail.wording import Wording


@dataclass(frozen=True, slots=True)
class Envelope:
    """From whom and to whom.

    Attributes:
        sender: An address or ``Name <address>``; without a name it is the product's.
        recipients: Everyone who is meant to have the mail, also those who already do.
    """

    sender: str
    recipients: tuple[str, ...]


def compose_lead(dossier: LeadDossier, look: Look, envelope: Envelope) -> EmailMessage:
    """The mail about a new or changed lead.

    Raises:
        ConfigError: the sender or a recipient is no address.
    """
    lead = dossier.lead
    tag = _tag(lead.created_at)
    first = f"lead-{lead.id}.{tag}"
    name = first if lead.revision == 1 else f"lead-{lead.id}-r{lead.revision}.{tag}"
    mail = _mail(lead_pages(dossier, look), look, envelope, name, lead.updated_at, "dialogue.html")
    if lead.revision > 1:
        first_id = f"<{first}@{_domain(envelope)}>"
        mail["In-Reply-To"] = first_id
        mail["References"] = first_id
    reply_to = find_address(lead.contact.fields.values())
    if reply_to:
        mail["Reply-To"] = reply_to
    return mail


def compose_notice(notice: Notice, at: datetime, look: Look, envelope: Envelope) -> EmailMessage:
    """The mail that tells the owner at once what happened to the model at a moment.

    Raises:
        ConfigError: the sender or a recipient is no address.
    """
    name = f"notice-{notice.kind}-{int(at.timestamp())}"
    return _mail(notice_pages(notice, at, look), look, envelope, name, at)


def compose_report(report: Report, look: Look, envelope: Envelope) -> EmailMessage:
    """The mail with a day's report.

    Raises:
        ConfigError: the sender or a recipient is no address.
    """
    name = f"report-{report.window.day.isoformat()}.{_tag(report.window.end)}"
    return _mail(report_pages(report, look), look, envelope, name, report.window.end, "dialogues.html")


def _mail(
    pages: Pages, look: Look, envelope: Envelope, name: str, moment: datetime, attachment: str = ""
) -> EmailMessage:
    mail = EmailMessage(policy=SMTP)
    mail["Message-ID"] = f"<{name}@{_domain(envelope)}>"
    mail["Date"] = Wording(look).local(moment)
    mail["From"] = _sender(envelope, look)
    mail["To"] = ", ".join(clean_addresses(envelope.recipients, "LEADS_TO, REPORT_TO"))
    mail["Subject"] = pages.subject
    mail["Auto-Submitted"] = "auto-generated"
    # base64 keeps every line short and survives relays without 8BITMIME; quoted-printable triples Russian.
    mail.set_content(pages.text, cte="base64")
    mail.add_alternative(pages.html, subtype="html", cte="base64")
    if pages.whole is not None:
        mail.add_attachment(
            pages.whole,
            maintype="text",
            subtype="html",
            cte="base64",
            filename=attachment,
            params={"charset": "utf-8"},
        )
    _fix_boundaries([mail, *mail.walk()], name)
    return mail


def _tag(moment: datetime) -> str:
    """Tells installations apart: a new database counts from 1 again, and Gmail drops mails it knows."""
    return f"{round(moment.timestamp() * 1000):x}"


def _fix_boundaries(parts: Sequence[object], name: str) -> None:
    """Random boundaries would make each attempt another mail; ``=_`` never occurs in base64."""
    for number, part in enumerate(dict.fromkeys(parts)):
        if isinstance(part, EmailMessage) and part.is_multipart():
            part.set_boundary(f"=_{name}-{number}")


def _sender(envelope: Envelope, look: Look) -> Address:
    name, address = clean_address(envelope.sender, "SMTP_FROM")
    local, _, domain = address.rpartition("@")
    return Address(name or TEXTS[look.language].brand, username=local, domain=domain)


def _domain(envelope: Envelope) -> str:
    return clean_address(envelope.sender, "SMTP_FROM")[1].rpartition("@")[2]
