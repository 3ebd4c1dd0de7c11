"""Uploaded files and vector stores, all in memory, with their slowness as knobs."""

from __future__ import annotations

import secrets
import string
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import PurePath

from . import errors
from .errors import Json
from .passages import SEARCHABLE, Found, Unreadable, best, fits, passages_of, text_of_file

_AUTO_CHUNKS: Json = {"max_chunk_size_tokens": 800, "chunk_overlap_tokens": 400}


@dataclass
class StoredFile:
    """An uploaded file."""

    id: str
    filename: str
    purpose: str
    data: bytes
    created_at: int
    expires_at: int | None = None

    def shown(self) -> Json:
        """As the API shows it."""
        return {
            "id": self.id,
            "object": "file",
            "bytes": len(self.data),
            "created_at": self.created_at,
            "expires_at": self.expires_at,
            "filename": self.filename,
            "purpose": self.purpose,
            "status": "processed",
            "status_details": None,
        }


@dataclass
class Attached:
    """A file in a vector store."""

    file: StoredFile
    store_id: str
    attributes: Json
    chunking: Json
    created_at: int
    ready_at: float
    """When its indexing ends, on the monotonic clock."""
    passages: list[str] = field(default_factory=list[str])
    last_error: Json | None = None
    gone_at: float | None = None
    """When a detached file stops being listed and found."""

    @property
    def status(self) -> str:
        """What has become of it by now."""
        if time.monotonic() < self.ready_at:
            return "in_progress"
        return "failed" if self.last_error else "completed"

    def shown(self) -> Json:
        """As the API shows it."""
        status = self.status
        return {
            "id": self.file.id,
            "object": "vector_store.file",
            "created_at": self.created_at,
            "vector_store_id": self.store_id,
            "status": status,
            "last_error": self.last_error if status == "failed" else None,
            "usage_bytes": sum(len(text.encode()) for text in self.passages) if status == "completed" else 0,
            "attributes": self.attributes,
            "chunking_strategy": self.chunking,
        }


@dataclass
class VectorStore:
    """A vector store: its files by id, and those on their way out."""

    id: str
    name: str
    created_at: int
    metadata: dict[str, str]
    expires_after: Json | None
    expired: bool = False
    files: dict[str, Attached] = field(default_factory=dict[str, Attached])
    leaving: list[Attached] = field(default_factory=list[Attached])

    @property
    def visible(self) -> list[Attached]:
        """What is listed and searched: detached files linger."""
        now = time.monotonic()
        self.leaving = [file for file in self.leaving if (file.gone_at or 0) > now]
        return [*self.leaving, *self.files.values()]

    def shown(self) -> Json:
        """As the API shows it."""
        states = [file.status for file in self.files.values()]
        names = ("in_progress", "completed", "failed", "cancelled")
        settled = "in_progress" if "in_progress" in states else "completed"
        return {
            "id": self.id,
            "object": "vector_store",
            "created_at": self.created_at,
            "name": self.name,
            "status": "expired" if self.expired else settled,
            "usage_bytes": sum(file.shown()["usage_bytes"] for file in self.files.values()),
            "file_counts": {**{name: states.count(name) for name in names}, "total": len(states)},
            "metadata": self.metadata,
            "expires_after": self.expires_after,
            "expires_at": None,
            "last_active_at": self.created_at,
        }


class Library:
    """All files and vector stores of one server.

    Attributes:
        indexing_delay: Seconds from the attachment of a file to the end of its indexing; infinity: never.
        removal_delay: Seconds for which a detached file is still listed and found.
        failing: Shell patterns of filenames whose indexing fails, with the service's code and words.
    """

    def __init__(self) -> None:
        self.indexing_delay = 0.0
        self.removal_delay = 0.0
        self.failing: dict[str, tuple[str, str]] = {}
        self.files: dict[str, StoredFile] = {}
        self.stores: dict[str, VectorStore] = {}

    def add_file(self, filename: str, purpose: str, data: bytes, lifetime: int | None = None) -> StoredFile:
        """Keep an upload."""
        letters = string.ascii_letters + string.digits
        file_id = "file-" + "".join(secrets.choice(letters) for _ in range(22))
        now = int(time.time())
        file = StoredFile(file_id, filename, purpose, data, now, now + lifetime if lifetime else None)
        self.files[file_id] = file
        return file

    def file(self, file_id: str) -> StoredFile:
        """The file, or a 404."""
        if file_id not in self.files:
            raise errors.not_found(f"No such File object: {file_id}", "id")
        return self.files[file_id]

    def delete_file(self, file_id: str) -> None:
        """Forget a file; it leaves the vector stores too."""
        del self.files[self.file(file_id).id]
        for store in self.stores.values():
            if file_id in store.files:
                self.detach(store, file_id)

    def add_store(
        self, name: str = "", metadata: dict[str, str] | None = None, expires_after: Json | None = None
    ) -> VectorStore:
        """Make a vector store."""
        made = VectorStore(
            f"vs_{secrets.token_hex(16)}", name, int(time.time()), dict(metadata or {}), expires_after
        )
        self.stores[made.id] = made
        return made

    def store(self, store_id: str) -> VectorStore:
        """The vector store, or a 404."""
        if store_id not in self.stores:
            raise errors.not_found(f"Vector store with id '{store_id}' not found.", "vector_store_id")
        return self.stores[store_id]

    def attach(
        self, store: VectorStore, file_id: str, attributes: Json | None = None, chunking: Json | None = None
    ) -> Attached:
        """Put a file into a store: its indexing begins. Once more is the same as once."""
        file = self.file(file_id)
        suffix = PurePath(file.filename).suffix.lower()
        if suffix not in SEARCHABLE:
            message = (
                f"Files with extensions [{suffix or 'none'}] are not supported for retrieval. See "
                "https://platform.openai.com/docs/assistants/tools/file-search/supported-files"
            )
            raise errors.bad_request(message, "file_ids", "unsupported_file")
        if file_id not in store.files:
            store.files[file_id] = self._indexed(file, store, attributes, chunking)
        return store.files[file_id]

    def _indexed(
        self, file: StoredFile, store: VectorStore, attributes: Json | None, chunking: Json | None
    ) -> Attached:
        static = (chunking or {}).get("static") or _AUTO_CHUNKS
        made = Attached(
            file,
            store.id,
            dict(attributes or {}),
            {"type": "static", "static": static},
            int(time.time()),
            time.monotonic() + self.indexing_delay,
        )
        ordered = next((why for name, why in self.failing.items() if fnmatchcase(file.filename, name)), None)
        try:
            if ordered is not None:
                raise Unreadable(*ordered)
            made.passages = passages_of(text_of_file(file.filename, file.data))
        except Unreadable as error:
            made.last_error = {"code": error.code, "message": error.message}
        return made

    def attached(self, store: VectorStore, file_id: str) -> Attached:
        """A file of the store, or a 404."""
        if file_id not in store.files:
            raise errors.not_found(f"No file found with id '{file_id}' in vector store '{store.id}'.")
        return store.files[file_id]

    def detach(self, store: VectorStore, file_id: str) -> None:
        """Take a file out of a store; the file itself stays."""
        leaving = self.attached(store, file_id)
        del store.files[file_id]
        leaving.gone_at = time.monotonic() + self.removal_delay
        store.leaving.append(leaving)

    def search(
        self,
        stores: Iterable[VectorStore],
        query: str,
        most: int,
        *,
        condition: Json | None = None,
        threshold: float = 0.0,
    ) -> list[Found]:
        """The passages that share most words with the query."""
        files = [file for store in stores for file in store.visible if file.status == "completed"]
        candidates = [
            Found(file.file.id, file.file.filename, text, 0.0, file.attributes)
            for file in files
            if fits(file.attributes, condition)
            for text in file.passages
        ]
        return best(query, candidates, most, threshold)
