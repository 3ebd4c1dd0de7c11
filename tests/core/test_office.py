"""What the owner reads in Telegram: the state of things, the report so far, how to pair."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from sovetnik.core.errors import StorageError
from sovetnik.core.model import Answer
from sovetnik.demo.botapi import BotApi
from sovetnik.demo.serving import serve
from sovetnik.mail import Look
from sovetnik.office import OwnersOffice, furnish
from sovetnik.settings import Settings
from sovetnik.storage import SqlStore
from sovetnik.telegram_ui import BotSettings, make_bot
from tests.core.shop import Failing
from tests.storage.samples import converse, database, incoming, take_turn

TOKEN = "7000000001:AAF-loopback-only-token-of-the-tests"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncGenerator[SqlStore]:
    async with SqlStore.open(database(tmp_path), exclusive=True) as opened:
        yield opened


def settings(**values: object) -> Settings:
    return Settings(_env_file=None, telegram_token=TOKEN, **values)  # type: ignore[arg-type, call-arg]


def office(store: SqlStore, code: str | None = None, **values: object) -> OwnersOffice:
    return OwnersOffice(settings(**values), store, Look(), lambda: code)


async def test_the_state_says_what_waits_and_who_answers(store: SqlStore) -> None:
    assert (await office(store).answer("status")).splitlines() == [
        "✅ Работаю",
        "Модель: не подключена, отвечаю выдержками из документов",
        "Очередей нет",
    ]
    await store.accept([incoming(1), incoming(2, chat_id=2)])
    await store.answered(await take_turn(store), Answer("Да"))
    status = await office(store, "ABC234", openai_api_key="k", openai_model="gpt-6-luna").answer("status")
    assert "Модель: gpt-6-luna, сейчас недоступна (код ABC234)" in status
    assert "Ждут ответа: 1, дольше всех" in status
    assert "Ждут отправки: 1, дольше всех" in status


async def test_a_pause_is_said_and_seen(store: SqlStore) -> None:
    await store.set_paused(paused=True)
    english = office(store, language="en")
    assert "/resume" in await english.answer("pause")
    assert (await english.answer("status")).startswith("⏸ Paused since")
    assert await english.answer("resume") == "Answering customers again."


async def test_the_report_so_far_shows_what_no_report_has_yet(store: SqlStore) -> None:
    await converse(store, 1, "Сколько стоит доставка?")
    assert "1" in await office(store).answer("report")


async def test_a_code_is_printed_while_nobody_is_the_owner(store: SqlStore) -> None:
    api = BotApi(TOKEN)
    async with serve(api.app) as url:
        bot = make_bot(BotSettings(TOKEN, url))
        await bot.initialize()
        with capture_logs() as logs:
            await furnish(settings(), store, bot)
        (line,) = [entry for entry in logs if entry["event"] == "pair_owner"]
        assert await store.pair(7, line["link"].rpartition("pair-")[2])
        with capture_logs() as logs:
            await furnish(settings(), store, bot)
            await furnish(settings(owner_chats="5"), store, bot)
            refusing = Failing(store, owner_chats=[StorageError("disk full")])
            await furnish(settings(), refusing, bot)  # type: ignore[arg-type]
        assert [entry["event"] for entry in logs if entry["log_level"] in {"info", "error"}] == [
            "storage_refused"
        ]
        await bot.shutdown()
