"""PDF: the text of its pages, without what stands on every page."""

from __future__ import annotations

import logging
import re
from collections import Counter
from collections.abc import Iterator
from math import ceil
from pathlib import Path

from pypdf import PdfReader
from pypdf.errors import FileNotDecryptedError, WrongPasswordError

from sovetnik.knowledge.chunks import Block
from sovetnik.knowledge.reading.cleaning import clean
from sovetnik.knowledge.reading.plain import is_shouted
from sovetnik.knowledge.reading.unreadable import Unreadable

_LOCKED = "it has a password: save the pdf without one"
_SCAN = "there is no text in this pdf, it is a scan: recognise it (OCR), or save the original document as pdf"

_EDGE = 2  # lines at the top and at the bottom of a page that may be a running header or footer
_PAGE_NUMBER = re.compile(
    r"[-–—|\s]*(?:(?:стр(?:аница|\.)?|с\.|page|p\.)\s*)?\d{1,4}(?:\s*(?:из|of|/)\s*\d{1,4})?[-–—|\s]*",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\d+")
_ITEM = re.compile(r"\s*(?:[-*•▪●◦‣–—]|\d{1,3}[.)])\s+\S")
_HYPHEN = re.compile(r"(?<=[^\W\d_])-$")
_PARTICLES = frozenset({"то", "либо", "нибудь", "таки", "ка"})
_SHORT = 45  # characters
_ENDED = re.compile(r"[.!?…:;][\"»”)]*$")


def pdf_blocks(path: Path, most_characters: int) -> Iterator[Block]:
    """The blocks of a PDF.

    Args:
        path: the file.
        most_characters: pages after this much text are not read.

    Raises:
        Unreadable: it has a password, or no text.
    """
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    pages = _without_edges(_pages(path, most_characters))
    if sum(len(line) for page in pages for line in page) < 3:
        raise Unreadable(_SCAN)
    yield from _blocks(pages)


def _pages(path: Path, most_characters: int) -> list[list[str]]:
    try:
        reader = PdfReader(path)
        if reader.is_encrypted and not reader.decrypt(""):  # many a pdf is locked against changes only
            raise Unreadable(_LOCKED)
        pages: list[list[str]] = []
        for page in reader.pages:
            text = clean(page.extract_text().replace("\u00ad\n", ""))
            pages.append([line.rstrip() for line in text.split("\n")])
            most_characters -= len(text)
            if most_characters < 0:
                break
    except (FileNotDecryptedError, WrongPasswordError) as error:
        raise Unreadable(_LOCKED) from error
    return pages


def _without_edges(pages: list[list[str]]) -> list[list[str]]:
    """Drops page numbers, and all but one copy of the lines that stand on most pages at the same edge.

    The copy at the top stays on the first page, it may be a table's header row; the one at the bottom comes
    last of all.
    """
    often = max(3, ceil(0.5 * len(pages)))
    counts = [Counter[str](), Counter[str]()]
    for page in pages:
        for count, edge in zip(counts, _edges(page), strict=True):
            count.update(set(edge.values()))
    repeated = [{line for line, times in count.items() if times >= often} for count in counts]
    kept: list[list[str]] = []
    once: dict[str, None] = {}
    for page in pages:
        top, bottom = _edges(page)
        numbers = {at for at in (*top, *bottom) if len(pages) > 1 and _PAGE_NUMBER.fullmatch(page[at])}
        heads = {at for at, line in top.items() if line in repeated[0] and kept}
        feet = {at for at, line in bottom.items() if line in repeated[1]}
        once.update((bottom[at], None) for at in feet - numbers if page[at].strip() == bottom[at])
        kept.append([line for at, line in enumerate(page) if at not in numbers | heads | feet])
    return [*kept, list(once)] if once else kept


def _edges(page: list[str]) -> tuple[dict[int, str], dict[int, str]]:
    """A page's first and last lines with text, by number; in the outermost one digits are all alike."""
    filled = [at for at, line in enumerate(page) if line.strip()]
    top, bottom = filled[:_EDGE], filled[: -_EDGE - 1 : -1]
    return _alike(page, top), _alike(page, bottom)


def _alike(page: list[str], lines: list[int]) -> dict[int, str]:
    return {
        at: _DIGITS.sub("#", page[at].strip()) if place == 0 else page[at].strip()
        for place, at in enumerate(lines)
    }


def _blocks(pages: list[list[str]]) -> Iterator[Block]:
    paragraph = ""
    for page in pages:
        width = _usual_width(page)
        before = ""
        for line in page:
            text = line.strip()
            if paragraph and _breaks(before, text, width):
                yield Block("text", paragraph)
                paragraph = ""
            if text and not paragraph and is_shouted(text):
                yield Block("heading", text, 2)
            elif text:
                paragraph = _join(paragraph, text)
            before = text
    if paragraph:
        yield Block("text", paragraph)


def _usual_width(page: list[str]) -> int:
    """Characters of a full line: shorter ones end a paragraph."""
    lengths = sorted(len(line) for line in page if line.strip())
    return lengths[int(0.8 * (len(lengths) - 1))] if lengths else 0


def _breaks(before: str, text: str, width: int) -> bool:
    """Whether a new paragraph starts with this line; ``before`` is empty at the top of a page."""
    if not text or is_shouted(text):
        return True
    if not before:  # a sentence may run over the page's end
        return not text[0].islower()
    return bool(_ENDED.search(before)) and len(before) < 0.85 * width and not _ITEM.match(text)


def _join(paragraph: str, text: str) -> str:
    if not paragraph:
        return text
    if _ITEM.match(text):
        return f"{paragraph}\n{text}"
    if _HYPHEN.search(paragraph) and text[0].islower():
        word = re.split(r"\W", text, maxsplit=1)[0]
        return (paragraph if word in _PARTICLES else paragraph[:-1]) + text
    # Short lines are a table or an address more often than a paragraph: their line ends mean something.
    short = len(paragraph.rpartition("\n")[2]) <= _SHORT
    return f"{paragraph}\n{text}" if short else f"{paragraph} {text}"
