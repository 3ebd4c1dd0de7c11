"""The end: the documents are read, one question is answered from them, and the owner gets a pairing link."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from rich.markdown import Markdown
from rich.panel import Panel

from sovetnik.assistant import Briefing, OfflineConsultant, OpenAiAssistant, make_client
from sovetnik.core.errors import AssistantError, SovetnikError
from sovetnik.core.events import Done
from sovetnik.core.model import Chat, Found, Message, Turn
from sovetnik.core.ports import Assistant, Desk
from sovetnik.doctor.finding import Trouble, same
from sovetnik.doctor.model import trouble_of
from sovetnik.knowledge import ConsultantFolder
from sovetnik.library import hosted_store, model_settings, open_library
from sovetnik.office import offer_pairing
from sovetnik.setting_up import words
from sovetnik.setting_up.setup import Setup
from sovetnik.setting_up.talk import Question
from sovetnik.settings import Settings
from sovetnik.storage import SqlStore
from sovetnik.storage.opening import make_database

NAMED = 4
"""Documents that are named under the trial's answer."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The trial's answer, and the documents that it was given."""

    text: str
    sources: tuple[str, ...]


def read_documents(setup: Setup) -> bool:
    """Bring the index to what the folder holds; False where there is nothing to ask about.

    Their meaning is learnt later, by `run`: words are enough for the trial.
    """
    with setup.talk.busy(words.READING) as show:
        files, passages, failed = setup.wait(_sync(setup.settings, show))
    setup.talk.good(words.READ, files=files, passages=passages)
    for source, reason in failed:
        setup.talk.warn(words.UNREADABLE, source=source, reason=reason)
    return files > len(failed)


async def _sync(settings: Settings, show: Callable[[str], None]) -> tuple[int, int, list[tuple[str, str]]]:
    def advance(number: int, total: int, source: str) -> None:
        show(f"{number}/{total}  {source}")

    if settings.openai_vector_store:
        async with hosted_store(settings) as (store, folder):
            result = await store.sync(folder, advance)
            failed = [(file.source, file.error or "") for file in result.failed]
            return result.added + result.changed + result.unchanged, 0, failed
    words_alone = settings.model_copy(update={"knowledge_embeddings": "off"})
    async with open_library(words_alone) as library:
        await library.index.sync(library.folder, advance)
        status = library.index.status()
    failed = [(file.source, file.error) for file in status if file.error]
    return len(status), sum(file.chunks for file in status), failed


def trial_step(setup: Setup) -> None:
    """Ask one question as a customer would, and show the answer."""
    default = words.QUESTION_DEFAULT.in_language(setup.talk.language)
    question = Question(words.QUESTION, "--question", setup.given.question, default, optional=True)

    def check(text: str) -> Answered:
        with setup.talk.busy(words.THINKING):
            return setup.wait(ask(setup.settings, text))

    answered = setup.talk.checked(question, check)
    if answered is None:
        return
    if setup.talk.console.is_terminal:
        width = min(setup.talk.console.width, 90)
        setup.talk.console.print(Panel(Markdown(answered.text), border_style="green", width=width))
    else:
        setup.talk.plain(answered.text)
    if answered.sources:
        setup.talk.note(words.FROM, sources=", ".join(answered.sources[:NAMED]))


async def ask(settings: Settings, question: str) -> Answered:
    """Answer a customer's question as the bot would; nothing is stored, no lead is made.

    Raises:
        Trouble: the model gave no answer.
    """
    given: dict[str, None] = {}
    async with _library(settings) as search, _assistant(settings) as assistant:

        async def find(query: str) -> Found:
            found = await search(query)
            given.update(dict.fromkeys(passage.source for passage in found.passages))
            return found

        async def call_tool(name: str, arguments: str) -> str:
            if name == "search_knowledge":
                found = await find(str(json.loads(arguments or "{}").get("query", "")))
                rows = [{"source": p.source, "heading": p.heading, "text": p.text} for p in found.passages]
                return json.dumps(rows, ensure_ascii=False)
            return json.dumps({"saved": False, "noted": True, "problem": "this is only a trial"})

        desk = Desk(call_tool, find, _no_transcript, _forget)
        try:
            async for event in assistant.answer(_turn(settings, question), desk):
                if isinstance(event, Done):
                    return Answered(event.text, tuple(given))
        except AssistantError as error:
            key = settings.openai_api_key
            how = model_settings(settings, key) if key else None
            raise trouble_of(how, error) if how else Trouble(same(str(error)), None) from None
    raise Trouble(same("no answer"), None)


@asynccontextmanager
async def _library(settings: Settings) -> AsyncGenerator[Callable[[str], Awaitable[Found]]]:
    words_alone = settings.model_copy(update={"knowledge_embeddings": "off"})
    async with open_library(words_alone) as library:
        yield library.search


@asynccontextmanager
async def _assistant(settings: Settings) -> AsyncGenerator[Assistant]:
    folder = ConsultantFolder(settings.consultant_dir)
    form = folder.form(settings.phone_region)
    if settings.openai_api_key is None:
        yield OfflineConsultant(form)
        return
    # Stateless, so that the trial leaves no conversation behind at the provider.
    how = replace(model_settings(settings, settings.openai_api_key), context="history")
    hosted = bool(settings.openai_vector_store)
    briefing = Briefing(folder.instructions, form, settings.timezone, hosted)
    salt = hashlib.sha256(settings.token.encode()).hexdigest()
    async with make_client(how) as client, OpenAiAssistant(client, how, briefing, salt) as assistant:
        yield assistant


def _turn(settings: Settings, question: str) -> Turn:
    now = datetime.now(UTC)
    chat = Chat(1, "", None, settings.language, None, now)
    message = Message(1, 1, "customer", "text", question, now)
    return Turn(chat, "trial", (message,), (1,), None, None)


async def _no_transcript() -> list[Message]:
    return []


async def _forget(conversation: str) -> None:
    del conversation


def pairing_link(setup: Setup, username: str) -> str | None:
    """A link that makes a chat the owner's, good for a day; None where one is paired already.

    Raises:
        Trouble: the database refuses.
    """
    try:
        return setup.wait(_offer(setup.settings, username))
    except SovetnikError as error:
        raise Trouble(same(str(error)), None) from None


async def _offer(settings: Settings, username: str) -> str | None:
    url = settings.database_url.get_secret_value()
    await make_database(url)
    async with SqlStore.open(url, exclusive=False) as store:
        if settings.owner_chats or await store.owner_chats():
            return None
        return await offer_pairing(store, username)
