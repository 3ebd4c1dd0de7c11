"""Polling a strict Bot API: what Telegram was not told to forget comes again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs

from sovetnik.core.errors import ConfigError, StorageError
from sovetnik.core.model import Incoming
from sovetnik.demo.botapi import BotApi
from sovetnik.demo.serving import serve
from sovetnik.telegram_ui import BotSettings, Poller, make_bot, polling, say_hello
from tests.ops.capture import logs_captured

TOKEN = "7000000001:AAF-loopback-only-token-of-the-tests"


@dataclass
class Ear:
    """A poller, and what it took in."""

    api: BotApi
    poller: Poller = field(init=False)
    heard: list[Incoming] = field(default_factory=list)
    trouble: list[Exception] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def accept(self, updates: Sequence[Incoming]) -> None:
        if self.trouble:
            raise self.trouble.pop(0)
        self.heard += updates
        self.news.set()

    async def hears(self, count: int) -> list[str]:
        async with asyncio.timeout(10):
            while len(self.heard) < count:
                self.news.clear()
                await self.news.wait()
        return [incoming.text for incoming in self.heard]

    async def confirmed(self) -> None:
        """Until Telegram was told to forget everything."""
        await self.api.wait_until(lambda: not self.api.updates.queue)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were asked for; none of them is made."""
    asked: list[float] = []

    async def sleep(seconds: float) -> None:
        asked.append(seconds)
        await asyncio.sleep(0)

    monkeypatch.setattr(polling, "asyncio", SimpleNamespace(sleep=sleep, timeout=asyncio.timeout))
    return asked


@asynccontextmanager
async def listening(api: BotApi) -> AsyncGenerator[Ear]:
    async with serve(api.app) as url, make_bot(BotSettings(TOKEN, url)) as bot:
        ear = Ear(api)
        ear.poller = Poller(bot, ear.accept)
        task = asyncio.create_task(ear.poller.run())
        try:
            yield ear
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def test_messages_are_heard_in_order_and_then_forgotten_by_telegram(pauses: list[float]) -> None:
    api = BotApi(TOKEN)
    anna = api.person()
    anna.say("раз")
    anna.say("два")
    async with listening(api) as ear:
        anna.say("три")
        assert await ear.hears(3) == ["раз", "два", "три"]
        await ear.confirmed()
        assert ear.poller.polled_at is not None
    assert pauses == []


async def test_what_the_disk_refused_is_asked_for_again(pauses: list[float]) -> None:
    api = BotApi(TOKEN)
    anna = api.person()
    async with listening(api) as ear:
        ear.trouble = [StorageError("disk full")] * 3
        anna.say("раз")
        await api.wait_until(lambda: len(ear.trouble) < 3)
        anna.say("два")
        assert await ear.hears(2) == ["раз", "два"]
        await ear.confirmed()
    assert len(pauses) == 3
    assert pauses == sorted(pauses)
    assert max(pauses) <= polling.LONGEST_PAUSE


async def test_an_unreadable_update_does_not_hold_up_the_others(pauses: list[float]) -> None:
    api = BotApi(TOKEN)
    anna = api.person()
    anna.say("раз")
    api.push({"message": {"message_id": "no number", "date": {"is": "wrong"}, "chat": 7}})
    anna.say("два")
    async with listening(api) as ear:
        assert await ear.hears(2) == ["раз", "два"]
        await ear.confirmed()
        anna.say("три")
        assert await ear.hears(3) == ["раз", "два", "три"]


async def test_an_unreadable_update_does_not_put_customers_words_into_the_log(pauses: list[float]) -> None:
    api = BotApi(TOKEN)
    api.person().say("мой телефон 8 912 345-67-89")
    api.push({"message": {"message_id": "no number", "date": {"is": "wrong"}, "chat": 7}})
    with logs_captured() as (set_up, written):
        set_up("INFO", "console", [TOKEN])
        async with listening(api) as ear:
            await ear.hears(1)
        assert "345-67-89" not in written()  # "912" may be a part of a time


async def test_talk_between_people_in_a_group_is_neither_heard_nor_asked_for_again(
    pauses: list[float],
) -> None:
    api = BotApi(TOKEN, privacy_mode=False)
    anna = api.person()
    group = api.group(anna)
    anna.say("в группе", group=group)
    anna.say("лично")
    async with listening(api) as ear:
        assert await ear.hears(1) == ["лично"]
        await ear.confirmed()


async def test_another_poller_is_named_in_the_log_and_outlived(pauses: list[float]) -> None:
    api = BotApi(TOKEN)
    api.faults.add("getUpdates", status=409, times=2)
    api.person().say("раз")
    with capture_logs() as logs:
        async with listening(api) as ear:
            assert await ear.hears(1) == ["раз"]
            await ear.confirmed()
    failures = [row for row in logs if row["event"] == "polling_failed"]
    assert len(failures) == 2
    assert "another program polls" in failures[0]["error"]
    assert [row["event"] for row in logs if row["event"] == "polling_recovered"] == ["polling_recovered"]
    assert pauses == [5, 10]


async def test_telegrams_own_pause_is_kept(pauses: list[float]) -> None:
    api = BotApi(TOKEN)
    api.faults.add("getUpdates", status=429, retry_after=17)
    api.person().say("раз")
    async with listening(api) as ear:
        assert await ear.hears(1) == ["раз"]
    assert pauses == [17]


@pytest.mark.parametrize(
    "fault", [{"status": 502, "body": "<html>502</html>"}, {"drop": True}, {"status": 500}], ids=str
)
async def test_a_broken_proxy_is_outlived(pauses: list[float], fault: dict[str, object]) -> None:
    api = BotApi(TOKEN)
    api.faults.add("getUpdates", times=3, **fault)
    api.person().say("раз")
    async with listening(api) as ear:
        assert await ear.hears(1) == ["раз"]
        await ear.confirmed()


async def test_a_poll_that_stays_silent_too_long_is_given_up(
    pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "DEAF_AFTER", 0.2)
    api = BotApi(TOKEN)
    api.faults.add("getUpdates", hang=True)
    api.person().say("раз")
    async with listening(api) as ear:
        assert await ear.hears(1) == ["раз"]


async def test_a_webhook_left_over_is_taken_away_and_its_updates_kept(pauses: list[float]) -> None:
    api = BotApi(TOKEN)
    api.person().say("раз")
    api.webhook.url = "https://old.example.com/hook"
    async with listening(api) as ear:
        assert await ear.hears(1) == ["раз"]
    assert api.webhook.url == ""


# the first word with Telegram


async def test_a_good_token_tells_the_bots_name() -> None:
    async with serve(BotApi(TOKEN, username="nerl_bot").app) as url:
        settings = BotSettings(TOKEN, url)
        bot = make_bot(settings)
        assert await say_hello(bot, settings) == "nerl_bot"
        await bot.shutdown()


async def test_a_wrong_token_is_named_and_not_shown() -> None:
    async with serve(BotApi(TOKEN).app) as url:
        settings = BotSettings("7000000001:AAF-another-token-than-the-bots-own", url)
        bot = make_bot(settings)
        with pytest.raises(ConfigError, match="TELEGRAM_TOKEN") as refusal:
            await say_hello(bot, settings)
        assert "AAF" not in str(refusal.value)


async def test_an_unreachable_telegram_is_told_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sovetnik.telegram_ui.client.HELLO_TRIES", 1)
    settings = BotSettings(TOKEN, "http://127.0.0.1:1")
    with pytest.raises(ConfigError, match=r"TELEGRAM_BASE_URL.*TELEGRAM_PROXY"):
        await say_hello(make_bot(settings), settings)


async def test_an_unreachable_proxy_is_told_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sovetnik.telegram_ui.client.HELLO_TRIES", 1)
    settings = BotSettings(TOKEN, "http://127.0.0.1:2", "socks5://user:hunter2@127.0.0.1:1")
    with pytest.raises(ConfigError, match=r"TELEGRAM_PROXY.*127\.0\.0\.1:1") as refusal:
        await say_hello(make_bot(settings), settings)
    assert "hunter2" not in str(refusal.value)


def test_a_proxy_of_a_wrong_kind_is_named_without_its_password() -> None:
    with pytest.raises(ConfigError, match="TELEGRAM_PROXY") as refusal:
        make_bot(BotSettings(TOKEN, proxy="socks4://user:hunter2@host:1080"))
    assert "hunter2" not in str(refusal.value)
