"""The Starlette application: paths, tokens, and the way a call goes from request to answer."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import re
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from sovetnik.demo.botapi.faults import Call, Fault
from sovetnik.demo.botapi.methods import DESCRIBED, LIMITED, METHODS, NAMES
from sovetnik.demo.botapi.params import Params, read_params
from sovetnik.demo.botapi.refusal import JsonDict, Refusal
from sovetnik.demo.serving import ABORT

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from sovetnik.demo.botapi.api import BotApi

_NOT_FOUND = Refusal(404, "Not Found")
_UNAUTHORIZED = Refusal(401, "Unauthorized")
_TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]+")


class NoAnswer(Response):
    """Close the connection without a word."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Close it; a server that cannot gets half an answer, which callers take for the same."""
        abort = scope.get("extensions", {}).get(ABORT)
        if abort is None:
            headers = [(b"content-length", b"1")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            return
        abort()
        await _gone(receive)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class Dispatcher:
    """Takes calls, over HTTP or out of a webhook's answer."""

    def __init__(self, api: BotApi) -> None:
        self.api = api
        self.closing = asyncio.Event()
        self.app = Starlette(
            routes=[
                Route("/bot{token}/{method}", self.method, methods=["GET", "POST"]),
                Route("/file/bot{token}/{path:path}", self.file, methods=["GET"]),
            ],
            exception_handlers={404: self.not_found, 405: self.not_found},
            lifespan=self.lifespan,
        )

    @contextlib.asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncGenerator[None]:
        """From the first request until the server stops."""
        del app
        self.closing.clear()
        self.api.start_webhook()
        try:
            yield
        finally:
            self.closing.set()
            webhook = self.api.webhook.task
            self.api.close()
            if webhook is not None:
                await asyncio.wait({webhook})

    async def not_found(self, request: Request, error: Exception) -> Response:
        """Any other path."""
        del request, error
        return _refused(_NOT_FOUND)

    def wrong_token(self, token: str) -> Refusal | None:
        """How Telegram answers to the token; None if it is the bot's."""
        if token == self.api.token:
            return None
        return _UNAUTHORIZED if _TOKEN.fullmatch(token) else _NOT_FOUND

    async def file(self, request: Request) -> Response:
        """Download of a file by the path that getFile gave."""
        refusal = self.wrong_token(request.path_params["token"])
        path = request.path_params["path"]
        stored = next((file for file in self.api.world.files.values() if file.path == path), None)
        if refusal is not None or stored is None:
            return _refused(refusal or _NOT_FOUND)
        return Response(stored.data, media_type="application/octet-stream")

    async def method(self, request: Request) -> Response:
        """One call of a method."""
        refusal = self.wrong_token(request.path_params["token"])
        name = NAMES.get(request.path_params["method"].lower())
        if refusal is not None or name is None:
            return _refused(refusal or _NOT_FOUND)
        body = await request.body()
        try:
            params = read_params(request.query_params, request.headers.get("content-type", ""), body)
        except Refusal as error:
            return _refused(error)
        peer = request.client
        call = self.log(name, params, f"{peer.host}:{peer.port}" if peer else "")
        gone = asyncio.create_task(self.gone(request))
        try:
            return await self.answer(call, params, gone)
        finally:
            gone.cancel()
            self.api.feed.wake()

    async def gone(self, request: Request) -> None:
        """Until the caller hangs up or the server stops."""
        closing = asyncio.create_task(self.closing.wait())
        disconnect = asyncio.create_task(_gone(request.receive))
        try:
            await asyncio.wait({closing, disconnect}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            closing.cancel()
            disconnect.cancel()

    def log(self, name: str, params: Params, client: str) -> Call:
        """Note that the call came."""
        call = Call(name, params.loggable(), self.api.clock(), client)
        self.api.calls.append(call)
        self.api.feed.wake()
        return call

    async def answer(self, call: Call, params: Params, gone: asyncio.Task[None]) -> Response:
        """Do the call, or let it go wrong as planned."""
        fault = self.api.faults.take(call.method.lower(), params.text("chat_id"))
        if fault is None or not fault.is_failure:
            await asyncio.sleep(fault.delay if fault else 0)
            return await self.unless_gone(call, params, gone)
        call.fault = True
        await asyncio.sleep(fault.delay)
        if fault.after_delivery:
            await self.run(call, params)
            call.status = None
        return await self.fail(call, fault, gone)

    async def fail(self, call: Call, fault: Fault, gone: asyncio.Task[None]) -> Response:
        """The planned way of going wrong."""
        if fault.drop:
            return NoAnswer()
        if fault.hang or fault.after_delivery:
            await asyncio.wait({gone})
            return NoAnswer()
        call.status = fault.status
        if fault.body is not None:
            return HTMLResponse(fault.body, fault.status)
        refusal = fault.refusal()
        call.description = refusal.description
        return _refused(refusal)

    async def unless_gone(self, call: Call, params: Params, gone: asyncio.Task[None]) -> Response:
        """A long poll ends when its caller hangs up; whatever else has come is done all the same."""
        work = asyncio.create_task(self.run(call, params))
        if call.method == "getUpdates":
            await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done() and not self.closing.is_set():
                work.cancel()
                return NoAnswer()
        return JSONResponse(await work, call.status or 200)

    async def run(self, call: Call, params: Params) -> JsonDict:
        """The call's answer, and its status in the log."""
        try:
            if call.method in LIMITED:
                self.api.limiter.check(params.text("chat_id"))
            elif call.method == "sendMessageDraft":
                self.api.limiter.check_draft(params.text("chat_id"))
            result = METHODS[call.method](self.api, params)
            if inspect.isawaitable(result):
                result = await result
        except Refusal as refusal:
            call.status, call.description = refusal.code, refusal.description
            return refusal.body()
        call.status = 200
        if call.method in DESCRIBED:
            return {"ok": True, "result": True, "description": result}
        return {"ok": True, "result": result}


def _refused(refusal: Refusal) -> Response:
    return JSONResponse(refusal.body(), refusal.code)
