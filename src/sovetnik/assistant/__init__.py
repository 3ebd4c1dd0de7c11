"""The model: one turn through the Responses API, with its context, tools and repairs."""

from sovetnik.assistant.check import check_model
from sovetnik.assistant.client import ModelSettings, make_client
from sovetnik.assistant.consultant import OpenAiAssistant
from sovetnik.assistant.erasing import erase_conversation
from sovetnik.assistant.fallback import FallbackAssistant
from sovetnik.assistant.hearing import DEFAULT_MODEL as TRANSCRIPTION_MODEL
from sovetnik.assistant.hearing import transcribe
from sovetnik.assistant.offline import OfflineConsultant
from sovetnik.assistant.prompt import Briefing

__all__ = [
    "TRANSCRIPTION_MODEL",
    "Briefing",
    "FallbackAssistant",
    "ModelSettings",
    "OfflineConsultant",
    "OpenAiAssistant",
    "check_model",
    "erase_conversation",
    "make_client",
    "transcribe",
]
