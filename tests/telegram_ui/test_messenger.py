"""Sending to a strict Bot API: each of Telegram's refusals in our words."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from sovetnik.core.errors import DeliveryLater, DeliveryRefused
from sovetnik.core.model import Delivery
from sovetnik.demo.botapi import BotApi, Person
from sovetnik.demo.serving import serve
from sovetnik.telegram_ui import BotSettings, TelegramMessenger, make_bot
from sovetnik.telegram_ui.pace import Pace

TOKEN = "7000000001:AAF-loopback-only-token-of-the-tests"
LONG = "\n\n".join(f"Абзац {n}. " + "слово " * 150 for n in range(12))


@dataclass
class Post:
    api: BotApi
    anna: Person
    messenger: TelegramMessenger
    noted: list[tuple[int, ...]] = field(default_factory=list)

    async def deliver(self, text: str, sent: tuple[int, ...] = ()) -> tuple[int, ...]:
        async def note(ids: tuple[int, ...]) -> None:
            self.noted.append(ids)

        return await self.messenger.deliver(Delivery(1, self.anna.id, 1, text, sent), note)

    @property
    def read(self) -> list[str]:
        return self.api.answers(self.anna.id)


@pytest.fixture
async def post() -> AsyncGenerator[Post]:
    api = BotApi(TOKEN)
    anna = api.person()
    anna.start()
    async with serve(api.app) as url:
        bot = make_bot(BotSettings(TOKEN, url))
        yield Post(api, anna, TelegramMessenger(bot, Pace(0, 0)))
        await bot.shutdown()


async def test_an_answer_arrives_with_its_marks(post: Post) -> None:
    ids = await post.deliver("Кровать **«Нерль»** 😀 стоит 62 900 ₽")
    (message,) = await post.api.wait_for_messages(post.anna.id, 1)
    assert ids == (message.id,)
    assert message.text == "Кровать «Нерль» 😀 стоит 62 900 ₽"
    assert [(e["type"], e["offset"], e["length"]) for e in message.entities] == [("bold", 8, 7)]


async def test_a_long_answer_is_noted_piece_by_piece(post: Post) -> None:
    ids = await post.deliver(LONG)
    assert len(ids) == len(post.read) > 1
    assert post.noted == [ids[:n] for n in range(1, len(ids))]
    assert "\n".join(post.read).split() == LONG.split()


async def test_after_a_restart_only_the_missing_pieces_are_sent(post: Post) -> None:
    whole = await post.deliver(LONG)
    before = post.read
    again = await post.deliver(LONG, whole[:1])
    assert again[:1] == whole[:1]
    assert post.read[len(before) :] == before[1:]
    assert await post.deliver(LONG, whole) == whole
    assert len(post.read) == 2 * len(before) - 1


async def test_a_slow_down_in_mid_answer_keeps_what_has_arrived(post: Post) -> None:
    await post.deliver("Здравствуйте")
    post.api.faults.add("sendMessage", status=200, times=1)
    post.api.faults.add("sendMessage", status=429, retry_after=149, times=1)
    with pytest.raises(DeliveryLater) as later:
        await post.deliver(LONG)
    assert later.value.pause == timedelta(seconds=149)
    (sent,) = post.noted
    await post.deliver(LONG, sent)
    assert "\n".join(post.read[1:]).split() == LONG.split()


async def test_a_customer_who_blocked_the_bot_is_not_written_to_again(post: Post) -> None:
    post.anna.block()
    with pytest.raises(DeliveryRefused) as refusal:
        await post.deliver("Да")
    assert refusal.value.blocked


async def test_a_chat_that_is_not_there_is_refused_for_good(post: Post) -> None:
    post.anna.api.world.chats.pop(post.anna.id)
    with pytest.raises(DeliveryRefused) as refusal:
        await post.deliver("Да")
    assert not refusal.value.blocked


@pytest.mark.parametrize(
    "fault", [{"status": 502, "body": "<html>"}, {"status": 500}, {"drop": True}], ids=str
)
async def test_trouble_on_the_way_is_tried_again_later(post: Post, fault: dict[str, object]) -> None:
    post.api.faults.add("sendMessage", **fault)
    with pytest.raises(DeliveryLater):
        await post.deliver("Да")
    await post.deliver("Да")
    assert post.read == ["Да"]


async def test_where_telegram_refuses_the_entities_the_words_arrive_without_them(post: Post) -> None:
    post.api.faults.add("sendMessage", status=400, description="Bad Request: can't parse entities: oops")
    await post.deliver("**Да**")
    assert post.read == ["Да"]
    (message,) = await post.api.wait_for_messages(post.anna.id, 1)
    assert message.entities == []


async def test_typing_is_shown_while_the_model_thinks(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sovetnik.telegram_ui.messenger.TYPING_AFTER", 0)
    async with post.messenger.typing(post.anna.id):
        await post.api.wait_until(lambda: bool(post.api.chat(post.anna.id).actions))
    assert post.api.chat(post.anna.id).actions[0].name == "typing"


async def test_a_refused_typing_costs_nothing(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sovetnik.telegram_ui.messenger.TYPING_AFTER", 0)
    post.api.faults.add("sendChatAction", status=429, retry_after=30)
    async with post.messenger.typing(post.anna.id):
        await post.api.wait_until(lambda: bool(post.api.calls_of("sendChatAction")))
        await post.deliver("Да")
    assert post.read == ["Да"]
