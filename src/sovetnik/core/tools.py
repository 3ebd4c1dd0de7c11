"""What a model may do in a turn. Every tool sees the turn's own chat and no other: none takes a chat id."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import cast

import structlog

from sovetnik.core.contacts import ContactForm, ContactProblem, check_contact
from sovetnik.core.errors import Fenced, StorageError
from sovetnik.core.model import Found, Passage, SavedLead, Turn
from sovetnik.core.ports import Knowledge, Store
from sovetnik.core.texts import is_question, storable

log = structlog.get_logger("sovetnik.tools")

LEAD_MAIL_HOLD = 10.0
"""Seconds a lead's mail waits for the turn's answer, so that it shows the dialogue with its end."""

NOTHING = 0.35
"""Best score below which a question counts as unanswered whatever the model makes of it. On the labelled
questions 2 % of those that the documents answer are below it, and 38 % of those that they do not."""


@dataclass(slots=True)
class Toolbox:
    """The tools of one turn, and what they brought to light.

    Attributes:
        passages: Everything of the documents that the assistant was given, best first.
        unanswered: The customer's question that the documents do not answer.
        used: Name, arguments and result of each call.
        saved: Whether a contact was saved.
        phone_button: Whether the answer shows the button that shares the phone.
        consent: Shows the consent text where it was not shown yet; False when that failed.
    """

    turn: Turn
    store: Store
    form: ContactForm
    knowledge: Knowledge | None = None
    passages: dict[tuple[str, str, str], Passage] = field(default_factory=dict[tuple[str, str, str], Passage])
    unanswered: str | None = None
    used: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])
    saved: bool = False
    phone_button: bool = False
    consent: Callable[[], Awaitable[bool]] | None = None

    async def search(self, query: str) -> Found:
        """Look into the documents for the customer's question."""
        if self.knowledge is None:
            return Found()
        found = await self.knowledge.search(query)
        if found.best >= NOTHING:
            self.unanswered = None
            self.passages |= {(p.source, p.heading, p.text): p for p in found.passages}
        elif not self.passages and is_question(query):
            self.unanswered = query
        return found

    async def call(self, name: str, arguments: str) -> str:
        """Run a tool by name; whatever is wrong comes back as text for the model."""
        result = await self._run(name, arguments)
        self.used.append((name, arguments, result))
        return result

    async def _run(self, name: str, arguments: str) -> str:
        try:
            parsed: object = json.loads(arguments or "{}")
        except (ValueError, RecursionError) as error:
            return _json(error=f"the arguments are no JSON: {error}")
        if not isinstance(parsed, dict):
            return _json(error="the arguments must be a JSON object")
        values = cast("dict[str, object]", parsed)
        if name == "save_contact":
            return await self._save_contact(values)
        if name == "search_knowledge":
            return await self._search_knowledge(values)
        if name == "offer_phone_button":
            return self._offer_phone_button()
        if name == "note_unanswered":
            self.unanswered = str(values.get("question") or self._said())[:500]
            return _json(noted=True)
        return _json(error=f"there is no tool named {storable(name)[:100]}")

    def _said(self) -> str:
        return "\n".join(message.text for message in self.turn.messages)

    def _offer_phone_button(self) -> str:
        if self.turn.chat.is_group:
            return _json(error="this is a group: ask for the number in words")
        self.phone_button = True
        return _json(shown=True, note="The button appears with your answer; a typed number works as well.")

    async def _search_knowledge(self, values: dict[str, object]) -> str:
        query = values.get("query")
        if not isinstance(query, str) or not query.strip():
            return _json(error="query is missing: say in words what to look for")
        found = await self.search(query[:500])
        if not found.fits:
            return _json(found=[], note="The documents do not say this. Tell the customer so; do not guess.")
        return _json(
            found=[{"source": p.source, "heading": p.heading, "text": p.text} for p in found.passages]
        )

    async def _save_contact(self, values: dict[str, object]) -> str:
        try:
            contact = check_contact(self.form, values)
        except ContactProblem as problem:
            return _json(saved=False, problem=str(problem))
        if self.consent and not await self.consent():
            return _json(saved=False, problem="Telegram is away; ask the customer to try again later")
        try:
            saved = await self.store.save_lead(self.turn.chat.id, self.turn.token, contact, LEAD_MAIL_HOLD)
        except Fenced:
            raise
        except StorageError as error:
            log.error("lead_not_saved", chat=self.turn.chat.id, error=str(error))
            problem = "our database refused; do not promise anything, ask the customer to try again later"
            return _json(saved=False, problem=problem)
        self.saved = True
        log.info("lead_saved", chat=self.turn.chat.id, lead=saved.lead.id, change=saved.change)
        return _saved(saved)


def _saved(saved: SavedLead) -> str:
    told = {
        "created": "The contact is saved and the manager has been notified.",
        "updated": "The contact was known and is now updated; the manager has been notified of the change.",
        "unchanged": "Exactly this contact was saved before; nothing changed. The manager already has it.",
    }[saved.change]
    contact = saved.lead.contact
    return _json(saved=True, result=told, name=contact.name, phone=contact.phone, order=contact.order)


def _json(**values: object) -> str:
    return json.dumps(values, ensure_ascii=False)
