"""Formulas as Unicode."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import cache

LONGEST = 400
"""Characters; no answer of a consultant holds a longer formula, and the converter is slow with nonsense."""

_LOOKS_LIKE_IT = re.compile(r"\\[A-Za-z]|[\^_](?!_)[\w{]|^[A-Za-z]$|^[A-Za-z] ?[=<>+-]")
_COMMANDS = re.compile(r"\\(?:begin|end)\{[a-z]*\*?\}|\\[A-Za-z]+")


def is_formula(content: str, *, display: bool = False) -> bool:
    """Whether the text between dollars is mathematics, and not the text between two prices."""
    sure = display and not re.search(r"[а-яё]", content, re.IGNORECASE)
    return "**" not in content and (sure or bool(_LOOKS_LIKE_IT.search(content.strip())))


def readable(formula: str) -> str:
    """The formula as Unicode; as it stands where the conversion would lose something of it."""
    formula = formula.strip()
    if len(formula) > LONGEST or not is_formula(formula):
        return formula
    try:
        found = _converter()(formula).strip().replace("/", " / ")  # "/6" is a command in Telegram
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return formula
    return found if _signs(_COMMANDS.sub("", formula)) == _signs(found) else formula


@cache
def _converter() -> Callable[[str], str]:
    from telegramify_markdown.latex_escape.helper import LatexToUnicodeHelper  # few bots ever need it

    return LatexToUnicodeHelper().convert  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


def _signs(text: str) -> list[str]:
    """Letters and digits that no command of LaTeX brings along or takes away, in no order."""
    plain = unicodedata.normalize("NFKC", text)
    return sorted(char for char in plain if char.isdecimal() or "а" <= char.lower() <= "ё")
