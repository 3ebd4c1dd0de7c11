"""What can be looked at: mails and their parts, files of the chats, the report."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sovetnik.demo.web.guard import FRAME_POLICY
from sovetnik.demo.web.mails import attachments, for_frame, html_of, source, summary, text_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from sovetnik.demo.botapi import BotApi
    from sovetnik.demo.botapi.refusal import JsonDict
    from sovetnik.demo.mailbox import Mail, Mailbox

# What a customer or the bot sent is shown only as what its first bytes say it is; never as a page.
_SHOWN = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG": "image/png",
    b"GIF8": "image/gif",
    b"OggS": "audio/ogg",
    b"\x1aE\xdf\xa3": "audio/webm",
    b"ID3": "audio/mpeg",
}


class Reading:
    """The GET routes under /api."""

    def __init__(self, api: BotApi, mailbox: Mailbox, report: Callable[[], Awaitable[str]]) -> None:
        self._api = api
        self._mailbox = mailbox
        self._report = report
        mail = "/api/mails/{number:int}"
        self.routes = [
            Route("/api/mails", self.mails),
            Route(f"{mail}/html", self.html),
            Route(f"{mail}/text", self.text),
            Route(f"{mail}/source", self.source),
            Route(f"{mail}/attachments/{{index:int}}", self.attachment),
            Route("/api/files/{id}", self.file),
            Route("/api/report", self.report),
        ]

    def summaries(self) -> list[JsonDict]:
        """Every mail in the order of arrival."""
        return [summary(number, mail) for number, mail in enumerate(self._mailbox.mails)]

    async def mails(self, request: Request) -> Response:
        """The list."""
        del request
        return JSONResponse(self.summaries())

    async def html(self, request: Request) -> Response:
        """The HTML part, for a sandboxed frame."""
        return _framed(request, html_of(self._mail(request)))

    async def text(self, request: Request) -> Response:
        """The text part."""
        return PlainTextResponse(text_of(self._mail(request)))

    async def source(self, request: Request) -> Response:
        """The mail as it came."""
        return PlainTextResponse(source(self._mail(request)))

    async def attachment(self, request: Request) -> Response:
        """One attachment, to save."""
        parts = attachments(self._mail(request))
        index: int = request.path_params["index"]
        if index >= len(parts):
            raise HTTPException(404, "no such attachment")
        name, data = parts[index]
        return _download(data, name)

    async def report(self, request: Request) -> Response:
        """Today's report, for a sandboxed frame."""
        return _framed(request, await self._report())

    async def file(self, request: Request) -> Response:
        """A file of a chat: pictures and sound as such, everything else to save."""
        stored = self._api.world.files.get(request.path_params["id"])
        if stored is None:
            raise HTTPException(404, "no such file")
        for begin, content_type in _SHOWN.items():
            if stored.data.startswith(begin):
                return Response(stored.data, media_type=content_type)
        if stored.data[:4] == b"RIFF" and stored.data[8:12] in {b"WEBP", b"WAVE"}:
            return Response(
                stored.data, media_type="image/webp" if stored.data[8:12] == b"WEBP" else "audio/wav"
            )
        if stored.data[4:8] == b"ftyp":
            return Response(stored.data, media_type="audio/mp4")
        return _download(stored.data, stored.name)

    def _mail(self, request: Request) -> Mail:
        number: int = request.path_params["number"]
        if number >= len(self._mailbox.mails):
            raise HTTPException(404, f"there is no mail {number}")
        return self._mailbox.mails[number]


def _framed(request: Request, html: str) -> Response:
    scheme = "dark" if request.query_params.get("scheme") == "dark" else "light"
    return HTMLResponse(for_frame(html, scheme), headers={"Content-Security-Policy": FRAME_POLICY})


def _download(data: bytes, name: str) -> Response:
    disposition = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return Response(data, media_type="application/octet-stream", headers={"Content-Disposition": disposition})
