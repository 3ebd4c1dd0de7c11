"""A model's Markdown as Telegram messages: plain text with entities, cut where it is too long."""

from __future__ import annotations

from dataclasses import dataclass

import telegramify_markdown
from telegram import MessageEntity
from telegramify_markdown import RenderConfig

LIMIT = 4096
"""UTF-16 units in one message, counted after entities are taken out (Bot API)."""

_CONFIG = RenderConfig.isolated()


@dataclass(frozen=True, slots=True)
class Piece:
    """One message."""

    text: str
    entities: tuple[MessageEntity, ...]


def pieces(markdown: str) -> list[Piece]:
    """The messages of an answer; the same text always gives the same pieces."""
    text, entities = telegramify_markdown.convert(markdown, config=_CONFIG)
    chunks = telegramify_markdown.split_entities(text, entities, LIMIT)
    found = [Piece(chunk, tuple(_entity(entity) for entity in entities)) for chunk, entities in chunks]
    return found or [Piece(markdown[:LIMIT], ())]  # nothing but marks: they are the text then


def _entity(entity: telegramify_markdown.MessageEntity) -> MessageEntity:
    return MessageEntity(
        type=entity.type,
        offset=entity.offset,
        length=entity.length,
        url=entity.url,
        language=entity.language,
        custom_emoji_id=entity.custom_emoji_id,
    )
