"""The assistant with a strict model server at the other end, and a desk that notes what is asked of it."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import openai

from sovetnik.assistant import Briefing, ModelSettings, OpenAiAssistant, make_client
from sovetnik.core.contacts import ContactForm, FormField
from sovetnik.core.events import Done, Event, ToolUsed
from sovetnik.core.model import Chat, Contact, Found, Lead, Message, Turn
from sovetnik.core.ports import Desk
from sovetnik.demo.modelapi import KEY, ModelApi
from sovetnik.demo.serving import serve

NOW = datetime(2026, 11, 22, 21, 30, tzinfo=UTC)
CHAT = 7_654_321_012
FORM = ContactForm(
    fields=(
        FormField("city", "Город", hint="куда везти", required=True),
        FormField("call_time", "Когда звонить", type="choice", choices=("утром", "вечером")),
    )
)


def message(number: int, role: str = "customer", text: str = "", kind: str = "text") -> Message:
    return Message(number, CHAT, role, kind, text or f"реплика {number}", NOW)  # type: ignore[arg-type]


def dialogue(count: int) -> list[Message]:
    return [message(n, "customer" if n % 2 else "assistant") for n in range(1, count + 1)]


def lead(**fields: str) -> Lead:
    return Lead(1, CHAT, Contact("Анна", "+79123456789", "Кровать", fields), 1, NOW, NOW)


def turn(
    *texts: str,
    conversation: str | None = None,
    known: Lead | None = None,
    images: tuple[str, ...] = (),
) -> Turn:
    said = tuple(message(1000 + n, text=text) for n, text in enumerate(texts or ("Сколько стоит?",)))
    chat = Chat(CHAT, "Анна", "anna", "ru", None, NOW)
    return Turn(chat, "token", said, tuple(m.id for m in said), conversation, known, images)


@dataclass
class Office:
    """One test's assistant."""

    api: ModelApi
    url: str
    settings: ModelSettings
    client: openai.AsyncOpenAI
    assistant: OpenAiAssistant
    before: list[Message] = field(default_factory=list)
    found: Found = field(default_factory=Found)
    opened: list[str] = field(default_factory=list)
    tool_calls: list[tuple[str, str]] = field(default_factory=list)
    searched: list[str] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    async def ask(
        self,
        *texts: str,
        conversation: str | None = None,
        known: Lead | None = None,
        images: tuple[str, ...] = (),
    ) -> Done:
        """The end of a turn; what came before it is in ``events``."""
        desk = Desk(
            call_tool=self._call_tool,
            search=self._search,
            transcript=self._transcript,
            opened=self._opened,
        )
        self.events = []
        asked = turn(*texts, conversation=conversation, known=known, images=images)
        async for event in self.assistant.answer(asked, desk):
            self.events.append(event)
        done = self.events.pop()
        assert isinstance(done, Done)
        return done

    def bodies(self) -> list[dict[str, Any]]:
        return [call.body for call in self.api.responses]

    def tools_used(self) -> list[ToolUsed]:
        return [event for event in self.events if isinstance(event, ToolUsed)]

    async def _call_tool(self, name: str, arguments: str) -> str:
        self.tool_calls.append((name, arguments))
        return json.dumps({"told": f"{name} {len(self.tool_calls)}"})

    async def _search(self, query: str) -> Found:
        self.searched.append(query)
        return self.found

    async def _transcript(self) -> list[Message]:
        return self.before

    async def _opened(self, conversation: str) -> None:
        self.opened.append(conversation)


@asynccontextmanager
async def office(context: str, **changes: Any) -> AsyncGenerator[Office]:
    """Settings as they are with a compatible server; ``itself=True`` as with OpenAI itself."""
    itself = changes.pop("itself", False)
    streamed = changes.pop("streamed", True)
    api = ModelApi()
    async with serve(api.app) as url:
        values: dict[str, Any] = {"api_key": KEY, "model": "gpt-6-luna", "context": context, "timeout": 10.0}
        values |= {"base_url": f"{url}/v1"} | changes
        settings = ModelSettings(**values)
        client = make_client(settings)
        told = ModelSettings(**{**values, "base_url": None}) if itself else settings
        briefing = Briefing(
            instructions=lambda: "Продаём кровати.",
            form=FORM,
            zone=ZoneInfo("Asia/Yekaterinburg"),
            clock=lambda: NOW,
        )
        async with client, OpenAiAssistant(client, told, briefing, "salt", streamed=streamed) as assistant:
            yield Office(api, url, settings, client, assistant)
