"""The entities that Telegram finds in any text by itself: links, commands, phone numbers and so on.

Simpler than Telegram's own search at the edges (no list of top-level domains); the plain cases agree.
"""

from __future__ import annotations

import re

from sovetnik.demo.botapi.refusal import JsonDict
from sovetnik.demo.botapi.utf16 import width

_PATTERNS = {
    "email": re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]+\.)+[^\W\d_]{2,}(?![\w-])"),
    "url": re.compile(
        r"(?<![\w@.])(?:https?://|tg://|ton://)[^\s<>\"]*[^\s<>\".,:;!?')\]]"
        r"|(?<![\w@./-])(?:[a-z0-9-]+\.)+(?:com|org|net|ru|me|io|dev|app|info|biz|рф|su|by|kz|ua)"
        r"(?![\w-])(?::\d+)?(?:[/?#][^\s<>\"]*[^\s<>\".,:;!?')\]])?/?",
        re.IGNORECASE,
    ),
    "bot_command": re.compile(r"(?<![\w/<>@])/[a-zA-Z0-9_]{1,64}(?:@[a-zA-Z0-9_]{3,32})?(?![\w/<>@])"),
    "mention": re.compile(r"(?<![\w@/])@[a-zA-Z0-9_]{4,32}(?!\w)"),
    "hashtag": re.compile(r"(?<![\w#@])#(?=\w*[^\W\d])\w{1,256}(?![\w#])"),
    "phone_number": re.compile(r"(?<![\w+.-])(?:\+\d|8)(?:[ ()-]{0,2}\d){9,13}(?![\w-])"),
}


def find_entities(text: str) -> list[JsonDict]:
    """Entities found in ``text``, in order, none over another."""
    found: list[tuple[int, int, str]] = []
    for kind, pattern in _PATTERNS.items():
        for match in pattern.finditer(text):
            if all(match.end() <= begin or end <= match.start() for begin, end, _ in found):
                found.append((match.start(), match.end(), kind))
    return [
        {"type": kind, "offset": width(text[:begin]), "length": width(text[begin:end])}
        for begin, end, kind in sorted(found)
    ]
