"""A turn's context: at the provider (a conversation) or sent along (our own history).

Whatever happens to a conversation at the provider, the turn can go on: our transcript opens a new one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

import openai
from openai.types.responses import ResponseInputContentParam, ResponseInputItemParam

from sovetnik.assistant.client import in_our_words
from sovetnik.core.errors import AssistantError
from sovetnik.core.model import Message, Turn
from sovetnik.core.ports import Desk

_WORD = re.compile(r"\w{2,}")

SEED = 20
"""Items that ``items.create`` takes in one call."""


@dataclass(slots=True)
class Session:
    """The input of the turn's model calls.

    Attributes:
        items: Everything of this turn in explicit form: the customer's words, calls, their outputs.
        kept: How many of ``items`` the provider's conversation holds already.
        suspect: True when it is unknown what the conversation holds: it must not be used again.
    """

    client: openai.AsyncOpenAI
    turn: Turn
    desk: Desk
    remote: bool
    items: list[ResponseInputItemParam] = field(default_factory=list[ResponseInputItemParam])
    conversation: str | None = None
    kept: int = 0
    suspect: bool = False
    _history: list[ResponseInputItemParam] | None = None

    def __post_init__(self) -> None:
        self.conversation = self.turn.conversation
        self.items.append({"role": "user", "content": _content(self.turn)})

    async def request(self) -> dict[str, Any]:
        """The part of a request that carries the context.

        Raises:
            AssistantError: a conversation could not be opened.
        """
        if not self.remote:
            if self._history is None:
                self._history = [_item(message) for message in await self.desk.transcript()]
            return {"input": [*self._history, *self.items], "store": False}
        if self.suspect or self.conversation is None:
            await self._open()
        return {"input": self.items[self.kept :], "conversation": self.conversation}

    def answered(self, items: list[ResponseInputItemParam]) -> None:
        """Note what the model answered: a conversation holds it, and all input before it, by itself."""
        self.items.extend(items)
        self.kept = len(self.items)

    def look_away(self) -> bool:
        """Leave the pictures out, for a model that cannot see; False when there were none."""
        if not self.turn.images:
            return False
        self.turn = replace(self.turn, images=())
        said = f"{self.turn.said}\n[you cannot see pictures: ask the customer to describe them]"
        self.items[0] = {"role": "user", "content": said}
        return True

    async def without_words(self, error: AssistantError) -> AssistantError:
        """The error without what customers said: providers quote their input, and errors are logged."""
        said = [self.turn.said, *(message.for_model for message in await self.desk.transcript())]
        words = {word.lower() for text in said for word in _WORD.findall(text)}
        detail = _WORD.sub(lambda m: "…" if m.group().lower() in words else m.group(), error.detail)
        return AssistantError(error.kind, detail, error.retry_after)

    def doubt(self) -> None:
        """Note that a call ended in a way that leaves the conversation's content unknown."""
        self.suspect = self.remote

    async def _open(self) -> None:
        seed = [_item(message) for message in await self.desk.transcript()]
        try:
            # Empty first: a gateway was seen that drops the items of `create` without a word.
            opened = await self.client.conversations.create()
            await self.desk.opened(opened.id)
            for start in range(0, len(seed), SEED):
                await self.client.conversations.items.create(opened.id, items=seed[start : start + SEED])
        except openai.NotFoundError as error:
            raise AssistantError(
                "bad_request", "the server has no Conversations API; set OPENAI_CONTEXT=history"
            ) from error
        except openai.OpenAIError as error:
            raise in_our_words(error) from error
        self.conversation, self.kept, self.suspect = opened.id, 0, False


def _item(message: Message) -> ResponseInputItemParam:
    role = "user" if message.role == "customer" else "assistant"
    return {"role": role, "content": message.for_model}


def _content(turn: Turn) -> str | list[ResponseInputContentParam]:
    if not turn.images:
        return turn.said
    images: list[ResponseInputContentParam] = [
        {"type": "input_image", "image_url": image, "detail": "auto"} for image in turn.images
    ]
    return [{"type": "input_text", "text": turn.said}, *images]
