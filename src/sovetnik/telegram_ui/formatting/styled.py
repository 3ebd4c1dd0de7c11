"""Text with spans over it, and the page on which it is written."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

STYLES = ("bold", "italic", "strikethrough")
CODE = ("code", "pre")
BLANK = " \n"
"""What Telegram takes off the ends of a message and the beginnings of spans."""


@dataclass(frozen=True, slots=True)
class Span:
    """One Telegram entity; ``start`` and ``end`` count Python characters."""

    kind: str
    start: int
    end: int
    url: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Styled:
    """Text and what lies over it."""

    text: str
    spans: tuple[Span, ...] = ()


def utf16(text: str) -> int:
    """Length in UTF-16 units, as Telegram counts."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


class Page:
    """Text as it grows. New lines, indents and bullets wait until there is something to stand behind them."""

    def __init__(self) -> None:
        self._indent = ""
        self._waiting = ""  # a bullet
        self._waiting_indent = ""
        self._parts: list[str] = []
        self._length = 0
        self._newlines = 0
        self._fresh = 0
        self._spans: list[Span] = []

    def item(self, bullet: str, indent: str) -> None:
        """What comes next stands behind the bullet, and its further lines are indented more by ``indent``."""
        self._waiting, self._waiting_indent = bullet, self._indent
        self._indent += indent

    def end_item(self, indent: str) -> None:
        """The lines are indented less by ``indent`` again."""
        self.flush()
        self._indent = self._indent.removesuffix(indent)

    def bullet(self, bullet: str) -> None:
        """Take another bullet for the item that has just begun."""
        self._waiting = bullet

    def outdent(self) -> str:
        """Begin lines at the margin; the indent until now, for :meth:`indent`."""
        self.flush()
        before, self._indent = self._indent, ""
        return before

    def indent(self, indent: str) -> None:
        """Begin lines with this indent."""
        self._indent = indent

    def fresh(self) -> None:
        """The line has just begun: the next block needs no new one."""
        self._fresh = self._length

    def newlines(self, count: int) -> None:
        """What comes next stands at least so many lines further down."""
        if not self._waiting and self._length > self._fresh:  # behind a bullet the line has just begun
            self._newlines = max(self._newlines, count)

    def one_more_line(self) -> None:
        """A line break; two of them leave a blank line."""
        self.flush()
        self._newlines = min(self._newlines + 1, 2)

    def flush(self, *, lines: bool = False) -> bool:
        """Write the bullet that waits, and with ``lines`` the new lines too; whether there was a bullet."""
        was_waiting = bool(self._waiting)
        if self._waiting or lines:
            self._break(self._waiting_indent if self._waiting else self._indent)
            waiting, self._waiting = self._waiting, ""
            self._put(waiting)
        return was_waiting

    def begin(self) -> int:
        """Where the next text will stand."""
        self.flush(lines=True)
        return self._length

    def text(self, text: str) -> None:
        """Write text; its further lines are indented like the first."""
        if self._newlines or not self._length:
            text = text.lstrip(" ")
        if text:
            self.flush(lines=True)
            self._put(text.replace("\t", " ").replace("\n", "\n" + self._indent))

    def verbatim(self, text: str, language: str | None = None) -> None:
        """Write monospace text; its lines are not indented."""
        before = self.outdent()
        start = self.begin()
        self._put(text)
        self.mark("pre", start, language=language)
        self.indent(before)

    def append(self, styled: Styled) -> None:
        """Write text with its spans."""
        base = self.begin()
        self.text(styled.text)

        def moved(at: int) -> int:
            return base + at + styled.text.count("\n", 0, at) * len(self._indent)

        self._spans += [replace(s, start=moved(s.start), end=moved(s.end)) for s in styled.spans]

    def mark(self, kind: str, start: int, *, url: str | None = None, language: str | None = None) -> None:
        """Lay a span over everything since ``start``."""
        if start < self._length:
            self._spans.append(Span(kind, start, self._length, url, language))

    def since(self, start: int) -> str:
        """What was written since ``start``."""
        wanted, found = self._length - start, ""
        for part in reversed(self._parts):
            if len(found) >= wanted:
                break
            found = part + found
        return found[len(found) - wanted :]

    def styled(self) -> Styled:
        """All of it, trimmed."""
        whole = "".join(self._parts)
        text = whole.rstrip()
        lead = len(text) - len(text.lstrip())
        spans = (
            replace(s, start=max(0, s.start - lead), end=min(len(text), s.end) - lead) for s in self._spans
        )
        return Styled(text[lead:], tuple(s for s in spans if s.start < s.end))

    def _break(self, indent: str) -> None:
        if self._length and self._newlines:
            self._strip()
            self._put("\n" * self._newlines + indent)
        self._newlines = 0

    def _strip(self) -> None:
        """Take spaces off the end of the line."""
        text = self._parts[-1].rstrip(" ")
        self._length -= len(self._parts[-1]) - len(text)
        self._parts[-1] = text
        for at in range(len(self._spans) - 1, -1, -1):
            if self._spans[at].end <= self._length:
                break
            self._spans[at] = replace(self._spans[at], end=self._length)

    def _put(self, text: str) -> None:
        if text:
            self._parts.append(text)
            self._length += len(text)


def normalised(styled: Styled) -> Styled:
    """The spans as Telegram itself would lay them, so that what is sent is what is shown and counted.

    Styles end where a link, code or quote begins or ends and where another style begins; they are not laid
    over code. Nothing begins with white space.
    """
    solid = _trimmed(styled.text, (s for s in styled.spans if s.kind not in STYLES))
    edges = sorted({edge for span in solid for edge in (span.start, span.end)})
    code = [span for span in solid if span.kind in CODE]
    styles: list[Span] = []
    for kind in STYLES:
        joined = _joined([span for span in styled.spans if span.kind == kind])
        parts = [part for span in joined for part in _cut_at(span, edges)]
        styles += _trimmed(styled.text, (part for part in parts if not _inside(part, code)))
    starts = sorted({span.start for span in styles})
    styles = [part for span in styles for part in _cut_at(span, starts)]
    order = sorted([*solid, *styles], key=lambda s: (s.start, -s.end, s.kind in STYLES))
    return Styled(styled.text, tuple(order))


def _trimmed(text: str, spans: Iterable[Span]) -> list[Span]:
    trimmed: list[Span] = []
    for span in spans:
        start = span.start
        while start < span.end and text[start] in BLANK:
            start += 1
        if start < span.end:
            trimmed.append(span if start == span.start else replace(span, start=start))
    return trimmed


def _joined(spans: list[Span]) -> list[Span]:
    joined: list[Span] = []
    for span in sorted(spans, key=lambda s: (s.start, s.end)):
        if joined and span.start <= joined[-1].end:
            joined[-1] = replace(joined[-1], end=max(span.end, joined[-1].end))
        else:
            joined.append(span)
    return joined


def _cut_at(span: Span, edges: list[int]) -> list[Span]:
    inside = edges[bisect_right(edges, span.start) : bisect_left(edges, span.end)]
    cuts = pairwise([span.start, *inside, span.end])
    return [replace(span, start=start, end=end) for start, end in cuts] if inside else [span]


def _inside(span: Span, code: list[Span]) -> bool:
    """``code`` is in order and does not overlap."""
    at = bisect_right(code, span.start, key=lambda s: s.start) - 1
    return at >= 0 and span.end <= code[at].end
