"""A strict OpenAI-compatible server with a scripted model behind it.

It serves Responses, Conversations, Files and Vector stores:

    api = ModelApi(scripted([Text("Добрый день!"), ToolCall("save_contact", {"name": "Анна"})]))
    # serve api.app, then: AsyncOpenAI(base_url=f"{base}/v1", api_key=api.key)

It refuses what the real service refuses, in its words, so that a client that gets along with it gets
along with the real one. Tests and the demo use it; it talks HTTP only.
"""

from .brain import (
    Answer,
    Brain,
    BrainError,
    Incomplete,
    ModelRequest,
    Part,
    Reasoning,
    Refusal,
    Reply,
    Text,
    ToolCall,
    ToolOutput,
    echo,
    scripted,
)
from .consultant import consultant_brain
from .faults import Fault, Faults
from .journal import Call
from .library import Library
from .passages import Found
from .server import KEY, MODELS, ModelApi

__all__ = [
    "KEY",
    "MODELS",
    "Answer",
    "Brain",
    "BrainError",
    "Call",
    "Fault",
    "Faults",
    "Found",
    "Incomplete",
    "Library",
    "ModelApi",
    "ModelRequest",
    "Part",
    "Reasoning",
    "Refusal",
    "Reply",
    "Text",
    "ToolCall",
    "ToolOutput",
    "consultant_brain",
    "echo",
    "scripted",
]
