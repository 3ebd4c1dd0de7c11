"""A strict OpenAI-compatible server with a scripted model behind it.

It serves Responses, Conversations, Files, Vector stores and Transcriptions:

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
from .hearing import TRANSCRIBERS, Recording, Transcriber, heard, spoken
from .journal import Call
from .library import Library
from .media import Document, Image
from .passages import Found
from .server import KEY, MODELS, ModelApi

__all__ = [
    "KEY",
    "MODELS",
    "TRANSCRIBERS",
    "Answer",
    "Brain",
    "BrainError",
    "Call",
    "Document",
    "Fault",
    "Faults",
    "Found",
    "Image",
    "Incomplete",
    "Library",
    "ModelApi",
    "ModelRequest",
    "Part",
    "Reasoning",
    "Recording",
    "Refusal",
    "Reply",
    "Text",
    "ToolCall",
    "ToolOutput",
    "Transcriber",
    "consultant_brain",
    "echo",
    "heard",
    "scripted",
    "spoken",
]
