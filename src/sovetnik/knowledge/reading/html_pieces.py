"""From a page's tags to blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sovetnik.knowledge.chunks import Block
from sovetnik.knowledge.reading.grids import grid_blocks, joined


def words(text: str) -> frozenset[str]:
    """Names of tags."""
    return frozenset(text.split())


_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_BREAKING = words(
    "address article aside blockquote body caption center dd details div dl dt fieldset figcaption figure "
    "form header hr html label legend main p pre section summary tbody tfoot thead"
)
_MARK = re.compile(r"\s*(?:-|\d+\.)\s*")
_MAX_TITLE = 300


@dataclass(slots=True)
class _Table:
    rows: list[list[str]] = field(default_factory=list[list[str]])
    heads: list[bool] = field(default_factory=list[bool])  # of each row: are all its cells th
    in_head: bool = False


@dataclass(slots=True)
class Pieces:
    """Collects text until a block ends; a list becomes one block, a table its rows."""

    _blocks: list[Block] = field(default_factory=list[Block])
    _text: list[str] = field(default_factory=list[str])
    _items: list[str] = field(default_factory=list[str])
    _lists: list[int] = field(default_factory=list[int])  # of each open list: the next number; 0 = bullets
    _table: _Table | None = None
    _depth: int = 0  # of tables within the open one
    _heading: int = 0
    _pre: int = 0
    _title: str = ""
    _in_title: bool = False
    _titled: bool = False

    def taken(self) -> Iterator[Block]:
        """The blocks that are complete; each is given once."""
        blocks, self._blocks = self._blocks, []
        yield from blocks

    def finish(self) -> None:
        """The page has ended."""
        self._end_block()
        self._end_list()
        self._end_table()

    def start(self, tag: str, attrs: Mapping[str, str | None]) -> None:
        """An element begins."""
        if tag == "title" and not self._title:
            self._in_title = True
        elif tag == "br":
            self._text.append("\n")
        elif tag == "img":
            self._text.append(f" {attrs.get('alt') or ''} ")
        elif tag in {"table", "tr", "td", "th", "thead"}:
            self._start_table(tag)
        elif tag in _HEADINGS:
            self._start_heading(_HEADINGS[tag])
        elif tag in {"ul", "ol", "li"}:
            self._start_list(tag)
        elif tag in _BREAKING:
            self._end_block()
            self._pre += tag == "pre"

    def end(self, tag: str) -> None:
        """An element ends."""
        if tag == "title":
            self._in_title = False
        elif tag in {"table", "tr", "td", "th", "thead"}:
            self._close_table(tag)
        elif tag in _HEADINGS:
            self._end_block()
            self._heading = 0
        elif tag in {"ul", "ol", "li"}:
            self._close_list(tag)
        elif tag in _BREAKING:
            self._end_block()
            self._pre = max(0, self._pre - (tag == "pre"))

    def data(self, data: str) -> None:
        """Text."""
        if self._in_title:
            self._title = (self._title + data)[:_MAX_TITLE]
        else:
            # White space means nothing except where it is kept; "\n" in _text is a <br>.
            self._text.append(data if self._pre else data.replace("\n", " "))

    def _end_block(self) -> None:
        """What was collected becomes a paragraph, or a line of the open item or cell."""
        raw = "".join(self._text)
        self._text.clear()
        text = (
            raw.strip("\n")
            if self._pre
            else "\n".join(" ".join(line.split()) for line in raw.split("\n")).strip()
        )
        if not text.strip():
            return
        if self._table is not None:
            if self._table.rows and self._table.rows[-1]:
                cell = self._table.rows[-1][-1]
                self._table.rows[-1][-1] = f"{cell} {text}" if cell else text
            else:
                self._emit(Block("text", text))  # a caption
        elif self._heading:
            self._emit(Block("heading", text, self._heading))
        elif self._lists and self._items:
            self._items[-1] += (
                "" if self._items[-1].endswith(" ") else "\n  " + "  " * len(self._lists)
            ) + text
        else:
            self._end_list()
            self._emit(Block("text", text))

    def _emit(self, block: Block) -> None:
        if not self._titled:
            self._titled = True
            title = " ".join(self._title.split())
            if title and not (block.kind == "heading" and block.level == 1):
                self._blocks.append(Block("heading", title, 1))
        self._blocks.append(block)

    def _start_heading(self, level: int) -> None:
        self._end_block()
        if self._table is None:
            self._end_list()
            self._lists.clear()  # a list that was never closed must not swallow the page
            self._heading = level

    def _start_list(self, tag: str) -> None:
        self._end_block()
        if self._table is not None:
            return
        if tag != "li":
            if not self._lists:
                self._end_list()
            self._lists.append(int(tag == "ol"))
            return
        if not self._lists:
            self._lists.append(0)
        mark = f"{self._lists[-1]}." if self._lists[-1] else "-"
        self._lists[-1] += bool(self._lists[-1])
        self._items.append("  " * min(len(self._lists) - 1, 8) + mark + " ")

    def _close_list(self, tag: str) -> None:
        self._end_block()
        if tag != "li" and self._lists and self._table is None:
            self._lists.pop()
            if not self._lists:
                self._end_list()

    def _end_list(self) -> None:
        items = [item.rstrip() for item in self._items if not _MARK.fullmatch(item)]
        self._items.clear()
        if items:
            self._emit(Block("text", "\n".join(items)))

    def _start_table(self, tag: str) -> None:
        if tag == "table":
            self._end_block()
            if self._table is None:
                self._end_list()
                self._table = _Table()
            else:
                self._depth += 1
        elif self._table is not None and not self._depth:
            self._end_block()
            self._open_part(self._table, tag)

    def _open_part(self, table: _Table, tag: str) -> None:
        if tag == "thead":
            table.in_head = True
            return
        if tag == "tr" or not table.rows:
            table.rows.append([])
            table.heads.append(True)
        if tag != "tr":
            table.rows[-1].append("")
            table.heads[-1] = table.heads[-1] and (tag == "th" or table.in_head)

    def _close_table(self, tag: str) -> None:
        self._end_block()
        if self._table is None:
            return
        if tag == "thead" and not self._depth:
            self._table.in_head = False
        if tag == "table":
            if self._depth:
                self._depth -= 1
            else:
                self._end_table()

    def _end_table(self) -> None:
        if self._table is None:
            return
        table, self._table, self._depth = self._table, None, 0
        rows = [(row, head) for row, head in zip(table.rows, table.heads, strict=True) if any(row)]
        if len(rows) == 1 or max((len(row) for row, _ in rows), default=0) == 1:  # a page laid out by tables
            for row, _ in rows:
                for cell in filter(None, row):
                    self._emit(Block("text", cell))
        elif rows and rows[0][1]:
            header = joined(rows[0][0])
            for row, _ in rows[1:]:
                self._emit(Block("row", joined(row), header=header))
        else:
            for block in grid_blocks((row for row, _ in rows), level=0):
                self._emit(block)
