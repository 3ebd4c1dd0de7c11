"""Small field checks that refuse in the service's words; they compose into the request schemas.

A check takes the value and its path (`input[0].content`) and raises `ApiError`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from . import errors

Check = Callable[[object, str], None]

_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "a boolean"),
    (int, "an integer"),
    (float, "a decimal"),
    (str, "a string"),
    (list, "an array"),
    (dict, "an object"),
)


def kind_of(value: object) -> str:
    """How the service names the JSON type of a value."""
    for known, name in _KINDS:
        if isinstance(value, known):
            return name
    return "null"


def wrong_type(value: object, at: str, expected: str) -> errors.ApiError:
    """The refusal of a value of the wrong JSON type."""
    message = f"Invalid type for '{at}': expected {expected}, but got {kind_of(value)} instead."
    return errors.bad_request(message, at, "invalid_type")


def _wrong_size(at: str, what: str, measure: str, most: int, size: int) -> errors.ApiError:
    article = "an" if what == "array" else "a"
    message = (
        f"Invalid '{at}': {what} too long. Expected {article} {what} with maximum length {most}, "
        f"but got {article} {what} with {measure} {size} instead."
    )
    return errors.bad_request(message, at, f"{what}_above_max_length")


def string(*, most: int | None = None, pattern: str | None = None) -> Check:
    """A string, at most so long, of that pattern."""

    def check(value: object, at: str) -> None:
        if not isinstance(value, str):
            raise wrong_type(value, at, "a string")
        if most is not None and len(value) > most:
            raise _wrong_size(at, "string", "length", most, len(value))
        if pattern is not None and not re.fullmatch(pattern, value):
            message = (
                f"Invalid '{at}': string does not match pattern. "
                f"Expected a string that matches the pattern '^{pattern}$'."
            )
            raise errors.bad_request(message, at, "invalid_value")

    return check


def boolean(value: object, at: str) -> None:
    """True or false."""
    if not isinstance(value, bool):
        raise wrong_type(value, at, "a boolean")


def number(*, least: float, most: float | None = None, whole: bool = False) -> Check:
    """A number within bounds."""
    name = "integer" if whole else "decimal"
    accepted = (int,) if whole else (int, float)

    def refuse(value: float, at: str, side: str, sign: str, bound: float) -> errors.ApiError:
        message = (
            f"Invalid '{at}': {name} {'below' if side == 'min' else 'above'} {side}imum value. "
            f"Expected a value {sign} {bound:g}, but got {value} instead."
        )
        where = "below_min" if side == "min" else "above_max"
        return errors.bad_request(message, at, f"{name}_{where}_value")

    def check(value: object, at: str) -> None:
        if isinstance(value, bool) or not isinstance(value, accepted):
            raise wrong_type(value, at, "an integer" if whole else "a decimal")
        if value < least:
            raise refuse(value, at, "min", ">=", least)
        if most is not None and value > most:
            raise refuse(value, at, "max", "<=", most)

    return check


def one_of(*allowed: str) -> Check:
    """One of these strings."""

    def check(value: object, at: str) -> None:
        if not isinstance(value, str):
            raise wrong_type(value, at, "one of " + listed(allowed, "or"))
        if value not in allowed:
            raise unsupported(value, allowed, at)

    return check


def listed(names: Sequence[str], word: str) -> str:
    """`'a', 'b', and 'c'`, as the service lists values."""
    quoted = [f"'{name}'" for name in names]
    if len(quoted) <= 2:
        return f" {word} ".join(quoted)
    return ", ".join(quoted[:-1]) + f", {word} {quoted[-1]}"


def unsupported(value: object, allowed: Sequence[str], at: str) -> errors.ApiError:
    """The refusal of a value outside a list."""
    message = f"Invalid value: '{value}'. Supported values are: {listed(allowed, 'and')}."
    return errors.bad_request(message, at, "invalid_value")


def nullable(check: Check) -> Check:
    """Null, or what the other check accepts."""

    def checked(value: object, at: str) -> None:
        if value is not None:
            check(value, at)

    return checked


def anything(value: object, at: str) -> None:
    """Whatever: a field that the service has and this server makes nothing of."""
    del value, at


def array(check: Check, *, most: int | None = None) -> Check:
    """An array of what the other check accepts."""

    def checked(value: object, at: str) -> None:
        if not isinstance(value, list):
            raise wrong_type(value, at, "an array")
        entries = cast("list[Any]", value)
        if most is not None and len(entries) > most:
            raise _wrong_size(at, "array", "length", most, len(entries))
        for index, entry in enumerate(entries):
            check(entry, f"{at}[{index}]")

    return checked


def record(fields: Mapping[str, Check], *, required: Sequence[str] = ()) -> Check:
    """An object with these fields and no others."""

    def checked(value: object, at: str) -> None:
        if not isinstance(value, dict):
            raise wrong_type(value, at, "an object")
        entries = cast("dict[str, Any]", value)
        dot = f"{at}." if at else ""
        for name in required:
            if name not in entries:
                raise errors.missing(dot + name)
        for name, entry in entries.items():
            if name not in fields:
                raise errors.unknown(dot + name)
            fields[name](entry, dot + name)

    return checked


def metadata(value: object, at: str) -> None:
    """At most 16 pairs; keys up to 64 characters, values up to 512."""
    if not isinstance(value, dict):
        raise wrong_type(value, at, "an object")
    pairs = cast("dict[str, Any]", value)
    if len(pairs) > 16:
        message = (
            f"Invalid '{at}': too many properties. Expected an object with at most 16 properties, "
            f"but got an object with {len(pairs)} properties instead."
        )
        raise errors.bad_request(message, at, "object_above_max_properties")
    for key, entry in pairs.items():
        if len(key) > 64:
            message = (
                f"Invalid property name in '{at}': '{key[:16]}…' is too long. Expected at most 64 characters."
            )
            raise errors.bad_request(message, at, "property_name_above_max_length")
        string(most=512)(entry, f"{at}.{key}")
