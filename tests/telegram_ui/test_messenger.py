"""Sending to a strict Bot API: each of Telegram's refusals in our words."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sovetnik.core.errors import DeliveryLater, DeliveryRefused
from sovetnik.core.model import Button, Chat, Command, Delivery, Incoming, Keyboard
from sovetnik.demo.botapi import BotApi, Person
from sovetnik.demo.serving import serve
from sovetnik.telegram_ui import BotSettings, TelegramMessenger, make_bot
from sovetnik.telegram_ui.pace import Pace
from tests.telegram_ui.simulated import TOKEN

PHONE = Keyboard("phone", (Button("📱 Отправить мой номер", ""),))
SURE = Keyboard("buttons", (Button("Да, стереть", "forget:yes"), Button("Нет", "forget:no")))
LONG = "\n\n".join(f"Абзац {n}. " + "слово " * 150 for n in range(12))


@dataclass
class Post:
    api: BotApi
    anna: Person
    messenger: TelegramMessenger
    noted: list[tuple[int, ...]] = field(default_factory=list)

    async def deliver(
        self, text: str, sent: tuple[int, ...] = (), *, chat_id: int | None = None, **more: Any
    ) -> tuple[int, ...]:
        async def note(ids: tuple[int, ...]) -> None:
            self.noted.append(ids)

        delivery = Delivery(1, chat_id or self.anna.id, 1, text, sent, **more)
        return await self.messenger.deliver(delivery, note)

    @property
    def read(self) -> list[str]:
        return self.api.answers(self.anna.id)


@pytest.fixture
async def post() -> AsyncGenerator[Post]:
    api = BotApi(TOKEN)
    anna = api.person()
    anna.start()
    async with serve(api.app) as url, make_bot(BotSettings(TOKEN, url)) as bot:
        yield Post(api, anna, TelegramMessenger(bot, Pace(0, 0)))


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


# keyboards


async def test_the_phone_button_comes_with_the_last_piece_and_goes_away(post: Post) -> None:
    await post.deliver(LONG, keyboard=PHONE)
    messages = await post.api.wait_for_messages(post.anna.id, 2)
    assert [bool(message.markup) for message in messages] == [False] * (len(messages) - 1) + [True]
    (row,) = (post.api.chat(post.anna.id).keyboard or {})["keyboard"]
    assert [(key["text"], key["request_contact"]) for key in row] == [("📱 Отправить мой номер", True)]
    await post.deliver("Спасибо!", keyboard=Keyboard("remove"))
    assert post.api.chat(post.anna.id).keyboard is None


async def test_a_group_gets_the_answer_without_the_button_that_telegram_refuses_there(post: Post) -> None:
    group = post.api.group(post.anna)
    await post.deliver("Нажмите кнопку", chat_id=group.id, keyboard=PHONE)
    assert post.api.answers(group.id) == ["Нажмите кнопку"]


def press(post: Post, **more: Any) -> Command:
    chat = Chat(post.anna.id, "Анна", None, "ru", None, datetime.now(UTC))
    incoming = Incoming(1, post.anna.id, "press", "forget:no", datetime.now(UTC), **more)
    return Command(chat, "token", incoming)


async def test_a_pressed_button_is_let_go_and_its_keyboard_taken_away(post: Post) -> None:
    (number,) = await post.deliver("Стереть?", keyboard=SURE)
    post.anna.press("forget:no")
    await post.messenger.pressed(press(post, press=str(post.api.last_press), message_id=number))
    assert [answer["id"] for answer in post.api.press_answers] == [str(post.api.last_press)]
    (message,) = post.api.chat(post.anna.id).from_bot
    assert not message.markup
    with pytest.raises(ValueError, match="no button"):
        post.anna.press("forget:no")


async def test_a_button_pressed_long_ago_under_a_message_that_is_gone_harms_nobody(post: Post) -> None:
    await post.messenger.pressed(press(post, press="12345", message_id=777))
    await post.messenger.pressed(press(post))


# previews and groups


async def test_the_preview_goes_when_the_whole_answer_is_there(post: Post) -> None:
    (preview,) = await post.deliver("Доставка по го")
    post.api.faults.add("sendMessage", status=200, times=1)
    post.api.faults.add("sendMessage", status=429, retry_after=1, times=1)
    with pytest.raises(DeliveryLater):
        await post.deliver(LONG, preview=preview)
    assert post.read[0] == "Доставка по го"
    await post.deliver(LONG, post.noted[-1], preview=preview)
    assert "Доставка по го" not in post.read
    assert "\n".join(post.read).split() == LONG.split()


async def test_a_preview_that_the_customer_deleted_does_not_hold_up_the_answer(post: Post) -> None:
    await post.deliver("Да", preview=777)
    assert post.read == ["Да"]


async def test_a_group_that_became_a_supergroup_gets_its_answer_there(post: Post) -> None:
    group = post.api.group(post.anna)
    new = group.migrate()
    await post.deliver(LONG, chat_id=group.id)
    assert "\n".join(post.api.answers(new.id)).split() == LONG.split()


async def test_a_group_that_threw_the_bot_out_is_not_written_to_again(post: Post) -> None:
    group = post.api.group(post.anna)
    group.remove_bot(post.anna)
    with pytest.raises(DeliveryRefused) as refusal:
        await post.deliver("Да", chat_id=group.id)
    assert refusal.value.blocked
