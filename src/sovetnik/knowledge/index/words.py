"""From text to the terms that BM25 counts, in Russian and English.

A term is a stem, a number or a size. Beside each longer word stands its **root**, the first letters of it
(written ``~достав``): Russian stems of «доставка», «доставить» and «доставляете» differ, and so do those
of «кровать» and «кровати»; roots bring them together at a lower weight.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from threading import Lock
from typing import cast

import Stemmer

ROOT = 4
"""Letters in a root (5 and 6 measured worse)."""

_Stem = Callable[[str], str]
_RUSSIAN = cast("_Stem", Stemmer.Stemmer("russian").stemWord)  # pyright: ignore[reportUnknownMemberType]
_ENGLISH = cast("_Stem", Stemmer.Stemmer("english").stemWord)  # pyright: ignore[reportUnknownMemberType]
_ONE = Lock()  # a stemmer serves one thread at a time

_TOKEN = re.compile(r"\d+(?:\.\d+)?|[^\W\d_]+(?:['’][^\W\d_]+)?|[%₽$€№]")
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:[ \u00a0\u202f,]\d{3})+(?![\d])")
_SIZE = re.compile(r"(?<!\d)(\d{2,4})\s*(?:[xх×*]|на|by)\s*(\d{2,4})(?!\d)")
_SHORT_THOUSANDS = re.compile(r"(?<![\d.,])(\d{1,4})\s?(?:т\.?\s?р\.?|тыс\w*\.?|тыщ\w*|k|к)(?!\w)")
_COMMA = re.compile(r"(?<=\d),(?=\d)")
_HYPHEN = re.compile(r"(?<=[^\W\d_])[-‐‑](?=[^\W\d_])")

_UNITS = {
    "руб": "₽", "рубл": "₽", "rub": "₽", "roubl": "₽", "rubl": "₽", "р": "₽",
    "процент": "%", "percent": "%",
    "сантиметр": "см", "cm": "см", "centimetr": "см",
    "килограмм": "кг", "кил": "кг", "kg": "кг", "kilo": "кг", "kilogram": "кг",
    "usd": "$", "dollar": "$", "доллар": "$", "eur": "€", "euro": "€", "евр": "€",
}  # fmt: skip

STOP = frozenset(
    """
    а бы был была были было быть в вам вами вас ваш ваша ваше ваши во вот все всё да для до его ее если
    есть еще же за и из или им их к ко когда кто ли либо мне мной мои мой моя мы на над нам нас наш наша
    не него нее ней нет них но ну о об обо он она они оно от по под при про с само свой свои со так
    также такой там то того тоже той только том ты у уж уже хоть хотя чем что чтоб чтобы эта эти это
    этого этой этом этот я меня здравствуйте привет добрый день вечер утро скажите подскажите пожалуйста
    плиз хочу хотел хотела хотим можно какой какая какие какое каков как где куда почему зачем будет
    будут a am an and are as at be been but by can could did do does for from had has have he hello hey
    hi how i i'd i'm if in into is it it's its me my of on or our please she so than that that's the
    their them then there these they this those to us was we were what what's when where which who why
    will with would you your
    """.split()  # noqa: SIM905 - two hundred lines otherwise
)
"""Words that say nothing about what is asked."""


def normal(text: str) -> str:
    """Small letters, one way of writing each thing: ё as е, 62 900 as 62900, 160 на 200 as 160×200."""
    text = unicodedata.normalize("NFKC", text.replace("\u00ad", "")).lower().replace("ё", "е")
    text = _THOUSANDS.sub(lambda m: re.sub(r"\D", "", m.group()), text)
    text = _SHORT_THOUSANDS.sub(r"\g<1>000", text)
    return _COMMA.sub(".", text)


def words(text: str) -> Iterator[str]:
    """Words, numbers and sizes of a text in the order they stand, not stemmed."""
    text = normal(text)
    for size in _SIZE.finditer(text):
        yield f"{size[1]}×{size[2]}"
    text = _SIZE.sub(r"\1 \2", text)
    for match in _TOKEN.finditer(text):
        yield match.group()
    for hyphen in _HYPHEN.finditer(text):
        yield _around(text, hyphen.start())


def _around(text: str, at: int) -> str:
    """The word with a hyphen at ``at`` in one piece: wi-fi as wifi."""
    left = at
    while left and text[left - 1].isalpha():
        left -= 1
    right = at + 1
    while right < len(text) and text[right].isalpha():
        right += 1
    return text[left:at] + text[at + 1 : right]


def stem(word: str) -> str:
    """The stem of one word of :func:`words`, by the alphabet it is written in."""
    if not word[0].isalpha():
        return word
    with _ONE:
        stemmed = (_RUSSIAN if "а" <= word[0] <= "я" else _ENGLISH)(word)
    return _UNITS.get(stemmed, stemmed)


def root(word: str) -> str | None:
    """The root of a word, with its mark; None for what is too short to have one."""
    return f"~{word[:ROOT]}" if len(word) >= ROOT and word[0].isalpha() else None
