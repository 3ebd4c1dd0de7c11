"""Mails as the page shows them: the list, the HTML part for a sandboxed frame, text, source, attachments."""

from __future__ import annotations

import re
from email.utils import parseaddr
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sovetnik.demo.botapi.refusal import JsonDict
    from sovetnik.demo.mailbox import Mail

_SCHEME = re.compile(r"\(\s*prefers-color-scheme\s*:\s*(dark|light)\s*\)", re.IGNORECASE)
_HEAD = re.compile(r"<head\b[^>]*>", re.IGNORECASE)


def summary(number: int, mail: Mail) -> JsonDict:
    """What the list and the head of the preview show."""
    message = mail.message
    name, address = parseaddr(_clean(str(message["from"] or mail.mail_from)))
    return {
        "number": number,
        "subject": _clean(mail.subject),
        "from": {"name": name, "address": address},
        "to": mail.rcpt_to,
        "at": mail.received_at.timestamp(),
        "has_html": bool(html_of(mail)),
        "snippet": " ".join(text_of(mail).split())[:160],
        "attachments": [{"name": name, "size": len(data)} for name, data in attachments(mail)],
    }


def html_of(mail: Mail) -> str:
    """The HTML part, empty if there is none or nobody can read it."""
    return _readable(lambda: mail.html)


def text_of(mail: Mail) -> str:
    """The text part, empty if there is none or nobody can read it."""
    return _readable(lambda: mail.text)


def _readable(part: Callable[[], str]) -> str:
    # One odd mail must not cost the page all the others.
    try:
        return _clean(part())
    except LookupError:  # a charset that Python does not know
        return ""


def _clean(text: str) -> str:
    """Without the stray surrogates by which the parser marks undecodable bytes; JSON could not carry them."""
    return text.encode("utf-8", "replace").decode()


def attachments(mail: Mail) -> list[tuple[str, bytes]]:
    """The attached parts, in order: name and bytes."""
    parts = cast("Iterable[Any]", mail.message.iter_attachments())
    return [
        (_clean(part.get_filename() or f"attachment-{n}"), _content_of(part))
        for n, part in enumerate(parts, 1)
    ]


def _content_of(part: Any) -> bytes:  # noqa: ANN401 - the standard library's types stop here
    if part.is_multipart():  # a mail inside the mail
        return bytes(part.as_bytes())
    return bytes(part.get_payload(decode=True) or b"")


def source(mail: Mail) -> str:
    """The raw mail, readable."""
    return mail.raw.decode("utf-8", "replace").replace("\r\n", "\n")


def for_frame(html: str, scheme: str) -> str:
    """The HTML as the frame shows it: light or dark as asked, links open in a new tab.

    A sandboxed frame does not reliably take over the scheme of the page around it, so the mail's own media
    queries are decided here.
    """

    def decide(match: re.Match[str]) -> str:
        return "(min-width: 0px)" if match[1].lower() == scheme else "(max-width: 0px)"

    html = _SCHEME.sub(decide, html)
    extra = f'<base target="_blank"><style>:root{{color-scheme:{scheme}}}</style>'
    # After <head>, not before the doctype: quirks mode would change the mail's look.
    return _HEAD.sub(lambda match: match[0] + extra, html, count=1)
