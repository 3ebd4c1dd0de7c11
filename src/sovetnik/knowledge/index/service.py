"""Embeddings from OpenAI or a service that speaks its language."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import numpy as np

from sovetnik.knowledge.index.model import EmbedderError, Vectors

Create = Callable[[str, list[str]], Awaitable[Sequence[Sequence[float]]]]
"""Asks the service: model and texts in, a vector for each text out, in their order.

Raises :class:`EmbedderError` with the blame set: ``text`` for a request that is refused as bad, ``embedder``
for a wrong key or model, ``moment`` for everything that may pass.
"""


class ServiceEmbedder:
    """Embeddings of one model of a service.

    Args:
        create: The call, made of a client by the composition root, with its base URL, key and proxy.
        close: Lets go of the client.
        model: The model's name there.
        prefixes: What the model wants before questions and before passages (E5: ``query: ``, ``passage: ``).
    """

    def __init__(
        self,
        create: Create,
        close: Callable[[], Awaitable[None]],
        model: str,
        prefixes: tuple[str, str] = ("", ""),
    ) -> None:
        self._create, self._close, self._model, self._prefixes = create, close, model, prefixes
        self.name = f"{model}{''.join(prefixes)}/whole+lines/1"

    async def questions(self, texts: Sequence[str]) -> Vectors:
        """Vectors of questions; see :class:`sovetnik.knowledge.index.Embedder`."""
        return await self._vectors([self._prefixes[0] + text for text in texts])

    async def passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of documents' pieces; see :class:`sovetnik.knowledge.index.Embedder`."""
        return await self._vectors([self._prefixes[1] + text for text in texts])

    async def close(self) -> None:
        """Let go of the client."""
        await self._close()

    async def _vectors(self, texts: list[str]) -> Vectors:
        rows = np.array(await self._create(self._model, texts), np.float32)
        if rows.ndim != 2 or len(rows) != len(texts):
            raise EmbedderError(f"{len(rows)} vectors came for {len(texts)} texts", "embedder")
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)
