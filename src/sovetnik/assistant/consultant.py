"""The assistant over the Responses API: the tool loop with its retries and repairs."""

from __future__ import annotations

import asyncio
import hashlib
import random
import re
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Any, Self

import openai
import structlog

from sovetnik.assistant.client import RETRY_ONCE_MORE, ModelSettings
from sovetnik.assistant.prompt import Briefing
from sovetnik.assistant.responses import Responses
from sovetnik.assistant.session import Session
from sovetnik.assistant.stream import Reply, model_call
from sovetnik.assistant.tools import tools_of
from sovetnik.core.errors import AssistantError
from sovetnik.core.events import Done, Event, Restarted, TextDelta, ToolUsed
from sovetnik.core.model import Found, Passage, Turn, Usage
from sovetnik.core.ports import Desk

log = structlog.get_logger("sovetnik.assistant")

STEPS = 8
"""Model calls in one turn at most; the last one may not call tools, so it ends with a text."""

TRIES = 4
"""Times that one model call is tried."""

STALLED_TRIES = 2
"""The same for a model that says nothing: each such try costs the customer ``OPENAI_TIMEOUT``."""

LONGEST_PAUSE = 20.0
"""Seconds: a provider that asks for more patience than a customer has gets none."""

LOCK_PATIENCE = 15.0
"""Seconds to wait for a locked conversation before a new one is opened from our transcript."""

FEW_CHARACTERS = 25
"""A message this short means little without the one before it."""

BLIND_AFTER = 2
"""Refusals of pictures in a row after which the model counts as one that cannot see: a single picture may be
odd in itself."""

BLIND_FOR = 3600.0
"""Seconds that pictures are not sent then; the owner may have set another model behind the same address."""

_PICTURES = re.compile(r"image|picture|vision|multi-?modal|mmproj", re.IGNORECASE)

CALL_LIMIT = 3
"""A whole call may take so many times the silence limit (``OPENAI_TIMEOUT``)."""


@dataclass(slots=True)
class _Tally:
    """What a turn has cost so far."""

    began: float
    model: str = ""
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    calls: int = 0

    def add(self, usage: Usage) -> None:
        self.model = usage.model or self.model
        self.input_tokens += usage.input_tokens
        self.cached_tokens += usage.cached_tokens
        self.output_tokens += usage.output_tokens
        self.calls += usage.calls

    def usage(self) -> Usage:
        return Usage(
            model=self.model,
            input_tokens=self.input_tokens,
            cached_tokens=self.cached_tokens,
            output_tokens=self.output_tokens,
            seconds=round(time.monotonic() - self.began, 3),
            calls=self.calls,
        )


@dataclass(slots=True)
class _Eyes:
    """Whether the model looks at pictures, as far as it has shown."""

    refusals: int = 0
    shut_until: float = 0.0

    @property
    def shut(self) -> bool:
        return time.monotonic() < self.shut_until

    def learn(self, refusal: str, *, looked: bool) -> None:
        """From a call that was taken, ``refusal``: after its pictures had been left out."""
        if refusal:
            self.refusals += 1
            log.warning("model_sees_no_pictures", error=refusal)
            if self.refusals >= BLIND_AFTER:
                self.refusals, self.shut_until = 0, time.monotonic() + BLIND_FOR
        elif looked:
            self.refusals = 0


class OpenAiAssistant:
    """Answers turns with a model, as a context; see :class:`sovetnik.core.ports.Assistant`."""

    def __init__(
        self,
        client: openai.AsyncOpenAI,
        settings: ModelSettings,
        briefing: Briefing,
        salt: str,
        *,
        streamed: bool = True,
    ) -> None:
        """Put the assistant together.

        Args:
            client: From :func:`~sovetnik.assistant.client.make_client`.
            settings: The same that made the client.
            briefing: What the model is told.
            salt: Makes the hash that stands for a customer at the provider useless to others.
            streamed: Whether somebody looks on while an answer grows; one that comes whole costs less.
        """
        self._client = client
        self._responses = Responses(client, settings)
        self._streamed = streamed
        self._settings = settings
        self._briefing = briefing
        self._salt = salt
        self._tools = tools_of(briefing.form, settings.vector_store)
        self._eyes = _Eyes()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._responses.close()

    async def answer(self, turn: Turn, desk: Desk) -> AsyncIterator[Event]:
        """Work on one turn; see the port."""
        remote = self._settings.context == "conversation"
        session = Session(client=self._client, turn=turn, desk=desk, remote=remote)
        if self._eyes.shut:
            session.look_away()
        tally = _Tally(time.monotonic())
        texts: list[str] = []
        cited: dict[str, Passage] = {}
        found = Found() if self._settings.vector_store else await desk.search(await _query(turn, desk))
        instructions = partial(self._briefing.text, turn, found, self._briefing.clock())
        for step in range(STEPS):
            reply: Reply | None = None
            async for event in self._call(session, instructions, may_use_tools=step < STEPS - 1):
                if isinstance(event, Reply):
                    reply = event
                else:
                    yield event
            if reply is None:  # _call ends with a reply or raises
                break
            tally.add(reply.usage)
            if reply.text not in texts:  # a model in a loop says the same each time
                texts.append(reply.text)
            cited |= {name: Passage(source=name, heading="", text="") for name in reply.cited}
            session.answered(reply.items())
            if not reply.calls or step == STEPS - 1:  # no tools were offered in the last one
                break
            for call in reply.calls:
                result = await desk.call_tool(call.name, call.arguments)
                session.items.append(
                    {"type": "function_call_output", "call_id": call.call_id, "output": result}
                )
                yield ToolUsed(call.name, call.arguments, result)
        text = "\n\n".join(text for text in texts if text)
        if not text:
            raise AssistantError("empty", "the model gave no text")
        yield Done(text, tally.usage(), cited=tuple(cited.values()))

    async def _call(
        self, session: Session, instructions: Callable[[], str], *, may_use_tools: bool
    ) -> AsyncIterator[TextDelta | Restarted | Reply]:
        """One model call with its retries; the last thing yielded is the reply."""
        patience = LOCK_PATIENCE
        tries = 0
        refused = ""
        while True:
            shown = False
            try:
                context = await session.request()
                async for event in model_call(
                    self._responses,
                    partial(self._request, session, instructions, context, may_use_tools=may_use_tools),
                    CALL_LIMIT * self._settings.timeout,
                    streamed=self._streamed,
                ):
                    shown = True
                    if isinstance(event, Reply) and not event.text and not event.calls:
                        raise AssistantError("empty", "the model gave neither text nor a tool call")
                    yield event
            except AssistantError as found:
                error = await session.without_words(found)
                if _about_pictures(found) and session.look_away():
                    refused, pause = error.detail, 0.0
                elif error.kind == "locked" and patience > 0:
                    pause = random.uniform(0.3, 1.0)  # noqa: S311 - spreads retries, guards nothing
                    patience -= pause
                else:
                    tries += 1
                    pause = self._pause_after(session, error, tries)
                log.warning(
                    "model_call_retried", chat=session.turn.chat.id, kind=error.kind, error=error.detail
                )
                if shown:
                    yield Restarted()
                await asyncio.sleep(pause)
            else:
                self._eyes.learn(refused, looked=bool(session.turn.images))
                return

    def _pause_after(self, session: Session, error: AssistantError, tries: int) -> float:
        """Seconds before the next try.

        Raises:
            AssistantError: the same one, when another try is of no use.
        """
        limit = STALLED_TRIES if error.kind == "timeout" else TRIES
        if error.kind not in RETRY_ONCE_MORE | {"locked"} or tries >= limit:
            raise error
        if error.kind != "rate_limit":  # refused before anything was begun
            session.doubt()
        if error.kind in {"conversation", "locked"}:
            return 0.0
        asked = error.retry_after.total_seconds() if error.retry_after else 0.0
        if asked > LONGEST_PAUSE:
            raise error
        return max(asked, 0.5 * 3 ** (tries - 1) * random.uniform(0.8, 1.2))  # noqa: S311 - as above

    def _request(
        self,
        session: Session,
        instructions: Callable[[], str],
        context: dict[str, Any],
        *,
        may_use_tools: bool,
    ) -> dict[str, Any]:
        request: dict[str, Any] = {
            **context,
            "model": self._settings.model,
            "instructions": instructions(),
            "tools": self._tools,
            "tool_choice": "auto" if may_use_tools else "none",
        }
        if self._settings.is_openai:
            request |= {
                "safety_identifier": self._stand_in(session.turn.chat.id),
                "prompt_cache_key": f"sovetnik-{self._salt[:8]}",
                "truncation": "auto",
            }
            if self._streamed:
                request["stream_options"] = {"include_obfuscation": False}
        return request

    def _stand_in(self, chat_id: int) -> str:
        """What stands for the customer at the provider: never the Telegram id."""
        return hashlib.sha256(f"{self._salt}:{chat_id}".encode()).hexdigest()[:32]


def _about_pictures(error: AssistantError) -> bool:
    """Whether the same without pictures may do: some gateways refuse them with a 500."""
    said = error.kind == "server" and _PICTURES.search(error.detail)
    return error.kind == "bad_request" or bool(said)


async def _query(turn: Turn, desk: Desk) -> str:
    """What to look for: the customer's words, with the ones before where they are few ("and delivery?")."""
    said = "\n".join(message.text for message in turn.messages)
    if len(said) > FEW_CHARACTERS:
        return said
    before = [message.text for message in await desk.transcript() if message.role == "customer"]
    return f"{said}\n{before[-1]}" if before else said
