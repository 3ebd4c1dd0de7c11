"""Markdown: headings, tables, lists, code; links become their text, images their alt text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape

from sovetnik.knowledge.chunks import Block

_FRONT_MATTER = re.compile(r"\A\s*(---|\+\+\+)[ \t]*\n(?:[^\n]*\n){0,200}?\1[ \t]*(?:\n|\Z)")
_FIELD = re.compile(r"^[\w-]+\s*[:=]", re.MULTILINE)
_ATX = re.compile(r" {0,3}(#{1,6})[ \t]+(.*)")
_SETEXT = re.compile(r" {0,3}(=+|-{2,})[ \t]*")
_RULE = re.compile(r" {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})")
_FENCE = re.compile(r"[ \t]*(`{3,}|~{3,})[^`]*")
_ITEM = re.compile(r"[ \t]*(?:[-*+•–—]|\d{1,3}[.)])[ \t]+\S")
_DELIMITER = re.compile(r"[ \t]*\|?(?:[ \t]*:?-+:?[ \t]*\|)*[ \t]*:?-*:?[ \t]*")
_QUOTE = re.compile(r"[ \t]{0,3}(?:>[ \t]?)+")
_DEFINITION = re.compile(r" {0,3}\[[^\]\n]{1,200}\]:[ \t]*\S+.*")

# Bounded throughout: a hostile line must not make the pattern try everything twice.
_LINK = re.compile(
    r"!?\[((?:[^\[\]\n\\]|\\.){0,500})\]"
    r"(?:\([ \t]*<?[^()\s>]{0,2000}(?:\([^()\s]{0,200}\)[^()\s>]{0,500}){0,3}>?(?:[ \t][^()\n]{0,200})?\)"
    r"|\[[^\[\]\n]{0,200}\])"
)
_AUTOLINK = re.compile(r"<((?:https?://|mailto:)[^\s<>]{1,500})>")
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_TAG = re.compile(
    r"</?(?:a|abbr|b|blockquote|center|code|dd|del|details|div|dl|dt|em|figure|font|h[1-6]|hr|i|img|ins|kbd|li|mark"
    r"|ol|p|pre|s|section|small|span|strong|sub|summary|sup|table|tbody|td|th|thead|tr|u|ul)(?:\s[^<>]{0,1000})?/?>",
    re.IGNORECASE,
)
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_CELL_END = re.compile(r"(?<!\\)\|")


def markdown_blocks(text: str) -> Iterator[Block]:
    """The blocks of a Markdown document."""
    yield from _Lines(_prepared(text).split("\n")).blocks()


def _prepared(text: str) -> str:
    front = _FRONT_MATTER.match(text)
    if front and _FIELD.search(front[0]):  # two rules with text between them are no front matter
        text = text[front.end() :]
    kept: list[str] = []
    at = 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start)) >= 0:
        kept.append(text[at:start])
        at = end + 3
    return "".join([*kept, text[at:]])


def _without_closing(heading: str) -> str:
    """A heading without the hashes that may stand at its end too."""
    bare = heading.rstrip("#")
    return bare.rstrip() if not bare or bare[-1].isspace() else heading


def inline(text: str) -> str:
    """Links as their text, images as their alt text, HTML tags, entities and escapes resolved."""
    if "[" in text:
        # The innermost first: a linked image is an image inside a link.
        text = _LINK.sub(r"\1", _LINK.sub(r"\1", text))
    if "<" in text:
        text = _TAG.sub("", _BREAK.sub("\n", _AUTOLINK.sub(r"\1", text)))
    if "\\" in text:
        text = _ESCAPE.sub(r"\1", text)
    return unescape(text) if "&" in text else text


@dataclass(slots=True)
class _Lines:
    """One pass over the lines; ``_open`` is the paragraph or list that is being read."""

    lines: list[str]
    at: int = 0
    _open: list[str] = field(default_factory=list[str])
    _in_list: bool = False

    def blocks(self) -> Iterator[Block]:
        while self.at < len(self.lines):
            line = self.lines[self.at]
            yield from self._step(_QUOTE.sub("", line, count=1) if ">" in line[:4] else line)
            self.at += 1
        yield from self._close()

    def _step(self, line: str) -> Iterator[Block]:
        if not line.strip():
            if not self._in_list or not self._list_goes_on():
                yield from self._close()
        elif fence := _FENCE.fullmatch(line):
            yield from self._close()
            yield from self._code(fence[1])
        elif block := self._heading(line):
            if self._open and block.level and not _ATX.fullmatch(line):
                self._open.clear()  # the heading is the open line itself
            yield from self._close()
            yield block
        elif _RULE.fullmatch(line) or _DEFINITION.fullmatch(line):
            yield from self._close()
        elif self._starts_table(line):
            yield from self._close()
            yield from self._table(line)
        else:
            yield from self._add(line)

    def _heading(self, line: str) -> Block | None:
        if match := _ATX.fullmatch(line):
            return Block("heading", inline(_without_closing(match[2].strip())), len(match[1]))
        if len(self._open) == 1 and not self._in_list and (match := _SETEXT.fullmatch(line)):
            return Block("heading", inline(self._open[0].strip()), 1 if match[1][0] == "=" else 2)
        return None

    def _add(self, line: str) -> Iterator[Block]:
        if _ITEM.match(line) and not self._in_list:
            yield from self._close()
            self._in_list = True
        self._open.append(line)

    def _close(self) -> Iterator[Block]:
        if self._open and (text := inline("\n".join(self._open)).strip("\n")).strip():
            yield Block("text", text if self._in_list else text.strip())
        self._open, self._in_list = [], False

    def _list_goes_on(self) -> bool:
        """After a blank line: another item or an indented paragraph of this one."""
        following = self.lines[self.at + 1] if self.at + 1 < len(self.lines) else ""
        if _RULE.fullmatch(following):
            return False
        return bool(_ITEM.match(following)) or (following[:2].isspace() and bool(following.strip()))

    def _code(self, fence: str) -> Iterator[Block]:
        code: list[str] = []
        while self.at + 1 < len(self.lines):
            self.at += 1
            line = self.lines[self.at]
            stripped = line.strip()
            if stripped.startswith(fence) and not stripped.strip(fence[0]):
                break
            code.append(line)
        if text := "\n".join(code).strip("\n"):
            yield Block("text", text)

    def _starts_table(self, line: str) -> bool:
        if "|" not in line or self.at + 1 >= len(self.lines):
            return False
        below = self.lines[self.at + 1]
        return "-" in below and "|" in below and _DELIMITER.fullmatch(below) is not None

    def _table(self, line: str) -> Iterator[Block]:
        header = _row(line)
        self.at += 1
        rows = 0
        while self.at + 1 < len(self.lines) and "|" in self.lines[self.at + 1]:
            self.at += 1
            if row := _row(self.lines[self.at]):
                rows += 1
                yield Block("row", row, header=header)
        if header and not rows:
            yield Block("row", header)


def _row(line: str) -> str:
    """A table row's cells joined by " | "; empty when all are."""
    line = line.strip()
    line = line.removeprefix("|")
    if line.endswith("|") and not line.endswith("\\|"):
        line = line[:-1]
    cells = [" ".join(inline(cell).split()) for cell in _CELL_END.split(line)]
    return " | ".join(cells) if any(cells) else ""
