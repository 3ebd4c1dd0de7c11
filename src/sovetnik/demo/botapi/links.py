"""What Telegram takes for a link's address, how it writes it, and the entity that a link becomes."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from sovetnik.demo.botapi.refusal import JsonDict

_ADDRESS = re.compile(
    r"""(?:(?P<protocol>[a-z][a-z0-9+.-]*)://)?
        (?:(?P<userinfo>[^/?\#@]*)@)?
        (?P<host>[^/?\#:]+)
        (?::(?P<port>[^/?\#]*))?
        (?P<rest>[/?\#].*)?""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_INSIDE_TELEGRAM = re.compile(r"(?i)(tg|ton):(?://)?([^\s]+)")


class MarkupError(ValueError):
    """The text cannot be parsed; the message is Telegram's, without its "can't parse entities: "."""


class WrongLink(ValueError):  # noqa: N818 - Telegram's word
    """The address is none; the message is Telegram's."""


def checked_link(link: str) -> str:
    """The address as Telegram stores it: protocol added, host lowered, a path of at least ``/``.

    Raises:
        WrongLink: with Telegram's reason.
    """
    link = link.strip()
    inside = _INSIDE_TELEGRAM.fullmatch(link)
    if inside:
        return f"{inside[1].lower()}://{inside[2]}"
    match = _ADDRESS.fullmatch(link)
    if match is None or re.search(r"\s", link):
        raise WrongLink("Wrong HTTP URL")
    protocol = (match["protocol"] or "http").lower()
    if protocol not in {"http", "https"}:
        raise WrongLink("Unsupported URL protocol")
    if match["port"] is not None and not match["port"].isdigit():
        raise WrongLink("Wrong port number specified in the URL")
    if "." not in match["host"]:
        raise WrongLink("Wrong HTTP URL")
    return protocol + "://" + _authority(match) + _path(match["rest"] or "")


def link_or_none(link: str) -> str | None:
    """The address, or None: a marked-up link to nowhere stays plain text and is no error."""
    try:
        return checked_link(link)
    except WrongLink:
        return None


def user_of_link(link: str) -> int | None:
    """The person of a ``tg://user?id=…`` link, which is a mention and no link."""
    match = re.fullmatch(r"(?i)tg:(?://)?user\?id=(\d+)", link.strip())
    return int(match.group(1)) if match else None


def link_entity(address: str, place: JsonDict) -> list[JsonDict]:
    """The entity of a link's text: a mention, a link, or nothing when the address is none."""
    user = user_of_link(address)
    if user is not None:
        return [{"type": "text_mention", **place, "user": {"id": user}}]
    url = link_or_none(address)
    return [] if url is None else [{"type": "text_link", **place, "url": url}]


def emoji_of_link(link: str) -> str:
    """The custom emoji's identifier in ``tg://emoji?id=…``.

    Raises:
        MarkupError: there is none.
    """
    match = re.fullmatch(r"(?i)tg:(?://)?([^/?#]*)/?(?:\?([^#]*))?(?:#.*)?", link)
    if match is None:
        raise MarkupError("Custom emoji URL must have scheme tg")
    if match[1].lower() != "emoji":
        raise MarkupError('Custom emoji URL must have host "emoji"')
    found = dict(parse_qsl(match[2] or "")).get("id")
    if found is None:
        raise MarkupError("Custom emoji URL must have an emoji identifier")
    return emoji_id(found)


def emoji_id(value: str) -> str:
    """A custom emoji's identifier.

    Raises:
        MarkupError: it is no number.
    """
    if not re.fullmatch(r"-?[1-9]\d*", value):
        raise MarkupError("Invalid custom emoji identifier specified")
    return value


def _authority(match: re.Match[str]) -> str:
    userinfo = f"{match['userinfo']}@" if match["userinfo"] else ""
    port = f":{match['port']}" if match["port"] else ""
    return userinfo + match["host"].lower() + port


def _path(rest: str) -> str:
    return rest if rest.startswith("/") else "/" + rest
