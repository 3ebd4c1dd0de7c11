"""Answers as models write them, and worse; and what Telegram says to their pieces."""

from __future__ import annotations

from collections import Counter
from unicodedata import category

from hypothesis import strategies as st

from sovetnik.demo.botapi.entities import formatted
from sovetnik.telegram_ui.formatting import clean, render
from sovetnik.telegram_ui.pieces import ENTITIES, LIMIT, Piece, pieces

NOT_SEEN = "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"


def width(text: str) -> int:
    """UTF-16 units, as Telegram counts."""
    return len(text.encode("utf-16-le")) // 2


def solid(text: str) -> str:
    """What must survive the cutting: everything but white space and what nobody can see."""
    return "".join(
        char for char in text if not (char.isspace() or char in NOT_SEEN or category(char) == "Cf")
    )


def covered(text: str, entities: list[dict[str, object]]) -> dict[object, set[int]]:
    """The UTF-16 units that each kind of entity, or each link, covers; white space does not count."""
    units = text.encode("utf-16-le")
    blank = {at for at in range(len(units) // 2) if units[2 * at : 2 * at + 2] in {b" \0", b"\n\0"}}
    found: dict[object, set[int]] = {}
    for entity in entities:
        offset, length = int(str(entity["offset"])), int(str(entity["length"]))
        found.setdefault((entity["type"], "url" in entity), set()).update(range(offset, offset + length))
    return {kind: places - blank for kind, places in found.items()}


def accepted(piece: Piece) -> None:
    """Telegram takes the piece, and shows its text and every entity as they were meant."""
    given = [entity.to_dict() for entity in piece.entities]
    shown = formatted(piece.text, "", given)
    assert shown.text == piece.text
    sent = {entity["type"] for entity in given}
    if sum(entity["type"] in sent for entity in shown.entities) >= ENTITIES:
        return  # addresses that Telegram finds in bold text cut it into more pieces than it keeps
    wanted, kept = covered(piece.text, given), covered(piece.text, shown.entities)
    assert wanted == {kind: kept.get(kind, set()) for kind in wanted}


def check(markdown: str) -> list[Piece]:
    """The pieces, after everything that must hold for any text was seen to hold."""
    found = pieces(markdown)
    for piece in found:
        assert 0 < width(piece.text) <= LIMIT
        assert len(piece.entities) <= ENTITIES
        assert piece.text == piece.text.strip()
        accepted(piece)
    whole = render(clean(markdown)).text
    if solid(whole):
        assert solid("".join(piece.text for piece in found)) == solid(whole)
    return found


def russian(text: str) -> str:
    """Russian letters: no mark, address or HTML tag has them here, so they are what is said."""
    return "".join(char for char in text if "а" <= char.lower() <= "я")


def nothing_lost(said: str, found: list[Piece]) -> None:
    """Every Russian letter is sent, and in order; a table's cards repeat its head and so may change it."""
    sent = "".join(piece.text for piece in found)
    if "|---" in said:
        assert not Counter(russian(said)) - Counter(russian(sent))
    else:
        assert russian(sent) == russian(said)


WORD = st.one_of(
    st.text(alphabet="абвгдежзиклмнопрст", min_size=1, max_size=9),
    st.sampled_from(
        [
            "delivery",
            "62\u00a0900 ₽",
            "$10.49",
            "~5",
            "a_b_c",
            "👨\u200d👩\u200d👧",
            "🇷🇺",
            "👍🏽",
            "שלום",
            "مرحبا",
            "e\u0301",
            "2*2=4",
            "C:\\dir",
            "<b>",
            "&amp;",
            "a<b",
            "https://x.ru/a_b",
            "me@x.ru",
            "【4:0†source】",
            "1.",
            "#1",
            "+7 912 345-67-89",
        ]
    ),
)
WORDS = st.lists(WORD, min_size=1, max_size=8).map(" ".join)
ADDRESS = st.sampled_from(
    [
        "https://shop.example/a?b=1#c",
        "http://x.ru",
        "javascript:alert(1)",
        "../price.pdf",
        "tg://user?id=1",
        "tg://%%% x",
        "mailto:me@x.ru",
        "https://x.ru/" + "a" * 3000,
        "<https://x.ru/a b>",
        "",
        "http://localhost",
        "https://x.ru:99999999/",
    ]
)


def _wrapped(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    around = st.sampled_from(["**", "*", "__", "_", "~~", "`", "***", "||", "$", ""])
    return st.one_of(
        st.tuples(around, inner).map(lambda pair: f"{pair[0]}{pair[1]}{pair[0]}"),
        st.tuples(inner, ADDRESS).map(lambda pair: f"[{pair[0]}]({pair[1]})"),
        st.tuples(inner, ADDRESS).map(lambda pair: f"![{pair[0]}]({pair[1]})"),
        st.lists(inner, min_size=2, max_size=3).map(" ".join),
        st.lists(inner, min_size=2, max_size=3).map("<br>".join),
    )


INLINE = st.recursive(WORDS, _wrapped, max_leaves=6)


def _indented(text: str, first: str, others: str) -> str:
    return first + text.replace("\n", "\n" + others)


def _table(rows: list[list[str]]) -> str:
    columns = len(rows[0])
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * columns, *lines[1:]])


def _around(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.lists(inner, min_size=1, max_size=4).map(
            lambda items: "\n".join(_indented(item, "- ", "  ") for item in items)
        ),
        st.lists(inner, min_size=1, max_size=4).map(
            lambda items: "\n".join(_indented(item, f"{n}. ", "   ") for n, item in enumerate(items, 1))
        ),
        inner.map(lambda text: _indented(text, "> ", "> ")),
        st.lists(inner, min_size=2, max_size=4).map("\n\n".join),
        st.lists(inner, min_size=2, max_size=3).map("\n".join),
    )


LEAF = st.one_of(
    INLINE,
    INLINE.map(lambda text: "## " + text),
    WORDS.map(lambda text: f"```python\n{text}\n    {text}\n```"),
    WORDS.map(lambda text: "- [ ] " + text),
    st.just("---"),
    WORDS.map(lambda text: f"<div>\n{text}\n</div>"),
    WORDS.map(lambda text: f"text[^1]\n\n[^1]: {text}"),
    st.lists(st.lists(INLINE, min_size=1, max_size=4), min_size=1, max_size=4).map(_table),
)
ANSWER = st.recursive(LEAF, _around, max_leaves=8)
"""Well-formed Markdown."""

MARK = st.sampled_from(
    [
        "**",
        "__",
        "*",
        "_",
        "`",
        "```",
        "```\n",
        "~~",
        "~",
        "||",
        "[",
        "]",
        "(",
        ")",
        "!",
        "\\",
        "<br>",
        "<b>",
        "&amp;",
        "$",
        "$$",
        "#",
        "## ",
        "> ",
        "- ",
        "1. ",
        "|",
        "\n|---|---|\n",
        "\n",
        "\n\n",
        "    ",
        "\t",
        "](https://x.ru)",
        "[^1]",
        "[^1]: ",
        "<!-",
        "<div>\n",
        "\\(",
        "\\)",
        "\r\n",
        "\x00",
        "\u202e",
        "\ud83d",
        "å\u030a",
        "【4:",
        "\ue200",
        "<pre>\n",
        "\n---\n",
        "===",
    ]
)
BROKEN = st.lists(st.one_of(WORD, MARK), min_size=1, max_size=40).map("".join)
"""Marks and words in any order."""

CUT = st.tuples(ANSWER, st.floats(0, 1)).map(lambda pair: pair[0][: int(len(pair[0]) * pair[1])])
"""Well-formed Markdown that ends somewhere."""
