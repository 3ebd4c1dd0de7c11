"""A model's Markdown as messages: nothing is lost, nothing is refused."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sovetnik.telegram_ui.pieces import LIMIT, Piece, pieces


def width(text: str) -> int:
    """UTF-16 units, as Telegram counts."""
    return len(text.encode("utf-16-le")) // 2


def marked(piece: Piece) -> list[tuple[str, str]]:
    raw = piece.text.encode("utf-16-le")
    return [
        (entity.type, raw[2 * entity.offset : 2 * (entity.offset + entity.length)].decode("utf-16-le"))
        for entity in piece.entities
    ]


def letters(text: str) -> str:
    return "".join(char for char in text if char.isalnum())


def check(markdown: str) -> list[Piece]:
    found = pieces(markdown)
    for piece in found:
        assert 0 < width(piece.text) <= LIMIT
        for entity in piece.entities:
            assert entity.offset >= 0
            assert entity.length > 0
            assert entity.offset + entity.length <= width(piece.text)
            # an entity that cuts an emoji in two is no text any more
            assert marked(piece)
    return found


def test_a_short_answer_is_one_message_with_its_marks_as_entities() -> None:
    (piece,) = check("Кровать **«Нерль»** 😀 стоит _62 900 ₽_, [подробнее](https://example.com/a_b_c)")
    assert piece.text == "Кровать «Нерль» 😀 стоит 62 900 ₽, подробнее"
    assert marked(piece) == [("bold", "«Нерль»"), ("italic", "62 900 ₽"), ("text_link", "подробнее")]


def test_underscores_in_names_and_addresses_stay() -> None:
    (piece,) = check("https://example.com/some_long_name_here и файл price_list_2026.pdf")
    assert piece.text == "https://example.com/some_long_name_here и файл price_list_2026.pdf"


@pytest.mark.parametrize("markdown", ["**", "***", "_", "```", "# ", "> ", "- ", "[]()", "|", "---"])
def test_an_answer_of_nothing_but_marks_is_sent_as_it_is(markdown: str) -> None:
    found = check(markdown)
    assert found
    assert all(piece.text.strip() for piece in found)


@pytest.mark.parametrize("count", [4096, 4097, 20_000])
def test_a_long_answer_is_cut_and_arrives_whole(count: int) -> None:
    words = " ".join(f"слово{n}" for n in range(count // 6))[:count]
    found = check(words)
    assert len(found) == -(-count // LIMIT) or len(found) <= count // LIMIT + 2
    assert letters("".join(piece.text for piece in found)) == letters(words)


def test_emoji_count_as_telegram_counts_them() -> None:
    markdown = "😀" * 4000
    found = check(markdown)
    assert sum(piece.text.count("😀") for piece in found) == 4000


def test_a_long_word_is_cut_all_the_same() -> None:
    found = check("щ" * 10_000)
    assert sum(len(piece.text) for piece in found) == 10_000


def test_code_and_tables_of_a_long_answer_keep_their_text() -> None:
    code = "\n".join(f"line_{n} = {n}" for n in range(600))
    table = "\n".join(f"| Кровать {n} | {n} 900 ₽ |" for n in range(200))
    markdown = f"Вот код:\n\n```python\n{code}\n```\n\n| Модель | Цена |\n|---|---|\n{table}\n\nВсё."
    text = "".join(piece.text for piece in check(markdown))
    assert all(f"line_{n} = {n}" in text for n in range(600))
    assert all(f"Кровать {n}" in text for n in range(200))
    assert text.rstrip().endswith("Всё.")


def test_the_same_answer_is_always_cut_the_same_way() -> None:
    markdown = "\n\n".join(f"**Пункт {n}** и ещё немного слов 😀" for n in range(400))
    assert pieces(markdown) == pieces(markdown)


def test_no_message_has_more_entities_than_telegram_takes() -> None:
    assert all(len(piece.entities) <= 100 for piece in check(" ".join(f"**слово{n}**" for n in range(150))))


WORDS = st.text(alphabet="абвгд xyz 019 😀👨\u200d👩é", min_size=1, max_size=30)
INLINE = ["**", "__", "*", "_", "`", "```", "~~", "||", "[", "]", "(", ")", "!", "\\", "<br>", "<b>", "&amp;"]
BLOCK = [
    "#",
    "##",
    ">",
    "-",
    "1.",
    "|",
    "|---|---|",
    "\n",
    "\n\n",
    "    ",
    "\t",
    "[a](http://x.y)",
    "![i](u)",
]
MARKS = st.sampled_from([*INLINE, *BLOCK])


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(parts=st.lists(st.one_of(WORDS, MARKS), min_size=1, max_size=40))
def test_whatever_a_model_writes_is_sent_within_the_limits(parts: list[str]) -> None:
    markdown = "".join(parts)
    if markdown.strip():
        check(markdown)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    parts=st.lists(
        st.one_of(
            st.text(alphabet="абвгдежз ёщ", min_size=1, max_size=20),
            st.sampled_from(
                ["**", "__", "*", "_", "~~", "||", "\n", "\n\n", "- ", "> ", "## ", "😀", " `", "` "]
            ),
        ),
        min_size=1,
        max_size=40,
    ),
    repeat=st.integers(1, 40),
)
def test_no_letter_of_the_answer_is_lost(parts: list[str], repeat: int) -> None:
    markdown = "".join(parts) * repeat
    wanted = re.findall(r"[а-яё]", markdown)
    if wanted:
        sent = "".join(piece.text for piece in check(markdown))
        assert re.findall(r"[а-яё]", sent) == wanted
