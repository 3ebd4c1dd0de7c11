"""``parse_mode=MarkdownV2``: nesting, quotes, and eighteen characters that must be escaped.

Errors name the entity and the byte offset (UTF-8) where it began, as Telegram's do.
"""

from __future__ import annotations

from dataclasses import dataclass

from sovetnik.demo.botapi.links import MarkupError, emoji_of_link, link_entity
from sovetnik.demo.botapi.parse_markdown import block_start
from sovetnik.demo.botapi.refusal import JsonDict
from sovetnik.demo.botapi.utf16 import Output, byte_offset

_RESERVED = "_*[]()~`>#+-=|{}.!\n"
# What ends each kind; longer marks first where one begins like another.
_MARKS = {
    "bold": "*",
    "italic": "_",
    "underline": "__",
    "strikethrough": "~",
    "spoiler": "||",
    "code": "`",
    "pre": "```",
    "text_link": "]",
    "custom_emoji": "]",
}
_OPENINGS = (
    ("__", "underline"),
    ("_", "italic"),
    ("*", "bold"),
    ("~", "strikethrough"),
    ("||", "spoiler"),
    ("```", "pre"),
    ("`", "code"),
    ("![", "custom_emoji"),
    ("[", "text_link"),
)
_NAMES = {
    "bold": "Bold",
    "italic": "Italic",
    "underline": "Underline",
    "strikethrough": "Strikethrough",
    "spoiler": "Spoiler",
    "code": "Code",
    "pre": "Pre",
    "text_link": "TextUrl",
    "custom_emoji": "CustomEmoji",
    "blockquote": "BlockQuote",
}


@dataclass
class _Open:
    kind: str
    offset: int
    mark: int
    start: int
    language: str = ""


def parse_markdown_v2(text: str) -> tuple[str, list[JsonDict]]:
    """The visible text and its entities, in the order in which they ended.

    Raises:
        MarkupError: a reserved character is bare, or an entity has no end.
    """
    return _MarkdownV2Parser(text).parse()


class _MarkdownV2Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.out = Output()
        self.open: list[_Open] = []
        self.entities: list[JsonDict] = []
        self.in_quote = False
        self.can_quote = True  # nothing visible yet on this line

    def parse(self) -> tuple[str, list[JsonDict]]:
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == "\\" and "\1" <= self.text[self.at + 1 : self.at + 2] <= "~":
                self.visible(self.text[self.at + 1], 2)
            elif char not in self.reserved():
                self.visible(char, 1)
            elif self.is_end(char):
                self.end(char)
            else:
                self.begin(char)
        self.finish()
        return self.out.text(), self.entities

    def reserved(self) -> str:
        return "`" if self.open and self.open[-1].kind in {"code", "pre"} else _RESERVED

    def visible(self, char: str, width: int) -> None:
        self.out.add(char)
        self.at += width
        if char != "\r":
            self.can_quote = False

    def is_end(self, char: str) -> bool:
        if not self.open:
            return False
        if self.in_quote and char == "\n" and not self.text.startswith(">", self.at + 1):
            return True
        kind = self.open[-1].kind
        if kind == "italic" and self.text.startswith("__", self.at):
            return False
        return kind in _MARKS and self.text.startswith(_MARKS[kind], self.at)

    def begin(self, char: str) -> None:
        if char == "\n":
            self.new_line()
            return
        if char == ">" and self.can_quote:
            self.in_quote = True
            self.push("blockquote", 1)
            return
        for mark, kind in _OPENINGS:
            if self.text.startswith(mark, self.at):
                self.push(kind, len(mark))
                return
        raise MarkupError(f"Character '{char}' is reserved and must be escaped with the preceding '\\'")

    def new_line(self) -> None:
        self.out.add("\n")
        self.at += 1
        self.can_quote = True
        if self.in_quote:  # then the next line goes on with the quote, or this would be its end
            self.at += 1
            self.can_quote = False

    def push(self, kind: str, width: int) -> None:
        start, language = self.at, ""
        self.at += width
        if kind == "pre":
            language, self.at = block_start(self.text, self.at)
        self.open.append(_Open(kind, self.out.offset, len(self.out.parts), start, language))

    def end(self, char: str) -> None:
        if char == "\n":
            self.end_quote("\n")
            self.at += 1
            self.can_quote = True
            return
        ended = self.open.pop()
        self.at += len(_MARKS[ended.kind])
        place: JsonDict = {"offset": ended.offset, "length": self.out.offset - ended.offset}
        found = self.entity_of(ended, place)
        if place["length"]:
            self.entities += found

    def entity_of(self, ended: _Open, place: JsonDict) -> list[JsonDict]:
        if ended.kind == "text_link":
            bare = not self.text.startswith("(", self.at)
            return link_entity(self.out.since(ended.mark) if bare else self.address("a URL"), place)
        if ended.kind == "custom_emoji":
            return [{"type": "custom_emoji", **place, "custom_emoji_id": self.emoji()}]
        entity: JsonDict = {"type": ended.kind, **place}
        if ended.language:
            entity["language"] = ended.language
        return [entity]

    def emoji(self) -> str:
        if not self.text.startswith("(", self.at):
            raise MarkupError("Custom emoji entity must contain a tg://emoji URL")
        address = self.address("a custom emoji URL")
        return emoji_of_link(address)

    def address(self, what: str) -> str:
        self.at += 1
        start = self.at
        parts: list[str] = []
        while self.at < len(self.text) and self.text[self.at] != ")":
            if self.text[self.at] == "\\" and "\1" <= self.text[self.at + 1 : self.at + 2] <= "~":
                self.at += 1
            parts.append(self.text[self.at])
            self.at += 1
        if self.at >= len(self.text):
            raise MarkupError(f"Can't find end of {what} at byte offset {byte_offset(self.text, start)}")
        self.at += 1
        return "".join(parts)

    def end_quote(self, tail: str) -> None:
        """End the quote of this line; two bars that open nothing at its end make it expandable."""
        kind = "blockquote"
        last = self.open[-1]
        empty = not self.out.since(last.mark).strip("\r")
        if last.kind == "spoiler" and empty and self.open[-2].kind == "blockquote":
            self.open.pop()
            kind = "expandable_blockquote"
        quote = self.open[-1]
        if quote.kind != "blockquote":
            raise self.no_end(quote)
        self.open.pop()
        self.out.add(tail)
        self.in_quote = False
        if self.out.offset > quote.offset:
            length = self.out.offset - quote.offset
            self.entities.append({"type": kind, "offset": quote.offset, "length": length})

    def finish(self) -> None:
        if self.in_quote:
            self.end_quote("")
        if self.open:
            raise self.no_end(self.open[-1])

    def no_end(self, opened: _Open) -> MarkupError:
        name = "PreCode" if opened.language else _NAMES[opened.kind]
        where = byte_offset(self.text, opened.start)
        return MarkupError(f"Can't find end of {name} entity at byte offset {where}")
