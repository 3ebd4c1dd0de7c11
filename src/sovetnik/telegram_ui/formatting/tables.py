"""Tables: columns of monospace text where a phone is wide enough, cards where it is not."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from itertools import zip_longest

from sovetnik.telegram_ui.formatting.styled import Page, Styled

COLUMNS = 36
"""Characters of monospace text in a line of a phone."""

_GAP = "  "


@dataclass
class Table:
    """A table as it is read; rows may be longer than the head."""

    alignments: tuple[str, ...]
    head: list[Styled] = field(default_factory=list[Styled])
    rows: list[list[Styled]] = field(default_factory=list[list[Styled]])


def write(table: Table, page: Page) -> None:
    """Put the table on the page."""
    rows = [row for row in table.rows if any(cell.text for cell in row)]
    grid = _grid(table, rows)
    if grid is not None:
        page.verbatim(grid)
    elif len(table.head) == 2 and all(len(row) == 2 for row in rows):
        _pairs(table.head, rows, page)
    else:
        _cards(table.head, rows, page)


def _grid(table: Table, rows: list[list[Styled]]) -> str | None:
    """The table in columns, or None: too wide, or with links, which monospace text cannot hold."""
    cells = [table.head, *rows]
    if not rows or any(span.kind == "text_link" for row in cells for cell in row for span in cell.spans):
        return None
    lines = [[cell.text.split("\n") for cell in row] for row in cells]
    columns = list(zip_longest(*lines, fillvalue=[""]))
    widths = [max(columns_of(line) for cell in column for line in cell) for column in columns]
    if sum(widths) + len(_GAP) * (len(widths) - 1) > COLUMNS:
        return None
    alignments = [*table.alignments, *["None"] * len(widths)]
    written = [_grid_row(row, widths, alignments) for row in zip(*columns, strict=True)]
    rule = _GAP.join("─" * width for width in widths)
    return "\n".join([written[0], rule, *written[1:]] if any(c.text for c in table.head) else written[1:])


def _grid_row(cells: tuple[list[str], ...], widths: list[int], alignments: list[str]) -> str:
    lines = zip_longest(*cells, fillvalue="")
    return "\n".join(_GAP.join(map(_padded, line, widths, alignments)).rstrip() for line in lines)


def _padded(text: str, width: int, alignment: str) -> str:
    left = width - columns_of(text)
    before = {"Right": left, "Center": left // 2}.get(alignment, 0)
    return " " * before + text + " " * (left - before)


def columns_of(text: str) -> int:
    """Columns that the text takes in monospace type."""
    if text.isascii():
        return len(text)
    return sum(_columns(char) for char in text)


def _columns(char: str) -> int:
    if unicodedata.category(char) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _pairs(head: list[Styled], rows: list[list[Styled]], page: Page) -> None:
    """Two columns: a line for each row."""
    if any(cell.text for cell in head):
        _key_and_value(head[0], head[1], page, "italic")
    for key, value in rows:
        page.newlines(1)
        _key_and_value(key, value, page, "bold")


def _key_and_value(key: Styled, value: Styled, page: Page, kind: str) -> None:
    start = page.begin()
    page.append(key)
    page.mark(kind, start)
    if key.text and value.text:
        page.text(" " if key.text.endswith(":") else ": ")
    start = page.begin()
    page.append(value)
    if kind == "italic":
        page.mark(kind, start)


def _cards(head: list[Styled], rows: list[list[Styled]], page: Page) -> None:
    """A small block for each row, headed by its first cell."""
    _lead(head, rows, page)
    for row in rows:
        page.newlines(2)
        if row[0].text:
            start = page.begin()
            page.append(row[0])
            page.mark("bold", start)
        for name, cell in zip_longest(head[1:], row[1:], fillvalue=Styled("")):
            if cell.text:
                page.newlines(1)
                page.append(name)
                if name.text:
                    page.text(" " if name.text.endswith(":") else ": ")
                page.append(cell)


def _lead(head: list[Styled], rows: list[list[Styled]], page: Page) -> None:
    """The headers that no card names: the first column's, and those of empty columns."""
    named = {at for row in rows for at, cell in enumerate(row) if at and cell.text}
    left = [cell for at, cell in enumerate(head) if at not in named and cell.text]
    start = page.begin()
    for at, cell in enumerate(left):
        page.text(" · " if at else "")
        page.append(cell)
    page.mark("italic", start)
