"""Rows of cells as blocks: where the header is, and which rows are titles of what follows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice, pairwise

from sovetnik.knowledge.chunks import Block

_NUMBER = re.compile(r"[-+−±~≈<>]?\s*(?:[$€₽]\s*)?\d[\d\s.,:/×x%-]*(?:[$€₽%]|руб\.?|р\.)?", re.IGNORECASE)
_LOOK_AHEAD = 12  # rows in which the header is looked for
_TITLE = 100  # characters of a row that is a title of those below


def grid_blocks(rows: Iterable[list[str]], level: int) -> Iterator[Block]:
    """The blocks of a sheet.

    Args:
        rows: cells as people see them; empty ones count, empty rows do not.
        level: of the headings that rows with one cell become ("Beds of birch" above the beds of birch).
    """
    rest = (row for row in map(_trimmed, rows) if row)
    first = list(islice(rest, _LOOK_AHEAD))
    widest = max((_filled(row) for row in first), default=0)
    at = _header_at(first, widest)
    for row in first[: at or 0]:
        yield Block("text", joined([cell for cell in row if cell]))
    header = "" if at is None else joined(first[at])
    body = chain(first[0 if at is None else at + 1 :], rest)
    yield from _body(body, header, level if widest > 2 else 0)


def joined(cells: list[str]) -> str:
    """Cells as the text of a row."""
    return " | ".join(cells)


def _trimmed(row: list[str]) -> list[str]:
    cells = [" ".join(cell.split()) for cell in row]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _filled(row: list[str]) -> int:
    return sum(map(bool, row))


def _header_at(rows: list[list[str]], widest: int) -> int | None:
    """The first row about as wide as the widest, if it names the columns; above it stand notes."""
    for at, row in enumerate(rows[:-1]):
        named = [cell for cell in row if cell]
        if len(named) >= max(2, 0.6 * widest):
            numbers = [cell for cell in named if _NUMBER.fullmatch(cell)]
            return at if not numbers or _are_sizes(numbers, rows[at + 1]) else None
    return None


def _are_sizes(numbers: list[str], below: list[str]) -> bool:
    """Columns named 140, 160, 180 over prices: plain numbers that grow, far from those below them."""
    if len(numbers) < 2 or not all(number.isdecimal() and len(number) <= 4 for number in numbers):
        return False
    sizes = [int(number) for number in numbers]
    prices = [int(digits) for cell in below if (digits := re.sub(r"\D", "", cell)) and len(digits) < 12]
    grow = all(one < another for one, another in pairwise(sizes))
    return grow and bool(prices) and min(prices) > 3 * max(sizes)


def _body(rows: Iterator[list[str]], header: str, level: int) -> Iterator[Block]:
    """A lone cell above wider rows is a title; at the end, or before another lone one, it is a note."""
    waiting = ""
    any_row = False
    for row in rows:
        lone = _filled(row) == 1 and bool(row[0]) and level > 0
        if waiting:
            title = not lone and len(waiting) <= _TITLE
            yield Block("heading", waiting, level) if title else Block("text", waiting)
        waiting = row[0] if lone else ""
        if not lone:
            any_row = True
            yield Block("row", joined(row), header=header)
    if waiting:
        yield Block("text", waiting)
    if header and not any_row:
        yield Block("row", header)
