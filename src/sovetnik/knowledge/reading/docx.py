"""Word documents: headings by style, lists, tables, in document order.

Read straight from the XML: python-docx leaves out content controls and tracked insertions, and keeps whole
trees.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

from sovetnik.knowledge.chunks import Block
from sovetnik.knowledge.reading.archives import attribute, local, office_archive, related_part
from sovetnik.knowledge.reading.docx_styles import Numbering, Style, read_numbering, read_styles
from sovetnik.knowledge.reading.grids import grid_blocks
from sovetnik.knowledge.reading.unreadable import Unreadable

_NOT_SEEN = frozenset({"del", "moveFrom", "Fallback", "instrText", "pPr", "rPr", "txbxContent"})
_DEEPEST = 500  # a table in a table in a text box is 40 deep
_MARKS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
_CONTAINERS = frozenset({"sdt", "sdtContent", "customXml", "ins", "moveTo", "smartTag"})


def docx_blocks(path: Path) -> Iterator[Block]:
    """The blocks of a Word document.

    Raises:
        Unreadable: it is not one.
    """
    with office_archive(path) as archive:
        main = related_part(archive, "", "officeDocument") or "word/document.xml"
        if main not in archive.namelist():
            raise Unreadable("this is not a Word document: save it again as .docx")
        reader = _Reader(read_styles(archive, main), read_numbering(archive, main))
        yield from reader.blocks(_top_level(archive, main))


def _top_level(archive: zipfile.ZipFile, main: str) -> Iterator[ET.Element]:
    """The body's paragraphs and tables; each is dropped from the tree before the next is read."""
    with archive.open(main) as part:
        open_elements: list[ET.Element] = []
        for event, element in ET.iterparse(part, ("start", "end")):  # noqa: S314 - as above
            if event == "start":
                if not open_elements and local(element.tag) != "document":
                    raise Unreadable("this is not a Word document: save it again as .docx")
                open_elements.append(element)
                if len(open_elements) > _DEEPEST:
                    raise Unreadable("its parts are nested beyond measure: save the document again")
                continue
            open_elements.pop()
            if local(element.tag) not in {"p", "tbl"}:
                continue
            if _CONTAINERS.issuperset(local(each.tag) for each in open_elements[2:]):
                yield element
                element.clear()
                if open_elements:
                    open_elements[-1].remove(element)


@dataclass(slots=True)
class _Reader:
    styles: dict[str, Style]
    numbering: Numbering
    _items: list[str] = field(default_factory=list[str])

    def blocks(self, elements: Iterator[ET.Element]) -> Iterator[Block]:
        for element in elements:
            if local(element.tag) == "tbl":
                yield from self._close_list()
                yield from _table(element)
            else:
                yield from self._paragraph(element)
        yield from self._close_list()

    def _paragraph(self, element: ET.Element) -> Iterator[Block]:
        text = _text(element).strip()
        boxes = [each for each in element.iter() if local(each.tag) == "txbxContent"]
        if text:
            style = self._style(element)
            if style.level and not style.is_item:
                yield from self._close_list()
                yield Block("heading", text, style.level)
            elif style.is_item:
                self._items.append(self.numbering.item(style, text))
            else:
                yield from self._close_list()
                yield Block("text", text)
        for box in boxes[:1]:  # a second one is the fallback's copy of the first
            if text := "\n".join(filter(None, (_text(p).strip() for p in box))):
                yield Block("text", text)

    def _close_list(self) -> Iterator[Block]:
        if self._items:
            yield Block("text", "\n".join(self._items))
            self._items = []

    def _style(self, paragraph: ET.Element) -> Style:
        """The named style with what the paragraph itself sets over it."""
        properties = _child(paragraph, "pPr")
        named = _child(properties, "pStyle")
        style = self.styles.get(attribute(named, "val") if named is not None else "", Style())
        return style.overridden(properties) if properties is not None else style


def _table(table: ET.Element) -> Iterator[Block]:
    rows: list[list[str]] = []
    for row in _children(table, "tr"):
        rows.append(_cells(row, rows[-1] if rows else []))
    rows = [row for row in rows if any(row)]
    if len(rows) == 1 or max(map(len, rows), default=0) == 1:  # a frame around text
        for row in rows:
            yield Block("text", "\n".join(filter(None, row)))
    else:
        yield from grid_blocks(rows, level=0)


def _cells(row: ET.Element, above: list[str]) -> list[str]:
    """A row's cells; one that is merged with the cell above it says the same."""
    cells: list[str] = []
    for cell in _children(row, "tc"):
        properties = _child(cell, "tcPr")
        merged = _child(properties, "vMerge")
        if merged is not None and attribute(merged, "val") != "restart":
            text = above[len(cells)] if len(cells) < len(above) else ""
        else:
            text = "\n".join(filter(None, (_text(p).strip() for p in cell.iter() if local(p.tag) == "p")))
        span = _child(properties, "gridSpan")
        width = attribute(span, "val") if span is not None else "1"
        cells += [text] + [""] * (min(int(width), 64) - 1 if width.isdecimal() else 0)
    return cells


def _children(element: ET.Element, name: str) -> Iterator[ET.Element]:
    for child in element:
        if local(child.tag) == name:
            yield child
        elif local(child.tag) in _CONTAINERS:
            yield from _children(child, name)


def _child(element: ET.Element | None, name: str) -> ET.Element | None:
    return None if element is None else next(_children(element, name), None)


def _text(element: ET.Element) -> str:
    """What is seen of a paragraph: without deleted and hidden text, fields' codes and text boxes."""
    name = local(element.tag)
    if name == "t":
        return element.text or ""
    if name in _MARKS:
        return _MARKS[name]
    if name == "r":
        hidden = _child(_child(element, "rPr"), "vanish")
        if hidden is not None and attribute(hidden, "val", "true") not in {"0", "false"}:
            return ""
    return "".join(_text(child) for child in element if local(child.tag) not in _NOT_SEEN)
