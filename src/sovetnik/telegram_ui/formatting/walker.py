"""The parser's events written out as text with spans."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass

from sovetnik.telegram_ui.formatting import tables
from sovetnik.telegram_ui.formatting.latex import readable
from sovetnik.telegram_ui.formatting.links import shown, usable
from sovetnik.telegram_ui.formatting.source import BR, Event, parse
from sovetnik.telegram_ui.formatting.styled import Page, Styled, normalised

RULE = "———"
INDENT = "   "
"""Of a nested list, and of the further lines of an item."""

_LANGUAGE = re.compile(r"[\w+#.-]{1,32}", re.ASCII)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_BLANK_LINE = re.compile(rb"\n[ \t>]*\n[ \t>]*\Z")
_NUMBER = re.compile(rb"(\d{1,9})([.)])")
_STYLES = {"Strong": "bold", "Emphasis": "italic", "Strikethrough": "strikethrough"}


def render(text: str) -> Styled:
    """Markdown, already cleaned, as text with spans."""
    source, events = parse(text)
    return normalised(_Walker(source).walk(events))


@dataclass
class _List:
    first: int | None
    """The number it begins with; None for bullets."""
    next: int = 0


class _Walker:
    def __init__(self, source: bytes) -> None:
        self._source = source
        self._page = Page()
        self._starts: list[int] = []
        self._links: list[tuple[int, str]] = []
        self._lists: list[_List] = []
        self._quotes = 0
        self._quote_indent = ""
        self._code: list[str] | None = None
        self._info = ""
        self._html: list[str] = []
        self._after_break = False
        self._table = tables.Table(())
        self._row: list[Styled] = []
        self._row_end = 0
        self._outer = self._page  # while a cell is read
        self._on: dict[str, Callable[[Event], None]] = {
            "Text": self._text,
            "Code": self._inline_code,
            "InlineMath": lambda event: self._page.text(readable(event.value)),
            "DisplayMath": self._display_math,
            "InlineHtml": self._inline_html,
            "Html": lambda event: self._html.append(event.value),
            "SoftBreak": self._line_break,
            "HardBreak": self._line_break,
            "Rule": self._rule,
            "TaskListMarker": self._task,
            "FootnoteReference": lambda event: self._page.text(f"[{event.value}]"),
            "Start FootnoteDefinition": self._footnote,
            "Start Paragraph": self._block,
            "Start Heading": self._heading,
            "End Heading": self._end_heading,
            "Start BlockQuote": self._quote,
            "End BlockQuote": self._end_quote,
            "Start CodeBlock": self._code_block,
            "End CodeBlock": self._end_code_block,
            "Start HtmlBlock": self._block,
            "End HtmlBlock": self._end_html_block,
            "Start List": self._list,
            "End List": self._end_list,
            "Start Item": self._item,
            "End Item": self._end_item,
            "Start Link": self._link,
            "End Link": self._end_link,
            "Start Image": self._link,
            "End Image": self._end_link,
            "Start Table": self._start_table,
            "End Table": self._end_table,
            "Start TableHead": self._start_row,
            "End TableHead": self._end_head,
            "Start TableRow": self._start_row,
            "End TableRow": self._end_row,
            "Start TableCell": self._start_cell,
            "End TableCell": self._end_cell,
        }
        for tag, kind in _STYLES.items():
            self._on[f"Start {tag}"] = self._start_style
            self._on[f"End {tag}"] = lambda _event, kind=kind: self._page.mark(kind, self._starts.pop())

    def walk(self, events: list[Event]) -> Styled:
        """The whole document."""
        for event in events:
            handle = self._on.get(event.name)
            if handle is not None:
                handle(event)
            elif event.name.startswith("End "):
                self._page.newlines(1)
            if event.name != "SoftBreak":
                self._after_break = False
            if event.name == "InlineHtml" and BR.fullmatch(event.value):
                self._after_break = True
        return self._page.styled()

    def _block(self, event: Event) -> None:
        """Blocks stand as far apart as the model wrote them: a blank line is kept, none is added."""
        apart = _BLANK_LINE.search(self._source, max(0, event.start - 200), event.start)
        self._page.newlines(2 if apart else 1)

    # text

    def _text(self, event: Event) -> None:
        if self._code is not None:
            self._code.append(event.value)
        else:
            self._page.text(event.value)

    def _inline_code(self, event: Event) -> None:
        start = self._page.begin()
        self._page.text(event.value)
        if not self._links:
            self._page.mark("code", start)

    def _display_math(self, event: Event) -> None:
        self._page.newlines(1)
        self._page.text(readable(event.value))
        self._page.newlines(1)

    def _inline_html(self, event: Event) -> None:
        if BR.fullmatch(event.value):
            self._page.one_more_line()
        elif not _COMMENT.fullmatch(event.value):
            self._page.text(event.value)

    def _end_html_block(self, _event: Event) -> None:
        """What was not escaped: comments, and what stands on their line."""
        self._page.text(BR.sub("\n", _COMMENT.sub("", "".join(self._html))).strip())
        self._html.clear()
        self._page.newlines(1)

    def _line_break(self, _event: Event) -> None:
        if not self._after_break:  # behind <br> the source's own line end is none more
            self._page.flush()
            self._page.newlines(1)

    def _start_style(self, _event: Event) -> None:
        self._starts.append(self._page.begin())

    def _link(self, event: Event) -> None:
        self._links.append((self._page.begin(), event.value["dest_url"].strip()))

    def _end_link(self, _event: Event) -> None:
        start, address = self._links.pop()
        label = self._page.since(start).strip()
        url = usable(address)
        if not label:
            self._page.text(shown(address))
        elif label not in {address, shown(address)} and address and (url is None or self._links):
            self._page.text(f" ({shown(address)})")  # an image in a link, or no address for Telegram
            return
        if url is not None and not self._links:
            self._page.mark("text_link", start, url=url)

    # blocks

    def _heading(self, _event: Event) -> None:
        self._page.newlines(2)
        self._starts.append(self._page.begin())

    def _end_heading(self, _event: Event) -> None:
        self._page.mark("bold", self._starts.pop())
        self._page.newlines(1)

    def _rule(self, event: Event) -> None:
        self._block(event)
        self._page.text(RULE)
        self._page.newlines(1)

    def _footnote(self, event: Event) -> None:
        self._block(event)
        self._page.flush()
        self._page.item(f"[{event.value}] ", "")

    def _quote(self, event: Event) -> None:
        self._page.flush()
        self._block(event)
        self._quotes += 1
        if self._quotes == 1:  # Telegram has no quotes in quotes
            self._quote_indent = self._page.outdent()
            self._starts.append(self._page.begin())
            self._page.fresh()

    def _end_quote(self, _event: Event) -> None:
        self._page.flush()
        self._quotes -= 1
        if not self._quotes:
            self._page.mark("blockquote", self._starts.pop())
            self._page.indent(self._quote_indent)
        self._page.newlines(1)

    def _code_block(self, event: Event) -> None:
        self._page.flush()
        self._block(event)
        self._code = []
        self._info = "" if event.value == "Indented" else str(event.value["Fenced"]).expandtabs(4).strip()

    def _end_code_block(self, _event: Event) -> None:
        code = textwrap.dedent("".join(self._code or []).expandtabs(4)).strip("\n").rstrip()
        language, _, more = self._info.partition(" ")
        if not code or not _LANGUAGE.fullmatch(language):
            language, more = None, self._info  # text on the fence's line
        code = "\n".join(filter(None, (more.strip(), code)))
        self._code = None
        if code:
            self._page.verbatim(code, language)
        self._page.newlines(1)

    # lists

    def _list(self, event: Event) -> None:
        self._begin_in_item(event)
        self._lists.append(_List(event.value))

    def _begin_in_item(self, event: Event) -> None:
        if self._page.flush():
            self._page.fresh()  # "- - a" is one line
        self._block(event)

    def _end_list(self, _event: Event) -> None:
        self._lists.pop()
        self._page.newlines(1)

    def _item(self, event: Event) -> None:
        self._begin_in_item(event)
        self._page.item(f"{self._marker(self._lists[-1], event)} ", INDENT)

    def _marker(self, this: _List, event: Event) -> str:
        if this.first is None:
            return "•"
        match = _NUMBER.match(self._source, event.start)
        number, sign = (int(match[1]), match[2].decode()) if match else (this.next, ".")
        if number == this.first:  # "1. 1. 1." counts; other numbers are meant
            number = this.next or number
        this.next = number + 1
        return f"{number}{sign}"

    def _end_item(self, _event: Event) -> None:
        self._page.end_item(INDENT)
        self._page.newlines(1)

    def _task(self, event: Event) -> None:
        self._page.bullet("☑ " if event.value else "☐ ")

    # tables

    def _start_table(self, event: Event) -> None:
        self._page.flush()
        self._block(event)
        self._table = tables.Table(tuple(event.value))

    def _start_row(self, event: Event) -> None:
        self._row = []
        self._row_end = event.start

    def _start_cell(self, _event: Event) -> None:
        self._outer, self._page = self._page, Page()

    def _end_cell(self, event: Event) -> None:
        self._row.append(self._page.styled())
        self._page = self._outer
        self._row_end = event.end

    def _end_head(self, event: Event) -> None:
        self._table.head = self._row + self._beyond(event)

    def _end_row(self, event: Event) -> None:
        self._table.rows.append(self._row + self._beyond(event))

    def _beyond(self, event: Event) -> list[Styled]:
        """Cells for which the head has no column; the parser leaves them out."""
        left = self._source[self._row_end : event.end].decode().strip().strip("|")
        cells = re.split(r"(?<!\\)\|", left)
        return [Styled(cell.replace("\\|", "|").strip()) for cell in cells if cell.strip()]

    def _end_table(self, _event: Event) -> None:
        tables.write(self._table, self._page)
        self._page.newlines(1)
