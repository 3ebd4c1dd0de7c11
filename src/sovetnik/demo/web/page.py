"""The page's server: routes, state, and the traces it is handed."""

from __future__ import annotations

import contextlib
import copy
import time
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from sovetnik.demo.web.acting import Acting
from sovetnik.demo.web.events import Events
from sovetnik.demo.web.guard import Guard
from sovetnik.demo.web.reading import Reading
from sovetnik.demo.web.snapshot import bot_of, customer_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from starlette.requests import Request

    from sovetnik.demo.botapi import BotApi
    from sovetnik.demo.botapi.refusal import JsonDict
    from sovetnik.demo.mailbox import Mailbox

STATIC = Path(__file__).parent / "static"
FIRST_CUSTOMER = {"ru": ("Мария", "Лебедева", "+79123456789"), "en": ("Mary", "Swan", "+447700900123")}


class DemoPage:
    """The demo in a browser.

    Args:
        api: the Telegram whose chats are shown; a first customer is made if nobody is there.
        mailbox: whose mails are shown.
        language: what the page speaks at first; the visitor can switch.
        model: the model's name; None when the documents alone answer.
        report: today's report as an HTML page.
        example: whether the sample business answers: the things to try then name its goods.

    Attributes:
        app: for ``sovetnik.demo.serving.serve``.
        traces: what happened in each turn, by chat, oldest first; JSON, so they can be kept and put back.
        read: the last message of each chat that was looked at.
    """

    def __init__(
        self,
        api: BotApi,
        mailbox: Mailbox,
        *,
        language: Literal["ru", "en"],
        model: str | None,
        report: Callable[[], Awaitable[str]],
        example: bool = True,
    ) -> None:
        self._api = api
        self._about: JsonDict = {"language": language, "model": model, "example": example}
        self.traces: dict[int, list[JsonDict]] = {}
        self.read: dict[int, int] = {}
        if not api.world.users:
            first, last, phone = FIRST_CUSTOMER[language]
            api.person(first_name=first, last_name=last, phone=phone, language_code=language)
        self._reading = Reading(api, mailbox, report)
        self._events = Events(api, mailbox, self.state)
        self.app = Starlette(
            routes=[
                Route("/", self._page),
                Route("/events", self._stream),
                Route("/api/state", self._state),
                *Acting(api, self._mark_read).routes,
                *self._reading.routes,
                Mount("/static", StaticFiles(directory=STATIC)),
            ],
            middleware=[Middleware(Guard)],
            exception_handlers={HTTPException: _refused},
            lifespan=self._lifespan,
        )

    def trace(self, chat_id: int, trace: dict[str, object]) -> None:
        """Show what happened in a turn of the chat.

        Args:
            chat_id: whose turn it was.
            trace: ``passages``, ``tools``, ``usage``, ``seconds``, ``kind``; plain JSON values.
        """
        asked = [message for message in self._api.chat(chat_id).messages if not message.from_bot]
        # The answer may still be on its way, so a turn is known by the message it answers.
        kept: JsonDict = {
            **copy.deepcopy(trace),
            "number": len(self.traces.setdefault(chat_id, [])) + 1,
            "question_id": asked[-1].id if asked else 0,
            "question": asked[-1].text if asked else "",
            "at": time.time(),
        }
        self.traces[chat_id].append(kept)
        self._api.feed.emit("trace", chat_id=chat_id, trace=kept)

    def state(self) -> JsonDict:
        """Everything the page shows."""
        customers = [
            {
                **customer_of(self._api, user),
                "traces": self.traces.get(user.id, []),
                "read": self.read.get(user.id, 0),
            }
            for user in self._api.world.users.values()
        ]
        bot = bot_of(self._api, str(self._about["language"]))
        return {**self._about, "bot": bot, "customers": customers, "mails": self._reading.summaries()}

    def _mark_read(self, chat_id: int, message_id: int) -> None:
        if message_id > self.read.get(chat_id, 0):
            self.read[chat_id] = message_id
            self._api.feed.emit("read", chat_id=chat_id, message_id=message_id)

    @contextlib.asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncGenerator[None]:
        del app
        try:
            yield
        finally:
            self._events.close()

    async def _page(self, request: Request) -> Response:
        del request
        return FileResponse(STATIC / "index.html")

    async def _state(self, request: Request) -> Response:
        del request
        return JSONResponse(self.state())

    async def _stream(self, request: Request) -> Response:
        del request
        return StreamingResponse(self._events.stream(), media_type="text/event-stream")


async def _refused(request: Request, error: Exception) -> Response:
    del request
    status, words = (error.status_code, error.detail) if isinstance(error, HTTPException) else (500, "error")
    return JSONResponse({"error": words}, status)
