"""Texts compared as an owner reads them."""

from __future__ import annotations

import re

import pytest

from sovetnik.golden.matching import holds, pattern_of

ANSWER = "Кровать «Нерль» стоит **62\u00a0900 ₽**, ещё −7 % на матрас 160×200, привезём за 25–30 дней."


@pytest.mark.parametrize(
    "wanted",
    [
        "62900",
        "62 900 ₽",
        "62 900₽",
        "62,900",
        "кровать «нерль»",
        'Кровать "Нерль"',
        "еще -7%",
        "ещё —7 %",
        "160 x 200",
        "160х200",
        "25 - 30 дней",
        "/62 ?900/",
        "/ДНЕЙ\\.$/",
        "/\\d+ ?%/",
    ],
)
def test_it_is_found_however_it_is_written(wanted: str) -> None:
    assert holds(ANSWER, wanted)


@pytest.mark.parametrize("wanted", ["900 ₽", "62", "2900", "16", "200 привезем 25", "Пекша", "/^Нерль/"])
def test_a_part_of_a_number_or_another_word_is_not_found(wanted: str) -> None:
    assert not holds(ANSWER, wanted)


def test_two_numbers_side_by_side_stay_two() -> None:
    assert not holds("Дом 5, квартира 12 34 года", "1234")
    assert not holds("Скидка 2,5 %", "5 %")
    assert holds("Скидка 2,5%.", "2,5 %")


def test_signs_that_computers_write_in_several_ways_are_one() -> None:
    assert holds("Зал 240 м², вход № 2", "240 м2")
    assert holds("Зал 240 м², вход № 2", "/вход № ?2/")


def test_a_broken_expression_is_no_expression() -> None:
    with pytest.raises(re.error):
        pattern_of("/(/")
