"""``parse_mode=Markdown``: the old, lenient markup, kept by Telegram for old bots.

No nesting, and a backslash escapes only ``_``, ``*``, `````` ` `````` and ``[``.
"""

from __future__ import annotations

import re

from sovetnik.demo.botapi.links import MarkupError, link_entity
from sovetnik.demo.botapi.refusal import JsonDict
from sovetnik.demo.botapi.utf16 import Output, byte_offset

_ENDS = {"_": "_", "*": "*", "`": "`", "[": "]"}
_TYPES = {"_": "italic", "*": "bold", "`": "code"}
_LANGUAGE = re.compile(r"([^ \t\r\n\0\v`]*)(?=[ \t\r\n\0\v])")
_NEW_LINE = re.compile(r"\r\n|\n\r|\r|\n")


def parse_markdown(text: str) -> tuple[str, list[JsonDict]]:
    """The visible text and its entities.

    Raises:
        MarkupError: an entity has no end.
    """
    return _MarkdownParser(text).parse()


def block_start(text: str, at: int) -> tuple[str, int]:
    """Language of a block of code and the index where its text begins; ``at`` is after the backticks."""
    language = ""
    match = _LANGUAGE.match(text, at)
    if match and match.group(1):
        language, at = match.group(1), match.end(1)
    new_line = _NEW_LINE.match(text, at)
    return language, new_line.end() if new_line else at


class _MarkdownParser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.out = Output()
        self.entities: list[JsonDict] = []

    def parse(self) -> tuple[str, list[JsonDict]]:
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == "\\" and self.text[self.at + 1 : self.at + 2] in {*_ENDS}:
                self.out.add(self.text[self.at + 1])
                self.at += 2
            elif char in _ENDS:
                self.entity(char)
            else:
                self.out.add(char)
                self.at += 1
        return self.out.text(), self.entities

    def entity(self, opening: str) -> None:
        start, end, language = self.at, _ENDS[opening], ""
        if self.text.startswith("```", self.at):
            opening = end = "```"
            language, self.at = block_start(self.text, self.at + 3)
        else:
            self.at += 1
        stop = self.text.find(end, self.at)
        if stop < 0:
            where = byte_offset(self.text, start)
            raise MarkupError(f"Can't find end of the entity starting at byte offset {where}")
        inner = self.text[self.at : stop]
        offset = self.out.offset
        self.out.add(inner)
        self.at = stop + len(end)
        place: JsonDict = {"offset": offset, "length": self.out.offset - offset}
        if opening == "[":
            found = link_entity(self.address(inner), place)
        elif opening == "```":
            found = [{"type": "pre", **place} | ({"language": language} if language else {})]
        else:
            found = [{"type": _TYPES[opening], **place}]
        self.entities += found if inner else []

    def address(self, inner: str) -> str:
        if not self.text.startswith("(", self.at):
            return inner
        stop = self.text.find(")", self.at)
        stop = len(self.text) if stop < 0 else stop  # Telegram lets the text end inside an address
        address = self.text[self.at + 1 : stop]
        self.at = stop + 1
        return address
