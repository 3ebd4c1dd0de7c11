"""PDF."""

from pathlib import Path

import pytest

from sovetnik.knowledge.reading import Unreadable
from tests.knowledge_reading.making import blocks, heading, locked_pdf, pdf, text


def test_russian_text_in_paragraphs(tmp_path: Path):
    pages = [
        [
            "УСЛОВИЯ ДОСТАВКИ",
            "Мы привозим кровати и матрасы по всей области в любой удоб-",
            "ный для вас день, кроме воскресенья, и заносим их в комнату.",
            "Позвоните, чтобы узнать то, что вас волнует, когда-",
            "то и как.",
            "Следующий абзац начинается здесь и занимает больше одной",
            "строки.",
        ]
    ]
    assert blocks(tmp_path, "a.pdf", pdf(pages)) == [
        heading("УСЛОВИЯ ДОСТАВКИ", 2),
        text(
            "Мы привозим кровати и матрасы по всей области в любой удобный для вас день, кроме воскресенья, "
            "и заносим их в комнату. Позвоните, чтобы узнать то, что вас волнует, когда-то и как."
        ),
        text("Следующий абзац начинается здесь и занимает больше одной строки."),
    ]


def test_running_headers_footers_and_page_numbers_go(tmp_path: Path):
    pages = [
        [
            "ООО «Тихий дом», прайс-лист",
            f"Раздел номер {word}.",
            "Текст раздела.",
            "www.example.com",
            f"Стр. {at} из 5",
        ]
        for at, word in enumerate(["первый", "второй", "третий", "пятый", "шестой"], start=1)
    ]
    found = " ".join(block.text for block in blocks(tmp_path, "a.pdf", pdf(pages)))
    assert "Раздел номер пятый" in found
    assert found.count("прайс") == 1
    assert found.endswith("www.example.com")
    assert found.count("www") == 1
    assert "из 5" not in found


def test_a_sentence_runs_over_the_page(tmp_path: Path):
    pages = [
        ["Мы привозим кровати и матрасы по всей области в любой", "1"],
        ["удобный день, кроме воскресенья.", "2"],
    ]
    assert blocks(tmp_path, "a.pdf", pdf(pages)) == [
        text("Мы привозим кровати и матрасы по всей области в любой удобный день, кроме воскресенья.")
    ]


def test_price_lines_keep_their_ends(tmp_path: Path):
    (block,) = blocks(tmp_path, "a.pdf", pdf([["Кровать 24 900", "Матрас 12 000", "Тумба 5 000"]]))
    assert block.text == "Кровать 24 900\nМатрас 12 000\nТумба 5 000"


def test_locked(tmp_path: Path):
    with pytest.raises(Unreadable, match="save the pdf without"):
        blocks(tmp_path, "a.pdf", locked_pdf("secret"))


def test_locked_against_changes_only(tmp_path: Path):
    (block,) = blocks(tmp_path, "a.pdf", locked_pdf(""))
    assert "24 900" in block.text


def test_scan(tmp_path: Path):
    with pytest.raises(Unreadable, match="OCR"):
        blocks(tmp_path, "a.pdf", pdf([[], []]))


def test_300_pages(tmp_path: Path):
    lines = [f"Строка {at} о том, как мы делаем кровати и матрасы из массива дерева." for at in range(12)]
    found = blocks(tmp_path, "a.pdf", pdf([[*lines, f"{at} рублей.", "Конец."] for at in range(300)]))
    assert "299 рублей" in " ".join(block.text for block in found)
