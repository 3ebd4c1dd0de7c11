"""`/healthz` says whether the bot does its work: hears Telegram and can store what it hears."""

from __future__ import annotations

import asyncio
import shutil
import socket
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from sovetnik.core.errors import ConfigError
from sovetnik.ops.health import DEAF_AFTER, Health
from sovetnik.storage import SqlStore
from tests.ops.watched import free_port, watched
from tests.others import blocked, full
from tests.storage.samples import answer_turn, contact, incoming, take_turn


@pytest.mark.parametrize(
    ("age", "status"), [(None, 200), (0.0, 200), (DEAF_AFTER - 10, 200), (DEAF_AFTER + 1, 503)]
)
async def test_a_bot_that_has_long_heard_nothing_is_unhealthy(age: float | None, status: int) -> None:
    listen = f"127.0.0.1:{free_port()}"
    health = Health(listen, lambda: None if age is None else time.monotonic() - age)
    await health.start()
    try:
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(f"http://{listen}/healthz")
    finally:
        await health.stop()
    assert answer.status_code == status


async def test_an_address_in_use_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ConfigError, match=f"HTTP_LISTEN.*{listen}"):
            await Health(listen, lambda: None).start()


async def two_wait(store: SqlStore) -> None:
    """A question, an answer on its way, and a lead's mail."""
    await store.accept([incoming(1, chat_id=1), incoming(2, chat_id=2)])
    turn = await take_turn(store, 1)
    await store.save_lead(1, turn.token, contact(), 0)
    await answer_turn(store, "Да", chat_id=2)


async def test_what_waits_and_how_long_is_told(tmp_path: Path) -> None:
    async with watched(tmp_path) as bot:
        await two_wait(bot.store)
        code, told = await bot.health()
    assert (code, told["status"], told["database"], told["model"]) == (200, "ok", "ok", "ok")
    assert [told[queue]["waiting"] for queue in ("inbox", "answers", "mails")] == [1, 1, 1]
    assert all(0 <= told[queue]["oldest_s"] < 60 for queue in ("inbox", "answers", "mails"))
    assert told["last_report"] is None
    assert told["paused"] is False
    assert told["disk_free_mb"] == pytest.approx(shutil.disk_usage(tmp_path).free / 1e6, rel=0.1)


async def test_the_last_report_a_pause_and_an_absent_model_are_told_and_no_reason_to_restart(
    tmp_path: Path,
) -> None:
    async with watched(tmp_path) as bot:
        await bot.store.first_window(datetime.now(UTC).date() - timedelta(days=1))
        now = datetime.now(UTC)
        await bot.store.claim_report(now.date(), now)
        await bot.store.set_paused(paused=True)
        bot.model = "away"
        code, told = await bot.health()
    assert code == 200
    assert (told["paused"], told["model"]) == (True, "away")
    assert told["last_report"]["day"] == now.date().isoformat()
    assert datetime.fromisoformat(told["last_report"]["made_at"]) == now


async def test_with_a_webhook_there_is_no_poll_to_be_late(tmp_path: Path) -> None:
    async with watched(tmp_path, polled_at=None) as bot:
        code, told = await bot.health()
    assert code == 200
    assert told["last_poll_age_s"] is None


async def test_a_database_that_hangs_is_told_at_once_and_is_well_again_afterwards(tmp_path: Path) -> None:
    async with watched(tmp_path, patience=0.3) as bot:
        with blocked(bot.database):
            for _ in range(3):
                code, told = await bot.health()
                assert (code, told["status"]) == (503, "database")
                assert "no answer" in told["database"], "it waited until the database itself gave up"
                assert told["inbox"] is None
        async with asyncio.timeout(10):
            while (await bot.health())[0] != 200:
                await bot.store.touch()


async def test_a_database_that_refuses_is_told_in_its_own_words(tmp_path: Path) -> None:
    async with watched(tmp_path) as bot:
        with full(bot.database, "state"):
            code, told = await bot.health()
    assert (code, told["status"]) == (503, "database")
    assert "disk full" in told["database"]


async def test_a_deaf_bot_with_a_good_database_tells_both(tmp_path: Path) -> None:
    async with watched(tmp_path, polled_at=lambda: time.monotonic() - DEAF_AFTER - 1) as bot:
        code, told = await bot.health()
    assert (code, told["status"], told["database"]) == (503, "deaf", "ok")
    assert told["last_poll_age_s"] > DEAF_AFTER
