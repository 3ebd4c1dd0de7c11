"""Calls of the webhook that Telegram did not make, and calls that nobody can read."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from sovetnik.telegram_ui.webhook import Webhook
from tests.hostile.stage import Stage, stage
from tests.hostile.updates import ANNA, KINDS, one_of_each
from tests.ops.capture import logs_captured

SECRET = "a-secret-of-the-tests"
SIGNED = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
QUESTION = {"update_id": 5, "message": one_of_each(7)["message"]}


@dataclass
class Hook:
    stage: Stage
    url: str
    client: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(trust_env=False))

    async def post(self, headers: dict[str, str], **body: Any) -> int:
        return (await self.client.post(self.url, headers=headers, **body)).status_code


@pytest.fixture
async def hook(tmp_path: Path) -> AsyncGenerator[Hook]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with stage(tmp_path) as made:
        made.telegram.person(ANNA).start()
        made.telegram.updates.queue.clear()  # nothing is brought to the address that is told to Telegram
        webhook = Webhook(made.bot, made.accept)
        await webhook.start("https://shop.example.com/hook", f"127.0.0.1:{port}", SECRET)
        opened = Hook(made, f"http://127.0.0.1:{port}/hook")
        async with opened.client:
            yield opened
        await webhook.stop()


STRANGERS: tuple[dict[str, str], ...] = (
    {},
    {"X-Telegram-Bot-Api-Secret-Token": ""},
    {"X-Telegram-Bot-Api-Secret-Token": SECRET[:-1]},
    {"X-Telegram-Bot-Api-Secret-Token": f"{SECRET}x"},
    {"X-Telegram-Bot-Api-Secret-Token": SECRET.upper()},
    {"X-Telegram-Bot-Api-Secret-Token": "Ã©"},
    {"X-Telegram-Bot-Api-Secret-Token": "x" * 8000},
    {"Authorization": f"Bearer {SECRET}"},
    {"Cookie": f"X-Telegram-Bot-Api-Secret-Token={SECRET}"},
)


async def test_without_the_secret_nothing_is_accepted(hook: Hook) -> None:
    for headers in STRANGERS:
        raw: Any = {name: value.encode("latin-1") for name, value in headers.items()}
        assert await hook.post(raw, json=QUESTION) == 403
        assert await hook.post(raw, params={"secret_token": SECRET}, json=QUESTION) == 403
    assert hook.stage.accepted == []


async def test_the_secret_with_broken_json(hook: Hook) -> None:
    for body in (b"", b"{", b"\xff\xfe{}", b"[" * 5000, b"7" * 5000, b"null", b"[]", b'"x"', b"7"):
        assert await hook.post({**SIGNED, "Content-Type": "application/json"}, content=body) >= 200
    assert hook.stage.accepted == []
    assert await hook.post(SIGNED, json=QUESTION) == 200
    assert len(hook.stage.accepted) == 1


async def test_another_type_of_content(hook: Hook) -> None:
    for kind in ("text/plain", "application/x-www-form-urlencoded", "", "application/json5"):
        assert await hook.post({**SIGNED, "Content-Type": kind}, content=json.dumps(QUESTION)) == 403
    assert hook.stage.accepted == []


async def test_other_methods(hook: Hook) -> None:
    for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"):
        assert (await hook.client.request(method, hook.url, headers=SIGNED)).status_code == 405


async def test_other_addresses(hook: Hook) -> None:
    for path in ("", "x", "/../hook/x", "?hook", "%00"):
        url = f"{hook.url.removesuffix('/hook')}/{path}"
        assert (await hook.client.post(url, json=QUESTION, headers=SIGNED)).status_code == 404
    assert hook.stage.accepted == []


async def test_a_huge_body_without_the_secret(hook: Hook) -> None:
    assert await hook.post({"Content-Type": "application/json"}, content=b" " * 3_000_000) == 403
    assert hook.stage.accepted == []


async def test_a_body_announced_without_end_is_not_waited_for(hook: Hook) -> None:
    host, port = hook.url.removeprefix("http://").removesuffix("/hook").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"POST /hook HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n")
    assert b" 403 " in await asyncio.wait_for(reader.read(), 5)
    writer.close()


async def test_a_burst_of_strangers(hook: Hook) -> None:
    async def call(number: int) -> int:
        headers = {} if number % 2 else {"X-Telegram-Bot-Api-Secret-Token": f"guess-{number}"}
        return await hook.post(headers, json={**QUESTION, "update_id": number})

    assert set(await asyncio.gather(*map(call, range(200)))) == {403}
    assert hook.stage.accepted == []
    assert await hook.post(SIGNED, json=QUESTION) == 200
    assert [one.text for one in hook.stage.accepted] == ["Есть доставка?"]


async def test_the_same_update_many_times_is_answered_once(hook: Hook) -> None:
    assert set(await asyncio.gather(*(hook.post(SIGNED, json=QUESTION) for _ in range(30)))) == {200}
    await hook.stage.telegram.wait_for_messages(ANNA, 1)
    assert len(hook.stage.telegram.answers(ANNA)) == 1


async def test_every_kind_is_confirmed(hook: Hook) -> None:
    for number, kind in enumerate(KINDS):
        assert await hook.post(SIGNED, json={"update_id": number, kind: one_of_each(7)[kind]}) == 200, kind


UNREADABLE = {"update_id": 6, "message": {**one_of_each(7)["message"], "date": None, "chat": {}}}


async def test_an_update_that_nobody_can_read_is_confirmed(hook: Hook) -> None:
    assert await hook.post(SIGNED, json=UNREADABLE) == 200


async def test_an_update_that_nobody_can_read_is_not_logged(hook: Hook) -> None:
    with logs_captured() as (set_up, written):
        set_up("INFO", "json", [])
        await hook.post(SIGNED, json=UNREADABLE)
    assert "Есть доставка?" not in written()
