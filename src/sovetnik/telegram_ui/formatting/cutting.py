"""Long text cut into messages at the places where a reader would pause."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from dataclasses import replace

from sovetnik.telegram_ui.formatting.styled import Span, Styled, utf16

_FULL_ENOUGH = 0.4
"""Of a message: a better place to cut is taken only if so much stands before it."""

_LINES = re.compile(r"[^\S\n]*\n\s*")
_SENTENCES = re.compile(r"(?<=[.!?…])[\"»”')\]]*([^\S\u00a0\u202f]+)")
_WORDS = re.compile(r"[^\S\u00a0\u202f]+")  # "62 900 ₽" holds together by its hard spaces
_INVISIBLE = "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u2800\u3164\ufeff\uffa0"


def cut(styled: Styled, limit: int, most: int) -> list[Styled]:
    """Messages of at most ``limit`` UTF-16 units and ``most`` spans; only white space is lost at the seams.

    Links and inline code are cut only if they alone are too long; a message without anything visible is
    left out.
    """
    if utf16(styled.text) <= limit and len(styled.spans) <= most:
        whole = excerpt(styled, len(styled.text) - len(styled.text.lstrip()), len(styled.text))
        return [whole] if _visible(whole.text) else []
    cutter = _Cutter(styled, limit, most)
    found: list[Styled] = []
    start = cutter.after_space(0)
    while start < len(styled.text):
        end = cutter.end(start)
        part = excerpt(styled, start, end)
        if _visible(part.text):
            found.append(part)
        start = cutter.after_space(end)
    return found


def last_part(styled: Styled, limit: int, most: int) -> Styled:
    """As much of the end as fits, from a sensible beginning; behind an ellipsis if something is missing."""
    if utf16(styled.text) <= limit and len(styled.spans) <= most:
        return styled
    mark = "…\n"
    start = _Cutter(styled, limit - len(mark), most).last_start()
    part = excerpt(styled, start, len(styled.text))
    moved = (replace(s, start=s.start + len(mark), end=s.end + len(mark)) for s in part.spans)
    return Styled(mark + part.text, tuple(moved))


def excerpt(styled: Styled, start: int, end: int) -> Styled:
    """A part of the text with its part of the spans."""
    text = styled.text[start:end].rstrip()
    end = start + len(text)
    spans: list[Span] = []
    for span in styled.spans:
        if span.start >= end:
            break  # they are in order
        first, last = max(span.start, start), min(span.end, end)
        if first < last and styled.text[first:last].strip():
            spans.append(replace(span, start=first - start, end=last - start))
    return Styled(text, tuple(spans))


class _Cutter:
    def __init__(self, styled: Styled, limit: int, most: int) -> None:
        self._text = styled.text
        self._limit = limit
        self._most = most
        self._wide = [at for at, char in enumerate(styled.text) if char > "\uffff"]
        self._spans = styled.spans
        self._starts = [span.start for span in self._spans]
        self._ends = sorted(span.end for span in self._spans)
        self._whole = [span for span in self._spans if span.kind in {"code", "text_link"}]
        self._pre = [span for span in self._spans if span.kind == "pre"]
        self._headings = {span.end for span in self._spans if span.kind == "bold" and self._is_line(span)}

    def after_space(self, at: int) -> int:
        while at < len(self._text) and self._text[at].isspace():
            at += 1
        return at

    def end(self, start: int) -> int:
        """Where the message that begins at ``start`` ends."""
        furthest = self._furthest(start)
        if furthest == len(self._text):
            return furthest
        enough = start + int((furthest - start) * _FULL_ENOUGH)
        paragraphs, lines = self._line_ends(start, furthest)
        for places in (paragraphs, lines, self._places(_SENTENCES, start, furthest)):
            if places and places[-1] >= enough:
                return places[-1]
        words = self._places(_WORDS, start, furthest)
        return words[-1] if words else self._anywhere(start, furthest)

    def last_start(self) -> int:
        """The first good beginning from which the rest fits into one message."""
        total = len(self._text)
        start = max(0, total - self._limit)
        while self._units(start, total) > self._limit:
            start += max(1, (self._units(start, total) - self._limit) // 2)
        if len(self._spans) > self._most:
            start = max(start, self._ends[-self._most - 1])
        enough = total - int((total - start) * _FULL_ENOUGH)
        for pattern in (r"\n\s*\n\s*", r"\n\s*", r"(?<=[.!?…])\s+", r"\s+"):
            match = re.compile(pattern).search(self._text, start, enough)
            if match and match.end() < total:
                return match.end()
        while start < total - 1 and not self._is_boundary(start):
            start += 1
        return start

    def _is_line(self, span: Span) -> bool:
        begins = span.start == 0 or self._text[span.start - 1] == "\n"
        return begins and self._text[span.end : span.end + 1] == "\n"

    def _units(self, start: int, end: int) -> int:
        return end - start + bisect_left(self._wide, end) - bisect_left(self._wide, start)

    def _furthest(self, start: int) -> int:
        end = min(len(self._text), start + self._limit)
        while (over := self._units(start, end) - self._limit) > 0:
            end -= (over + 1) // 2
        # spans that reach into the message from before it, and those that begin in it
        open_before = bisect_left(self._starts, start) - bisect_right(self._ends, start)
        last = bisect_left(self._starts, start) + self._most - open_before
        return min(end, self._starts[last]) if last < len(self._starts) else end

    def _line_ends(self, start: int, furthest: int) -> tuple[list[int], list[int]]:
        paragraphs: list[int] = []
        lines: list[int] = []
        for match in _LINES.finditer(self._text, start, furthest + 1):
            at = match.start()
            if not start < at <= furthest or self._splits(at, self._whole):
                continue
            follows = self.after_space(match.end())
            if self._splits(at, self._pre):
                if self._text[follows - 1] == "\n":  # a message cannot begin with an indent
                    lines.append(at)
            elif self._text[at - 1] == ":" or at in self._headings:
                continue  # announces what follows
            elif match.group().count("\n") > 1:
                paragraphs.append(at)
            else:
                lines.append(at)
        return paragraphs, lines

    def _places(self, pattern: re.Pattern[str], start: int, furthest: int) -> list[int]:
        group = pattern.groups
        found = (match.start(group) for match in pattern.finditer(self._text, start, furthest + 1))
        return [at for at in found if start < at <= furthest and not self._splits(at, self._whole)]

    def _splits(self, at: int, spans: list[Span]) -> bool:
        """Whether ``at`` lies inside one of the spans, which do not overlap."""
        before = bisect_left(spans, at, key=lambda s: s.start) - 1
        return before >= 0 and at < spans[before].end

    def _anywhere(self, start: int, furthest: int) -> int:
        """Before a link or code that would be cut, else between two characters."""
        before = bisect_left(self._whole, furthest, key=lambda s: s.start) - 1
        if before >= 0 and self._whole[before].start > start and furthest < self._whole[before].end:
            return self._whole[before].start
        words = [match.start() for match in _WORDS.finditer(self._text, start, furthest + 1)]
        if words and words[-1] > start:
            return words[-1]
        for at in range(furthest, max(start, furthest - 64), -1):
            if self._is_boundary(at):
                return at
        return max(furthest, start + 1)

    def _is_boundary(self, at: int) -> bool:
        """Whether two characters meet there that are not one for the reader."""
        before, after = self._text[at - 1], self._text[at]
        if unicodedata.category(after) in {"Mn", "Mc", "Me"} or "\u200d" in {before, after}:
            return False
        if "\U0001f3fb" <= after <= "\U0001f3ff" or "\U000e0020" <= after <= "\U000e007f":
            return False  # a skin colour; a flag's letters
        run = at
        while run and "\U0001f1e6" <= self._text[run - 1] <= "\U0001f1ff":
            run -= 1
        return not ("\U0001f1e6" <= after <= "\U0001f1ff" and (at - run) % 2)


def _visible(text: str) -> bool:
    return any(
        not char.isspace() and char not in _INVISIBLE and unicodedata.category(char) != "Cf" for char in text
    )
