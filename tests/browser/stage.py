"""A real browser, and `sovetnik demo` as a stranger starts it."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Browser, Locator, Page

PATIENCE = 20.0
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
ELSEWHERE = re.compile(r"^(?!http://127\.0\.0\.1[:/])")
DESKTOP = {"viewport": {"width": 1280, "height": 720}}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


def find_browser() -> str | None:
    """The path of the system's Chromium, if there is one."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@dataclass
class Demo:
    """A running `sovetnik demo`."""

    language: str
    url: str
    http: httpx.AsyncClient

    async def customer(self, name: str) -> int:
        """A new customer who has pressed Start and was greeted; the id."""
        added = (await self.http.post("/api/customers", json={"first_name": name})).json()
        await self.say(added["id"], "/start")
        return added["id"]

    async def say(self, customer: int, text: str) -> None:
        """Say it and wait for the bot's answer."""
        said = await self._answers(customer)
        answer = await self.http.post(f"/api/customers/{customer}/say", json={"text": text})
        assert answer.status_code == 200
        async with asyncio.timeout(PATIENCE):
            while True:
                if await self._answers(customer) > said:
                    return
                await asyncio.sleep(0.03)

    async def state(self) -> dict[str, Any]:
        """What a page that opens now is told."""
        return (await self.http.get("/api/state")).json()

    async def _answers(self, customer: int) -> int:
        one = next(one for one in (await self.state())["customers"] if one["id"] == customer)
        return sum(row["from_bot"] for row in one["messages"])


@asynccontextmanager
async def demo(folder: Path, language: str) -> AsyncGenerator[Demo]:
    """A demo from its start to Ctrl-C."""
    env = {"HOME": str(folder), "LANGUAGE": language, "KNOWLEDGE_EMBEDDINGS": "off", "JOIN_MESSAGES": "0"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sovetnik", "demo", "--no-browser"),
        cwd=folder,
        env={"PATH": os.environ["PATH"], "TELEGRAM_CHAT_RATE": "0", **env},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        url = ""
        async with asyncio.timeout(PATIENCE):
            while not url.startswith("http://127.0.0.1:"):
                url = (await process.stdout.readline()).decode()
                assert url, "the demo ended before it told its address"
        url = url.strip()
        async with httpx.AsyncClient(base_url=url, headers={"Origin": url}, trust_env=False) as http:
            yield Demo(language, url, http)
    finally:
        process.send_signal(signal.SIGINT)
        await asyncio.wait_for(process.wait(), PATIENCE)


@dataclass
class Visit:
    """One visitor's tab; what went wrong in it, and what it asked of other machines."""

    page: Page
    errors: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def said(self, text: str) -> Locator:
        """The newest answer of the bot that has this in it."""
        return self.page.locator("#messages .message.in", has_text=text).last

    async def ask(self, text: str) -> None:
        """Type and press Enter."""
        await self.page.fill("#text", text)
        await self.page.press("#text", "Enter")

    async def choose(self, customer: int) -> None:
        """Open this customer's chat."""
        await self.page.click(f"#customers [data-id='{customer}']")
        await self.page.wait_for_selector(f"#customers [data-id='{customer}'][aria-selected=true]")


@asynccontextmanager
async def visit(browser: Browser, url: str, **options: Any) -> AsyncGenerator[Visit]:
    """Open the page; no test may end with an error in its console or a request to another machine."""
    # Without animations nothing is drawn while nothing happens: drawing is dear where there is no GPU.
    context = await browser.new_context(**{**DESKTOP, "reduced_motion": "reduce", **options})
    context.set_default_timeout(PATIENCE * 1000)
    try:
        seen = Visit(await context.new_page())

        async def refuse(route: Any) -> None:
            seen.elsewhere.append(route.request.url)
            await route.abort()

        await context.route(ELSEWHERE, refuse)
        context.on("console", lambda said: said.type == "error" and seen.errors.append(said.text))
        context.on("weberror", lambda error: seen.errors.append(str(error.error)))
        await seen.page.goto(url)
        await seen.page.wait_for_selector("#customers [role=tab]")
        yield seen
        assert seen.errors == []
        assert seen.elsewhere == []
    finally:
        await context.close()
