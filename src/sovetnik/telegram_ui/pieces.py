"""A model's Markdown as Telegram messages: plain text with entities, cut where it is too long."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import Any, TypeAlias

import structlog
from telegram import MessageEntity

from sovetnik.telegram_ui.formatting import Styled, clean, cut, last_part, render, settled

LIMIT = 4096
"""UTF-16 units in one message, counted after entities are taken out (Bot API)."""

ENTITIES = 100
"""Formatted spans in one message; Telegram shows the rest without their formatting."""

JSON: TypeAlias = dict[str, Any]

log = structlog.get_logger("sovetnik.pieces")


@dataclass(frozen=True, slots=True)
class Piece:
    """One message."""

    text: str
    entities: tuple[MessageEntity, ...]

    @property
    def marks(self) -> list[JSON] | None:
        """The entities as the Bot API takes them."""
        return [entity.to_dict() for entity in self.entities] or None


def pieces(markdown: str) -> list[Piece]:
    """The messages of an answer; the same text always gives the same pieces.

    What lies between two pieces in the whole text is white space only. An answer without anything to read
    has no pieces; one of nothing but marks is sent as it stands.
    """
    text = clean(markdown)
    return [_piece(part) for part in cut(render(text), LIMIT, ENTITIES)] or plain_pieces(text)


def plain_pieces(text: str) -> list[Piece]:
    """The text as it stands, cut where it is too long."""
    return [_piece(part) for part in cut(_as_it_stands(text), LIMIT, ENTITIES)]


def draft_piece(markdown_so_far: str) -> Piece:
    """What to show of an answer that is still being written; its text is empty while there is nothing to see.

    Loose ends, such as half a link, are not shown as raw marks. Of what is too long, the end is shown behind
    an ellipsis. Never fails.
    """
    try:
        return _piece(last_part(render(clean(settled(markdown_so_far))), LIMIT, ENTITIES))
    except Exception:  # a preview must not stop the answer that it previews
        log.exception("draft_formatting_failed")
        return _piece(last_part(_as_it_stands(markdown_so_far), LIMIT, ENTITIES))


def _as_it_stands(text: str) -> Styled:
    return Styled(clean(text).replace("\t", "    ").strip())


def _piece(styled: Styled) -> Piece:
    text = styled.text
    if not styled.spans:
        return Piece(text, ())
    offsets = [0, *accumulate(1 + (char > "\uffff") for char in text)]
    entities = tuple(
        MessageEntity(
            type=span.kind,
            offset=offsets[span.start],
            length=offsets[span.end] - offsets[span.start],
            url=span.url,
            language=span.language,
        )
        for span in styled.spans
    )
    return Piece(text, entities)
