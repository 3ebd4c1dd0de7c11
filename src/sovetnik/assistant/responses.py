"""The one call that every turn makes, past the SDK.

The SDK spends more processor time on a request and its answer than all the rest of a turn: it walks through
its types to look at plain dictionaries, and its HTTP client at all its connections.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import openai
from aiohttp.abc import AbstractStreamWriter

from sovetnik.assistant.client import CONNECT_TIMEOUT, ModelSettings, refusal
from sovetnik.connecting import limits, open_session, trusted
from sovetnik.wire import from_json, to_json

KEEP_ALIVE = 4.0
"""Seconds that an idle connection is kept: less than uvicorn's 5, which many model servers run on, so that
it is never closed at the other end while a call is on its way."""

PART = 1 << 16
"""Bytes of a request that are written at once."""


class Responses:
    """``POST …/responses``, with the address and the headers of the SDK's client.

    Args:
        client: From :func:`~sovetnik.assistant.client.make_client`, which has checked the proxy.
        settings: The same that made the client.
    """

    def __init__(self, client: openai.AsyncOpenAI, settings: ModelSettings) -> None:
        self._url = f"{client.base_url}responses"
        headers = {**client.default_headers, **client.auth_headers}
        self._headers = {name: value for name, value in headers.items() if isinstance(value, str)}
        self._settings = settings
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close all connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    @asynccontextmanager
    async def ask(
        self, request: Callable[[], dict[str, Any]], *, streamed: bool, limit: float
    ) -> AsyncGenerator[aiohttp.ClientResponse]:
        """Send a request; gives the answer once its head is there.

        Args:
            request: Makes it, as for ``responses.create`` of the SDK.
            streamed: Whether the answer comes as events; a whole one says nothing until it is finished.
            limit: Seconds for a whole answer.

        Raises:
            AssistantError: the provider refused.
        """
        if self._session is None:
            self._session = open_session(self._settings.proxy, trusted(), keep_alive=KEEP_ALIVE)
        silence = self._settings.timeout
        connecting = min(CONNECT_TIMEOUT, silence)
        timeout = limits(
            total=None if streamed else limit,
            pool=connecting,
            connect=connecting,
            silence=silence if streamed else limit,
        )
        async with self._session.post(
            self._url,
            data=_Body(lambda: to_json({**request(), "stream": streamed}), silence),
            headers=self._headers,
            timeout=timeout,
        ) as answer:
            if answer.status >= 400:
                raise refusal(answer.status, _error(await answer.read()), answer.headers.get("retry-after"))
            yield answer


class _Body(aiohttp.Payload):
    """A request that is kept only until it is written: it holds pages of the documents, and thousands wait.

    Args:
        make: Gives it, again where a server sends us elsewhere.
        silence: Seconds in which no part is taken; aiohttp has no limit of its own while it writes.
    """

    def __init__(self, make: Callable[[], bytes], silence: float) -> None:
        super().__init__(None, content_type="application/json")
        self._make = make
        self._silence = silence
        self._made: bytes | None = None

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self._bytes())

    @property
    def autoclose(self) -> bool:
        """Nothing is to be closed."""
        return True

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """As text."""
        return self._bytes().decode(encoding, errors)

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Write it, and let it go."""
        made, self._made = self._bytes(), None
        for start in range(0, len(made), PART):
            async with asyncio.timeout(self._silence):
                await writer.write(made[start : start + PART])

    def _bytes(self) -> bytes:
        if self._made is None:
            self._made = self._make()
        return self._made


def _error(body: bytes) -> object:
    """What an answer with an error says: its object, or None where it is no JSON."""
    try:
        told: object = from_json(body)
    except ValueError:
        return None
    return told.get("error", told) if isinstance(told, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
