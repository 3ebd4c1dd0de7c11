"""Addresses and header values that cannot break out of their header.

``EmailMessage`` refuses line breaks but *decodes* encoded words in what it is given, so a customer
named ``=?utf-8?q?=0ABcc:...?=`` has to be disarmed as well.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from email.utils import parseaddr

from sovetnik.core.errors import ConfigError

MAX_NAME = 80
"""Characters of a customer's name in a subject: mail programs show about as many."""

_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)+"
)
# What must not reach XML-like text or a terminal: control characters but tab and newline, and surrogates.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_JOINERS = "\u200c\u200d"  # hold emoji and several scripts together


def scrub(text: str) -> str:
    """Text without control characters and halves of surrogate pairs; all line breaks the same."""
    return _UNPRINTABLE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def header_text(text: str, limit: int = MAX_NAME) -> str:
    """One harmless line of at most ``limit`` characters: no breaks, no invisible or reversing signs."""
    line = " ".join(scrub(text).split())
    line = "".join(c for c in line if c in _JOINERS or unicodedata.category(c) not in {"Cf", "Cc", "Cs"})
    line = line.replace("=?", "= ?").strip()
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def find_address(values: Iterable[str]) -> str | None:
    """The first value that is an e-mail address and nothing else."""
    for value in values:
        candidate = value.strip()
        # An encoded word would be decoded in the header, and become another address, or a line of its own.
        if len(candidate) <= 254 and "=?" not in candidate and _ADDRESS.fullmatch(candidate):
            return candidate
    return None


def clean_address(text: str, setting: str) -> tuple[str, str]:
    """Take an owner's address apart.

    Args:
        text: ``address`` or ``Name <address>``.
        setting: Named in the error.

    Returns:
        Display name (may be empty) and address, its domain in ASCII.

    Raises:
        ConfigError: this is no address.
    """
    name, address = parseaddr(" ".join(scrub(text).split()))
    local, at, domain = address.rpartition("@")
    if not (local and at and domain) or any(c.isspace() for c in address):
        raise ConfigError(f"{setting}: {text!r} is not an e-mail address; write name@example.com")
    try:
        domain = domain.encode("idna").decode("ascii")
    except UnicodeError:
        raise ConfigError(f"{setting}: {text!r} has no valid domain after the @") from None
    return header_text(name), f"{local}@{domain}"


def clean_addresses(texts: Iterable[str], setting: str) -> tuple[str, ...]:
    """Bare addresses, each once, in order; empty entries are skipped.

    Raises:
        ConfigError: one of them is no address.
    """
    found = (clean_address(text, setting)[1] for text in texts if text.strip())
    return tuple(dict.fromkeys(found))
