"""The check of a contact: what may become a lead."""

from __future__ import annotations

from typing import Any

import phonenumbers
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sovetnik.core.contacts import (
    MAX_VALUE,
    ContactForm,
    ContactProblem,
    FormField,
    check_contact,
    find_phones,
    normalise_phone,
)
from sovetnik.core.model import Contact

FORM = ContactForm(
    fields=(
        FormField("city", "Город", hint="куда везти", required=True),
        FormField("floor", "Этаж", type="number"),
        FormField("email", "Почта", type="email"),
        FormField("day", "День", type="date"),
        FormField("call", "Когда звонить", type="choice", choices=("Утром", "Вечером")),
    )
)


def checked(**values: object) -> Contact:
    return check_contact(FORM, {"name": "Анна", "phone": "89123456789", "city": "Пермь", **values})


def problem(**values: object) -> str:
    with pytest.raises(ContactProblem) as refusal:
        checked(**values)
    return str(refusal.value)


@pytest.mark.parametrize(
    "written",
    [
        "8 912 345-67-89",
        "89123456789",
        "+7(912)345-67-89",
        "+7 912 345 67 89",
        "9123456789",
        "8-912-345-67-89",
        "8 (912) 345 67 89",
        "7 912 345 67 89",
        "тел. 8 912 345-67-89",
        "мой номер +7 912 345 67 89, звоните после шести",
        "8 912 345-67-89 доб. 12",
        "\u00a08\u00a0912\u00a0345\u201167\u201189",
        "8.912.345.67.89",
        "８９１２３４５６７８９",
    ],
)
def test_a_russian_number_is_read_however_it_is_written(written: str) -> None:
    assert checked(phone=written).phone == "+79123456789"


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("+7 701 234 56 78", "+77012345678"),
        ("8 701 234 56 78", "+77012345678"),
        ("+375 29 123-45-67", "+375291234567"),
        ("+49 30 901820", "+4930901820"),
        ("8 800 555-35-35", "+78005553535"),
        ("8 (342) 212-34-56", "+73422123456"),
    ],
)
def test_numbers_of_neighbours_and_landlines_are_taken(written: str, stored: str) -> None:
    assert checked(phone=written).phone == stored


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("", "missing"),
        ("8 912", "few digits"),
        ("212-34-56", "phone"),
        ("8 912 345 67 89 00 11 22", "phone"),
        ("не скажу", "not a phone number"),
        ("8 912 345-67-89 или 8 913 345-67-89", "several"),
        ("+999 123 456 789", "phone"),
        ("8 000 000 00 00", "phone"),
    ],
)
def test_a_wrong_number_is_refused_with_what_is_wrong(written: str, said: str) -> None:
    assert said in problem(phone=written)


def test_the_same_number_twice_is_one_number() -> None:
    assert checked(phone="8 912 345-67-89, он же +7 912 345 67 89").phone == "+79123456789"


def test_the_owners_region_decides_how_a_number_without_plus_is_read() -> None:
    assert normalise_phone("020 7946 0958", "GB") == "+442079460958"
    assert normalise_phone("0171 1234567", "DE") == "+491711234567"


def test_all_numbers_of_a_text_are_found_once_and_in_order() -> None:
    text = "звоните 8 913 345-67-89 или +375 29 123-45-67, а лучше 8(913)3456789"
    assert find_phones(text, "RU") == ["+79133456789", "+375291234567"]


@pytest.mark.parametrize("name", ["", "   ", "123", "!!!", None, True, [], "\u200b\u0000"])
def test_a_name_without_letters_is_no_name(name: object) -> None:
    assert "name: missing" in problem(name=name)


@pytest.mark.parametrize("name", ["Анна", "Иван-Ма́рия", "李小龍", "O'Neil", "Анна Петрова"])
def test_names_of_all_kinds_are_kept(name: str) -> None:
    assert checked(name=name).name == name


def test_a_name_is_one_line_whatever_was_put_into_it() -> None:
    assert checked(name="Анна\r\nBcc: all@example.com\n").name == "Анна Bcc: all@example.com"


def test_control_characters_are_taken_out_and_lines_kept() -> None:
    order = checked(order="Кровать\x00 \x1b[31mНерль\u202e\t160×200\n\n\n  две штуки  ").order
    assert order == "Кровать [31mНерль 160×200\nдве штуки"


def test_a_huge_value_is_cut() -> None:
    assert len(checked(order="ы" * 1_000_000).order) == MAX_VALUE


def test_a_huge_phone_is_refused() -> None:
    assert "phone" in problem(phone="9" * 100_000)


def test_an_order_is_not_needed() -> None:
    assert checked(order=None).order == ""


def test_a_number_given_as_a_json_number_is_read() -> None:
    contact = checked(phone=89123456789, floor=3)
    assert (contact.phone, contact.fields["floor"]) == ("+79123456789", "3")


def test_a_list_is_one_text() -> None:
    assert checked(order=["Кровать", "Тумба"]).order == "Кровать, Тумба"


# the owner's fields


def test_fields_are_kept_in_the_owners_order_and_unknown_ones_left_out() -> None:
    contact = checked(call="утром", floor="3 этаж", day="2026-11-25", email="a@example.com", admin="yes")
    assert list(contact.fields.items()) == [
        ("city", "Пермь"),
        ("floor", "3 этаж"),
        ("email", "a@example.com"),
        ("day", "2026-11-25"),
        ("call", "Утром"),
    ]


def test_a_required_field_is_asked_for_in_the_owners_words() -> None:
    assert "city: missing; ask for it (куда везти)" in problem(city=" ")


def test_optional_fields_may_be_left_out() -> None:
    assert checked().fields == {"city": "Пермь"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("floor", "третий"),
        ("email", "анна"),
        ("email", "a@b"),
        ("email", "a@example.com, b@example.com"),
        ("email", "Анна <a@example.com>"),
        ("day", "завтра"),
        ("day", "2026-13-01"),
        ("day", "25.11.2026"),
        ("call", "ночью"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_by_its_fields_name(field: str, value: str) -> None:
    assert problem(**{field: value}).startswith(f"{field}: ")


def test_possible_choices_are_told() -> None:
    assert "Утром, Вечером" in problem(call="ночью")


def test_everything_wrong_is_told_at_once() -> None:
    told = problem(name="", phone="1", city="", call="ночью")
    assert all(f"{name}: " in told for name in ("name", "phone", "city", "call"))


# whatever a model sends

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
PHONE = st.one_of(
    st.text(alphabet="0123456789+-() ;,.x/доб", max_size=40),
    st.from_regex(r"\+?[78]? ?\(?9\d\d\)? ?\d{3}[- ]\d\d[- ]\d\d.{0,20}", fullmatch=True),
    JSON,
)
NAMES = st.sampled_from(["name", "phone", "order", "city", "floor", "email", "day", "call"]) | st.text()
ARGUMENTS = st.dictionaries(NAMES, JSON).flatmap(
    lambda given: PHONE.map(lambda phone: {**given, "phone": phone})
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(values=ARGUMENTS, region=st.sampled_from(["RU", "KZ", "BY", "GB", "US", "XX"]))
def test_any_json_object_is_a_contact_or_a_problem(values: dict[str, Any], region: str) -> None:
    form = ContactForm(fields=FORM.fields[1:], region=region)
    try:
        contact = check_contact(form, {"name": "Анна", **values})
    except ContactProblem:
        return
    number = phonenumbers.parse(contact.phone, None)
    assert phonenumbers.is_valid_number(number)
    assert phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) == contact.phone
    texts = [contact.name, contact.order, *contact.fields.values()]
    assert all(len(text) <= MAX_VALUE for text in texts)
    assert all(char.isprintable() or char == "\n" for text in texts for char in text)
    assert "\n" not in contact.name
