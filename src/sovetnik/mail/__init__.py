"""The mail room: leads, notices and daily reports as mails, and the way to the mail server.

Imports only :mod:`sovetnik.core`; everything it needs to know comes as plain values::

    SmtpServer     how the mail server is reached
    MailSettings   who writes to whom, with
    Look           the owner's language, time zone, field labels, bot name
    SmtpMailer     the ``Mailer`` port over SMTP
    compose_*      mails as pure functions
    render_report_html, render_report_text   the whole report for a browser, for a terminal
    render_report_brief                      its head, for a chat
"""

from sovetnik.mail.compose import Envelope, compose_lead, compose_notice, compose_report
from sovetnik.mail.mailer import SmtpMailer
from sovetnik.mail.pages import render_report_brief, render_report_html, render_report_text
from sovetnik.mail.settings import Look, MailSettings, Security, SmtpServer

__all__ = [
    "Envelope",
    "Look",
    "MailSettings",
    "Security",
    "SmtpMailer",
    "SmtpServer",
    "compose_lead",
    "compose_notice",
    "compose_report",
    "render_report_brief",
    "render_report_html",
    "render_report_text",
]
