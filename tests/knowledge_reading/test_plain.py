"""Plain text: encodings and headings."""

from pathlib import Path

import pytest

from sovetnik.knowledge.reading import Unreadable
from tests.knowledge_reading.making import blocks, heading, text

SAMPLES = [
    "Нет",
    "Привет",
    "ДОСТАВКА",
    "Цена 500 р.",
    "№ 5 — кровать «Нерль», 24 900 руб.",
    "Кровать;Матрас;Цена",
    "Гарантия 5 лет, IKEA",
    "Адрес: ул. Мира, 5",
    "Ещё объём: съёмный чехол. Приезжайте в шоурум с 10:00 до 20:00, кроме понедельника.",
]
RUSSIAN = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1251", "koi8-r", "cp866"]


@pytest.mark.parametrize("encoding", RUSSIAN)
@pytest.mark.parametrize("sample", SAMPLES)
def test_russian_in_every_encoding(tmp_path: Path, encoding: str, sample: str):
    raw = sample.encode(encoding, errors="replace")
    expected = raw.decode(encoding)
    assert [block.text for block in blocks(tmp_path, "a.txt", raw)] == [expected]


@pytest.mark.parametrize("encoding", RUSSIAN)
def test_a_whole_document_in_every_encoding(tmp_path: Path, encoding: str):
    sample = (Path(__file__).parents[2] / "examples/ru/knowledge/for-hotels.txt").read_text("utf-8")
    raw = sample.encode(encoding, errors="ignore")
    found = " ".join(block.text for block in blocks(tmp_path, "a.txt", raw))
    assert found.split() == raw.decode(encoding).split()


@pytest.mark.parametrize("sample", ["café crème brûlée", "Größe der Bäume über Öl", "naïve"])
def test_western(tmp_path: Path, sample: str):
    assert blocks(tmp_path, "a.txt", sample.encode("cp1252")) == [text(sample)]


def test_utf8_cut_in_the_middle_of_a_letter(tmp_path: Path):
    assert blocks(tmp_path, "a.txt", "Доставка бесплатно".encode()[:-1]) == [text("Доставка бесплатн")]


@pytest.mark.parametrize(
    "raw", [bytes(range(256)) * 40, b"\x00\x01\x02" * 1000, b"\x89PNx\r\n\x1a\n" + bytes(5000)]
)
def test_binary_garbage(tmp_path: Path, raw: bytes):
    with pytest.raises(Unreadable, match="not text"):
        blocks(tmp_path, "a.txt", raw)


def test_empty(tmp_path: Path):
    assert blocks(tmp_path, "a.txt", b"") == []


def test_headings_in_capitals_underlined_and_numbered(tmp_path: Path):
    source = "О МАСТЕРСКОЙ\nТекст.\n\n1. ОПЛАТА\n\nКартой.\n\nДоставка\n--------\nПо городу."
    source += "\n\n1.2 ВОЗВРАТ\n\n14 дней."
    assert [block for block in blocks(tmp_path, "a.txt", source) if block.kind == "heading"] == [
        heading("О МАСТЕРСКОЙ", 1),
        heading("1. ОПЛАТА", 2),
        heading("Доставка", 2),
        heading("1.2 ВОЗВРАТ", 3),
    ]


def test_a_short_line_alone_above_a_paragraph(tmp_path: Path):
    body = "Мы привозим кровати по всей области, а в город доставка бесплатная от 60 000 рублей."
    assert blocks(tmp_path, "a.txt", f"Начало.\n\nКак мы возим\n\n{body}") == [
        text("Начало."),
        heading("Как мы возим", 2),
        text(body),
    ]


@pytest.mark.parametrize(
    "line", ["Иван Петров, директор.", "+7 4922 00-00-00", "да", "ВНИМАНИЕ! АКЦИЯ!", "hello@a.example", "А Б"]
)
def test_what_is_no_heading(tmp_path: Path, line: str):
    assert all(block.kind == "text" for block in blocks(tmp_path, "a.txt", f"Текст.\n\n{line}\n\nЕщё."))


def test_lists_and_line_ends_stay(tmp_path: Path):
    assert blocks(tmp_path, "a.txt", "Есть:\n- раз\n- два\n\n\n\n-----\nконец") == [
        text("Есть:\n- раз\n- два"),
        text("конец"),
    ]
