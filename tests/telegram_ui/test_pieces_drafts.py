"""An answer that is still being written: no raw marks, no refusal, at every letter."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sovetnik.telegram_ui.pieces import ENTITIES, LIMIT, Piece, draft_piece
from tests.telegram_ui.answers import ANSWER, BROKEN, accepted, width

ANSWERS = {
    "marks": "Кровать **«Нерль»** стоит *62 900 ₽*, ***очень*** ~~дорого~~ `RAL_9010` и [тут](https://x.ru/a_b).",
    "code": "Вот:\n\n```python\ndef f(a):\n    return a  # ок\n```\n\nи `f(1)`: **да**.",
    "table": "Цены:\n\n| Модель | Цена |\n|:---|---:|\n| **Нерль** | 62 900 ₽ |\n| Ока | 5 |\n\nВсё.",
    "lists": "## Как\n\n1. раз\n   - **два**\n   - [x] три\n2. четыре\n\n---\n\n> цитата _тут_\n\nКонец",
    "rest": "Ясень【4:0†price.md】 – \\(\\frac{a}{2}\\) и $$\\sqrt{y}$$<br>ещё <!-- нет --> &nbsp;да ![фото](https://x.ru/1)",
}
RAW = re.compile(r"\*|~~|`|\]\(|\||<|【|\\|\$|&|^#|_(?!9010|b)|\[")


def shown(piece: Piece) -> str:
    """The text without what stands in code."""
    units = piece.text.encode("utf-16-le")
    for entity in piece.entities:
        if entity.type in {"code", "pre"}:
            start, end = 2 * entity.offset, 2 * (entity.offset + entity.length)
            units = units[:start] + b"x\0" * entity.length + units[end:]
    return units.decode("utf-16-le")


@pytest.mark.parametrize("name", ANSWERS)
def test_no_raw_mark_is_seen_at_any_moment(name: str) -> None:
    markdown = ANSWERS[name]
    for end in range(len(markdown) + 1):
        piece = draft_piece(markdown[:end])
        assert not RAW.search(shown(piece)), (markdown[:end], piece.text)
        if piece.text:
            accepted(piece)


def test_a_mark_counts_before_it_is_closed() -> None:
    piece = draft_piece("Кровать **«Нер")
    assert piece.text == "Кровать «Нер"
    assert [(e.type, e.offset, e.length) for e in piece.entities] == [("bold", 8, 4)]


def test_of_a_long_answer_the_end_is_shown_from_a_paragraph_on() -> None:
    markdown = "\n\n".join(f"Абзац **{n}**. " + "слово " * 50 for n in range(60)).strip()
    piece = draft_piece(markdown)
    assert piece.text.startswith("…\nАбзац ")
    assert piece.text.endswith("слово")
    assert LIMIT // 2 < width(piece.text) <= LIMIT
    accepted(piece)


def test_nothing_to_show_yet() -> None:
    assert draft_piece("").text == draft_piece("**").text == draft_piece("| а").text == ""


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    markdown=st.one_of(ANSWER, BROKEN),
    share=st.floats(0, 1),
    times=st.sampled_from([1, 1, 50]),
)
def test_any_beginning_is_one_message(markdown: str, share: float, times: int) -> None:
    text = markdown * times
    piece = draft_piece(text[: int(len(text) * share)])
    assert width(piece.text) <= LIMIT
    assert len(piece.entities) <= ENTITIES
    if piece.text:
        accepted(piece)
