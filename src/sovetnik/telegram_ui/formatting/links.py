"""Which addresses Telegram takes for a link, and how the others are shown."""

from __future__ import annotations

import re

LONGEST = 2048
"""Characters of an address; Telegram's clients do not open longer ones."""

_WEB = re.compile(
    r"""https?://
        (?:(?!-)[\w-]{1,63}\.)+ (?:xn--[a-z0-9-]+|[^\W\d_]{2,63}|(?<=\d\.)\d{1,3})
        (?::\d{1,5})?
        (?:[/?\#][^\s<>"\\^`{|}]*)?""",
    re.IGNORECASE | re.VERBOSE,
)
_INSIDE_TELEGRAM = re.compile(r"tg://[a-z_]{1,32}(?:\?[\w=&%.+-]{1,512})?", re.IGNORECASE | re.ASCII)
_WITHOUT_PROTOCOL = re.compile(r"(?:www\.|t\.me/)", re.IGNORECASE)
_FOUND_BY_TELEGRAM = re.compile(r"(?:mailto|tel):", re.IGNORECASE)


def usable(address: str) -> str | None:
    """The address that a link may carry, or None: Telegram would refuse it or lead somewhere else."""
    if _WITHOUT_PROTOCOL.match(address):
        address = "https://" + address
    if len(address) > LONGEST:
        return None
    return address if _WEB.fullmatch(address) or _INSIDE_TELEGRAM.fullmatch(address) else None


def shown(address: str) -> str:
    """An unusable address as text; Telegram finds mail addresses and phone numbers in it by itself."""
    return _FOUND_BY_TELEGRAM.sub("", address, count=1)
