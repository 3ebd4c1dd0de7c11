"""The text of a message and its entities, put in order the way Telegram does it.

Offsets and lengths are UTF-16 code units. What a bot sends is checked, cleaned, trimmed and nested
correctly; then links, commands and the like are found in it, and at most 100 entities are kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, cast

from sovetnik.demo.botapi.find_entities import find_entities
from sovetnik.demo.botapi.links import MarkupError, WrongLink, checked_link
from sovetnik.demo.botapi.nesting import BLOCKQUOTES, SPLITTABLE, nested, outside_of, span
from sovetnik.demo.botapi.parse_html import parse_html
from sovetnik.demo.botapi.parse_markdown import parse_markdown
from sovetnik.demo.botapi.parse_markdown_v2 import parse_markdown_v2
from sovetnik.demo.botapi.refusal import Json, JsonDict, bad_request
from sovetnik.demo.botapi.utf16 import byte_offset, positions, width

MAX_ENTITIES = 100  # the server's limit; Telegram drops the rest without a word

_PARSERS = {"html": parse_html, "markdown": parse_markdown, "markdownv2": parse_markdown_v2}
_FOUND_BY_TELEGRAM = {
    "mention",
    "hashtag",
    "cashtag",
    "bot_command",
    "url",
    "email",
    "phone_number",
    "bank_card_number",
}
_HIDDEN = {"text_link", "text_mention"}  # carry something even where nothing is seen
_PLAIN = {*SPLITTABLE, *BLOCKQUOTES, "code"}
# Telegram makes a space of each control character and drops \r, the line separators and combining bars.
_CONTROL = re.compile(r"[\x00-\x09\x0b\x0c\x0e-\x1f]")
_DROPPED = re.compile("[\r\u2028-\u202e\u0333\u033f\u030a]")


@dataclass(frozen=True)
class Formatted:
    """Text as it stands in a chat, with its entities."""

    text: str = ""
    entities: list[JsonDict] = field(default_factory=list[JsonDict])


def formatted(text: str, parse_mode: str, entities: Json, *, may_be_empty: bool = False) -> Formatted:
    """What Telegram makes of a bot's text.

    Args:
        text: as sent.
        parse_mode: ``HTML``, ``Markdown``, ``MarkdownV2`` in any case, or empty; it wins over ``entities``.
        entities: decoded JSON; anything but a list counts as none.
        may_be_empty: whether nothing visible is fine (captions, drafts).

    Raises:
        Refusal: 400 with Telegram's words.
    """
    mode = parse_mode.lower()
    if text and mode not in {"", "none"}:
        text, given = _parsed(text, mode)
    else:
        given = _explicit(entities)
    return fixed(text, given, may_be_empty=may_be_empty)


def fixed(text: str, entities: list[JsonDict], *, may_be_empty: bool = False) -> Formatted:
    """Clean and trim the text, bring the entities in order, add those that Telegram finds itself."""
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise bad_request("strings must be encoded in UTF-8")  # half an emoji, out of a JSON escape
    kept = nested([entity for entity in entities if entity["length"] > 0])
    _check_bounds(text, kept)
    text, kept = _cleaned(text, kept)
    text, kept = _trimmed(text, kept)
    if not text:
        if may_be_empty:
            return Formatted()
        raise bad_request("text must be non-empty")
    kept = nested(kept)
    found = outside_of(find_entities(text), kept)
    return Formatted(text, _limited(_visible(text, nested(kept + found))))


def _parsed(text: str, mode: str) -> tuple[str, list[JsonDict]]:
    parser = _PARSERS.get(mode)
    if parser is None:
        raise bad_request("unsupported parse_mode")
    try:
        return parser(text)
    except MarkupError as error:
        raise bad_request(f"can't parse entities: {error}") from None


def _explicit(entities: Json) -> list[JsonDict]:
    if not isinstance(entities, list):
        return []
    found: list[JsonDict] = []
    for entity in cast("list[Any]", entities):
        found += _one_explicit(entity)
    return found


def _one_explicit(entity: Json) -> list[JsonDict]:
    if not isinstance(entity, dict):
        raise _bad_entity("expected an Object")
    given = cast("JsonDict", entity)
    place = {name: _required(given, name, int, "Number") for name in ("offset", "length")}
    kind = _required(given, "type", str, "String")
    if kind in _FOUND_BY_TELEGRAM:
        return []  # a bot cannot make these: Telegram looks for them itself
    for name, value in place.items():
        if not 0 <= value <= 1_000_000:
            raise bad_request(f"receive an entity with incorrect {name} {value}")
    return [{"type": kind, **place, **_extra(kind, given)}]


def _extra(kind: str, given: JsonDict) -> JsonDict:
    if kind in _PLAIN:
        return {}
    if kind == "pre":
        return {"language": str(given["language"])} if given.get("language") else {}
    if kind == "text_link":
        url = _required(given, "url", str, "String")
        try:
            return {"url": checked_link(url)}
        except WrongLink as error:
            raise bad_request(f"entity URL '{url}' is invalid: {error}") from None
    if kind == "text_mention":
        user = _required(given, "user", dict, "Object")
        return {"user": {"id": _required(user, "id", int, "Number")}}
    if kind == "custom_emoji":
        return {"custom_emoji_id": str(_required(given, "custom_emoji_id", str, "String"))}
    if kind == "date_time":
        return {"unix_time": _required(given, "unix_time", int, "Number")}
    raise _bad_entity("Unsupported type specified")


def _required(given: JsonDict, name: str, kind: type[Any], words: str) -> Json:
    value = given.get(name)
    if value is None:
        raise _bad_entity(f'Can\'t find field "{name}"')
    if not isinstance(value, kind) or isinstance(value, bool):
        raise _bad_entity(f'Field "{name}" must be of type {words}')
    return value


def _bad_entity(words: str) -> Exception:
    return bad_request(f"can't parse MessageEntity: {words}")


def _check_bounds(text: str, entities: list[JsonDict]) -> None:
    """Telegram's refusals for entities that begin or end outside the text or inside a character."""
    if not entities:
        return
    starts, end = positions(text), width(text)
    for entity in entities:
        begin, stop = entity["offset"], entity["offset"] + entity["length"]
        if begin > end:
            raise bad_request(f"entity begins after the end of the text at UTF-16 offset {begin}")
        if stop > end:
            words = f"entity beginning at UTF-16 offset {begin} ends after the end of the text"
            raise bad_request(f"{words} at UTF-16 offset {stop}")
        if begin not in starts:
            where = byte_offset(text, starts[begin + 1])
            raise bad_request(f"entity begins in a middle of a UTF-16 symbol at byte offset {where}")
        if stop not in starts:
            where = byte_offset(text, starts[stop + 1])
            words = f"entity beginning at UTF-16 offset {begin} ends in a middle of a UTF-16 symbol"
            raise bad_request(f"{words} at byte offset {where}")


def _cleaned(text: str, entities: list[JsonDict]) -> tuple[str, list[JsonDict]]:
    dropped = [width(text[: match.start()]) for match in _DROPPED.finditer(text)]
    text = _CONTROL.sub(" ", _DROPPED.sub("", text))
    if dropped:
        moved: list[JsonDict] = []
        for entity in entities:
            begin = entity["offset"] - sum(at < entity["offset"] for at in dropped)
            stop = entity["offset"] + entity["length"]
            stop -= sum(at < stop for at in dropped)
            moved.append({**entity, "offset": begin, "length": stop - begin})
        entities = moved
    return text, entities


def _trimmed(text: str, entities: list[JsonDict]) -> tuple[str, list[JsonDict]]:
    """Take the white space off both ends of the text; a hidden link at the beginning holds it."""
    entities = _visible(text, entities)
    text = text.rstrip(" \n")
    end = width(text)
    entities = [
        {**entity, "length": min(entity["length"], end - entity["offset"])}
        for entity in entities
        if entity["offset"] < end
    ]
    lead = len(text) - len(text.lstrip(" \n"))
    lead = min([lead, *(entity["offset"] for entity in entities)])
    return text[lead:], [{**entity, "offset": entity["offset"] - lead} for entity in entities]


def _visible(text: str, entities: list[JsonDict]) -> list[JsonDict]:
    """Entities begin with something visible and are dropped without it; links may be invisible."""
    index = positions(text)
    kept: list[JsonDict] = []
    for entity in entities:
        begin, stop = span(entity)
        if entity["type"] not in _HIDDEN:
            inside = text[index[begin] : index[stop]]
            begin += len(inside) - len(inside.lstrip(" \n"))
        if begin < stop:
            kept.append({**entity, "offset": begin, "length": stop - begin})
    return kept


def _limited(entities: list[JsonDict]) -> list[JsonDict]:
    """The first 100 that the bot asked for; blocks and links count before bold and the like."""
    given = [entity for entity in entities if entity["type"] not in {*_FOUND_BY_TELEGRAM, "custom_emoji"}]
    given.sort(key=lambda entity: entity["type"] in SPLITTABLE)
    dropped = [id(entity) for entity in given[MAX_ENTITIES:]]
    return [entity for entity in entities if id(entity) not in dropped]
