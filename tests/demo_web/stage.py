"""The page over real HTTP, with a bot that says what a test tells it to."""

from __future__ import annotations

import asyncio
import json
import smtplib
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from typing import Any

import httpx

from sovetnik.demo.botapi import BotApi
from sovetnik.demo.mailbox import Mailbox
from sovetnik.demo.serving import serve
from sovetnik.demo.web import DemoPage

TOKEN = "7000000001:loopback-only-token-of-the-tests"
PATIENCE = 10.0
REPORT = "<!doctype html><html><head><title>Отчёт</title></head><body>Отчёт за сегодня</body></html>"


class Follower:
    """One open event stream."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._lines = lines

    async def next(self, event: str, found: Callable[[Any], bool] = lambda _: True) -> dict[str, Any]:
        """The next event of that name (that is looked for); others are passed over."""
        async with asyncio.timeout(PATIENCE):
            async for line in self._lines:
                if line.startswith("data: "):
                    told = json.loads(line.removeprefix("data: "))
                    if told["event"] == event and found(told):
                        return told
        raise AssertionError(f"the stream ended before {event}")


@dataclass
class Scene:
    """The page, its servers, and the bot's end of Telegram."""

    api: BotApi
    mailbox: Mailbox
    page: DemoPage
    url: str
    http: httpx.AsyncClient
    telegram: httpx.AsyncClient

    @property
    def customer(self) -> int:
        """The id of the first customer."""
        return min(self.api.world.users)

    async def bot(self, method: str, **params: Any) -> Any:
        """The bot calls Telegram."""
        answer = (await self.telegram.post(f"/{method}", json=params)).json()
        assert answer["ok"], answer
        return answer["result"]

    async def do(self, deed: str, customer: int | None = None, **given: Any) -> httpx.Response:
        """The page posts what a customer does."""
        return await self.http.post(f"/api/customers/{customer or self.customer}/{deed}", json=given)

    async def state(self) -> dict[str, Any]:
        """What a page that opens now is told."""
        return (await self.http.get("/api/state")).json()

    async def mail(self, subject: str, text: str = "текст", html: str | None = None) -> int:
        """Somebody sends the owner a mail; its number."""
        letter = EmailMessage()
        letter["From"], letter["To"], letter["Subject"] = "Советник <bot@x.example>", "o@x.example", subject
        letter.set_content(text)
        if html is not None:
            letter.add_alternative(html, subtype="html")
        return await self.raw_mail(letter.as_bytes(policy=policy.SMTP))

    async def raw_mail(self, raw: bytes) -> int:
        """The same, byte by byte."""
        await asyncio.to_thread(self._send, raw)
        return len(self.mailbox.mails) - 1

    def _send(self, raw: bytes) -> None:
        with smtplib.SMTP("127.0.0.1", self.mailbox.port, timeout=PATIENCE) as smtp:
            smtp.sendmail("bot@x.example", ["o@x.example"], raw)

    @asynccontextmanager
    async def follow(self) -> AsyncGenerator[Follower]:
        """The event stream of one page."""
        async with self.http.stream("GET", "/events", timeout=PATIENCE) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            yield Follower(answer.aiter_lines())


@asynccontextmanager
async def opened() -> AsyncGenerator[Scene]:
    """Everything started."""

    async def report() -> str:
        return REPORT

    async with AsyncExitStack() as stack:
        api = BotApi(TOKEN, name="Тихий дом")
        mailbox = await stack.enter_async_context(Mailbox())
        telegram_url = await stack.enter_async_context(serve(api.app))
        page = DemoPage(api, mailbox, language="ru", model=None, report=report)
        url = await stack.enter_async_context(serve(page.app))
        http = httpx.AsyncClient(base_url=url, headers={"Origin": url}, trust_env=False)
        telegram = httpx.AsyncClient(base_url=f"{telegram_url}/bot{TOKEN}", trust_env=False)
        await stack.enter_async_context(http)
        await stack.enter_async_context(telegram)
        yield Scene(api, mailbox, page, url, http, telegram)
