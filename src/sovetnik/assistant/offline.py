"""The consultant without a model: quotes the owner's documents and takes down contacts, step by step.

It keeps no state of its own: what it has asked and been told stands in the chat's transcript.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import cast

import phonenumbers

from sovetnik.assistant.prompt import place
from sovetnik.core.contacts import ContactForm, FormField, find_phones
from sovetnik.core.events import Done, Event
from sovetnik.core.model import Found, Message, Passage, Turn, Usage
from sovetnik.core.perception import is_bare
from sovetnik.core.ports import Desk
from sovetnik.core.texts import Texts, is_question, texts

QUOTES = (700, 350)
"""Characters quoted of the best passage and of the next: more is a wall of text on a phone."""

_BUYING = re.compile(
    r"\b(?:куп(?:ить|лю|им)|закаж|заказ(?:ать|ыва)|оформ(?:ить|ля|им)|бер[уё]|перезвон|позвон|свяж|менеджер"
    r"|order|buy|purchase|call me|contact me|manager)",
    re.IGNORECASE,
)
_GREETING = re.compile(
    r"^\W*(?:привет|здравствуй\w*|добр\w+ (?:день|утро|вечер)|hello|hi|hey|good (?:morning|day|evening))\W*$",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\+?\d[\d\s().-]{4,}\d")
_NAME_LEAD = re.compile(
    r"\b(?:меня зовут|зовут|это|я|имя|мой|моё|мо[ий]|номер|телефон|тел|my name is|name is|name|this is|i am"
    r"|i'm|phone|number|call me|is|my)\b[:.,]?",
    re.IGNORECASE,
)
_NAMED = re.compile(
    r"\b(?i:меня зовут|мо[её] имя|my name is|i am called)[:\s]+([^\W\d_][\w'’-]*(?:\s+[A-ZА-ЯЁ][\w'’-]*)?)"
)
_NO_NAME = re.compile(
    r"\b(?:ой|ах|вот|так|да|нет|ок|окей|ладно|хорошо|спасибо|пожалуйста|извините|простите|здравствуйте|привет|добрый"
    r"|день|вечер|утро|пишите|звоните|можно|после|до|oh|ok|okay|yes|no|thanks|please|sorry|hello|hi|here|it|it's)\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"[^\W\d_][^\W\d_'’-]*(?:\s+[^\W\d_][^\W\d_'’-]*){0,2}")


@dataclass(slots=True)
class _Known:
    """What the customer has told of themselves since the conversation began."""

    name: str = ""
    phone: str = ""
    fields: dict[str, str] = field(default_factory=dict[str, str])
    questions: list[str] = field(default_factory=list[str])
    asked: str = ""
    """What our last message asked for: ``name``, ``phone``, ``contact`` (both), ``offer`` (both, in passing),
    a field's name, or nothing."""


class OfflineConsultant:
    """Answers from the documents alone; see :class:`sovetnik.core.ports.Assistant`."""

    def __init__(self, form: ContactForm) -> None:
        self._form = form

    async def answer(self, turn: Turn, desk: Desk, code: str | None = None) -> AsyncIterator[Event]:
        """Work on one turn; ``code`` names the failure that keeps the model away."""
        own = texts(turn.chat.language)
        known = self._read(await desk.transcript(), own)
        said = "\n".join(message.text for message in turn.messages)
        if turn.images and all(is_bare(message) for message in turn.messages):
            text = own.photo_unseen
        else:
            text = await self._contact(turn, desk, known, said) or await self._consult(desk, own, said, code)
        yield Done(text, Usage(model="offline"), kind="quote", code=code)

    # contacts

    async def _contact(self, turn: Turn, desk: Desk, known: _Known, said: str) -> str | None:
        """The answer, if the message is about the contact."""
        own = texts(turn.chat.language)
        asked = known.asked
        took = self._take(known, asked, said)
        if asked in {"name", "phone", "contact", "offer"} and _like_a_phone(said) and not known.phone:
            return own.bad_phone
        if took:
            return (
                await self._save(turn, desk, known) if known.phone else own.ask_phone.format(name=known.name)
            )
        if _BUYING.search(said) and turn.lead is None:
            await desk.call_tool("offer_phone_button", "{}")
            return own.ask_phone.format(name=known.name) if known.name else own.ask_contact
        return None

    async def _save(self, turn: Turn, desk: Desk, known: _Known) -> str:
        """Save as soon as all that the form requires is known: a customer may never write again."""
        own = texts(turn.chat.language)
        missing = next((f for f in self._form.fields if f.required and f.name not in known.fields), None)
        if missing:
            return own.ask_field.format(label=_label(missing))
        name = known.name or turn.chat.name
        order = "\n".join(known.questions[-3:])
        arguments = {"name": name, "phone": known.phone, "order": order, **known.fields}
        result = cast(
            "dict[str, object]", json.loads(await desk.call_tool("save_contact", json.dumps(arguments)))
        )
        if not result.get("saved"):
            return self._what_is_wrong(str(result.get("problem", "")), known, own)
        if not known.name:
            return own.ask_name.format(phone=_shown(known.phone))
        return own.contact_saved.format(name=name, phone=_shown(known.phone))

    def _what_is_wrong(self, problem: str, known: _Known, own: Texts) -> str:
        """Ask again for what the tool refused; the next answer takes the place of the refused one."""
        refused = next((f for f in self._form.fields if f"{f.name}:" in problem), None)
        if refused:
            return own.ask_field.format(label=_label(refused))
        return own.contact_not_saved if known.name else own.ask_name.format(phone=_shown(known.phone))

    def _read(self, transcript: Sequence[Message], own: Texts) -> _Known:
        """Walk the transcript: what we asked, and what came back."""
        known = _Known()
        for message in transcript:
            if is_bare(message):
                continue
            if message.role == "customer":
                if not self._take(known, known.asked, message.text):
                    known.questions.append(message.text)
            else:
                known.asked = self._asked(message.text, own)
        return known

    def _asked(self, text: str, own: Texts) -> str:
        for label, question in (
            ("name", own.ask_name),
            ("phone", own.ask_phone),
            ("phone", own.bad_phone),
            ("contact", own.ask_contact),
            ("offer", own.leave_contact),
        ):
            if _is(question, text):
                return label
        for wanted in self._form.fields:
            if own.ask_field.format(label=_label(wanted)) in text:
                return wanted.name
        return ""

    def _take(self, known: _Known, asked: str, said: str) -> bool:
        """Take down what the message tells; False when it is about something else."""
        phones = find_phones(said, self._form.region)
        if phones:
            known.phone = phones[-1]
            if not known.name or _NAMED.search(said):
                known.name = _name_in(_DIGITS.sub(" ", said)) or known.name
            return True
        # every quote ends with the offer: what is said after it is an objection more often than a name
        asked_for_it = asked in {"name", "contact"} or (asked == "offer" and _NAMED.search(said))
        if asked_for_it and "?" not in said and not _BUYING.search(said):
            name = "" if _GREETING.match(said) else _name_in(_DIGITS.sub(" ", said))
            if name:
                known.name = name
                return True
        if asked in {f.name for f in self._form.fields} and "?" not in said:
            known.fields[asked] = said.strip()
            return True
        return False

    # documents

    async def _consult(self, desk: Desk, own: Texts, said: str, code: str | None) -> str:
        if _GREETING.match(said):
            return own.greeting
        found = await desk.search(said)
        because = [own.quoting_because.format(code=code)] if code else []
        if not found.fits:
            if is_question(said):
                await desk.call_tool("note_unanswered", json.dumps({"question": said}))
            return "\n\n".join([*because, f"{own.nothing_found} {own.leave_contact}"])
        return "\n\n".join([*because, own.quoting, *_quotes(found, said), own.leave_contact])


def _label(wanted: FormField) -> str:
    """What we call a field when we ask for it."""
    return f"{wanted.label} ({' / '.join(wanted.choices)})" if wanted.choices else wanted.label


def _like_a_phone(text: str) -> bool:
    """Whether somebody tried to write a number: seven digits in a row, which no price or size has."""
    return any(sum(char.isdigit() for char in match.group()) >= 7 for match in _DIGITS.finditer(text))


def _quotes(found: Found, question: str) -> list[str]:
    pairs = zip(found.passages, QUOTES, strict=False)
    return [_quote(passage, question, room) for passage, room in pairs]


def _quote(passage: Passage, question: str, room: int) -> str:
    lines = "\n".join(f"> {line}" for line in _excerpt(passage.text.strip(), question, room))
    return f"{lines}\n\n_{place(passage)}_"


def _excerpt(text: str, question: str, room: int) -> list[str]:
    """The lines that share most words with the question, in the document's order, within the room."""
    lines = [line for line in text.splitlines() if line.strip()]
    wanted = _stems(question)
    fit = [len(wanted & _stems(line)) for line in lines]
    if len(lines) < 2 or (len(text) <= room and max(fit) == 0):
        return [line[:room] for line in lines]
    kept = {0} if " | " in lines[0] else set[int]()  # a table's rows mean nothing without their header
    enough = max(fit) if kept else min(fit) if len(text) <= room else 0  # of a table, the row that is meant
    left = room - sum(len(lines[n]) for n in kept)
    for number in sorted(range(len(lines)), key=lambda n: (-fit[n], n)):
        left -= len(lines[number])
        if fit[number] < enough or (left < 0 and kept):
            break
        kept.add(number)
    return [lines[number][:room] for number in sorted(kept)]


def _stems(text: str) -> set[str]:
    """Words by their first five letters: enough to see past Russian endings."""
    return {word[:5].replace("ё", "е") for word in re.findall(r"[^\W_]{3,}", text.lower())}


def _name_in(text: str) -> str:
    """A name that the message gives ("my name is …"), or all it holds; empty where it is a sentence."""
    given = _NAMED.search(text)
    if given:
        return given.group(1).strip()
    rest = _NO_NAME.sub(" ", _NAME_LEAD.sub(" ", text)).strip(" ,.;:!—–-\n")
    found = _NAME.search(rest)
    if not found or len(rest.split()) > 4:
        return ""
    return found.group(0).strip()


def _is(template: str, text: str) -> bool:
    """Whether a text of ours was made from the template."""
    parts = [part for part in re.split(r"\{\w+\}", template) if part]
    return all(part in text for part in parts)


def _shown(phone: str) -> str:
    number = phonenumbers.parse(phone)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
