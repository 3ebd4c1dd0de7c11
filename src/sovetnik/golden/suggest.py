"""Cases out of real dialogues: those that led to a lead, and questions that the documents do not answer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from sovetnik.core.contacts import find_phones
from sovetnik.core.model import Chat, Lead, Message
from sovetnik.core.texts import is_question
from sovetnik.golden.matching import plain
from sovetnik.golden.texts import texts
from sovetnik.storage import SqlStore

MOST = 40
"""Suggestions of each kind, the newest: more is nobody's afternoon."""

ASKED = 4
"""Messages of one dialogue that a suggestion repeats at most."""

ANSWER = 300
"""Characters of the answer that was given, as a reminder."""

_DIGITS = re.compile(r"\+?\d(?:[\s().-]{0,2}\d){6,}")
_EMAIL = re.compile(r"[^\s@<>]+@[^\s@<>]+\.\w+")
_NICK = re.compile(r"(?<!\w)@\w{4,}")
_NAMED = re.compile(
    r"(?i:\b(?:меня зовут|мо[её] имя|my name is|i am called))[:\s]+[^\W\d_][\w'’-]*(?:\s+[A-ZА-ЯЁ][\w'’-]*)?"
)


@dataclass(slots=True)
class _Talk:
    """What one dialogue has brought so far."""

    asked: list[Message] = field(default_factory=list[Message])
    answer: str = ""
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A case to be filled in; the texts are scrubbed."""

    why: str
    ask: tuple[str, ...]
    answered: str = ""

    def toml(self) -> str:
        """A ``[[question]]`` that reads as it stands once ``must`` is filled in."""
        own = texts()
        asked = ", ".join(_quoted(text) for text in self.ask)
        lines = [f"# {self.why}"]
        if self.answered:
            lines.append(f"# {own.answered}{self.answered}")
        lines += ["[[question]]", f"ask = {asked}" if len(self.ask) == 1 else f"ask = [{asked}]"]
        return "\n".join([*lines, f"must = []  # {own.fill}", ""])


async def suggestions(store: SqlStore, region: str) -> list[Suggestion]:
    """The newest suggestions of each kind, each question once."""
    own = texts()
    people = {lead.chat_id: (lead, chat) async for lead, chat in store.leads()}
    talks = {chat_id: _Talk() for chat_id in people}
    unanswered: list[Suggestion] = []
    async for row in store.export(None, None):
        message, chat = row.message, row.chat
        if message.unanswered:
            scrub = _Scrubber(region, chat, people.get(chat.id, (None, chat))[0])
            unanswered.append(Suggestion(own.from_unanswered, (scrub(message.unanswered),)))
        if chat.id in talks:
            _listen(talks[chat.id], message, region)
    found = [
        _of_talk(talks[chat_id], _Scrubber(region, chat, lead)) for chat_id, (lead, chat) in people.items()
    ]
    return [*_newest(each for each in found if each), *_newest(unanswered)]


def _listen(talk: _Talk, message: Message, region: str) -> None:
    """Keep the customer's questions up to the message that brought the phone."""
    if talk.closed:
        return
    if message.role == "assistant":
        if message.kind in {"answer", "quote"} and talk.asked:
            talk.answer = message.text
        return
    if message.kind != "text":
        return
    if find_phones(message.text, region) or _DIGITS.search(message.text):
        talk.closed = True
    elif is_question(message.text) and len(talk.asked) < ASKED:
        talk.asked.append(message)
        talk.answer = ""


def _of_talk(talk: _Talk, scrub: _Scrubber) -> Suggestion | None:
    if not talk.asked:
        return None
    answer = " ".join(talk.answer.split())
    short = f"{answer[:ANSWER]}…" if len(answer) > ANSWER else answer
    return Suggestion(texts().from_lead, tuple(scrub(message.text) for message in talk.asked), scrub(short))


def _newest(found: Iterable[Suggestion]) -> list[Suggestion]:
    once = {plain(" ".join(each.ask)).casefold(): each for each in found}
    return list(once.values())[-MOST:]


@dataclass(frozen=True, slots=True)
class _Scrubber:
    """Takes out what tells who somebody is, as far as it can be known."""

    region: str
    chat: Chat
    lead: Lead | None

    def __call__(self, text: str) -> str:
        own = texts()
        text = _EMAIL.sub(own.email, text)
        text = _NICK.sub(own.name, _DIGITS.sub(own.phone, text))
        text = _NAMED.sub(own.name, text)
        for name in self._names():
            text = re.sub(rf"\b{re.escape(name)}\w{{0,3}}\b", own.name, text, flags=re.IGNORECASE)
        return text.strip()

    def _names(self) -> Iterable[str]:
        """Parts of the customer's names without their last vowel: Russian names have endings."""
        known = f"{self.chat.name} {self.chat.username or ''} {self.lead.contact.name if self.lead else ''}"
        for part in re.findall(r"[^\W\d_]{3,}", known):
            stem = re.sub(r"[аяйьоеиуюы]$", "", part, flags=re.IGNORECASE)
            yield stem if len(stem) >= 3 else part


def _quoted(text: str) -> str:
    """A TOML text: JSON's escapes are TOML's."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "")
