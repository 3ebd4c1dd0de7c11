"""What the composition root is put together from: each part made from the owner's settings."""

from __future__ import annotations

from typing import Any

from sovetnik.core.contacts import ContactForm
from sovetnik.core.house import House
from sovetnik.knowledge import ConsultantFolder
from sovetnik.mail import Look, MailSettings, SmtpMailer, SmtpServer
from sovetnik.settings import Settings


def secret(value: Any) -> str | None:  # noqa: ANN401 - SecretStr or None
    """A secret's text."""
    return value.get_secret_value() if value is not None else None


def make_folder(settings: Settings) -> ConsultantFolder:
    """The owner's folder, checked.

    Raises:
        ConfigError: it cannot be read.
    """
    folder = ConsultantFolder(settings.consultant_dir)
    folder.check(must_exist="consultant_dir" in settings.model_fields_set)
    return folder


def make_house(folder: ConsultantFolder) -> House:
    """The owner's texts for customers."""
    return House(greeting_text=folder.greeting, privacy_text=folder.privacy, consent_text=folder.consent)


def make_mailer(settings: Settings, form: ContactForm, bot: str | None = None) -> SmtpMailer:
    """The way to the owner's mailbox."""
    server = SmtpServer(
        host=settings.smtp_host,
        port=settings.smtp_port,
        security=settings.smtp_security,
        username=settings.smtp_username,
        password=secret(settings.smtp_password),
        proxy=secret(settings.smtp_proxy),
    )
    look = make_look(settings, form, bot)
    return SmtpMailer(server, MailSettings(settings.smtp_from, settings.leads_to, settings.report_to, look))


def make_look(settings: Settings, form: ContactForm, bot: str | None = None) -> Look:
    """For whom mails and reports are written."""
    return Look(language=settings.language, zone=settings.timezone, field_labels=form.labels(), bot=bot)
