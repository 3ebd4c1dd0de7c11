"""Vectors are made in the background, kept as they come, and taken up again after a restart."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, Protocol

import structlog

from sovetnik.knowledge.index.model import Embedder, EmbedderError, Vectors
from sovetnik.knowledge.index.store import Piece, Store

log = structlog.get_logger("sovetnik.knowledge")

QUERY_TIMEOUT = 2.0
"""Seconds that a question waits for its vector; then words alone must do."""

SHOW_EVERY = 3.0
"""Seconds between snapshots while vectors come in."""

PAUSE_MAX = 300.0
"""Seconds between attempts at most, when the embedder is away."""

KEPT_QUERIES = 256


class OnDisk(Protocol):
    """Runs a method of the store on its thread."""

    def __call__(self, unit: Callable[..., Any], /, *args: object) -> Awaitable[Any]: ...


def text_of(piece: Piece) -> str:
    """What is embedded for a piece."""
    return f"{piece.heading}\n{piece.text}" if piece.heading else piece.text


class Embedding:
    """One embedder at work for one index; without an embedder it does nothing.

    Attributes:
        vectors: float16 blobs by the pieces' hashes.
        pending: Pieces that wait.
    """

    def __init__(
        self, embedder: Embedder | None, db: OnDisk, store: Store, show: Callable[[], Awaitable[None]]
    ) -> None:
        self._embedder, self._db, self._store, self._show = embedder, db, store, show
        self._queries: OrderedDict[str, Vectors] = OrderedDict()
        self._wake, self._idle = asyncio.Event(), asyncio.Event()
        self._warned = False
        self.vectors: dict[bytes, bytes] = {}
        self.pending = 0

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Make vectors while the block runs."""
        if self._embedder is None:
            self._idle.set()
            yield
            return
        task = asyncio.create_task(self._forever(self._embedder), name="knowledge-embedding")
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            await self._embedder.close()

    async def look(self) -> None:
        """Read from the database what there is and what is wanting."""
        if self._embedder is None:
            return
        self.vectors = await self._db(self._store.vectors, self._embedder.name)
        self.pending = await self._db(self._store.pending, self._embedder.name)
        if self.pending:
            self._idle.clear()
            self._wake.set()
        else:
            self._idle.set()

    async def done(self) -> None:
        """Wait until nothing is wanting."""
        await self._idle.wait()

    async def query(self, text: str) -> Vectors | None:
        """A question's vector; None when there is none in time."""
        if self._embedder is None:
            return None
        if text in self._queries:
            self._queries.move_to_end(text)
            return self._queries[text]
        try:
            async with asyncio.timeout(QUERY_TIMEOUT):
                vector = await self._embedder.query(text)
        except (EmbedderError, TimeoutError) as error:
            self._warn(error)
            return None
        self._queries[text] = vector
        if len(self._queries) > KEPT_QUERIES:
            self._queries.popitem(last=False)
        return vector

    async def _forever(self, embedder: Embedder) -> None:
        await self._db(self._store.drop_other_models, embedder.name)
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self._drain(embedder)
            except EmbedderError as error:  # for good: words alone go on
                self._warn(error)
                self._idle.set()
                return
            if not self._wake.is_set():
                self._idle.set()

    async def _drain(self, embedder: Embedder) -> None:
        pause, shown = 1.0, time.monotonic()
        while pieces := await self._db(self._store.wanting, embedder.name, embedder.batch):
            try:
                await self._embed(embedder, pieces)
            except EmbedderError as error:
                if error.blame == "embedder":
                    raise
                self._warn(error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, PAUSE_MAX)
                continue
            pause, self._warned = 1.0, False
            if time.monotonic() - shown > SHOW_EVERY:
                await self._show()
                shown = time.monotonic()
        await self._show()

    async def _embed(self, embedder: Embedder, pieces: list[Piece]) -> None:
        hashes = [piece.hash for piece in pieces]
        try:
            vectors = await embedder.passages([text_of(piece) for piece in pieces])
        except EmbedderError as error:
            if error.blame != "text":
                raise
            if len(pieces) > 1:
                for piece in pieces:
                    await self._embed(embedder, [piece])
                return
            log.warning("passage_without_vector", file=pieces[0].source, reason=str(error))
            await self._db(self._store.put_vectors, embedder.name, hashes, None)
        else:
            await self._db(self._store.put_vectors, embedder.name, hashes, vectors)
            self.vectors |= await self._db(self._store.vectors_of, embedder.name, hashes)
        self.pending = max(0, self.pending - len(pieces))

    def _warn(self, error: Exception) -> None:
        """One warning, until it works again."""
        if not self._warned:
            log.warning("embeddings_unavailable", reason=str(error) or type(error).__name__, search="bm25")
        self._warned = True
