"""A model's Markdown as messages: nothing is lost, nothing is refused."""

from __future__ import annotations

import pytest

from sovetnik.telegram_ui.pieces import LIMIT, Piece, pieces, plain_pieces
from tests.telegram_ui.answers import accepted, check, width


def marked(piece: Piece) -> list[tuple[str, str]]:
    raw = piece.text.encode("utf-16-le")
    return [
        (entity.type, raw[2 * entity.offset : 2 * (entity.offset + entity.length)].decode("utf-16-le"))
        for entity in piece.entities
    ]


def letters(text: str) -> str:
    return "".join(char for char in text if char.isalnum())


def one(markdown: str) -> Piece:
    (piece,) = check(markdown)
    return piece


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


# tables


def test_a_table_that_fits_a_phone_stays_one() -> None:
    piece = one("| Модель | Цена |\n|---|---:|\n| **Нерль** | 62 900 |\n| Ока<br>малая | 1 \\| 2 |")
    assert piece.text.split("\n") == [
        "Модель    Цена",
        "──────  ──────",
        "Нерль   62 900",
        "Ока      1 | 2",
        "малая",
    ]
    assert [kind for kind, _ in marked(piece)] == ["pre"]


def test_a_wide_table_becomes_cards() -> None:
    piece = one(
        "| Модель | Размер спального места | Срок изготовления |\n|---|---|---|\n"
        "| [Нерль](https://x.ru/n) | 160×200 | **14** дней |\n| Ока | | 10<BR/>дней |"
    )
    assert piece.text == (
        "Модель\n\nНерль\nРазмер спального места: 160×200\nСрок изготовления: 14 дней\n\n"
        "Ока\nСрок изготовления: 10\nдней"
    )
    assert [entity.url for entity in piece.entities if entity.url] == ["https://x.ru/n"]
    assert [text for kind, text in marked(piece) if kind == "bold"] == ["Нерль", "14", "Ока"]


def test_a_wide_table_of_two_columns_becomes_lines() -> None:
    piece = one(
        "| Параметр | Значение |\n|---|---|\n"
        "| Нагрузка на одно спальное место | до 140 кг |\n| Высота: | 32 см, под робот-пылесос |"
    )
    assert piece.text == (
        "Параметр: Значение\nНагрузка на одно спальное место: до 140 кг\nВысота: 32 см, под робот-пылесос"
    )


def test_a_small_table_with_links_keeps_them() -> None:
    piece = one("| а | б |\n|---|---|\n| [в](https://x.ru/1) | г |")
    assert [entity.url for entity in piece.entities if entity.url] == ["https://x.ru/1"]


def test_tables_in_lists_and_quotes_and_cells_beyond_the_head_are_not_lost() -> None:
    piece = one(
        "- цены\n\n  | а | б |\n  |---|---|\n  | в | г |\n\n> | д | е |\n> |---|---|\n> | ж | з | и |"
    )
    assert all(letter in piece.text for letter in "абвгдежзи")
    assert [kind for kind, _ in marked(piece)].count("pre") == 2


# marks and blocks


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("# Раз\nтекст\n\n---\n\nещё", "Раз\nтекст\n\n———\n\nещё"),
        ("- а\n  - б\n    - в\n- г", "• а\n   • б\n      • в\n• г"),
        ("- а\n\n  абзац\n- б", "• а\n\n   абзац\n• б"),
        ("- [x] да\n- [ ] нет", "☑ да\n☐ нет"),
        ("3. а\n4. б\n\nИ 1) в", "3. а\n4. б\n\nИ 1) в"),
        ("1. а\n1. б\n1. в", "1. а\n2. б\n3. в"),
        ("было<br>стало<BR/>\nи <u>так</u><!-- нет -->", "было\nстало\nи <u>так</u>"),
        ("<div>\n**да**\n</div>", "<div>\nда\n</div>"),
        ("<!-- нет -->\nда", "да"),
        ("<!-- не кончается", "<!-- не кончается"),
        ("Ясень[^1].\n\n[^1]: Твёрдая порода", "Ясень[1].\n\n[1] Твёрдая порода"),
        ("[Важно]: позвоните", "[Важно]: позвоните"),
        (r"Итог \(\frac{a}{2} \cdot x^2\) и $$\sqrt{y}$$", "Итог a / 2 ⋅ x² и\n√y̅"),
        ("от $5 за **штуку** до 10$", "от $5 за штуку до 10$"),
        ("~5 км или ~7 км, ~~нет~~", "~5 км или ~7 км, нет"),
        ("**Цена:**62 и слово**«Нерль»**", "Цена:62 и слово«Нерль»"),
        ("```Ваш заказ\nкровать\n```", "Ваш заказ\nкровать"),
        ("> раз\n> > два", "раз\nдва"),
    ],
)
def test_marks_become_what_they_mean(markdown: str, text: str) -> None:
    assert one(markdown).text == text


@pytest.mark.parametrize(
    "markdown",
    [
        "Цена 5 ₽【4:0†source】.",
        "Цена 5 ₽ 【12:3†price list.pdf】.",
        "Цена 5 ₽\ue200cite\ue202turn0file1\ue202turn2search10\ue201.",
        "Цена 5 ₽ citeturn0file1.",
        "Цена 5 ₽.【4:0†sour",
        "Цена 5 ₽.【4:",
        "Цена 5 ₽.\ue200filecite\ue202turn0",
    ],
)
def test_citation_marks_are_dropped(markdown: str) -> None:
    assert one(markdown).text == "Цена 5 ₽."


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("javascript:alert(1)", "javascript:alert(1)"),
        ("../price.pdf", "../price.pdf"),
        ("price.pdf", "price.pdf"),
        ("mailto:me@x.ru", "me@x.ru"),
        ("tel:+79123456789", "+79123456789"),
        ("http://localhost/a", "http://localhost/a"),
        ("tg://%%%", "tg://%%%"),
        ("<https://x.ru/a b>", "https://x.ru/a b"),
        ("https://x.ru/" + "a" * 3000, "https://x.ru/" + "a" * 3000),
    ],
)
def test_an_address_that_telegram_would_refuse_is_shown(address: str, shown: str) -> None:
    piece = one(f"[тут]({address})")
    assert piece.text == f"тут ({shown})"
    assert not piece.entities


@pytest.mark.parametrize(
    "address",
    ["https://x.ru/a_b?c=1#d", "http://кровати.рф", "tg://resolve?domain=shop", "https://x.ru:8443/"],
)
def test_a_good_address_is_a_link_and_so_is_an_image(address: str) -> None:
    piece = one(f"[тут]({address}) ![фото]({address}) ![]({address})")
    assert [entity.url for entity in piece.entities] == [address] * 3
    assert piece.text == f"тут фото {address}"


def test_an_answer_with_nothing_to_read_has_no_pieces() -> None:
    assert pieces("") == pieces(" \n\u200b") == plain_pieces("\n") == pieces("【4:0†source】") == []


# where it is cut


def test_a_paragraph_is_cut_before_a_sentence_and_a_sentence_before_a_word() -> None:
    paragraphs = ["Первое. Второе. " * 100 + "Конец" for _ in range(4)]
    assert [piece.text for piece in check("\n\n".join(paragraphs))] == [
        "\n\n".join(paragraphs[:2]),
        "\n\n".join(paragraphs[2:]),
    ]
    assert all(piece.text.endswith(".") for piece in check("Одно и то же снова. " * 600))
    assert all(piece.text.endswith("слово") for piece in check("слово " * 1500))


def test_a_heading_and_an_announcement_stay_with_what_follows() -> None:
    text = "а" * 3000
    first, second = check(f"{text}\n\nСписок:\n\n- {'б' * 1500}")
    assert (first.text, second.text[:7]) == (text, "Список:")
    first, second = check(f"{text}\n\n## Цены\n\n{'б' * 1500}")
    assert (first.text, second.text[:4]) == (text, "Цены")


def test_a_link_and_inline_code_are_not_cut() -> None:
    filler = "слово " * 680
    for mark in ("[одна ссылка из слов](https://x.ru)", "`один код из слов`"):
        found = [text for piece in check(filler + mark + " " + filler) for _, text in marked(piece)]
        assert found in (["одна ссылка из слов"], ["один код из слов"])


def test_a_long_code_block_goes_on_as_code_of_its_language() -> None:
    body = "\n".join(f"def f{n}():\n    return {n}" for n in range(600))
    found = check(f"Вот:\n\n```python\n{body}\n```\n\nВсё.")
    assert len(found) > 2
    for piece in found:
        (code,) = piece.entities
        assert (code.type, code.language) == ("pre", "python")
    assert all(piece.text.startswith("def ") for piece in found[1:])


def test_a_long_quote_goes_on_as_a_quote() -> None:
    found = check("\n>\n".join(f"> Абзац {n}. " + "слово " * 60 for n in range(30)))
    assert len(found) > 2
    assert all([entity.type for entity in piece.entities] == ["blockquote"] for piece in found)


@pytest.mark.parametrize("whole", ["👨\u200d👩\u200d👧\u200d👦", "🇷🇺", "👍🏽", "e\u0301", "1\ufe0f\u20e3"])
def test_what_is_one_character_for_the_reader_is_not_cut(whole: str) -> None:
    for piece in check("ж" + whole * 3000):
        assert not piece.text.removeprefix("ж").replace(whole, "")


def test_many_marks_are_cut_at_lines() -> None:
    found = check("\n".join(f"- **пункт {n}** и _ещё_" for n in range(160)))
    assert all(piece.text.startswith("• ") and piece.text.endswith("ещё") for piece in found)


def test_plain_pieces_are_cut_the_same_way() -> None:
    found = plain_pieces("**слово** " * 1000)
    assert all(width(piece.text) <= LIMIT and piece.text.endswith("**") for piece in found)
    for piece in found:
        accepted(piece)
