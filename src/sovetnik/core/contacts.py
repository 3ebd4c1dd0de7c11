"""The contact form and the check of a contact: what the model's ``save_contact`` may save.

Problems are told in English because the reader is the model: it tells the customer in their language.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, cast

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberMatcher, ValidationResult

from sovetnik.core.model import Contact

FieldType = Literal["text", "number", "date", "email", "choice"]

MAX_VALUE = 2_000
"""Characters kept of one value: an order is a few lines, anything longer is noise or an attack."""

_EMAIL = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+\.[^@\s,;<>\"]{2,}")
_SPACES = re.compile(r"[ \t\r\f\v\u00a0]+")
_LINES = re.compile(r"\n{2,}")

_PHONE_PROBLEMS = {
    ValidationResult.TOO_SHORT: "it has too few digits",
    ValidationResult.TOO_LONG: "it has too many digits",
    ValidationResult.INVALID_COUNTRY_CODE: "its country code does not exist",
    ValidationResult.INVALID_LENGTH: "it has a wrong number of digits",
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "the area code is missing",
}


@dataclass(frozen=True, slots=True)
class FormField:
    """One line of the owner's contact form beside name, phone and order."""

    name: str
    label: str
    hint: str = ""
    required: bool = False
    type: FieldType = "text"
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ContactForm:
    """What is collected from a customer, and how a phone number without ``+`` is read."""

    fields: tuple[FormField, ...] = ()
    region: str = "RU"

    def labels(self) -> dict[str, str]:
        """How mails and reports call each field."""
        return {field.name: field.label for field in self.fields}


class ContactProblem(ValueError):  # noqa: N818 - told to the model, not an error of ours
    """A contact that cannot be saved as it is; the text says all that is wrong with it."""


def check_contact(form: ContactForm, values: Mapping[str, object]) -> Contact:
    """Check and normalise what the model collected.

    Args:
        form: The owner's form.
        values: The tool call's arguments, as parsed from JSON.

    Returns:
        The contact with its phone in E.164; unknown arguments are left out.

    Raises:
        ContactProblem: names every value that is missing or wrong.
    """
    problems: list[str] = []
    name = _tidy(values.get("name"))
    if not any(char.isalpha() for char in name):
        problems.append("name: missing; ask the customer how to address them")
    phone = ""
    try:
        phone = normalise_phone(_tidy(values.get("phone")), form.region)
    except ContactProblem as problem:
        problems.append(f"phone: {problem}")
    fields: dict[str, str] = {}
    for field in form.fields:
        try:
            value = _check_field(field, _tidy(values.get(field.name)))
        except ContactProblem as problem:
            problems.append(f"{field.name}: {problem}")
        else:
            if value:
                fields[field.name] = value
    if problems:
        raise ContactProblem("; ".join(problems))
    return Contact(name=name.replace("\n", " "), phone=phone, order=_tidy(values.get("order")), fields=fields)


def normalise_phone(text: str, region: str) -> str:
    """Read a phone number as people write it.

    Args:
        text: The number, possibly with words around it.
        region: Two-letter country, for numbers without ``+``.

    Returns:
        The number in E.164.

    Raises:
        ContactProblem: says what is wrong with it.
    """
    if not text:
        raise ContactProblem("missing; ask for it")
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return _only_number_in(text, region)
    if phonenumbers.is_valid_number(number):
        return phonenumbers.format_number(number, PhoneNumberFormat.E164)
    found = find_phones(text, region)
    if len(found) == 1:
        return found[0]
    reason = _PHONE_PROBLEMS.get(
        phonenumbers.is_possible_number_with_reason(number), "no such number exists in that country"
    )
    raise ContactProblem(f"{reason}; ask the customer to check the number")


def find_phones(text: str, region: str) -> list[str]:
    """All valid phone numbers in a free text, in E.164, each once, in order."""
    found = (
        phonenumbers.format_number(match.number, PhoneNumberFormat.E164)
        for match in PhoneNumberMatcher(text, region)
    )
    return list(dict.fromkeys(found))


def _only_number_in(text: str, region: str) -> str:
    found = find_phones(text, region)
    if len(found) == 1:
        return found[0]
    if found:
        raise ContactProblem("there are several numbers in it; ask which one to call")
    raise ContactProblem("this is not a phone number; ask for it again")


def _check_field(field: FormField, value: str) -> str:
    if not value:
        if field.required:
            raise ContactProblem(f"missing; ask for it ({field.hint or field.label})")
        return ""
    if field.type == "choice":
        return _choice(field, value)
    if field.type == "email" and not _EMAIL.fullmatch(value):
        raise ContactProblem("this is not an e-mail address; ask for it again")
    if field.type == "number" and not re.search(r"\d", value):
        raise ContactProblem("a number is needed")
    if field.type == "date":
        return _date(value)
    return value


def _choice(field: FormField, value: str) -> str:
    for choice in field.choices:
        if choice.casefold() == value.casefold():
            return choice
    raise ContactProblem(f"must be one of: {', '.join(field.choices)}")


def _date(value: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise ContactProblem("give the date as YYYY-MM-DD") from None


def _tidy(value: object) -> str:
    """Any JSON value as one clean text: no control characters, no blank lines, bounded."""
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, list):
        value = ", ".join(str(item) for item in cast("list[object]", value))
    text = "".join(c for c in str(value)[: MAX_VALUE * 2] if c in "\n\t" or c.isprintable())
    text = _LINES.sub("\n", "\n".join(_SPACES.sub(" ", line).strip() for line in text.split("\n")))
    return text.strip()[:MAX_VALUE]
