"""Who answers: the model with the documents behind it, or the documents alone.

Apart from the other parts because the provider's SDK comes along, which `report` and `export` do not need.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import openai
import structlog

from sovetnik.assistant import (
    TRANSCRIPTION_MODEL,
    Briefing,
    FallbackAssistant,
    OfflineConsultant,
    OpenAiAssistant,
    check_model,
    erase_conversation,
    make_client,
)
from sovetnik.core.budget import Budget
from sovetnik.core.contacts import ContactForm
from sovetnik.core.errors import AssistantError
from sovetnik.core.owner import Notice
from sovetnik.core.ports import Assistant
from sovetnik.knowledge import ConsultantFolder
from sovetnik.library import model_settings
from sovetnik.perceiving import Hearing
from sovetnik.settings import Settings
from sovetnik.storage import SqlStore

log = structlog.get_logger("sovetnik.app")


async def _no_check() -> None:
    log.warning("no_model", why="OPENAI_API_KEY is not set: answers are quotes from the documents")


async def _no_erasure(conversation: str) -> None:
    del conversation
    raise AssistantError("auth", "OPENAI_API_KEY is not set: what the provider holds cannot be erased")


@dataclass(frozen=True, slots=True)
class Brain:
    """Who answers.

    Attributes:
        check: Looks whether key and model are good; raises ConfigError.
        erase: Erases a conversation at the provider.
        hearing: Who hears voices, if anybody does.
        sees: Whether somebody looks at pictures.
        away: Code of the failure that keeps the model away, or None.
    """

    assistant: Assistant
    check: Callable[[], Awaitable[None]] = _no_check
    erase: Callable[[str], Awaitable[None]] = _no_erasure
    hearing: Hearing | None = None
    sees: bool = False
    away: Callable[[], str | None] = lambda: None


@asynccontextmanager
async def make_brain(
    settings: Settings, folder: ConsultantFolder, form: ContactForm, store: SqlStore, news: Callable[[], None]
) -> AsyncGenerator[Brain]:
    """Who answers: the model with the documents behind it, or the documents alone.

    Args:
        settings: The owner's.
        folder: The consultant's own texts.
        form: The contact form.
        store: Knows what was spent today; keeps what the owner is to be told.
        news: Called when there is something to tell the owner.
    """
    offline = OfflineConsultant(form)
    if settings.openai_api_key is None:
        yield Brain(offline)
        return
    how = model_settings(settings, settings.openai_api_key)
    briefing = Briefing(
        instructions=folder.instructions,
        form=form,
        zone=settings.timezone,
        hosted=bool(settings.openai_vector_store),
    )
    salt = hashlib.sha256(settings.token.encode()).hexdigest()
    client = make_client(how)
    model = OpenAiAssistant(client, how, briefing, salt, streamed=settings.telegram_streaming != "off")
    async with client, model:
        budget = Budget(settings.daily_token_budget, settings.timezone, store.tokens_since)

        async def notify(notice: Notice) -> bool:
            queued = await store.queue_notice(notice)
            news()
            return queued

        assistant = FallbackAssistant(model, offline, budget.spent, notify)

        async def erase(conversation: str) -> None:
            await erase_conversation(client, conversation)

        yield Brain(
            assistant,
            check=lambda: check_model(client, how),
            erase=erase,
            hearing=_hearing(settings, client, is_openai=how.is_openai),
            sees=True,
            away=assistant.away,
        )


def _hearing(settings: Settings, client: openai.AsyncOpenAI, *, is_openai: bool) -> Hearing | None:
    model = settings.openai_transcription_model or (TRANSCRIPTION_MODEL if is_openai else "off")
    return None if model == "off" else Hearing(client, model)
