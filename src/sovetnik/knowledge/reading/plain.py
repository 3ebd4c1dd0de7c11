"""Plain text: paragraphs, and the headings that its writer meant."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sovetnik.knowledge.chunks import Block

_UNDERLINE = re.compile(r"\s*(={3,}|-{3,}|~{3,}|\*{3,}|_{3,}|#{3,})\s*")
_NUMBER = re.compile(r"\s*(\d{1,2}(?:\.\d{1,2}){0,3})[.)]?\s+\S")
_HASHES = re.compile(r"(#{1,6})\s+(\S.*)")
_ITEM = re.compile(r"\s*(?:[-*+•–—]|\d{1,3}[.)])\s+\S")
_LETTER = re.compile(r"[^\W\d_]")
_LONGEST = 90  # characters of a heading
_ALONE = 60  # of one that is told by the empty lines around it only


def plain_blocks(text: str) -> Iterator[Block]:
    """The blocks of a plain text."""
    lines = text.split("\n")
    opened: list[str] = []
    at = 0
    while at < len(lines):
        heading, used = _heading(lines, at)
        if heading or not lines[at].strip():
            yield from _paragraph(opened)
            opened = []
        if heading:
            yield heading
        elif not _UNDERLINE.fullmatch(lines[at]) and lines[at].strip():
            opened.append(lines[at])
        at += used
    yield from _paragraph(opened)


def is_shouted(line: str) -> bool:
    """A short line in CAPITALS, as headings are typed where there is no bold."""
    letters = _LETTER.findall(line)
    return (
        len(line) <= _LONGEST
        and len(letters) >= 4
        and line.upper() == line
        and line.lower() != line
        and not line.rstrip().endswith((".", ",", ";", "!", "|"))
        and "\t" not in line.strip()
    )


def _paragraph(lines: list[str]) -> Iterator[Block]:
    if text := "\n".join(lines).strip("\n"):
        yield Block("text", text if _ITEM.match(text) else text.strip())


def _heading(lines: list[str], at: int) -> tuple[Block | None, int]:
    """A heading that starts on this line, and how many lines it takes."""
    line = lines[at].strip()
    if not line or len(line) > _LONGEST or _UNDERLINE.fullmatch(line):
        return None, 1
    below = lines[at + 1] if at + 1 < len(lines) else ""
    starts = at == 0 or not lines[at - 1].strip() or bool(_UNDERLINE.fullmatch(lines[at - 1]))
    if starts and _UNDERLINE.fullmatch(below) and not _ITEM.match(line):
        return Block("heading", line, 1 if below.strip()[0] == "=" else 2), 2
    if match := _HASHES.fullmatch(line):
        return Block("heading", match[2], len(match[1])), 1
    if starts and is_shouted(line):
        return Block("heading", line, _level(line, at)), 1
    if starts and not below.strip() and _stands_alone(line, lines, at):
        return Block("heading", line, _level(line, at)), 1
    return None, 1


def _level(line: str, at: int) -> int:
    """1 for the first line (a document's title), else 2, deeper for "1.2 …"."""
    number = _NUMBER.match(line)
    if number:
        return 2 + number[1].count(".")
    return 1 if at == 0 else 2


def _stands_alone(line: str, lines: list[str], at: int) -> bool:
    """A short line between empty lines, without a full stop, above something that looks like a body."""
    if len(line) > _ALONE or line[-1] in '.,:;!?…»")' or not line[0].isalnum() or line[0].islower():
        return False
    if "@" in line or "  " in line or "\t" in line or sum(letter.isdigit() for letter in line) > 4:
        return False
    body = next((each.strip() for each in lines[at + 1 : at + 4] if each.strip()), "")
    return len(body) > _ALONE or bool(_ITEM.match(body) and not _ITEM.match(line))
