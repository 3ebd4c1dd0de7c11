"""The model: one turn through the Responses API, with its context, tools and repairs."""

from sovetnik.assistant.check import check_model
from sovetnik.assistant.client import ModelSettings, make_client
from sovetnik.assistant.consultant import OpenAiAssistant
from sovetnik.assistant.fallback import FallbackAssistant
from sovetnik.assistant.offline import OfflineConsultant
from sovetnik.assistant.prompt import Briefing

__all__ = [
    "Briefing",
    "FallbackAssistant",
    "ModelSettings",
    "OfflineConsultant",
    "OpenAiAssistant",
    "check_model",
    "make_client",
]
