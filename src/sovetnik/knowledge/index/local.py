"""The local index: the knowledge folder in, passages out.

What is searched is an immutable snapshot; a sync builds the next one beside it and puts it in its place
with one assignment, so an answer in flight keeps the index it began with.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import ParamSpec, TypeVar, cast

import structlog

from sovetnik.knowledge.index.background import Embedding
from sovetnik.knowledge.index.folders import Listing, digest_of_file, listing
from sovetnik.knowledge.index.mix import Method
from sovetnik.knowledge.index.model import Embedder, FileStatus, Passage, Reader, SyncResult
from sovetnik.knowledge.index.snapshot import Counts, Snapshot
from sovetnik.knowledge.index.store import Piece, Store
from sovetnik.knowledge.index.watching import folder_changes

log = structlog.get_logger("sovetnik.knowledge")

P = ParamSpec("P")
T = TypeVar("T")

Progress = Callable[[int, int, str], None]
Readers = Callable[[], AbstractAsyncContextManager[Reader]]

REFRESH = 10.0
"""Seconds of a long sync after which what is read so far is already searched."""


@dataclass(slots=True)
class _Tally:
    """What a sync has found so far."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    unchanged: int = 0
    shown: float = field(default_factory=time.monotonic)


class LocalIndex:
    """Search over the files of a folder; open it with :meth:`open`."""

    def __init__(
        self, store: Store, disk: ThreadPoolExecutor, embedder: Embedder | None, readers: Readers | None
    ) -> None:
        self._store, self._disk, self._readers = store, disk, readers or _readers
        self._counts = Counts()
        self._snapshot = Snapshot.of((), self._counts)
        self._status: list[FileStatus] = []
        self._syncing = asyncio.Lock()
        self._building = asyncio.Lock()
        self._embedding = Embedding(embedder, self._db, store, self._show_vectors)

    @classmethod
    @contextlib.asynccontextmanager
    async def open(
        cls, path: Path, embedder: Embedder | None, *, readers: Readers | None = None
    ) -> AsyncGenerator[LocalIndex]:
        """Open the index and search what it already knows; vectors are made in the background.

        Args:
            path: The database, made with mode 0600 if absent; it can be deleted at any time.
            embedder: What makes vectors; closed at the end. None: words alone.
            readers: Opens what reads files; the product's own readers if None.

        Raises:
            StorageError: the database cannot be opened.
        """
        with ThreadPoolExecutor(1, "sovetnik-knowledge") as disk:
            store = await asyncio.get_running_loop().run_in_executor(disk, Store, path)
            index = cls(store, disk, embedder, readers)
            try:
                await index._refresh()
                async with index._embedding.running():
                    yield index
            finally:
                await index._db(store.close)

    async def sync(self, folder: Path, progress: Progress | None = None, *, retry: bool = True) -> SyncResult:
        """Bring the index to what the folder holds; only new and changed files are read.

        Args:
            folder: The knowledge folder.
            progress: Called before each file with its number from 1, the number of files and its name.
            retry: Read files again that could not be read before, though they have not changed.

        Raises:
            ConfigError: there is no such folder, or it cannot be read.
            StorageError: the database refused; files done before are kept.
        """
        async with self._syncing:
            found = await asyncio.to_thread(listing, folder)
            known = await self._db(self._store.files)
            tally = _Tally()
            async with contextlib.AsyncExitStack() as stack:
                reader: Reader | None = None
                for number, (source, path) in enumerate(found.files.items(), start=1):
                    if progress is not None:
                        progress(number, len(found.files), source)
                    digest = await asyncio.to_thread(digest_of_file, path)
                    if _same(known.get(source), digest, retry=retry):
                        tally.unchanged += 1
                        continue
                    reader = reader or await stack.enter_async_context(self._readers())
                    await self._read(reader, path, source, digest)
                    tally.changed += source in known
                    tally.added += source not in known
                    await self._show_soon(tally)
            await self._settle(found, set(known), tally)
            failed = tuple(f for f in self._status if f.error)
            return SyncResult(tally.added, tally.changed, tally.removed, tally.unchanged, failed)

    async def search(self, query: str, k: int = 6, *, method: Method = "in_use") -> list[Passage]:
        """The passages that fit a question, best first; none when nothing fits at all.

        Args:
            query: As the customer wrote it, in any language.
            k: How many at most.
            method: What to rank by; for measurements only.
        """
        snapshot = self._snapshot
        if not snapshot.pieces:
            return []
        wants_vector = method != "bm25" and snapshot.nearness is not None
        vector = await self._embedding.query(query) if wants_vector else None
        return await asyncio.to_thread(snapshot.search, query, vector, k, method)

    def status(self) -> list[FileStatus]:
        """Every file the index knows, by name, as of the last sync."""
        return self._status

    @property
    def pending(self) -> int:
        """How many passages still wait for their vector; 0 without an embedder."""
        return self._embedding.pending

    @property
    def method(self) -> Method:
        """What searches go by now: ``hybrid``, or ``bm25`` where there are no vectors."""
        return "bm25" if self._snapshot.nearness is None else "hybrid"

    async def embedded(self) -> None:
        """Wait until every passage has its vector, or the embedder has failed for good."""
        await self._embedding.done()

    async def watch(self, folder: Path, changed: Callable[[SyncResult], None]) -> None:
        """Sync whenever the folder changes, until cancelled; errors are logged and it goes on.

        Args:
            folder: May be deleted and made again.
            changed: Called after each sync that changed the index.
        """
        await folder_changes(folder, lambda: self._sync_quietly(folder, changed))

    async def _sync_quietly(self, folder: Path, changed: Callable[[SyncResult], None]) -> None:
        result = await self.sync(folder, retry=False)
        if result.added or result.changed or result.removed:
            changed(result)

    async def _read(self, reader: Reader, path: Path, source: str, digest: bytes) -> None:
        try:
            chunks = await reader.read(path, source)
        except Exception as error:  # noqa: BLE001 - one bad file must not keep the others out
            reason = str(error) or type(error).__name__
            log.warning("document_unreadable", file=source, reason=reason)
            await self._db(self._store.fail, source, digest, reason)
        else:
            await self._db(self._store.put, source, digest, chunks)

    async def _settle(self, found: Listing, known: set[str], tally: _Tally) -> None:
        gone = {source for source in known if source not in found.files and not found.hides(source)}
        if gone:
            await self._db(self._store.drop, gone)
        for folder, reason in found.unreadable.items():
            log.warning("folder_unreadable", folder=folder, reason=reason)
        tally.removed = len(gone)
        foreign = await self._db(self._store.foreign_changes)
        if foreign or tally.added or tally.changed or tally.removed:
            await self._refresh()

    async def _show_soon(self, tally: _Tally) -> None:
        if time.monotonic() - tally.shown > REFRESH:
            await self._refresh()
            tally.shown = time.monotonic()

    async def _refresh(self) -> None:
        """Build the next snapshot from the database and put it in place."""
        async with self._building:
            self._status = await self._db(self._store.status)
            pieces = await self._db(self._store.pieces)
            await self._embedding.look()
            self._snapshot = await asyncio.to_thread(self._build, pieces)

    async def _show_vectors(self) -> None:
        async with self._building:
            self._snapshot = await asyncio.to_thread(
                self._snapshot.with_vectors, self._embedding.vectors, self._embedding.centre
            )

    def _build(self, pieces: list[Piece]) -> Snapshot:
        return Snapshot.of(pieces, self._counts).with_vectors(self._embedding.vectors, self._embedding.centre)

    async def _db(self, unit: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._disk, lambda: unit(*args, **kwargs))


def _same(known: tuple[bytes, str | None] | None, digest: bytes, *, retry: bool) -> bool:
    return known is not None and known[0] == digest and not (retry and known[1])


def _readers() -> AbstractAsyncContextManager[Reader]:
    from sovetnik.knowledge.reading import Readers as Own

    return cast("AbstractAsyncContextManager[Reader]", Own())
