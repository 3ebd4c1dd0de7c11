"""Excel workbooks: each visible sheet under a heading, values as people see them."""

from __future__ import annotations

import re
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import cast
from xml.etree import ElementTree as ET

from openpyxl import load_workbook
from openpyxl.worksheet._read_only import ReadOnlyWorksheet
from openpyxl.worksheet.worksheet import Worksheet

from sovetnik.knowledge.chunks import Block
from sovetnik.knowledge.reading.archives import attribute, local, office_archive, related, related_part
from sovetnik.knowledge.reading.grids import grid_blocks
from sovetnik.knowledge.reading.numbers import shown

_MERGE = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?ref=\"([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})\"")
_MAX_MERGES = 20_000
_MAX_COLUMNS = 256

_Merges = dict[int, list[tuple[int, int]]]  # first row → columns merged downwards, with the last row


def xlsx_blocks(path: Path) -> Iterator[Block]:
    """The blocks of a workbook.

    Raises:
        Unreadable: it is not one.
    """
    with office_archive(path) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of extensions that openpyxl drops
        parts = _sheet_parts(archive)
        if archive.fp is None:
            raise ValueError("closed")
        # Read-only: the other mode builds every cell up to the last one, a million times 16,384 if need be.
        book = load_workbook(archive.fp, read_only=True, data_only=True)
        for sheet in book.worksheets:
            if sheet.sheet_state == "visible":
                yield Block("heading", sheet.title, 1)
                merges = _merged_down(archive, parts.get(sheet.title, ""))
                yield from grid_blocks(_rows(sheet, merges), level=2)


def _rows(sheet: Worksheet, merges: _Merges) -> Iterator[list[str]]:
    """Rows of texts; a cell merged downwards says the same in each row."""
    cast("ReadOnlyWorksheet", sheet).reset_dimensions()  # what the file says of its size is often wrong
    lasting: dict[int, tuple[int, str]] = {}  # column → (last row, text)
    for number, row in enumerate(sheet.iter_rows(), start=1):
        if not row and not lasting:
            continue
        texts = [
            shown(cell.value, cell.number_format or "") if cell.value is not None else ""
            for cell in row[:_MAX_COLUMNS]
        ]
        for column, (last, text) in list(lasting.items()):
            if number > last:
                del lasting[column]
            elif any(texts):
                texts += [""] * (column + 1 - len(texts))
                texts[column] = text
        for column, last in merges.get(number, ()):
            if column < len(texts) and texts[column]:
                lasting[column] = (last, texts[column])
        yield texts


def _merged_down(archive: zipfile.ZipFile, part: str) -> _Merges:
    """Merged ranges of more than one row; they stand after the cells, so openpyxl's stream comes too late."""
    merges: _Merges = {}
    if part in archive.namelist():
        for count, match in enumerate(_MERGE.finditer(archive.read(part))):
            first, last = int(match[2]), int(match[4])
            if last > first and count < _MAX_MERGES:
                merges.setdefault(first, []).append((_column(match[1]), last))
    return merges


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number - 1


def _sheet_parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """Sheet title → name of its part."""
    main = related_part(archive, "", "officeDocument") or "xl/workbook.xml"
    targets = related(archive, main)
    book = ET.fromstring(archive.read(main))  # noqa: S314 - expat loads nothing external
    return {
        element.get("name", ""): targets[attribute(element, "id")][1]
        for element in book.iter()
        if local(element.tag) == "sheet" and attribute(element, "id") in targets
    }
