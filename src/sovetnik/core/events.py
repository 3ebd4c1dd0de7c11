"""What an assistant yields while it works on a turn.

The stream always ends with :class:`Done` or with :class:`~sovetnik.core.errors.AssistantError`;
a stream that ends otherwise is a failure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sovetnik.core.model import Passage, Usage


@dataclass(frozen=True, slots=True)
class TextDelta:
    """The next piece of the answer's text."""

    text: str


@dataclass(frozen=True, slots=True)
class Restarted:
    """The model call is made again: text shown so far is void."""


@dataclass(frozen=True, slots=True)
class ToolUsed:
    """A tool ran: what it was called with and what it answered (both JSON texts)."""

    name: str
    arguments: str
    result: str


@dataclass(frozen=True, slots=True)
class Done:
    """The whole answer and what it cost.

    Attributes:
        kind: ``quote`` when it comes from the documents alone.
        code: The log's code of the failure behind a ``quote``.
        cited: Documents that the provider itself searched.
    """

    text: str
    usage: Usage
    kind: Literal["answer", "quote"] = "answer"
    code: str | None = None
    cited: tuple[Passage, ...] = ()


Event = TextDelta | Restarted | ToolUsed | Done
