"""The vector store and the files behind it, as far as they are ours."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass

import openai
from openai.types.vector_stores import VectorStoreFile

from sovetnik.core.errors import ConfigError
from sovetnik.core.model import Passage
from sovetnik.knowledge.hosted.calls import Calls, Refused
from sovetnik.knowledge.hosted.convert import Content
from sovetnik.knowledge.hosted.marks import SOURCE, Mark, mark_in_attributes, mark_in_name, prefix_of
from sovetnik.knowledge.hosted.model import HostedError, HostedFile, Status

STUCK = 3600.0
"""Seconds in `in_progress` after which a file is uploaded anew; large documents take minutes."""

MOST_RESULTS = 50
"""Of one search, the provider's limit."""

_PURPOSE = "assistants"


@dataclass(frozen=True, slots=True)
class Entry:
    """One of our files in the store."""

    file_id: str
    mark: Mark
    status: Status
    bytes: int
    error: str | None
    created_at: float

    @property
    def is_stuck(self) -> bool:
        """Whether it has been indexed for so long that it never will be."""
        return self.status == "in_progress" and time.time() - self.created_at > STUCK

    def as_file(self) -> HostedFile:
        """As the owner sees it."""
        return HostedFile(self.mark.source, self.status, self.bytes, self.mark.sha256, self.error)


class Remote:
    """One vector store."""

    def __init__(self, client: openai.AsyncOpenAI, store_id: str, calls: Calls) -> None:
        # Retries are ours: the SDK's would multiply them.
        self._client = client.with_options(max_retries=0)
        self._store_id = store_id
        self._call = calls
        self._prefix = prefix_of(store_id)

    async def check(self) -> None:
        """See that the store is there.

        Raises:
            ConfigError: it is not, or has expired.
        """
        try:
            store = await self._call(lambda: self._client.vector_stores.retrieve(self._store_id))
        except Refused as error:
            raise self._wrong_store(str(error)) from error
        if store.status == "expired":
            raise self._wrong_store("it has expired")

    def _wrong_store(self, reason: str) -> ConfigError:
        return ConfigError(
            f"OPENAI_VECTOR_STORE: {self._store_id} at {self._client.base_url} cannot be used: {reason}; "
            "name a vector store of this key's project, or leave the setting empty to use the local index"
        )

    async def entries(self) -> list[Entry]:
        """Our files in the store; others' files there are none of our business."""
        uploads = await self._uploads()
        listed = self._ours(await self._attached(), uploads)
        return [entry for entry in listed if entry.file_id in uploads or await self._is_attached(entry)]

    async def states(self, marks: Mapping[str, Mark]) -> dict[str, Entry]:
        """How these files are doing, by id; one that the store does not list yet is left out."""
        return {entry.file_id: entry for entry in self._ours(await self._attached(), marks)}

    async def _is_attached(self, entry: Entry) -> bool:
        """Whether a listed file is really there: removal is eventually consistent.

        Without this a document that gets its former content back would be taken for searched.
        """
        try:
            await self._call(
                lambda: self._client.vector_stores.files.retrieve(
                    entry.file_id, vector_store_id=self._store_id
                )
            )
        except Refused:
            return False
        return True

    async def leftovers(self, keep: Iterable[str]) -> tuple[list[Entry], list[str]]:
        """What of ours is too much.

        Args:
            keep: Ids of files that stay, even where the store does not list them yet.

        Returns:
            Our other files in the store, and ids of our uploads that are in no store.
        """
        kept = set(keep)
        uploads = await self._uploads()
        attached = await self._attached()
        listed = {file.id for file in attached}
        surplus = [entry for entry in self._ours(attached, uploads) if entry.file_id not in kept]
        return surplus, [file_id for file_id in uploads if file_id not in kept | listed]

    async def _attached(self) -> list[VectorStoreFile]:
        async def listed() -> list[VectorStoreFile]:
            return [file async for file in self._client.vector_stores.files.list(self._store_id, limit=100)]

        try:
            return await self._call(listed)
        except Refused as error:
            raise self._wrong_store(str(error)) from error

    async def _uploads(self) -> dict[str, Mark]:
        """Our uploads for this store by id, attached or not."""

        async def listed() -> dict[str, Mark]:
            files = self._client.files.list(purpose=_PURPOSE)
            marks = {file.id: mark_in_name(file.filename, self._prefix) async for file in files}
            return {file_id: mark for file_id, mark in marks.items() if mark is not None}

        try:
            return await self._call(listed)
        except Refused as error:
            raise HostedError(f"the provider does not list our files: {error}") from error

    @staticmethod
    def _ours(attached: Iterable[VectorStoreFile], uploads: Mapping[str, Mark]) -> list[Entry]:
        marked = [(file, mark_in_attributes(file.attributes) or uploads.get(file.id)) for file in attached]
        return [_entry(file, mark) for file, mark in marked if mark is not None]

    async def put(self, mark: Mark, content: Content) -> Entry:
        """Upload a document and attach it; its indexing begins.

        Raises:
            Refused: the provider does not take it.
        """
        name = mark.filename(self._prefix, content.suffix)
        uploaded = await self._call(
            lambda: self._client.files.create(file=(name, content.data, content.mime), purpose=_PURPOSE)
        )
        attached = await self._call(
            lambda: self._client.vector_stores.files.create(
                self._store_id, file_id=uploaded.id, attributes=mark.attributes()
            )
        )
        return _entry(attached, mark)

    async def remove(self, file_id: str, *, attached: bool = True) -> None:
        """Take a file out of the store and delete it; what is gone already is well."""
        if attached:
            await self._delete(
                lambda: self._client.vector_stores.files.delete(file_id, vector_store_id=self._store_id)
            )
        await self._delete(lambda: self._client.files.delete(file_id))

    async def _delete(self, ask: Callable[[], Awaitable[object]]) -> None:
        try:
            await self._call(ask)
        except Refused as error:
            if error.status != 404:
                raise HostedError(f"the provider does not delete a file of ours: {error}") from error

    async def search(self, query: str, k: int) -> list[Passage]:
        """What the store finds, best first."""
        most = min(max(k, 1), MOST_RESULTS)

        async def found() -> list[Passage]:
            page = await self._client.vector_stores.search(self._store_id, query=query, max_num_results=most)
            return [
                Passage(
                    source=str((hit.attributes or {}).get(SOURCE) or hit.filename),
                    heading="",
                    text="\n".join(part.text for part in hit.content),
                    score=hit.score,
                )
                for hit in page.data
            ]

        try:
            return (await self._call(found))[:most]
        except Refused as error:
            if error.status == 404:
                raise self._wrong_store(str(error)) from error
            raise HostedError(f"the provider refuses the search: {error}") from error


def _entry(file: VectorStoreFile, mark: Mark) -> Entry:
    error = file.last_error
    reason = f"{error.code}: {error.message}" if error else None
    return Entry(file.id, mark, file.status, file.usage_bytes, reason, file.created_at)
