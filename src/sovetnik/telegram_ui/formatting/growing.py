"""A text that is still being written, with its loose ends tied up."""

from __future__ import annotations

import re

_FENCE = re.compile(r"^(?: {0,3}>)* {0,3}(`{3,}|~{3,})([^\n]*)$", re.MULTILINE)
_ONLY_MARKS = re.compile(r"[ \t]*(?:[#>*+=_~`|:\s-]*|(?:>\s*)*\d{1,9}[.)]?\s*|[-*+]\s+\[[ xX]?\]?\s*)")
_LOOSE_END = re.compile(
    r"(?:<(?:[A-Za-z/][^<>\n]{0,200}|!(?:-(?:-(?:(?!-->)[\s\S])*)?)?)?"  # <br, a comment
    r"|&\w{0,8}|\$+\\?|\\|【[^】\n]{0,300})\Z"
)
_HALF_FORMULA = re.compile(r"(?:\\[(\[]|\$\$(?=[^$]*\\))(?:(?!\\[)\]]|\$\$).){0,300}\Z", re.DOTALL)
_HALF_LINK = re.compile(r"!?\[(?P<label>[^\[\]\n]*)(?:\]|\]\([^()\s]*(?:\([^()\s]*\)?[^()\s]*)?)?\Z")
_TOKEN = re.compile(r"\\.|(`+)|(\*\*\*|\*\*|\*|___|__|_|~~)", re.DOTALL)


def settled(markdown: str) -> str:
    """The text so far without marks that only the rest of it will explain."""
    opened = _open_fence(markdown)
    if opened is not None:
        head, _, last = markdown.rpartition("\n")
        return head if last.strip() and not last.strip().strip(opened) else markdown
    markdown = _HALF_FORMULA.sub("", _LOOSE_END.sub("", _without_last_marks(markdown)))
    start = max(markdown.rfind("\n\n"), 0)
    done, paragraph = markdown[:start], markdown[start:]
    return done + _closed(_without_table_head(paragraph))


def _open_fence(markdown: str) -> str | None:
    """The character of the fence that is open at the end."""
    opened = ""
    for match in _FENCE.finditer(markdown):
        fence, info = match.groups()
        if not opened:
            if "`" not in info and match.end() < len(markdown):
                opened = fence
        elif fence[0] == opened[0] and len(fence) >= len(opened) and not info.strip():
            opened = ""
    return opened[0] if opened else None


def _without_last_marks(markdown: str) -> str:
    """Without a last line of which nothing can be said yet: half a rule, a bullet, a fence."""
    head, newline, last = markdown.rpartition("\n")
    if _ONLY_MARKS.fullmatch(last) and last.strip() and not last.strip().endswith("|"):
        return head
    if re.match(r" {0,3}(```|~~~)", last):
        return head
    return head + newline + last


def _without_table_head(paragraph: str) -> str:
    """Without a table's head before its first row, and without a row of which only the first bar is there."""
    lines = paragraph.rstrip("\n").split("\n")
    first = len(lines)
    while first and lines[first - 1].lstrip(" >").startswith("|"):
        first -= 1
    table = lines[first:]
    if not table:
        return paragraph
    if not table[-1].strip(" >|"):
        table.pop()
    return "\n".join([*lines[:first], *(table if len(table) > 2 else ())])


def _closed(paragraph: str) -> str:
    """With the marks closed that are open at its end, and half a link as its text."""
    half = _HALF_LINK.search(paragraph)
    if half and not _open_marks(paragraph[: half.start()])[0]:
        paragraph = paragraph[: half.start()] + half["label"]
    code, marks = _open_marks(paragraph)
    if code:
        return paragraph.rstrip("`") if paragraph.endswith(code) else paragraph + code
    while marks and paragraph.endswith(marks[-1]):
        paragraph = paragraph.removesuffix(marks.pop()).rstrip(" ")
    ending = paragraph.rstrip()
    half_closed = marks and len(marks[-1]) > 1 and ending.endswith(marks[-1][0])
    if half_closed:
        ending = ending.rstrip(marks[-1][0])
    return ending + "".join(reversed(marks)) if marks else paragraph


def _open_marks(text: str) -> tuple[str, list[str]]:
    """The code mark and the emphasis marks that are open at the end."""
    code = ""
    marks: list[str] = []
    for match in _TOKEN.finditer(text):
        ticks, mark = match.groups()
        if ticks:
            code = "" if code == ticks else code or ticks
        elif mark and not code:
            before, after = text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
            _turn(marks, mark, before, after)
    return code, marks


def _turn(marks: list[str], mark: str, before: str, after: str) -> None:
    closes = bool(before.strip()) and mark in marks
    opens = bool(after.strip()) or not after
    if "_" in mark and before.isalnum() and after.isalnum():
        return
    if closes:
        del marks[marks.index(mark) :]
    elif opens and not (before.isalnum() and not after):
        marks.append(mark)
