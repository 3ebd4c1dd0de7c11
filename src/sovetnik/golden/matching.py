"""Texts compared as people read them: case, spaces, ё, kinds of dashes and Markdown do not count."""

from __future__ import annotations

import re
import unicodedata

_SAME = str.maketrans(
    {
        **dict.fromkeys("‐‑‒–—―−", "-"),
        **dict.fromkeys("«»„“”‟", '"'),
        **dict.fromkeys("’‘‛", "'"),
        "ё": "е",
        "Ё": "Е",
        "*": None,
        "`": None,
        "\u00ad": None,
    }
)
_THOUSANDS = re.compile(r"(?<=\d)[ ,'](?=\d{3}(?!\d))")
_TIMES = re.compile(r"(?<=\d) ?[xх×] ?(?=\d)", re.IGNORECASE)
_BETWEEN_NUMBERS = re.compile(r"(?<=\d) (?=\d)")


def plain(text: str) -> str:
    """One line with one kind of spaces, dashes and quotes; what regular expressions see."""
    return " ".join(unicodedata.normalize("NFKC", text).translate(_SAME).split())


def holds(text: str, wanted: str) -> bool:
    """Whether a text holds what the owner wrote.

    ``62900`` is found in ``62 900 ₽``, but ``900`` is not: a number is found whole.
    """
    return pattern_of(wanted).search(plain(text) if _is_regex(wanted) else _squeezed(text)) is not None


def pattern_of(wanted: str) -> re.Pattern[str]:
    """What is searched for.

    Raises:
        re.error: the owner's ``/…/`` is no regular expression.
    """
    if _is_regex(wanted):
        written = unicodedata.normalize("NFKC", wanted[1:-1])
        return re.compile(written.translate({**_SAME, ord("*"): "*"}), re.IGNORECASE)
    squeezed = _squeezed(wanted)
    before = r"(?<!\d)(?<!\d[.,])" if squeezed[:1].isdigit() else ""
    after = r"(?!\d)(?![.,]\d)" if squeezed[-1:].isdigit() else ""
    return re.compile(before + re.escape(squeezed) + after)


def _is_regex(wanted: str) -> bool:
    return len(wanted) > 2 and wanted[0] == wanted[-1] == "/"


def _squeezed(text: str) -> str:
    """Small letters without spaces, but two numbers side by side stay two."""
    text = _TIMES.sub("x", _THOUSANDS.sub("", plain(text).casefold()))
    return _BETWEEN_NUMBERS.sub("|", text).replace(" ", "")
