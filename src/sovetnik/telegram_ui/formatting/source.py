"""A model's Markdown, parsed; what the parser would swallow or misread is escaped first."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any, NamedTuple, cast

import pyromark

from sovetnik.telegram_ui.formatting.latex import is_formula, readable

_OPTIONS = (
    pyromark.Options.ENABLE_TABLES
    | pyromark.Options.ENABLE_STRIKETHROUGH
    | pyromark.Options.ENABLE_TASKLISTS
    | pyromark.Options.ENABLE_MATH
    | pyromark.Options.ENABLE_FOOTNOTES
)
_PASSES = 8
"""Times that a text is parsed at most; one or two are usual."""

_CITATION = re.compile(
    r"(?<![ \t])[ \t]*+(?:"
    r"【\d+(?::\d+)?(?:†[^【】\n]{0,300})?】"
    r"|【[\d:]*(?:†[^【】\n]{0,300})?\Z"
    r"|(?<!\w)(?:\d+:\d+)?†source】"
    r"|\ue200[^\ue200\ue201\n]{0,300}\ue201"
    r"|\ue200[A-Za-z\d\ue202_-]*"
    r"|(?<!\w)(?:file)?cite\ue202?turn\d+[a-z]+\d+(?:\ue202?turn\d+[a-z]+\d+)*\ue201?"
    r"|[\ue200-\ue206]"
    r")"
)
# Telegram makes spaces of control characters and drops the others.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_DROPPED = re.compile("[\u202a-\u202e\u030a\u0333\u033f]")
_ODD = re.compile("[\x00-\x08\x0b-\x1f\u2028-\u202e\u030a\u0333\u033f\ud800-\udfff]")

_FORMULA = re.compile(rb"(?<!\\)\\(?:\((?P<inline>.+?)\\\)|\[(?P<block>.+?)\\\])", re.DOTALL)
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_BOLD = re.compile(rb"(?<![\\*])\*\*(?![\s*])[^*\n]{1,600}(?<!\s)\*\*(?!\*)")
_NOTHING = b"<!---->"
_DEFINITION = re.compile(
    rb"(?m)^(?:[ \t>*+-]|\d{1,9}[.)])*(?P<mark>\[)(?P<label>(?:[^\[\]\\]|\\.){1,999})\]:"
)
_TAG_AT_START = re.compile(rb"(?m)^(?: {0,3}> ?)*( {0,3})(?=<[A-Za-z/?!])")
BR = re.compile(r"<br\s*/?>", re.IGNORECASE)
_BR = re.compile(rb"<br\s*/?>", re.IGNORECASE)


class Event(NamedTuple):
    """One step through the document; ``start`` and ``end`` are bytes of the source."""

    name: str
    value: Any
    start: int
    end: int


class _Edit(NamedTuple):
    start: int
    end: int
    new: bytes


def clean(markdown: str) -> str:
    """The text without citation marks and without characters that Telegram refuses, drops or changes."""
    if _ODD.search(markdown):
        markdown = markdown.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        markdown = markdown.replace("\r\n", "\n").replace("\r", "\n")
        markdown = re.sub("[\u2028\u2029]", "\n", markdown)
        if "\u030a" in markdown:
            markdown = unicodedata.normalize("NFC", markdown)
        markdown = _DROPPED.sub("", _CONTROL.sub(" ", markdown))
    return _CITATION.sub("", markdown)


def parse(text: str) -> tuple[bytes, list[Event]]:
    """The source as it was parsed at last, and its events."""
    source = text.encode()
    events = list(_events(source))
    edits = _formulas(source, events) + _stuck_bold(source, events)
    if edits:
        source, events = _apply(source, edits)
    for _ in range(_PASSES):
        edits = _misread(source, events)
        if not edits:
            break
        source, events = _apply(source, edits)
    return source, events


def _events(source: bytes) -> Iterator[Event]:
    for found, place in pyromark.events_with_range(source.decode(), options=_OPTIONS):
        event = cast("Any", found)
        start, end = place["start"], place["end"]
        if isinstance(event, str):
            yield Event(event, None, start, end)
            continue
        ((name, value),) = event.items()
        if name in {"Start", "End"}:
            tag, value = (value, None) if isinstance(value, str) else next(iter(value.items()))
            name = f"{name} {tag}"
        yield Event(name, value, start, end)


def _apply(source: bytes, edits: list[_Edit]) -> tuple[bytes, list[Event]]:
    parts: list[bytes] = []
    done = 0
    for edit in sorted(set(edits)):
        if edit.start >= done:
            parts += (source[done : edit.start], edit.new)
            done = edit.end
    source = b"".join(parts) + source[done:]
    return source, list(_events(source))


def _formulas(source: bytes, events: list[Event]) -> list[_Edit]:
    r"""``\(…\)`` and ``\[…\]``, which Markdown takes for brackets, as readable text."""
    edits: list[_Edit] = []
    for match in _outside_code(_FORMULA, source, events) if b"\\" in source else ():
        content = (match["inline"] or match["block"]).decode()
        if "\n\n" not in content and is_formula(content):
            lines = readable(content).splitlines()
            new = "\\\n".join(_PUNCTUATION.sub(r"\\\1", line.strip()) for line in lines)
            edits.append(_Edit(match.start(), match.end(), new.encode()))
    return edits


def _stuck_bold(source: bytes, events: list[Event]) -> list[_Edit]:
    """``**Price:**62`` is bold for whoever wrote it; for the parser only with something before the "62"."""
    edits: list[_Edit] = []
    for match in _outside_code(_BOLD, source, events) if b"**" in source else ():
        start, end = match.span()
        inner = match.group()[2:-2].decode()
        before = source[max(0, start - 4) : start].decode(errors="ignore")[-1:]
        after = source[end : end + 4].decode(errors="ignore")[:1]
        if before.isalnum() and not inner[0].isalnum():
            edits.append(_Edit(start, start, _NOTHING))
        if after.isalnum() and not inner[-1].isalnum():
            edits.append(_Edit(end, end, _NOTHING))
    return edits


def _outside_code(
    pattern: re.Pattern[bytes], source: bytes, events: list[Event]
) -> Iterator[re.Match[bytes]]:
    code = [(e.start, e.end) for e in events if e.name in {"Code", "Start CodeBlock"}]
    for match in pattern.finditer(source):
        if not any(start < match.end() and match.start() < end for start, end in code):
            yield match


def _misread(source: bytes, events: list[Event]) -> list[_Edit]:
    edits: list[_Edit] = []
    for event in events:
        if event.name in {"InlineMath", "DisplayMath"}:
            edits += _prices(source, event)
        elif event.name == "Start Strikethrough" and source[event.start + 1 : event.start + 2] != b"~":
            edits += [_escape(event.start), _escape(event.end - 1)]  # "about 5 km or about 7 km"
        elif event.name == "Start HtmlBlock":
            edits += _html(source, event)
    return edits + _unused_definitions(source, events)


def _escape(at: int) -> _Edit:
    return _Edit(at, at, b"\\")


def _prices(source: bytes, event: Event) -> list[_Edit]:
    """The dollars of what is no formula."""
    display = event.name == "DisplayMath"
    if is_formula(event.value, display=display) and not source[event.end : event.end + 1].isdigit():
        return []
    width = 2 if display else 1
    at = [*range(event.start, event.start + width), *range(event.end - width, event.end)]
    return [_escape(place) for place in at]


def _html(source: bytes, event: Event) -> list[_Edit]:
    """Tags that would make a block of HTML: escaped, so that the Markdown between them counts."""
    block = source[event.start : event.end]
    if block.startswith(b"<!--") and b"-->" in block:
        return []
    edits: list[_Edit] = []
    for match in _TAG_AT_START.finditer(block):
        at = event.start + match.end()
        if block.startswith(b"<!--", match.end()) and b"-->" in block[match.end() :]:
            continue
        line_break = _BR.match(source, at)
        edits.append(_Edit(at, line_break.end(), b"") if line_break else _escape(at))
    return edits


def _unused_definitions(source: bytes, events: list[Event]) -> list[_Edit]:
    """``[Important]: call`` is a link's definition for the parser, and text when nothing refers to it."""
    found = list(_DEFINITION.finditer(source)) if b"]:" in source else []
    if not found:
        return []
    links = [event.value for event in events if event.name in {"Start Link", "Start Image"}]
    used = {_label(value["id"]) for value in links}
    seen = [(e.start, e.end) for e in events if not e.name.startswith(("Start", "End"))]
    seen += [(e.start, e.end) for e in events if e.name in {"Start FootnoteDefinition", "Start HtmlBlock"}]
    return [
        _escape(match.start("mark"))
        for match in found
        if _label(match["label"].decode()) not in used
        and not any(start <= match.start("label") < end for start, end in seen)
    ]


def _label(text: str) -> str:
    return " ".join(text.split()).casefold()
