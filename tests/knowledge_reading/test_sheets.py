"""CSV and Excel."""

from datetime import date, datetime, time
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import Workbook

from sovetnik.knowledge.chunks import Block
from sovetnik.knowledge.reading.numbers import shown
from tests.knowledge_reading.making import blocks, heading, row, text

moment = datetime  # of the wall clock: a sheet knows no time zones


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1251", "utf-16"])
def test_csv_of_any_kind(tmp_path: Path, delimiter: str, encoding: str):
    lines = [
        ["Товар", "Цена", "Описание"],
        ["Кровать", "24 900", '"Ясень, дуб; ""масло""\nи лак"'],
        ["Тумба", "5 000", ""],
    ]
    content = "\r\n".join(delimiter.join(line) for line in lines)
    assert blocks(tmp_path, "a.csv", content.encode(encoding)) == [
        row('Кровать | 24 900 | Ясень, дуб; "масло" и лак', "Товар | Цена | Описание"),
        row("Тумба | 5 000", "Товар | Цена | Описание"),
    ]


def test_csv_decimal_commas_do_not_pass_for_delimiters(tmp_path: Path):
    found = blocks(tmp_path, "a.csv", "Товар;Цена\nКровать, ясень;24,5\nТумба, дуб;5,1\n")
    assert [block.text for block in found] == ["Кровать, ясень | 24,5", "Тумба, дуб | 5,1"]


def test_csv_without_a_header(tmp_path: Path):
    assert blocks(tmp_path, "a.csv", "Кровать;24900\nТумба;5000") == [
        row("Кровать | 24900"),
        row("Тумба | 5000"),
    ]


def test_csv_with_titles_inside_and_sep(tmp_path: Path):
    source = "sep=;\nПрайс-лист\n\nМодель;Порода;Цена\nИз берёзы\nНерль;берёза;49 900\nИз дуба;;"
    source += "\nКолокша;дуб;109 900\nЦены с НДС"
    assert blocks(tmp_path, "a.csv", source) == [
        text("Прайс-лист"),
        heading("Из берёзы", 2),
        row("Нерль | берёза | 49 900", "Модель | Порода | Цена"),
        heading("Из дуба", 2),
        row("Колокша | дуб | 109 900", "Модель | Порода | Цена"),
        text("Цены с НДС"),
    ]


def test_columns_named_by_sizes(tmp_path: Path):
    found = blocks(tmp_path, "a.csv", "Модель;140;160;180\nНерль;45900;49900;53900")
    assert found == [row("Нерль | 45900 | 49900 | 53900", "Модель | 140 | 160 | 180")]


def read(folder: Path, book: Workbook) -> list[Block]:
    out = BytesIO()
    book.save(out)
    return blocks(folder, "a.xlsx", out.getvalue())


def test_a_workbook(tmp_path: Path):
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Кровати"
    for line in (
        ["Прайс-лист"],
        [],
        ["Модель", "Цена", "Скидка", "С", "Есть"],
        ["Нерль", 62900, 0.07, date(2026, 6, 1), True],
    ):
        sheet.append(line)
    sheet["B4"].number_format = '#,##0\\ "₽"'
    sheet["C4"].number_format = "0%"
    sheet["D4"].number_format = "dd.mm.yyyy"
    hidden = book.create_sheet("Закупка")
    hidden.append(["тайна", 1])
    hidden.sheet_state = "hidden"
    book.create_sheet("Пусто")
    book.create_sheet("Матрасы").append(["Роса", 37900.5])
    assert read(tmp_path, book) == [
        heading("Кровати", 1),
        text("Прайс-лист"),
        row("Нерль | 62 900 ₽ | 7% | 01.06.2026 | TRUE", "Модель | Цена | Скидка | С | Есть"),
        heading("Пусто", 1),
        heading("Матрасы", 1),
        row("Роса | 37900.5"),
    ]


def test_merged_cells(tmp_path: Path):
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for line in (
        ["Модель", "Порода", "Цена"],
        ["Кровати", None, None],
        ["Нерль", "ясень", 62900],
        [None, "дуб", 99900],
        ["Лух", "берёза", 35900],
    ):
        sheet.append(line)
    sheet.merge_cells("A2:C2")
    sheet.merge_cells("A3:A4")
    header = "Модель | Порода | Цена"
    assert read(tmp_path, book)[1:] == [
        heading("Кровати", 2),
        row("Нерль | ясень | 62900", header),
        row("Нерль | дуб | 99900", header),
        row("Лух | берёза | 35900", header),
    ]


def test_a_far_cell_costs_nothing(tmp_path: Path):
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A1"], sheet["B1"], sheet["A2"], sheet["B2"] = "Товар", "Цена", "Тумба", 1
    sheet["XFD1048576"] = "далеко"
    assert read(tmp_path, book)[1] == row("Тумба | 1", "Товар | Цена")


@pytest.mark.parametrize(
    ("value", "code", "expected"),
    [
        (24900, "General", "24900"),
        (24900.0, "General", "24900"),
        (0.1 + 0.2, "General", "0.3"),
        (24900, "#,##0", "24 900"),
        (1234567.5, "#,##0.00", "1 234 567.50"),
        (24900, '#,##0.00\\ "₽"', "24 900.00 ₽"),
        (24900, "_-* #,##0\\ [$₽-419]_-;\\-* #,##0\\ [$₽-419]_-", "24 900 ₽"),
        (-5, "0.0;[Red]-0.0", "-5.0"),
        (99.5, "[$$-409]#,##0.00", "$99.50"),
        (0.075, "0.0%", "7.5%"),
        (42, "00000", "00042"),
        (2.5, "0.##", "2.5"),
        (3, "0.##", "3"),
        (15, '0" см"', "15 см"),
        (79224922000000, "General", "79224922000000"),
        (moment(2026, 6, 1), "mm-dd-yy", "01.06.2026"),
        (moment(2026, 6, 1), "yyyy-mm-dd", "2026-06-01"),
        (moment(2026, 6, 1), "m/d/yyyy", "06/01/2026"),
        (moment(2026, 6, 1, 14, 30), "dd.mm.yyyy h:mm", "01.06.2026 14:30"),
        (moment(1899, 12, 30, 9, 0), "h:mm", "09:00"),
        (time(9, 0), "h:mm", "09:00"),
        (moment(2026, 6, 1), "mmmm yyyy", "06.2026"),
        (False, "General", "FALSE"),
        ("#N/A", "General", ""),
        ("#DIV/0!", "General", ""),
        ("#1", "General", "#1"),
        ("Текст", "@", "Текст"),
        (None, "General", ""),
    ],
)  # fmt: skip
def test_values_as_people_see_them(value: object, code: str, expected: str):
    assert shown(value, code) == expected
