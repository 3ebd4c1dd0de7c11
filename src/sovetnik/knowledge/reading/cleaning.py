"""Text of documents is data: what nobody sees is taken out of it."""

from __future__ import annotations

import re
import unicodedata

# Controls, zero-width and bidi marks, tags, variation selectors (except U+FE0F, which emoji wear), private
# use, surrogates: instructions hidden from the owner's eyes would be written in these.
_UNSEEN = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb\ue000-\uf8ff\ud800-\udfff"
    "\U000e0000-\U000e0fff\U000f0000-\U0010ffff]+"
)
_NEWLINE = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_SPACE = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_BULLET = re.compile("[\uf0b7\uf0a7\uf0d8\uf0fc]")  # how Word's symbol fonts write list marks
_TRAILING = re.compile(r"(?<![ \t])[ \t]++(?=\n|\Z)")
_GAP = re.compile(r"\n{3,}")


def clean(text: str) -> str:
    """NFC text without characters that nobody sees; all spaces plain, all line ends plain."""
    text = _BULLET.sub("•", _NEWLINE.sub("\n", text))
    text = unicodedata.normalize("NFC", _UNSEEN.sub("", _SPACE.sub(" ", text)))
    return _GAP.sub("\n\n", _TRAILING.sub("", text)).strip("\n")


def one_line(text: str) -> str:
    """Clean text with every run of white space as one space."""
    return " ".join(clean(text).split())
