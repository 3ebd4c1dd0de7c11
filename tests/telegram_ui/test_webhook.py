"""Updates by webhook: Telegram hears 200 only after the update is on disk."""

from __future__ import annotations

import socket
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from sovetnik.core.errors import StorageError
from sovetnik.core.model import Incoming
from sovetnik.demo.botapi import BotApi
from sovetnik.demo.serving import serve
from sovetnik.telegram_ui import BotSettings, make_bot, say_hello
from sovetnik.telegram_ui.webhook import Webhook
from tests.telegram_ui.simulated import TOKEN

SECRET = "a-secret-of-the-tests"
CHAT = {"id": 5001, "type": "private", "first_name": "Анна"}


@dataclass
class Hook:
    url: str
    heard: list[Incoming] = field(default_factory=list)
    trouble: list[Exception] = field(default_factory=list)

    async def accept(self, updates: Sequence[Incoming]) -> None:
        if self.trouble:
            raise self.trouble.pop(0)
        self.heard += updates

    async def post(self, secret: str = SECRET, **message: Any) -> int:
        person = {"id": 5001, "is_bot": False, "first_name": "Анна"}
        whole = {"message_id": 7, "from": person, "chat": CHAT, "date": 1795332000, **message}
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.post(
                self.url,
                json={"update_id": 5, "message": whole},
                headers={"X-Telegram-Bot-Api-Secret-Token": secret},
            )
        return answer.status_code


@pytest.fixture
async def hook() -> AsyncGenerator[Hook]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with serve(BotApi(TOKEN).app) as url:
        settings = BotSettings(TOKEN, url)
        bot = make_bot(settings)
        await say_hello(bot, settings)
        made = Hook(f"http://127.0.0.1:{port}/hook")
        webhook = Webhook(bot, made.accept)
        await webhook.start("https://shop.example.com/hook", f"127.0.0.1:{port}", SECRET)
        yield made
        await webhook.stop()
        await bot.shutdown()


async def test_what_is_on_disk_is_confirmed(hook: Hook) -> None:
    assert await hook.post(text="Есть доставка?") == 200
    assert [one.text for one in hook.heard] == ["Есть доставка?"]


async def test_what_the_disk_refused_is_not_confirmed(hook: Hook) -> None:
    hook.trouble = [StorageError("disk full")]
    assert await hook.post(text="Есть доставка?") == 500
    assert await hook.post(text="Есть доставка?") == 200
    assert len(hook.heard) == 1


async def test_strangers_are_refused(hook: Hook) -> None:
    assert await hook.post("another", text="Есть доставка?") == 403
    assert hook.heard == []


async def test_an_update_that_nobody_can_read_is_not_brought_for_ever(hook: Hook) -> None:
    assert await hook.post(text="Есть доставка?", date={"is": "wrong"}) == 200
    assert hook.heard == []
