"""From a document's blocks to chunks: the passages that are found and shown to the model.

A chunk follows the document's headings: it never mixes two sections, except tiny neighbours under one parent.
Sizes are in characters. There is no overlap: each chunk carries its heading path, and what a cut would tear
from its meaning (a table's header row, the lead-in line of a list) is repeated instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import ceil
from typing import Literal

LIMIT = 1600
"""No chunk is longer: Russian takes 3.5 to 4 characters a token, and e5 models read 512 tokens."""

_WHOLE = 1200  # a section up to this size stays one chunk
_AIM = 850  # the size of the parts of a longer one
_TINY = 250  # smaller sections are merged with tiny neighbours …
_MERGED = 700  # … up to this size
_REPEATED = 600  # a longer header row is not worth repeating
_LEAD = 200  # a longer paragraph is no lead-in line
_TITLE = 150  # a longer "heading" is a paragraph that somebody made bold

_ITEM = re.compile(r"\s*(?:[-*+•–—]|\d{1,3}[.)])\s+\S")
_QUESTION = re.compile(r"[*_\s]*(?:q|в|вопрос|question)\s*\d{0,3}\s*[:.)]", re.IGNORECASE)
# Not after "г. Москва", "ул. Мира", "т. е.", "И. Петров"
_SENTENCE_END = re.compile(
    r"(?<!\b[A-Za-zА-ЯЁа-яё])(?<!\b[a-zа-яё]{2})[.!?…]{1,4}[\"'»”)\]*_]{0,4}\s++(?![a-zа-яё])"
)
_SPLITS = (re.compile(r"\n\s*\n"), re.compile(r"\n"), _SENTENCE_END, re.compile(r"\s+"))


@dataclass(frozen=True, slots=True)
class Block:
    """What a reader yields, in document order.

    Attributes:
        kind: a heading, a text (a paragraph, a whole list, a code block) or one row of a table.
        text: of a row: its cells joined by " | ".
        level: of a heading, 1 to 6.
        header: of a row: the table's header row, cells joined by " | "; empty when there is none.
    """

    kind: Literal["heading", "text", "row"]
    text: str
    level: int = 0
    header: str = ""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One passage of a document.

    Attributes:
        source: path relative to the knowledge folder, with "/".
        heading: heading path, "Доставка › По области"; empty when there is none.
        text: Markdown-like plain text without the heading path, at most :data:`LIMIT` characters.
    """

    source: str
    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class _Unit:
    """What is not cut any more. ``head`` stands once above neighbours that share it."""

    text: str
    head: str = ""
    line: bool = False  # a row or a list item: neighbours stand on neighbouring lines
    leads: bool = False  # belongs to what follows: a question, a line that ends with a colon

    def after(self, before: _Unit | None) -> str:
        """What it adds to a chunk that ends with ``before`` (None: to an empty one)."""
        if before is None:
            return f"{self.head}\n{self.text}" if self.head else self.text
        if self.head and self.head != before.head:
            return f"\n\n{self.head}\n{self.text}"
        return ("\n" if self.line and before.line else "\n\n") + self.text


@dataclass(slots=True)
class _Section:
    path: tuple[str, ...]
    units: list[_Unit] = field(default_factory=list[_Unit])
    header: str = ""  # the last long header row that was written out


def chunks_of(source: str, blocks: Iterable[Block]) -> list[Chunk]:
    """The chunks of one document, in document order.

    Args:
        source: the document's path relative to the knowledge folder.
        blocks: what its reader yields.
    """
    parts = [_Part(section.path, texts) for section in _sections(blocks) if (texts := _texts(section.units))]
    return [
        Chunk(source, " › ".join(part.path), text) for part in _with_tiny_merged(parts) for text in part.texts
    ]


def _sections(blocks: Iterable[Block]) -> Iterator[_Section]:
    """Runs of blocks under one heading."""
    stack: list[tuple[int, str]] = []
    section, title = _Section(()), ""
    for block in blocks:
        text = block.text.strip()
        if not text:
            continue
        if block.kind != "heading" or len(text) > _TITLE:
            _add(section, block, text)
            continue
        level = min(max(block.level, 1), 6)
        if section.units or (title and level <= stack[-1][0]):
            yield _not_empty(section)
        while stack and stack[-1][0] >= level:
            stack.pop()
        title = " ".join(text.split())
        stack.append((level, title))
        section = _Section(tuple(each for _, each in stack))
    if section.units or title:
        yield _not_empty(section)


def _not_empty(section: _Section) -> _Section:
    """A heading with nothing below it becomes a text of its parent."""
    return section if section.units else _Section(section.path[:-1], [_Unit(section.path[-1])])


def _add(section: _Section, block: Block, text: str) -> None:
    if block.kind == "row":
        _add_row(section, text, block.header.strip())
    elif _ITEM.match(text) and "\n" in text:
        _add_list(section, text)
    else:
        parts = _split(text, LIMIT)
        section.units.extend(_Unit(part) for part in parts[:-1])
        section.units.append(_Unit(parts[-1], leads=_leads(parts[-1])))


def _add_row(section: _Section, text: str, header: str) -> None:
    if len(header) > _REPEATED:
        if header != section.header:
            section.units.extend(_Unit(part, line=True) for part in _split(header, LIMIT))
            section.header = header
        header = ""
    section.units.extend(_Unit(part, header, line=True) for part in _split(text, LIMIT - len(header) - 1))


def _add_list(section: _Section, text: str) -> None:
    """A list stays whole under its lead-in line; a long one repeats that line above each part."""
    last = section.units[-1] if section.units else _Unit("")
    lead = last.text if last.leads and len(last.text) <= _LEAD else ""
    if len(lead) + len(text) <= _WHOLE:
        section.units.append(_Unit(text))
        return
    if lead:
        section.units.pop()
    for item in _items(text):
        section.units.extend(_Unit(part, lead, line=True) for part in _split(item, LIMIT - len(lead) - 1))


def _items(text: str) -> list[str]:
    """A list's items, each with its indented lines."""
    items: list[str] = []
    for line in text.split("\n"):
        if not items or (_ITEM.match(line) and not line[0].isspace()):
            items.append(line)
        else:
            items[-1] += "\n" + line
    return items


def _leads(text: str) -> bool:
    last = text.rstrip("*_ \n")
    if last.endswith(":"):
        return len(text) <= _LEAD
    asks = last.endswith("?") or (_QUESTION.match(text) and "\n" not in text)
    return bool(asks) and len(text) <= 2 * _LEAD


def _split(text: str, limit: int, how: int = 0) -> list[str]:
    """Parts of at most ``limit`` characters, cut at paragraphs, lines, sentences, words or anywhere."""
    text = text.strip()
    if len(text) <= limit:
        return [text] if text else []
    if how == len(_SPLITS):
        return [text[at : at + limit] for at in range(0, len(text), limit)]
    # Parts of equal size: a greedy cut would leave a tail of one sentence.
    aim = min(limit, ceil(len(text) / ceil(len(text) / _AIM)) + _LEAD)
    parts, start, end = list[str](), 0, 0
    for cut in [*(match.end() for match in _SPLITS[how].finditer(text)), len(text)]:
        if cut - start > aim and end > start:
            parts.append(text[start:end])
            start = end
        end = cut
    parts.append(text[start:])
    return [piece for part in parts for piece in _split(part, limit, how + 1)]


def _texts(units: list[_Unit]) -> list[str]:
    """A section's units packed into chunks of about equal size."""
    total = sum(len(unit.text) for unit in units)
    aim = LIMIT if total <= _WHOLE else total / round(total / _AIM)
    chunks: list[list[_Unit]] = [[]]
    size, passed = 0, 0.0
    for group in _groups(units):
        alone = len(_joined(group))
        half = sum(len(unit.text) for unit in group) / 2
        passed += 2 * half
        if chunks[-1]:
            grown = size + alone + len(group[0].after(chunks[-1][-1])) - len(group[0].after(None))
            # Cut where the middle of what comes next lies beyond this chunk's share of the section.
            if grown <= LIMIT and passed - half <= aim * len(chunks):
                chunks[-1].extend(group)
                size = grown
                continue
            chunks.append([])
        chunks[-1].extend(group)
        size = alone
    return [text for chunk in chunks if (text := _joined(chunk))]


def _groups(units: list[_Unit]) -> Iterator[list[_Unit]]:
    """Units that stay together: a question and its answer, a lead-in and what it leads to."""
    group: list[_Unit] = []
    for unit in units:
        if group and len(_joined([*group, unit])) > LIMIT:
            yield group
            group = []
        group.append(unit)
        if not unit.leads:
            yield group
            group = []
    if group:
        yield group


def _joined(units: list[_Unit]) -> str:
    return "".join(unit.after(before) for before, unit in zip([None, *units], units, strict=False))


@dataclass(frozen=True, slots=True)
class _Part:
    """A section's chunks; tiny ones may become one part with their neighbours."""

    path: tuple[str, ...]
    texts: list[str]

    @property
    def size(self) -> int:
        return len(self.texts[0]) + len(self.path[-1] if self.path else "")

    def is_tiny(self) -> bool:
        return len(self.texts) == 1 and self.size <= _TINY

    def under(self, parent: tuple[str, ...]) -> str:
        """Its text as a part of its parent's chunk."""
        return self.texts[0] if self.path == parent else f"### {self.path[-1]}\n{self.texts[0]}"


def _with_tiny_merged(parts: list[_Part]) -> Iterator[_Part]:
    group: list[_Part] = []
    parent: tuple[str, ...] | None = None
    for part in parts:
        shared = _shared_parent(group, part, parent)
        if shared is not None and sum(each.size for each in group) + part.size <= _MERGED:
            group.append(part)
            parent = shared
            continue
        yield from _merged(group, parent)
        group, parent = [part], None
    yield from _merged(group, parent)


def _shared_parent(group: list[_Part], part: _Part, parent: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """The heading path under which ``part`` may join the group; None when it may not."""
    if not group or not group[-1].is_tiny() or not part.is_tiny():
        return None
    first = group[0].path
    for candidate in (first, first[:-1]) if parent is None else (parent,):
        if candidate in (part.path, part.path[:-1]):
            return candidate
    return None


def _merged(group: list[_Part], parent: tuple[str, ...] | None) -> Iterator[_Part]:
    if parent is None:
        yield from group
    else:
        yield _Part(parent, ["\n\n".join(part.under(parent) for part in group)])
