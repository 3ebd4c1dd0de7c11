"""Embeddings from OpenAI or a service that speaks its language."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sovetnik.knowledge.index.model import EmbedderError, Vectors

if TYPE_CHECKING:
    from openai import AsyncOpenAI, OpenAIError

_FOR_GOOD = {401, 403, 404}  # wrong key, no right, no such model


class ServiceEmbedder:
    """Embeddings of one model of a service.

    Args:
        client: With its base URL, key, proxy and timeout; closed with the embedder.
        model: The model's name there.
        prefixes: What the model wants before questions and before passages (E5: ``query: ``, ``passage: ``).
    """

    def __init__(self, client: AsyncOpenAI, model: str, prefixes: tuple[str, str] = ("", "")) -> None:
        self._client, self._model, self._prefixes = client, model, prefixes
        self.name = f"{model}{''.join(prefixes)}/whole+lines/1"

    async def questions(self, texts: Sequence[str]) -> Vectors:
        """Vectors of questions; see :class:`sovetnik.knowledge.index.Embedder`."""
        return await self._vectors([self._prefixes[0] + text for text in texts])

    async def passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of documents' pieces; see :class:`sovetnik.knowledge.index.Embedder`."""
        return await self._vectors([self._prefixes[1] + text for text in texts])

    async def close(self) -> None:
        """Close the client."""
        await self._client.close()

    async def _vectors(self, texts: list[str]) -> Vectors:
        from openai import OpenAIError

        try:
            answer = await self._client.embeddings.create(
                model=self._model, input=texts, encoding_format="float"
            )
        except OpenAIError as error:
            raise _ours(error) from error
        rows = np.array([each.embedding for each in answer.data], np.float32)
        if rows.ndim != 2 or len(rows) != len(texts):
            raise EmbedderError(f"{len(rows)} vectors came for {len(texts)} texts", "embedder")
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-6)


def _ours(error: OpenAIError) -> EmbedderError:
    from openai import APIStatusError

    if not isinstance(error, APIStatusError):
        return EmbedderError(type(error).__name__)
    reason = f"{type(error).__name__} {error.status_code}"  # its message may quote the text
    if error.status_code in _FOR_GOOD:
        return EmbedderError(f"{reason}: check the key and the model's name", "embedder")
    return EmbedderError(reason, "text" if error.status_code in {400, 413, 422} else "moment")
