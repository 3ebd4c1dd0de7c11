"""HTML pages: headings, paragraphs, lists and tables, without what is not content.

A stream of tags and no tree: ten megabytes of nested tags cost no memory.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser

from sovetnik.knowledge.chunks import Block
from sovetnik.knowledge.reading.encoding import decode
from sovetnik.knowledge.reading.html_pieces import Pieces, words
from sovetnik.knowledge.reading.unreadable import Unreadable

_CHARSET = re.compile(rb"<meta[^>]{0,300}?charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
_INVISIBLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_DROPPED = words(
    "audio button canvas datalist dialog embed footer iframe map math menu nav noscript object script "
    "select style svg template textarea video"
)
_DROPPED_ROLES = frozenset({"navigation", "contentinfo", "search", "menu", "menubar"})
_VOID = words("area base br col embed hr img input link meta param source track wbr")
_SELF_CLOSING = words("dd dt li optgroup option p tbody td tfoot th thead tr")
_DEEPEST = 20_000  # honest pages stay below a hundred, and careless ones below a thousand
_FEED = 64 * 1024


def html_text(raw: bytes) -> str:
    """The page's text in the encoding that it names.

    Raises:
        Unreadable: it is not text.
    """
    named = _CHARSET.search(raw[:4096])
    return decode(raw, named[1].decode("ascii") if named else "")


def html_blocks(text: str) -> Iterator[Block]:
    """The blocks of an HTML page."""
    page = _Page()
    for at in range(0, len(text), _FEED):
        page.feed(text[at : at + _FEED])
        yield from page.pieces.taken()
    page.close()
    page.pieces.finish()
    yield from page.pieces.taken()


class _Page(HTMLParser):
    """Says what is content; :class:`Pieces` makes blocks of it."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces = Pieces()
        self._dropping = ""  # the element that is being left out …
        self._open = 0  # elements, void ones and those that end by themselves aside
        self._inside: Counter[str] = Counter()  # … and what is open inside it

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _VOID and tag not in _SELF_CLOSING:
            self._open += 1
            if self._open > _DEEPEST:
                raise Unreadable("its tags are nested beyond measure: save the page again from the browser")
        if self._dropping:
            if tag != self._dropping or tag not in _SELF_CLOSING:
                self._inside[tag] += 1
                return
            self._dropping = ""
        if tag not in _VOID and _is_dropped(tag, attrs):
            self._dropping = tag
            self._inside.clear()
            return
        self.pieces.start(tag, dict(attrs))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _VOID:
            self.handle_starttag(tag, attrs)
        else:  # "<div/>" opens a div, browsers say; but inside svg it does not
            self.handle_starttag(tag, attrs)
            if self._dropping:
                self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        self._open -= tag not in _SELF_CLOSING
        if not self._dropping:
            self.pieces.end(tag)
        elif self._inside[tag] > 0:
            self._inside[tag] -= 1
        else:  # its own end, or of something around it
            own = tag == self._dropping
            self._dropping = ""
            if not own:
                self.pieces.end(tag)

    def handle_data(self, data: str) -> None:
        if not self._dropping:
            self.pieces.data(data)


def _is_dropped(tag: str, attrs: list[tuple[str, str | None]]) -> bool:
    if tag in _DROPPED:
        return True
    for name, value in attrs:
        if name == "hidden" or (name == "aria-hidden" and value == "true"):
            return True
        if name == "style" and value and _INVISIBLE.search(value):
            return True
        if name == "role" and value in _DROPPED_ROLES:
            return True
    return False
