"""CSV as Excel and its rivals write it: any delimiter, any encoding."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice

from sovetnik.knowledge.chunks import Block
from sovetnik.knowledge.reading.grids import grid_blocks
from sovetnik.knowledge.reading.unreadable import Unreadable

_DELIMITERS = ";,\t|"
_SAMPLE = 60  # records
_SEP = re.compile(r"\Asep=(.)\n")  # Excel's own way to name the delimiter

csv.field_size_limit(10_000_000)


def csv_blocks(text: str) -> Iterator[Block]:
    """The blocks of a CSV text.

    Raises:
        Unreadable: it is not CSV.
    """
    named = _SEP.match(text)
    if named:
        text = text[named.end() :]
    delimiter = named[1] if named else _delimiter(text)
    try:
        yield from grid_blocks(_records(text, delimiter), level=2)
    except csv.Error as error:
        raise Unreadable(f"broken csv ({error}): open it in a spreadsheet and save it again") from error


def _records(text: str, delimiter: str) -> Iterator[list[str]]:
    return csv.reader(text.splitlines(keepends=True), delimiter=delimiter)


def _delimiter(text: str) -> str:
    """The one that cuts the first records into most cells of one number; first of equals."""
    return max(_DELIMITERS, key=lambda delimiter: _agreement(text, delimiter))


def _agreement(text: str, delimiter: str) -> float:
    # An open quote must not make each candidate read everything.
    try:
        widths = Counter(
            len(record) for record in islice(_records(text[:200_000], delimiter), _SAMPLE) if record
        )
    except csv.Error:
        return 0
    if not widths:
        return 0
    width, times = max(widths.items(), key=lambda item: (item[1], item[0]))
    # Agreement weighs more than width: commas in prices and texts also cut, but not each line alike.
    return (times / widths.total()) ** 3 * min(width - 1, 3)
