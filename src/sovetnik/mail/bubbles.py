"""A dialogue as chat bubbles, whole or shortened to what a mail can hold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from markupsafe import Markup, escape

from sovetnik.core.model import Chat, Message, Passage
from sovetnik.core.perception import is_bare
from sovetnik.mail.headers import header_text, scrub
from sovetnik.mail.markdown import markdown_html, markdown_plain, plain_html
from sovetnik.mail.wording import Wording

Side = Literal["in", "out", "err"]

PLACES = 4
"""Sources named under an answer."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of each thing a page shows; None: all of it. Texts are measured in bytes of HTML.

    Attributes:
        message: One message.
        dialogue: One dialogue's texts, newest kept.
        value: A field, an order in a table, a mail's error.
        rows: Leads in the table.
        problems: Lines of what went wrong.
        gaps: Questions that the documents do not answer.
        question: One of them.
        askers: Customers named under one of them.
    """

    message: int | None = None
    dialogue: int | None = None
    value: int | None = None
    rows: int | None = None
    problems: int | None = None
    gaps: int | None = None
    question: int | None = None
    askers: int | None = None


@dataclass(frozen=True, slots=True)
class Bubble:
    """One message, ready to print.

    Attributes:
        day: Set on the first one of each day but the reader's own.
        remark: On an answer that no model gave.
        sources: The documents that an answer was given.
    """

    side: Side
    who: str
    time: str
    html: Markup
    text: str
    day: str | None
    code: str | None
    remark: str | None
    sources: str | None
    cut: bool


class Shortener:
    """Cuts texts to a limit and remembers whether it had to."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.used = False

    def text(self, text: str, limit: int | None) -> str:
        """At most ``limit`` bytes of HTML: a quote takes five, a Cyrillic letter two."""
        if limit is None or _weight(text[: limit + 1]) <= limit:
            return text
        self.used = True
        room, end = limit, 0
        for end, char in enumerate(text):  # noqa: B007 - where it stopped
            room -= _weight(char)
            if room < 0:
                break
        return text[:end].rstrip() + "…"

    def newest(self, messages: Sequence[Message]) -> Sequence[Message]:
        """The newest messages whose texts fit into one dialogue's room; always at least one."""
        room = self.limits.dialogue
        if room is None:
            return messages
        taken = 0
        for message in reversed(messages):
            room -= self._weight(message)
            if room < 0 and taken:
                self.used = True
                break
            taken += 1
        return messages[len(messages) - taken :]

    def _weight(self, message: Message) -> int:
        """A message is shortened before it is shown, so no more than that counts."""
        most = self.limits.message
        return _weight(message.text) if most is None else min(_weight(message.text[:most]), most)


def _weight(text: str) -> int:
    return len(escape(text).encode("utf-8", "replace"))


def chat_name(chat: Chat, wording: Wording) -> str:
    """How a customer is called when only Telegram told us."""
    return header_text(chat.name) or wording.texts.no_name


def make_bubbles(
    chat: Chat, messages: Sequence[Message], wording: Wording, shortener: Shortener, today: date
) -> tuple[Bubble, ...]:
    """Messages as bubbles, a line with the date where it is not ``today``'s any more."""
    bubbles: list[Bubble] = []
    current = today
    for message in messages:
        day = wording.local(message.created_at).date()
        bubbles.append(_bubble(message, chat, wording, shortener, None if day == current else day))
        current = day
    return tuple(bubbles)


def _bubble(message: Message, chat: Chat, wording: Wording, shortener: Shortener, day: date | None) -> Bubble:
    full = scrub(_words_of(message, wording)).strip()
    text = shortener.text(full, shortener.limits.message)
    # Only the model writes Markdown; a customer's asterisks are their own.
    formatted = message.role == "assistant"
    return Bubble(
        side=_side(message),
        who=_speaker(message, chat, wording),
        time=wording.clock(message.created_at),
        html=markdown_html(text) if formatted else plain_html(text),
        text=markdown_plain(text) if formatted else text,
        day=None if day is None else wording.day(day),
        code=wording.texts.error_code.format(code=message.error_code) if message.error_code else None,
        remark=_remark(message, wording),
        sources=_sources(message.passages, wording),
        cut=text != full,
    )


def _words_of(message: Message, wording: Wording) -> str:
    """The text, or the files that came without one."""
    return _files(message, wording) if is_bare(message) else message.text


def _remark(message: Message, wording: Wording) -> str | None:
    """What stands small below: that it was a quote, a voice, a file."""
    if message.kind == "quote":
        return wording.texts.quoted
    return _files(message, wording) if message.attachments and not is_bare(message) else None


def _files(message: Message, wording: Wording) -> str:
    texts = wording.texts
    named = {"voice": texts.voice, "photo": texts.photo, "document": texts.document}
    return ", ".join(f"{named[file.kind]} {header_text(file.name)}".strip() for file in message.attachments)


def _sources(passages: Iterable[Passage], wording: Wording) -> str | None:
    """``Источники: prices.md › Кровати, delivery.md``."""
    named = (header_text(" › ".join(part for part in (p.source, p.heading) if part)) for p in passages)
    places = list(dict.fromkeys(name for name in named if name))
    if not places:
        return None
    shown = places[:PLACES]
    if len(places) > PLACES:
        shown.append(wording.texts.and_more.format(count=len(places) - PLACES))
    return wording.texts.sources.format(places=", ".join(shown))


def _side(message: Message) -> Side:
    if message.kind == "error":
        return "err"
    return "in" if message.role == "customer" else "out"


def _speaker(message: Message, chat: Chat, wording: Wording) -> str:
    if message.role == "customer":
        return chat_name(chat, wording)
    return wording.texts.manager if message.role == "manager" else wording.texts.assistant
