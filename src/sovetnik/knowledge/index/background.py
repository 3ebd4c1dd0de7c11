"""Vectors are made in the background, kept as they come, and taken up again after a restart."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, Protocol

import numpy as np
import structlog

from sovetnik.core.errors import StorageError
from sovetnik.knowledge.index.model import Embedder, EmbedderError, Vectors
from sovetnik.knowledge.index.questions import spoken
from sovetnik.knowledge.index.store import Piece, Store, digest_of
from sovetnik.knowledge.index.vectors import facets, headings

log = structlog.get_logger("sovetnik.knowledge")

QUERY_TIMEOUT = 1.5
"""Seconds that a question waits for its vector; then words alone must do."""

SHOW_EVERY = 5.0
"""Seconds between snapshots while vectors come in, and at least ten times what building one takes."""

PAUSE_MAX = 300.0
"""Seconds between attempts at most, when the embedder is away."""

KEPT_QUERIES = 256


class OnDisk(Protocol):
    """Runs a method of the store on its thread."""

    def __call__(self, unit: Callable[..., Any], /, *args: object) -> Awaitable[Any]:  # noqa: D102
        ...


class Embedding:
    """One embedder at work for one index; without an embedder it does nothing.

    Attributes:
        vectors: float16 rows by the pieces' hashes, see :func:`facets`.
        centre: The mean of questions' vectors, None until it is made.
        pending: Pieces that wait.
    """

    def __init__(
        self, embedder: Embedder | None, db: OnDisk, store: Store, show: Callable[[], Awaitable[None]]
    ) -> None:
        self._embedder, self._db, self._store, self._show = embedder, db, store, show
        self._queries: OrderedDict[str, Vectors] = OrderedDict()
        self._wake, self._idle = asyncio.Event(), asyncio.Event()
        self._warned = self._gone = False
        self.vectors: dict[bytes, bytes] = {}
        self.centre: Vectors | None = None
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
        if self._embedder is None or self._gone:
            return
        self.vectors = await self._db(self._store.vectors, self._embedder.name)
        self.pending = await self._db(self._store.pending, self._embedder.name)
        self._idle.clear()
        self._wake.set()

    async def done(self) -> None:
        """Wait until nothing is wanting, or nothing more can be had."""
        await self._idle.wait()

    async def query(self, text: str) -> Vectors | None:
        """A question's vector; None when there is none in time."""
        if self._embedder is None or self._gone:
            return None
        if text in self._queries:
            self._queries.move_to_end(text)
            return self._queries[text]
        try:
            async with asyncio.timeout(QUERY_TIMEOUT):
                vector = (await self._embedder.questions([spoken(text)]))[0]
        except (EmbedderError, TimeoutError) as error:
            self._warn(error)
            return None
        self._queries[text] = vector
        if len(self._queries) > KEPT_QUERIES:
            self._queries.popitem(last=False)
        return vector

    async def _forever(self, embedder: Embedder) -> None:
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                await self._drain(embedder)
                if not self._wake.is_set():
                    self._idle.set()
        except EmbedderError as error:  # for good: words alone go on
            self._warn(error)
        except Exception:  # a mistake of ours: nobody may wait for vectors that never come
            log.exception("embeddings_stopped")
        self._gone = True
        self._idle.set()

    async def _drain(self, embedder: Embedder) -> None:
        pause = 1.0
        while True:
            try:
                await self._db(self._store.drop_other_models, embedder.name)
                await self._all(embedder)
            except (EmbedderError, StorageError) as error:
                if isinstance(error, EmbedderError) and error.blame == "embedder":
                    raise
                self._warn(error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, PAUSE_MAX)
            else:
                self._warned = False
                return

    async def _all(self, embedder: Embedder) -> None:
        shown, every, made = time.monotonic(), SHOW_EVERY, 0
        for piece in await self._db(self._store.wanting, embedder.name):
            await self._embed(embedder, piece)
            made += 1
            if (began := time.monotonic()) - shown > every:
                await self._show()
                shown = time.monotonic()
                every = max(SHOW_EVERY, 10 * (shown - began))
        fresh = await self._centre(embedder)
        if made or fresh:
            await self._show()

    async def _embed(self, embedder: Embedder, piece: Piece) -> None:
        try:
            vectors = await embedder.passages(facets(piece))
        except EmbedderError as error:
            if error.blame != "text":
                raise
            log.warning("passage_without_vector", file=piece.source, reason=str(error))
            vectors = None
        blob = await self._db(self._store.put_vectors, embedder.name, piece.hash, vectors)
        if blob:
            self.vectors[piece.hash] = blob
        self.pending = max(0, self.pending - 1)

    async def _centre(self, embedder: Embedder) -> bool:
        """The mean of the headings' vectors as questions; True when it is another than before."""
        names = headings(await self._db(self._store.pieces))
        if not names:
            return False
        digest = digest_of(*(name.encode() for name in names))
        kept = await self._db(self._store.centre, embedder.name, digest)
        if kept is None:
            rows = [await embedder.questions(names[at : at + 8]) for at in range(0, len(names), 8)]
            mean = np.concatenate(rows).mean(axis=0).astype(np.float32)
            await self._db(self._store.put_centre, embedder.name, digest, mean)
        else:
            mean = np.frombuffer(kept, np.float32)
        same = self.centre is not None and np.array_equal(mean, self.centre)
        self.centre = mean
        return not same

    def _warn(self, error: Exception) -> None:
        """One warning, until it works again."""
        if not self._warned:
            reason = str(error) or type(error).__name__
            log.warning("embeddings_unavailable", reason=reason, search="by words alone")
        self._warned = True
