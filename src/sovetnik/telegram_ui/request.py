"""PTB's way to the Bot API, on aiohttp."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any, TypeAlias

import aiohttp
from telegram.error import NetworkError, TimedOut
from telegram.request import BaseRequest, RequestData
from telegram.request._requestparameter import RequestParameter

from sovetnik.connecting import is_timeout, limits, open_session, told
from sovetnik.wire import from_json, to_json

CONNECT_TIMEOUT = 10.0
POOL_TIMEOUT = 20.0
UPLOAD_TIMEOUT = 120.0
"""Seconds: to reach Telegram, for a connection to become free, for a whole call that uploads a file."""

_Seconds: TypeAlias = Any
"""A number, None for no limit, or PTB's sign for "as usual", whose type is private."""

_HEADERS = {"User-Agent": BaseRequest.USER_AGENT}
_JSON = {**_HEADERS, "Content-Type": "application/json"}


class AiohttpRequest(BaseRequest):
    """One pool of connections to Telegram; see PTB's own ``HTTPXRequest``, whose errors it raises.

    Args:
        proxy: Checked by :func:`sovetnik.connecting.check_proxy`.
        tls: Whom to trust.
        pool: Connections at the same time.
        read_timeout: Seconds without a sign of life after which a call is given up.
    """

    def __init__(self, proxy: str | None, tls: ssl.SSLContext, *, pool: int, read_timeout: float) -> None:
        self._proxy = proxy
        self._tls = tls
        self._pool = pool
        self._read_timeout = read_timeout
        self._session: aiohttp.ClientSession | None = None
        self._shut = False

    @property
    def read_timeout(self) -> float:
        """Seconds; PTB adds the wait of a long poll to it."""
        return self._read_timeout

    async def initialize(self) -> None:
        """Allow calls again; the first one opens the session, in its loop."""
        self._shut = False

    async def shutdown(self) -> None:
        """Close all connections."""
        self._shut = True
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """What Telegram says."""
        try:
            return from_json(payload)
        except ValueError:  # halves of UTF-8: PTB knows what to do
            return BaseRequest.parse_json_payload(payload)

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: _Seconds = BaseRequest.DEFAULT_NONE,
        write_timeout: _Seconds = BaseRequest.DEFAULT_NONE,
        connect_timeout: _Seconds = BaseRequest.DEFAULT_NONE,
        pool_timeout: _Seconds = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Make one call; gives the status and the body.

        Raises:
            TimedOut: nothing was heard for too long.
            NetworkError: the connection failed.
        """
        del write_timeout, connect_timeout, pool_timeout  # nobody here sets them for a single call
        if self._shut:
            raise RuntimeError("the connection to Telegram is closed")
        if self._session is None:
            self._session = open_session(self._proxy, self._tls, limit=self._pool)
        files = bool(request_data and request_data.contains_files)
        timeout = limits(
            total=UPLOAD_TIMEOUT if files else None,  # while it writes, aiohttp has no other limit
            pool=POOL_TIMEOUT + CONNECT_TIMEOUT,
            connect=CONNECT_TIMEOUT,
            silence=self._read_timeout if read_timeout is self.DEFAULT_NONE else read_timeout,
        )
        try:
            async with self._session.request(
                method,
                url,
                data=_body(request_data, files=files),
                headers=_HEADERS if files or request_data is None else _JSON,
                allow_redirects=False,
                timeout=timeout,
            ) as response:
                return response.status, await response.read()
        except Exception as error:
            if is_timeout(error):
                raise TimedOut from error
            raise NetworkError(told(error)) from error


async def ask(
    request: BaseRequest,
    url: str,
    parameters: Mapping[str, Any],
    read_timeout: _Seconds = BaseRequest.DEFAULT_NONE,
) -> Any:  # noqa: ANN401 - whatever the method gives
    """Call a method of the Bot API in plain values, past PTB's objects.

    A :class:`telegram.Message` takes longer to make than to be received, and of what is sent all the time
    nobody wants more than its number.

    Args:
        request: PTB's way, which knows Telegram's refusals.
        url: Of the method.
        parameters: As the Bot API names them; None is left out.
        read_timeout: Seconds; without it the request's own.

    Raises:
        TelegramError: as PTB's own methods do.
    """
    given = [RequestParameter(name, value, None) for name, value in parameters.items() if value is not None]
    return await request.post(url, RequestData(given), read_timeout=read_timeout)


def _body(data: RequestData | None, *, files: bool) -> bytes | aiohttp.FormData | None:
    if data is None:
        return None
    if not files:
        return to_json(data.parameters)
    form = aiohttp.FormData(quote_fields=False)  # names of files as they are
    for name, value in data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, mime) in data.multipart_data.items():
        form.add_field(name, content, filename=filename, content_type=mime)
    return form
