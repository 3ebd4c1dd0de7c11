"""Bytes of a text file in any encoding that Russian and Western machines write."""

from __future__ import annotations

import codecs
import re

from sovetnik.knowledge.reading.unreadable import Unreadable

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_RUSSIAN = ("cp1251", "koi8-r", "cp866")
_WESTERN = ("cp1252", "cp1250", "cp1254")
_ENOUGH = 300  # bytes; charset-normalizer is a coin toss on less
_SAMPLE = 64 * 1024

_WORD = re.compile(r"[^\W\d_]+")
_RUSSIAN_WORD = re.compile(r"[А-ЯЁ]?[а-яё]+|[А-ЯЁ]+")
_FREQUENT = frozenset("оеаинтсрвл")
_COMMON = frozenset("оеаинтсрвлкмдпуяыьгзбчйхжшюцщэф")
_STRANGE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u2500-\u259fЂЃѓЉЊЌЋЏђљњќћџҐґЎўЈЅѕЄєІіЇї¤¦¬¶\ufffd]")
_BINARY_BYTES = re.compile(b"[\0\4]")  # the high bytes of Latin and of Cyrillic letters in UTF-16
_BINARY = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\ufffd]")


def decode(raw: bytes, named: str = "") -> str:
    """The text of ``raw``.

    Args:
        raw: a whole file.
        named: the encoding that the document itself names; tried after the marks that cannot lie.

    Raises:
        Unreadable: it is not text.
    """
    text = _certain(raw)
    if text is None:
        text = _in(raw, named) if named else None
    if text is None:
        text = _guessed(raw)
    if len(_BINARY.findall(text[:_SAMPLE])) > 5 + len(text[:_SAMPLE]) // 50:
        raise Unreadable("this is not text: save the document under the suffix of its real format")
    return text


def _certain(raw: bytes) -> str | None:
    for bom, name in _BOMS:
        if raw.startswith(bom):
            return raw.decode(name, errors="replace")
    if _BINARY_BYTES.search(raw[:_SAMPLE]) and (text := _utf16(raw)) is not None:
        return text
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        return decoder.decode(raw)  # not final: a file may be cut in the middle of a letter
    except UnicodeDecodeError:
        return None


def _utf16(raw: bytes) -> str | None:
    """UTF-16 without its mark: every second byte is one of a few."""
    sample = raw[:_SAMPLE]
    for name, high in (("utf-16-le", sample[1::2]), ("utf-16-be", sample[::2])):
        if high and sum(high.count(each) for each in (0x00, 0x04, 0x20)) > 0.9 * len(high):
            return raw.decode(name, errors="replace")
    return None


def _in(raw: bytes, name: str) -> str | None:
    try:
        return raw.decode(name)
    except (LookupError, UnicodeDecodeError, ValueError):
        return None


def _guessed(raw: bytes) -> str:
    """The encoding in which the text looks most like Russian, else like a Western language.

    charset-normalizer alone takes a short koi8-r text for anything, so Russian is told by its letters.
    """
    sample = raw[:_SAMPLE]
    scores = {name: _russian(sample.decode(name, errors="replace")) for name in _RUSSIAN}
    best = max(_RUSSIAN, key=lambda name: scores[name] + (name == "cp1251"))  # by far the most usual
    if scores[best] > 0:
        return raw.decode(best, errors="replace")
    from charset_normalizer import from_bytes  # `run` imports this module, only its worker reads

    found = from_bytes(sample, cp_isolation=list(_WESTERN)).best() if len(sample) > _ENOUGH else None
    return raw.decode(found.encoding if found else "cp1252", errors="replace")


def _russian(text: str) -> float:
    """How much the text looks Russian: above 0 when more speaks for it than against."""
    score = -3.0 * len(_STRANGE.findall(text))
    for word in _WORD.findall(text):
        if word.isascii():
            continue
        if not _RUSSIAN_WORD.fullmatch(word):  # Latin within, or koi8-r read as cp1251: small letters first
            score -= 2 * len(word)
            continue
        lower = word.lower()
        score += sum((letter in _FREQUENT) + 0.3 * (letter in _COMMON) for letter in lower)
        score -= 0.3 * len(word) * (word.isupper() and len(word) > 1) + 2 * (lower[0] in "ьъы")
    return score
