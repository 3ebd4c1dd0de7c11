"""A model's Markdown as text with spans: read (source), written out (walker), cut to size (cutting)."""

from sovetnik.telegram_ui.formatting.cutting import cut, last_part
from sovetnik.telegram_ui.formatting.growing import settled
from sovetnik.telegram_ui.formatting.source import clean
from sovetnik.telegram_ui.formatting.styled import Span, Styled, utf16
from sovetnik.telegram_ui.formatting.walker import render

__all__ = ["Span", "Styled", "clean", "cut", "last_part", "render", "settled", "utf16"]
