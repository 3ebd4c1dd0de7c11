"""Whatever a model writes: Telegram takes it, nothing is lost, the pieces are the whole."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sovetnik.telegram_ui.pieces import pieces, plain_pieces
from tests.telegram_ui.answers import ANSWER, BROKEN, CUT, accepted, check, nothing_lost

SPECIFICATION = json.loads(Path(__file__).with_name("commonmark.json").read_text(encoding="utf-8"))

often = settings(
    max_examples=int(os.environ.get("ANSWERS", "170")), deadline=None, suppress_health_check=list(HealthCheck)
)
"""For a long look: ANSWERS=3000 pytest tests/telegram_ui/test_pieces_any_text.py"""


@often
@given(markdown=ANSWER, times=st.integers(1, 20))
def test_an_answer_is_taken_whole(markdown: str, times: int) -> None:
    text = "\n\n".join([markdown] * times)
    nothing_lost(text, check(text))
    assert pieces(text) == pieces(text)


@example(markdown="а\tа\n|---|---|\n```", times=7)
@often
@given(markdown=BROKEN, times=st.sampled_from([1, 1, 1, 7, 60]))
def test_broken_markdown_is_taken_whole(markdown: str, times: int) -> None:
    found = check(markdown * times)
    if "<!--" not in markdown * times and "]:" not in markdown * times:  # comments may go; references move
        nothing_lost(markdown * times, found)


@often
@given(markdown=CUT)
def test_an_answer_that_breaks_off_is_taken_whole(markdown: str) -> None:
    nothing_lost(markdown, check(markdown))


@often
@given(text=st.text(alphabet=st.characters(), max_size=60), times=st.sampled_from([1, 1, 200]))
def test_any_text_at_all_is_taken(text: str, times: int) -> None:
    check(text * times)
    for piece in plain_pieces(text * times):
        accepted(piece)


@pytest.mark.parametrize("number", range(0, len(SPECIFICATION["examples"]), 50))
def test_every_example_of_the_commonmark_specification_is_taken(number: int) -> None:
    for markdown in SPECIFICATION["examples"][number : number + 50]:
        assert check(markdown) or not markdown.strip()
