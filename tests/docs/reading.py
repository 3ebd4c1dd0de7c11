"""The pages that people read, taken apart: blocks, spans, headings, links."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("examples/*.md"), *(ROOT / "docs").rglob("*.md")],
    key=lambda page: page.relative_to(ROOT).parts,
)

_FENCE = re.compile(
    r"^(?P<indent> *)(?P<fence>`{3,})(?P<kind>\w*)[^\n]*\n(?P<text>.*?)^(?P=indent)(?P=fence)$",
    re.MULTILINE | re.DOTALL,
)
_SPAN = re.compile(r"(`+)(?P<text>[^`\n]+)\1")
_LINK = re.compile(
    r"""!?\[(?:[^\[\]]|\[[^\]]*\])*\]\((?P<to>[^()\s]+)\)|<(?:img|a)\b[^>]*(?:src|href)="(?P<html>[^"]+)\""""
)


@dataclass(frozen=True)
class Block:
    """A fenced block; ``line`` is where it begins, for whoever has to mend it."""

    page: Path
    line: int
    kind: str
    text: str

    def __str__(self) -> str:
        return f"{name(self.page)}:{self.line}"


def name(page: Path) -> str:
    """As it is called from the root."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path, *kinds: str) -> list[Block]:
    """The page's fenced blocks of these kinds, their indent taken away."""
    text = page.read_text(encoding="utf-8")
    found: list[Block] = []
    for match in _FENCE.finditer(text):
        if match["kind"] in kinds:
            body = re.sub(rf"^{match['indent']}", "", match["text"], flags=re.MULTILINE)
            found.append(Block(page, text.count("\n", 0, match.start()) + 1, match["kind"], body))
    return found


def prose(page: Path) -> str:
    """The page without its blocks and remarks."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    return re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)


def spans(page: Path) -> list[str]:
    """Code within the text."""
    return [match["text"] for match in _SPAN.finditer(prose(page))]


def links(page: Path) -> Iterator[str]:
    """Where the page points to."""
    text = _SPAN.sub("code", prose(page))
    for match in _LINK.finditer(text):
        yield match["to"] or match["html"]


@cache
def anchors(page: Path) -> set[str]:
    """The headings' anchors, as the repository's site and ours make them."""
    seen: dict[str, int] = {}
    found: set[str] = set()
    for heading in re.findall(r"^#{1,6} +(.+?)\s*$", _without_blocks(page), re.MULTILINE):
        slug = _slug(heading)
        number = seen[slug] = seen.get(slug, -1) + 1
        found.add(f"{slug}-{number}" if number else slug)
    return found


def _without_blocks(page: Path) -> str:
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def _slug(heading: str) -> str:
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
