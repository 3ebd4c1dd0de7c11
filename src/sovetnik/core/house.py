"""The owner's own texts for customers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from sovetnik.core.model import Chat


@dataclass(frozen=True, slots=True)
class Consent:
    """What a customer agrees to by leaving a contact; the version changes with the text."""

    text: str
    version: str


def _empty() -> str:
    return ""


@dataclass(frozen=True, slots=True)
class House:
    """Each text is read anew when it is needed; empty where the owner has written none.

    Attributes:
        greeting_text: Answer to /start.
        privacy_text: Answer to /privacy.
        consent_text: Shown before the first contact of a customer is stored.
    """

    greeting_text: Callable[[], str] = _empty
    privacy_text: Callable[[], str] = _empty
    consent_text: Callable[[], str] = _empty

    def consent(self) -> Consent | None:
        """The consent text in force; None where the owner wants none."""
        text = self.consent_text().strip()
        return Consent(text, hashlib.sha256(text.encode()).hexdigest()[:8]) if text else None

    def with_consent(self, text: str, chat: Chat) -> tuple[str, str | None]:
        """The text with the consent text below it, and that one's version, where it was not shown yet."""
        consent = self.consent()
        if consent is None or consent.version == chat.consent:
            return text, None
        return f"{text}\n\n{consent.text}", consent.version
