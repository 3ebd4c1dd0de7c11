"""What customers do: each POST is one deed of a person of the Bot API double."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sovetnik.demo.web.snapshot import customer_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

    from sovetnik.demo.botapi import BotApi, Person
    from sovetnik.demo.botapi.refusal import JsonDict

LARGEST_UPLOAD = 20 * 1024 * 1024  # bytes; a bot cannot download more
LARGEST_JSON = 64 * 1024  # bytes


class Acting:
    """The POST routes."""

    def __init__(self, api: BotApi, on_read: Callable[[int, int], None]) -> None:
        self._api = api
        self._on_read = on_read
        person = "/api/customers/{id:int}"
        self.routes = [
            Route("/api/customers", self.add, methods=["POST"]),
            *(Route(f"{person}/{name}", self._deed(deed), methods=["POST"]) for name, deed in _DEEDS.items()),
            Route(f"{person}/read", self.read, methods=["POST"]),
            Route(f"{person}/upload/{{kind}}", self.upload, methods=["POST"]),
        ]

    async def add(self, request: Request) -> Response:
        """A new customer."""
        given = await _json(request)
        name = _text(given, "first_name", 64).strip()
        if not name:
            raise HTTPException(400, "first_name is empty")
        person = self._api.person(
            first_name=name,
            last_name=_text(given, "last_name", 64).strip() or None,
            language_code=_text(given, "language", 8) or None,
            phone=_text(given, "phone", 20) or "+79161234567",
        )
        customer = customer_of(self._api, person.user)
        self._api.feed.emit("customer", customer=customer)
        return JSONResponse(customer, 201)

    async def read(self, request: Request) -> Response:
        """The chat was looked at, up to a message."""
        person = self._person(request)
        self._on_read(person.id, _number(await _json(request), "message_id"))
        return JSONResponse({"ok": True})

    async def upload(self, request: Request) -> Response:
        """A voice message, a picture or a file; the body is the file."""
        person, kind = self._person(request), request.path_params["kind"]
        data = await _body(request, LARGEST_UPLOAD)
        if not data:
            raise HTTPException(400, "the file is empty")
        query = request.query_params
        caption, name = query.get("caption", "")[:1024], query.get("name", "file")[:200]
        if kind == "voice":
            send = lambda: person.send_voice(data, duration=_duration(query.get("duration", "")))  # noqa: E731
        elif kind == "photo":
            send = lambda: person.send_photo(data, caption=caption, name=name)  # noqa: E731
        elif kind == "file":
            mime = request.headers.get("content-type", "application/octet-stream")
            send = lambda: person.send_document(data, name=name, mime_type=mime, caption=caption)  # noqa: E731
        else:
            raise HTTPException(404, "voice, photo or file")
        return _done(send)

    def _deed(self, deed: Callable[[Person, JsonDict], object]) -> Callable[[Request], Any]:
        async def do(request: Request) -> Response:
            person = self._person(request)
            given = await _json(request)
            return _done(lambda: deed(person, given))

        return do

    def _person(self, request: Request) -> Person:
        number = request.path_params["id"]
        if number not in self._api.world.users:
            raise HTTPException(404, f"there is no customer {number}")
        return self._api.person(number)


def _say(person: Person, given: JsonDict) -> None:
    reply_to = _number(given, "reply_to") if given.get("reply_to") else None
    person.say(_text(given, "text", LARGEST_JSON), reply_to=reply_to)


def _start(person: Person, given: JsonDict) -> None:
    person.start(_text(given, "payload", 64))


def _press(person: Person, given: JsonDict) -> None:
    message_id = _number(given, "message_id") if given.get("message_id") else None
    person.press(_text(given, "button", 256), message_id=message_id)


def _contact(person: Person, given: JsonDict) -> None:
    person.share_contact(_text(given, "phone", 20) or None)


def _block(person: Person, given: JsonDict) -> None:
    if given.get("blocked", True):
        person.block()
    else:
        person.unblock()


_DEEDS: dict[str, Callable[[Person, JsonDict], object]] = {
    "say": _say,
    "start": _start,
    "press": _press,
    "contact": _contact,
    "block": _block,
}


def _done(deed: Callable[[], object]) -> Response:
    """Do it; what the real client would not allow is the customer's to hear."""
    try:
        deed()
    except ValueError as error:
        raise HTTPException(409, str(error)) from None
    return JSONResponse({"ok": True})


async def _body(request: Request, most: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        if len(body) <= most:
            body += chunk
    # Only now: a browser that is still sending hears a broken connection instead of the answer.
    if len(body) > most:
        raise HTTPException(413, f"more than {most} bytes")
    return bytes(body)


async def _json(request: Request) -> JsonDict:
    try:
        given: Any = json.loads(await _body(request, LARGEST_JSON) or b"{}")
    except ValueError:
        raise HTTPException(400, "the body is no JSON") from None
    if not isinstance(given, dict):
        raise HTTPException(400, "the body is no JSON object")
    return cast("JsonDict", given)


def _text(given: JsonDict, name: str, most: int) -> str:
    value = given.get(name) or ""
    if not isinstance(value, str) or len(value) > most:
        raise HTTPException(400, f"{name} must be a text of at most {most} characters")
    # Half an emoji, which a cut text may end with, could never be sent to a page again.
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _number(given: JsonDict, name: str) -> int:
    value = given.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise HTTPException(400, f"{name} must be a number")
    return value


def _duration(text: str) -> int:
    return min(3600, max(1, int(text))) if text.isdecimal() else 1
