"""How entities may lie over each other; Telegram repairs what breaks these rules and refuses nothing.

Bold, italic, underlined, struck-through and spoiler text may lie in anything but code; such an entity is cut
where a link, code or quote begins or ends in it, and where another style begins in it. Quotes may hold
everything but quotes. All others hold nothing and do not overlap.
"""

from __future__ import annotations

from itertools import pairwise

from sovetnik.demo.botapi.refusal import JsonDict

SPLITTABLE = ("bold", "italic", "underline", "strikethrough", "spoiler")
BLOCKQUOTES = ("blockquote", "expandable_blockquote")
_CODE = ("code", "pre")
# The order of entities that cover the same text, outermost first.
_RANK = {
    "blockquote": 0,
    "expandable_blockquote": 0,
    "pre": 10,
    "code": 20,
    "text_link": 49,
    "text_mention": 49,
    "bold": 90,
    "italic": 91,
    "underline": 92,
    "strikethrough": 93,
    "spoiler": 94,
    "custom_emoji": 99,
}

Span = tuple[int, int]


def nested(entities: list[JsonDict]) -> list[JsonDict]:
    """The entities sorted, with overlaps repaired: styles are cut, other things that cross are dropped."""
    entities = _in_order(entities)
    quotes = _apart([e for e in entities if e["type"] in BLOCKQUOTES])
    solid = _apart([e for e in entities if e["type"] not in (*BLOCKQUOTES, *SPLITTABLE)])
    solid = [e for e in solid if not any(_cross(e, quote) or _holds(e, quote) for quote in quotes)]
    frame = _in_order(quotes + solid)
    styles: list[JsonDict] = []
    for kind in SPLITTABLE:
        styles += _style(kind, [e for e in entities if e["type"] == kind], frame)
    return _in_order(frame + _uncrossed(styles))


def outside_of(found: list[JsonDict], given: list[JsonDict]) -> list[JsonDict]:
    """Those of ``found`` that touch no given link or code and cross no quote: the rest Telegram leaves."""
    solid = [e for e in given if e["type"] not in (*SPLITTABLE, *BLOCKQUOTES)]
    quotes = [e for e in given if e["type"] in BLOCKQUOTES]
    return [
        entity
        for entity in found
        if not any(_touch(entity, other) for other in solid)
        and not any(_cross(entity, quote) or _holds(entity, quote) for quote in quotes)
    ]


def span(entity: JsonDict) -> Span:
    """Where the entity begins and where it ends."""
    return entity["offset"], entity["offset"] + entity["length"]


def _in_order(entities: list[JsonDict]) -> list[JsonDict]:
    return sorted(entities, key=lambda e: (e["offset"], -e["length"], _RANK.get(e["type"], 50)))


def _apart(entities: list[JsonDict]) -> list[JsonDict]:
    kept: list[JsonDict] = []
    for entity in entities:
        if not kept or span(kept[-1])[1] <= entity["offset"]:
            kept.append(entity)
    return kept


def _touch(one: JsonDict, other: JsonDict) -> bool:
    return span(one)[0] < span(other)[1] and span(other)[0] < span(one)[1]


def _holds(one: JsonDict, other: JsonDict) -> bool:
    return span(one)[0] <= span(other)[0] and span(other)[1] <= span(one)[1] and span(one) != span(other)


def _cross(one: JsonDict, other: JsonDict) -> bool:
    return (
        _touch(one, other) and not _holds(one, other) and not _holds(other, one) and span(one) != span(other)
    )


def _style(kind: str, entities: list[JsonDict], frame: list[JsonDict]) -> list[JsonDict]:
    """One style: touching pieces joined, then cut where a link, code or quote begins or ends."""
    edges = {edge for entity in frame for edge in span(entity)}
    code = [span(entity) for entity in frame if entity["type"] in _CODE]
    pieces: list[Span] = []
    for begin, end in _joined([span(entity) for entity in entities]):
        cuts = [begin, *sorted(edge for edge in edges if begin < edge < end), end]
        pieces += [piece for piece in pairwise(cuts) if not _within(piece, code)]
    return [{"type": kind, "offset": begin, "length": end - begin} for begin, end in pieces]


def _joined(spans: list[Span]) -> list[Span]:
    joined: list[Span] = []
    for begin, end in sorted(spans):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return joined


def _within(piece: Span, spans: list[Span]) -> bool:
    return any(begin <= piece[0] and piece[1] <= end for begin, end in spans)


def _uncrossed(styles: list[JsonDict]) -> list[JsonDict]:
    """Cut each style where another one begins inside it, so that none crosses another."""
    starts = sorted({entity["offset"] for entity in styles})
    pieces: list[JsonDict] = []
    for entity in styles:
        begin, end = span(entity)
        cuts = [begin, *(start for start in starts if begin < start < end), end]
        for left, right in pairwise(cuts):
            pieces.append({**entity, "offset": left, "length": right - left})
    return pieces
