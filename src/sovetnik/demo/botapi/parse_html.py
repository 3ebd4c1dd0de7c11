"""``parse_mode=HTML``: tags become entities, by the rules of Telegram's own parser.

Errors carry the byte offset (UTF-8) of the tag in the text as it was sent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sovetnik.demo.botapi.links import MarkupError, emoji_id, link_entity
from sovetnik.demo.botapi.refusal import JsonDict
from sovetnik.demo.botapi.utf16 import Output, byte_offset

_SIMPLE = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
}
_TAGS = {*_SIMPLE, "a", "code", "pre", "blockquote", "tg-emoji"}
_REFERENCE = re.compile(r"&(?:#x([0-9a-fA-F]*)|#([0-9]*)|([a-zA-Z]+))(;?)")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_HALF_CHARACTER = (
    "Text contains invalid Unicode characters after decoding HTML entities, check for unmatched surrogate "
    "code units"
)
_SPACES = " \t\r\n\0\v"


@dataclass
class _Tag:
    name: str
    argument: str
    offset: int
    mark: int


def parse_html(text: str) -> tuple[str, list[JsonDict]]:
    """The visible text and its entities, in the order in which the tags closed.

    Raises:
        MarkupError: the text is not Telegram's HTML.
    """
    return _HtmlParser(text).parse()


class _HtmlParser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.out = Output()
        self.open: list[_Tag] = []
        self.entities: list[JsonDict] = []

    def parse(self) -> tuple[str, list[JsonDict]]:
        while self.at < len(self.text):
            char = self.text[self.at]
            if char == "<":
                self.tag()
            elif char == "&":
                self.out.add(self.reference())
            else:
                self.out.add(char)
                self.at += 1
        if self.open:
            raise MarkupError(f'Can\'t find end tag corresponding to start tag "{self.open[-1].name}"')
        if any("\ud800" <= char <= "\udfff" for char in self.out.text()):
            raise MarkupError(_HALF_CHARACTER)
        for entity in self.entities:
            if entity["type"] == "code":
                entity.pop("language", None)  # kept only until a <pre> around it could take it
        return self.out.text(), self.entities

    def peek(self) -> str:
        return self.text[self.at] if self.at < len(self.text) else ""

    def reference(self) -> str:
        match = _REFERENCE.match(self.text, self.at)
        char = _decode_reference(match) if match else None
        if match is None or char is None:
            self.at += 1
            return "&"
        self.at = match.end()
        return char

    def tag(self) -> None:
        start = self.at
        where = byte_offset(self.text, start)
        self.at += 1
        if self.peek() == "/":
            self.at += 1
            self.end_tag(where)
        else:
            self.start_tag(where)

    def word(self, stop: str) -> str:
        start = self.at
        while self.at < len(self.text) and self.text[self.at] not in stop:
            self.at += 1
        return self.text[start : self.at]

    def spaces(self) -> None:
        while self.peek() and self.peek() in _SPACES:
            self.at += 1

    def start_tag(self, where: int) -> None:
        name = self.word(_SPACES + ">").lower()
        if not self.peek():
            raise MarkupError(f"Unclosed start tag at byte offset {where}")
        if name not in _TAGS:
            raise MarkupError(f'Unsupported start tag "{name}" at byte offset {where}')
        argument = ""
        while self.peek() != ">":
            self.spaces()
            if self.peek() == ">":
                break
            argument = self.attribute(name, where) or argument
        self.at += 1
        if name == "span" and argument != "spoiler":
            raise MarkupError(f'Tag "span" must have class "tg-spoiler" at byte offset {where}')
        self.open.append(_Tag(name, argument, self.out.offset, len(self.out.parts)))

    def attribute(self, tag: str, where: int) -> str:
        attribute = self.word(_SPACES + "=>").lower()
        if not attribute:
            raise MarkupError(f'Empty attribute name in the tag "{tag}" at byte offset {where}')
        self.spaces()
        if self.peek() != "=":
            if not self.peek():
                raise MarkupError(f"Unclosed start tag at byte offset {where}")
            return _argument(tag, attribute, "")
        self.at += 1
        self.spaces()
        if not self.peek():
            raise MarkupError(f'Unclosed start tag "{tag}" at byte offset {where}')
        value = self.value()
        if not self.peek():
            raise MarkupError(f"Unclosed start tag at byte offset {where}")
        return _argument(tag, attribute, value)

    def value(self) -> str:
        if self.peek() not in "'\"":
            return self.name_token()
        quote = self.peek()
        self.at += 1
        parts: list[str] = []
        while self.peek() and self.peek() != quote:
            if self.peek() == "&":
                parts.append(self.reference())
            else:
                parts.append(self.peek())
                self.at += 1
        self.at += 1
        return "".join(parts)

    def name_token(self) -> str:
        start = self.at
        while self.peek() and (self.peek() in ".-" or (self.peek().isascii() and self.peek().isalnum())):
            self.at += 1
        if self.peek() and self.peek() not in _SPACES + ">":
            raise MarkupError(f"Unexpected end of name token at byte offset {byte_offset(self.text, start)}")
        return self.text[start : self.at].lower()

    def end_tag(self, where: int) -> None:
        if not self.open:
            raise MarkupError(f"Unexpected end tag at byte offset {where}")
        name = self.word(_SPACES + ">").lower()
        self.spaces()
        if self.peek() != ">":
            raise MarkupError(f"Unclosed end tag at byte offset {where}")
        self.at += 1
        tag = self.open[-1]
        if name and name != tag.name:
            raise MarkupError(
                f'Unmatched end tag at byte offset {where}, expected "</{tag.name}>", found "</{name}>"'
            )
        if self.out.offset > tag.offset:
            self.close(tag)
        self.open.pop()

    def close(self, tag: _Tag) -> None:
        place: JsonDict = {"offset": tag.offset, "length": self.out.offset - tag.offset}
        if tag.name in _SIMPLE:
            self.entities.append({"type": _SIMPLE[tag.name], **place})
        elif tag.name == "a":
            self.entities += link_entity(tag.argument or self.out.since(tag.mark), place)
        elif tag.name == "blockquote":
            kind = "expandable_blockquote" if tag.argument else "blockquote"
            self.entities.append({"type": kind, **place})
        elif tag.name == "tg-emoji":
            self.entities.append({"type": "custom_emoji", **place, "custom_emoji_id": emoji_id(tag.argument)})
        else:
            self.code_or_pre(tag, place)

    def code_or_pre(self, tag: _Tag, place: JsonDict) -> None:
        # <pre><code class="language-x"> is one block with a language, either tag outside.
        last = self.entities[-1] if self.entities else {}
        together = {"offset": last.get("offset"), "length": last.get("length")} == place
        other = "code" if tag.name == "pre" else "pre"
        language = tag.argument if tag.name == "code" else str(last.get("language", ""))
        if together and last["type"] == other and language:
            last |= {"type": "pre", "language": language}
            return
        entity: JsonDict = {"type": tag.name, **place}
        if tag.argument:
            entity["language"] = tag.argument
        self.entities.append(entity)


def _decode_reference(match: re.Match[str]) -> str | None:
    hexadecimal, decimal, name, semicolon = match.groups()
    if name is not None:
        return _NAMED.get(name)
    digits, base = (hexadecimal, 16) if hexadecimal is not None else (decimal, 10)
    code = int(digits, base) if digits else 0
    too_long = len(match.group()) - len(semicolon) >= 10
    return None if too_long or not 0 < code < 0x10FFFF else chr(code)


def _argument(tag: str, attribute: str, value: str) -> str:
    if (tag, attribute) == ("blockquote", "expandable"):
        return "expandable"
    if (tag, attribute) in {("a", "href"), ("tg-emoji", "emoji-id")}:
        return value
    prefix = {("code", "class"): "language-", ("span", "class"): "tg-"}.get((tag, attribute))
    return value.removeprefix(prefix) if prefix and value.startswith(prefix) else ""
