"""From blocks to chunks."""

import re
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from sovetnik.knowledge.chunks import LIMIT, Block, Chunk, chunks_of
from sovetnik.knowledge.reading.cleaning import clean
from sovetnik.knowledge.reading.markdown import markdown_blocks
from tests.knowledge_reading.making import heading, row, text

SENTENCE = "Привозим кровать в удобный для вас день и заносим в комнату. "
LONG = (SENTENCE * 6).strip()


def markdown(source: str) -> list[Chunk]:
    return chunks_of("a.md", markdown_blocks(clean(source)))


def test_a_chunk_carries_its_heading_path():
    chunks = markdown(
        f"# Доставка\n\n{LONG}\n\n## По области\n\n{LONG}\n\n### Суздаль\n\n{LONG}\n\n## Оплата\n\n{LONG}"
    )
    assert [chunk.heading for chunk in chunks] == [
        "Доставка",
        "Доставка › По области",
        "Доставка › По области › Суздаль",
        "Доставка › Оплата",
    ]
    assert {chunk.text for chunk in chunks} == {LONG}


def test_no_heading_no_path():
    assert chunks_of("a.txt", [text("Работаем с 9 до 18.")]) == [Chunk("a.txt", "", "Работаем с 9 до 18.")]


def test_nothing_gives_nothing():
    assert chunks_of("a.md", []) == []
    assert chunks_of("a.md", [text("  \n ")]) == []


def test_a_long_section_is_cut_at_paragraphs_into_equal_parts():
    chunks = chunks_of("a.md", [heading("О нас", 1), *[text(LONG)] * 7])
    assert all(chunk.heading == "О нас" for chunk in chunks)
    assert sum(chunk.text.count(LONG) for chunk in chunks) == 7
    assert all(600 <= len(chunk.text) <= 1300 for chunk in chunks)


def test_a_long_paragraph_is_cut_at_sentences():
    chunks = chunks_of("a.md", [text(SENTENCE * 100)])
    assert all(chunk.text.endswith("комнату.") for chunk in chunks)
    assert all(500 <= len(chunk.text) <= LIMIT for chunk in chunks)


def test_abbreviations_do_not_end_a_sentence():
    chunks = chunks_of("a.md", [text("Приезжайте: г. Владимир, ул. Мира, д. 5, к И. П. Иванову. " * 60)])
    assert all(chunk.text.endswith("Иванову.") for chunk in chunks)


def test_tiny_neighbours_under_one_parent_are_merged():
    chunks = markdown(
        "# Вопросы\n\n## Есть парковка?\n\nДа, во дворе.\n\n## Можно с собакой?\n\nМожно, на поводке.\n"
    )
    assert chunks == [
        Chunk(
            "a.md",
            "Вопросы",
            "### Есть парковка?\nДа, во дворе.\n\n### Можно с собакой?\nМожно, на поводке.",
        )
    ]


def test_tiny_sections_of_different_parents_stay_apart():
    chunks = markdown("# А\n\n## Раз\n\nодин\n\n# Б\n\n## Два\n\nдва\n")
    assert [(chunk.heading, chunk.text) for chunk in chunks] == [("А › Раз", "один"), ("Б › Два", "два")]


def test_a_large_section_is_not_merged():
    chunks = markdown(f"# А\n\n## Раз\n\nодин\n\n## Два\n\n{LONG}\n\n## Три\n\nтри\n")
    assert [chunk.heading for chunk in chunks] == ["А › Раз", "А › Два", "А › Три"]


def test_each_part_of_a_table_repeats_the_header_and_rows_stay_whole():
    rows = [
        row(f"Кровать «Нерль» {number} | ясень | {number} 900 ₽ | 160×200", "Модель | Порода | Цена | Размер")
        for number in range(100)
    ]
    chunks = chunks_of("a.md", [heading("Цены", 1), *rows])
    assert len(chunks) > 3
    lines = [line for chunk in chunks for line in chunk.text.split("\n")]
    assert all(chunk.text.startswith("Модель | Порода | Цена | Размер\n") for chunk in chunks)
    assert [line for line in lines if not line.startswith("Модель")] == [each.text for each in rows]


def test_two_tables_in_one_chunk_keep_their_own_headers():
    (chunk,) = chunks_of("a.md", [row("1 | 2", "а | б"), row("3 | 4", "в | г")])
    assert chunk.text == "а | б\n1 | 2\n\nв | г\n3 | 4"


def test_a_header_longer_than_a_chunk_is_told_once():
    header = " | ".join(f"колонка{number}" for number in range(300))
    chunks = chunks_of("a.csv", [row("раз | два", header), row("три | четыре", header)])
    assert all(len(chunk.text) <= LIMIT for chunk in chunks)
    assert sum(chunk.text.count("колонка299") for chunk in chunks) == 1


def test_a_list_stays_with_its_lead_in_line():
    items = "\n".join(f"- пункт {number} про то, что входит в цену кровати" for number in range(15))
    chunks = chunks_of("a.md", [text(LONG), text("Входит в цену:"), text(items), text(LONG)])
    assert any(f"Входит в цену:\n\n{items}" in chunk.text for chunk in chunks)


def test_a_long_list_repeats_its_lead_in_line():
    items = [f"- пункт {number} про то, что не входит в цену кровати и матраса" for number in range(80)]
    chunks = chunks_of("a.md", [text("Не входит в цену:"), text("\n".join(items))])
    assert len(chunks) > 3
    assert all(chunk.text.startswith("Не входит в цену:\n- пункт") for chunk in chunks)
    assert [line for chunk in chunks for line in chunk.text.split("\n")[1:]] == items


def test_questions_stay_with_their_answers():
    pairs = [f"**Сколько стоит доставка номер {number}?**\n\n{LONG}" for number in range(12)]
    chunks = markdown("\n\n".join(pairs))
    assert len(chunks) > 3
    assert all(chunk.text.startswith("**Сколько") and chunk.text.endswith("комнату.") for chunk in chunks)


def test_q_and_a_stay_together():
    chunks = markdown("\n\n".join(f"Q: Where is shop {number}\n\nA: {LONG}" for number in range(12)))
    assert all(chunk.text.startswith("Q: ") and not chunk.text.endswith("shop") for chunk in chunks)


def test_headings_alone_are_not_lost():
    chunks = chunks_of("a.pdf", [heading("Кровати", 1), heading("Матрасы", 1), heading("Тумбы", 2)])
    assert "Кровати" in chunks[0].text
    assert any("Тумбы" in chunk.text for chunk in chunks)


def test_a_heading_of_a_page_is_a_paragraph():
    (chunk,) = chunks_of("a.md", [heading("слово " * 60, 1)])
    assert chunk.heading == ""
    assert chunk.text.split() == ["слово"] * 60


WORD = st.text("абвгдеёжАБabcXYZ0123456789", min_size=1, max_size=14)
WORDS = st.lists(WORD, min_size=1, max_size=400).map(" ".join)
LINE = st.lists(WORD, min_size=1, max_size=12).map(" ".join)
PIECES = st.one_of(
    st.tuples(st.integers(1, 6), LINE).map(lambda each: "#" * each[0] + " " + each[1]),
    WORDS,
    st.lists(LINE, min_size=1, max_size=60).map(lambda lines: "\n".join(f"- {line}" for line in lines)),
    st.lists(LINE, min_size=1, max_size=9).map(
        lambda lines: "\n".join(f"{at}. {line}" for at, line in enumerate(lines, 1))
    ),
    LINE.map(lambda line: f"{line}:"),
    LINE.map(lambda line: f"**{line}?**"),
    st.lists(st.tuples(LINE, WORD), min_size=1, max_size=40).map(
        lambda rows: "| первая | вторая |\n|---|---|\n" + "\n".join(f"| {a} | {b} |" for a, b in rows)
    ),
    WORDS.map(lambda code: f"```\n{code}\n```"),
)
_WORD = re.compile(r"\w+")


@settings(max_examples=80, deadline=None)
@given(st.lists(PIECES, max_size=25))
def test_no_word_is_lost_and_no_chunk_is_too_long(pieces: list[str]):
    blocks = list(markdown_blocks("\n\n".join(pieces)))
    chunks = chunks_of("a.md", blocks)
    assert all(0 < len(chunk.text) <= LIMIT for chunk in chunks)
    wanted = Counter(_WORD.findall(" ".join(pieces)))
    found = Counter(word for chunk in chunks for word in _WORD.findall(f"{chunk.heading} {chunk.text}"))
    assert wanted.keys() == found.keys()
    body = Counter(word for block in blocks if block.kind != "heading" for word in _WORD.findall(block.text))
    assert not body - found


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.builds(
            Block,
            st.sampled_from(["heading", "text", "row"]),
            st.text(max_size=3000),
            st.integers(-1, 9),
            st.text(max_size=900),
        ),
        max_size=8,
    )
)
def test_any_blocks_make_chunks_within_the_limit(blocks: list[Block]):
    chunks = chunks_of("a.md", blocks)
    assert all(0 < len(chunk.text) <= LIMIT for chunk in chunks)
    wanted = "".join("".join(block.text.split()) for block in blocks if block.kind != "heading")
    found = Counter("".join(chunk.text for chunk in chunks))
    assert not Counter(wanted) - found


def test_a_run_of_full_stops_costs_no_time():
    assert chunks_of("a.txt", [text("." * 300_000 + "a")])
    assert chunks_of("a.txt", [text("? " * 300_000)])
