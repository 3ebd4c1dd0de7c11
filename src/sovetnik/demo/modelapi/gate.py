"""In front of every endpoint: the journal, the key, and the faults that need no endpoint."""

from __future__ import annotations

import asyncio
import json
import secrets
from typing import Any, cast
from urllib.parse import parse_qsl

from starlette.responses import HTMLResponse, JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import errors
from .errors import ApiError, Json
from .faults import Fault, Faults
from .journal import Call, Journal
from .multipart import read_multipart
from .serving import first_of, hang_up, until_gone


class Gate:
    """An ASGI application around the endpoints.

    It reads the body and leaves `call`, `uploads`, `fault` and `bare_send` in the scope for them.
    """

    def __init__(self, inner: ASGIApp, journal: Journal, faults: Faults, key: str) -> None:
        self._inner = inner
        self._journal = journal
        self._faults = faults
        self._key = key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return await self._inner(scope, receive, send)
        raw = await _read(receive)
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        query = dict(parse_qsl(scope["query_string"].decode()))
        call = Call(scope["method"], scope["path"], {}, headers, query)
        scope = {**scope, "call": call, "bare_send": send, "fault": None, "uploads": {}}
        body, flaw = self._read_body(raw, headers, scope)
        call.body = body
        self._journal.begin(call)
        tagged = _tagged(send)
        try:
            await self._serve(scope, receive, tagged, flaw)
        except ApiError as error:
            await refused(self._journal, call, error)(scope, receive, tagged)
        finally:
            self._journal.end(call, "ok")
        return None

    def _read_body(self, raw: bytes, headers: dict[str, str], scope: Scope) -> tuple[Json, ApiError | None]:
        kind = headers.get("content-type", "")
        if not kind.startswith("multipart/form-data"):
            return _parse(raw)
        fields, scope["uploads"] = read_multipart(kind, raw)
        return fields, None

    async def _serve(self, scope: Scope, receive: Receive, send: Send, flaw: ApiError | None) -> None:
        call: Call = scope["call"]
        fault = self._faults.take(call)
        scope["fault"] = fault
        if fault is not None:
            await asyncio.sleep(fault.delay)
            if fault.html is not None:
                self._journal.end(call, f"{fault.status} html")
                return await HTMLResponse(fault.html, fault.status or 502)(scope, receive, send)
            refusal = fault.refusal()
            if refusal is not None:
                raise refusal
        self._check_key(call)
        if flaw is not None:
            raise flaw
        # A response suffers its faults where it is delivered, streamed or not: its conversation is locked.
        if fault is not None and (call.method, call.path) != ("POST", "/v1/responses"):
            return await self._serve_faulty(fault, scope, receive, send)
        return await self._inner(scope, receive, send)

    def _check_key(self, call: Call) -> None:
        scheme, _, given = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not given:
            raise errors.wrong_key(None)
        if not secrets.compare_digest(given.encode(), self._key.encode()):
            raise errors.wrong_key(given)

    async def _serve_faulty(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        """A request for anything but a response: its connection breaks as a whole."""
        if fault.hold_after is not None:
            await fault.released.wait()
        outcome = fault.outcome
        if outcome is None:
            return await self._inner(scope, receive, send)
        if fault.keep:
            await self._inner(scope, receive, _swallow)
        if outcome != "stalled":
            hang_up(scope["bare_send"], hard=outcome == "reset")
        gone = asyncio.ensure_future(until_gone(receive))
        await first_of(gone, fault.released)
        gone.cancel()
        return self._journal.end(scope["call"], outcome, insist=True)


def refused(journal: Journal, call: Call, error: ApiError) -> JSONResponse:
    """The answer to a refused request, noted in the journal."""
    journal.end(call, f"{error.status} {error.code or ''}".strip())
    return JSONResponse(error.body(), error.status, headers=error.headers)


async def _swallow(message: Message) -> None:
    del message


async def _read(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return body


def _parse(raw: bytes) -> tuple[Json, ApiError | None]:
    if not raw:
        return {}, None
    try:
        body: Any = json.loads(raw)
    except ValueError:
        message = (
            "We could not parse the JSON body of your request. (HINT: This likely means you aren't using "
            "your HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was not "
            "valid JSON.)"
        )
        return {}, errors.bad_request(message)
    if not isinstance(body, dict):
        return {}, errors.bad_request("The request body must be a JSON object.", code="invalid_type")
    return cast("Json", body), None


def _tagged(send: Send) -> Send:
    """Every answer carries the id under which the service would find it in its logs."""

    async def tagged(message: Message) -> None:
        if message["type"] == "http.response.start":
            tag = (b"x-request-id", f"req_{secrets.token_hex(16)}".encode())
            message = {**message, "headers": [*message.get("headers", []), tag]}
        await send(message)

    return tagged
