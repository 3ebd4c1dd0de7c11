"""Lengths in UTF-16 code units: what every offset in the Bot API counts."""

from __future__ import annotations


def width(text: str) -> int:
    """Length of ``text`` in UTF-16 code units."""
    return len(text) + sum(ord(char) > 0xFFFF for char in text)


def byte_offset(text: str, index: int) -> int:
    """Offset in UTF-8 bytes of ``text[index]``: what Telegram's parser errors name."""
    return len(text[:index].encode("utf-8", "surrogatepass"))


def positions(text: str) -> dict[int, int]:
    """UTF-16 offset → index in ``text``, for every offset where a character starts, and the end."""
    found: dict[int, int] = {}
    offset = 0
    for index, char in enumerate(text):
        found[offset] = index
        offset += 1 + (ord(char) > 0xFFFF)
    found[offset] = len(text)
    return found


def cut(text: str, offset: int, length: int) -> str:
    """The part of ``text`` that an entity covers."""
    data = text.encode("utf-16-le", "surrogatepass")
    return data[2 * offset : 2 * (offset + length)].decode("utf-16-le", "replace")


class Output:
    """Parsed text as it grows, with its length in UTF-16 code units."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.offset = 0

    def add(self, text: str) -> None:
        """Append ``text``."""
        self.parts.append(text)
        self.offset += width(text)

    def text(self) -> str:
        """All of it."""
        return "".join(self.parts)

    def since(self, mark: int) -> str:
        """What was added since ``mark``, an earlier ``len(self.parts)``."""
        return "".join(self.parts[mark:])
