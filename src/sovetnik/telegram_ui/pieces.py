"""A model's Markdown as Telegram messages: plain text with entities, cut where it is too long."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import telegramify_markdown
from telegram import MessageEntity
from telegramify_markdown import RenderConfig

LIMIT = 4096
"""UTF-16 units in one message, counted after entities are taken out (Bot API)."""

ENTITIES = 100
"""Formatted spans in one message; Telegram shows the rest without their formatting."""

_CONFIG = RenderConfig.isolated()
_CONFIG.cite_expandable = False  # a quote folded to three lines may hide the very line that answers


@dataclass(frozen=True, slots=True)
class Piece:
    """One message."""

    text: str
    entities: tuple[MessageEntity, ...]


def pieces(markdown: str) -> list[Piece]:
    """The messages of an answer; the same text always gives the same pieces."""
    text, entities = telegramify_markdown.convert(markdown, config=_CONFIG)
    chunks = _split(text, entities, LIMIT)
    found = [Piece(chunk, tuple(_entity(entity) for entity in entities)) for chunk, entities in chunks]
    return found or [Piece(markdown[:LIMIT], ())]  # nothing but marks: they are the text then


def plain_pieces(text: str) -> list[Piece]:
    """The text as it stands, cut where it is too long."""
    half = LIMIT // 2  # characters beyond the basic plane count twice
    return [Piece(text[start : start + half], ()) for start in range(0, len(text), half)]


def _split(
    text: str, entities: list[telegramify_markdown.MessageEntity], limit: int
) -> Iterator[tuple[str, list[telegramify_markdown.MessageEntity]]]:
    """Messages within the length limit and, each, within the limit on entities."""
    for chunk, found in telegramify_markdown.split_entities(text, entities, limit):
        if len(found) <= ENTITIES or limit <= ENTITIES:
            yield chunk, found
        else:
            beyond = sorted(entity.offset for entity in found)[ENTITIES]
            yield from _split(chunk, found, max(ENTITIES, min(beyond, limit - 1)))


def _entity(entity: telegramify_markdown.MessageEntity) -> MessageEntity:
    return MessageEntity(
        type=entity.type,
        offset=entity.offset,
        length=entity.length,
        url=entity.url,
        language=entity.language,
        custom_emoji_id=entity.custom_emoji_id,
    )
