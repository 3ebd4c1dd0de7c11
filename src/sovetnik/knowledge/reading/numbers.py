"""A cell's value as people see it in a spreadsheet."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal

_QUOTED = re.compile(r'"([^"]*)"|\\(.)')
_CURRENCY = re.compile(r"\[\$([^\]-]*)(?:-[^\]]*)?\]")
_BRACKETS = re.compile(r"\[[^\]]*\]")  # colours, conditions, languages
_PADDING = re.compile(r"_.|\*.")
_DIGITS = re.compile(r"[#0?](?:[#0?, ]*[#0?])?(?:\.[#0?]+)?")


def shown(value: object, number_format: str) -> str:
    """The text of a cell.

    Args:
        value: what openpyxl gives.
        number_format: the cell's format code, ``#,##0 "₽"``.
    """
    match value:
        case None:
            return ""
        case bool():
            return "TRUE" if value else "FALSE"
        case int() | float() | Decimal():
            return _number(float(value) if isinstance(value, Decimal) else value, number_format)
        case datetime():
            return _moment(value, number_format)
        case date():
            return _day(value, number_format)
        case time():
            return value.strftime("%H:%M")
        case timedelta():
            minutes = round(value.total_seconds() / 60)
            return f"{minutes // 60}:{minutes % 60:02}"
        case _:
            text = str(value)
            return "" if text.startswith("#") and text.rstrip("!?").isupper() and " " not in text else text


def _moment(value: datetime, number_format: str) -> str:
    if "h" not in number_format.lower() and (value.hour, value.minute) == (0, 0):
        return _day(value, number_format)
    if "y" not in number_format.lower() and "d" not in number_format.lower():
        return value.strftime("%H:%M")
    clock = f" {value:%H:%M}" if "h" in number_format.lower() else ""
    return _day(value, number_format) + clock


def _day(value: date, number_format: str) -> str:
    """01.06.2026, unless the format itself starts with the year or writes slashes.

    The built-in format ("mm-dd-yy") means the reader's own way, so dots: they cannot be misread.
    """
    code = _BRACKETS.sub("", number_format).lower()
    if code.startswith("y"):
        return value.strftime("%Y-%m-%d")
    if code.startswith(("m/", "mm/")):
        return value.strftime("%m/%d/%Y")
    if "d" not in code and "y" in code:
        return value.strftime("%m.%Y")
    return value.strftime("%d.%m.%Y")


def _number(value: float, number_format: str) -> str:
    code = _code(number_format)
    match = _DIGITS.search(code)
    if match is None or number_format in {"", "General", "@"} or "E" in code or "/" in code:
        return _general(value)
    digits = match[0]
    percent = "%" in code
    decimals = digits.partition(".")[2]
    text = f"{value * 100 if percent else value:,.{len(decimals)}f}"
    if "#" in decimals or "?" in decimals:
        text = text.rstrip("0").rstrip(".")
    text = text.replace(",", " " if "," in digits or " " in digits else "")
    whole = digits.partition(".")[0]
    if set(whole) == {"0"}:  # codes: 00042
        text = text.zfill(len(whole))
    return (code[: match.start()] + text + code[match.end() :]).strip()


def _code(number_format: str) -> str:
    """The format's first section (the number carries its own sign), quotes, colours and padding resolved."""
    section = number_format.partition(";")[0]
    section = _PADDING.sub("", section)
    section = _BRACKETS.sub("", _CURRENCY.sub(r"\1", section))
    return _QUOTED.sub(lambda match: match[1] if match[1] is not None else match[2], section)


def _general(value: float) -> str:
    if abs(value) < 1e15 and value == int(value):
        return str(int(value))
    return f"{value:.10g}" if 1e-4 <= abs(value) < 1e15 else repr(value)
