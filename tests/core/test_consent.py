"""The consent text before a contact is stored, and the button that shares the phone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sovetnik.core.errors import AssistantError, DeliveryLater, DeliveryRefused, StorageError
from sovetnik.core.house import House
from sovetnik.core.model import Contact, Lead, Turn
from sovetnik.core.ports import Desk
from sovetnik.core.texts import RU
from tests.core.shop import GOOD, Failing, Shop
from tests.storage.samples import incoming

CONSENT = "Оставляя телефон, вы соглашаетесь с политикой."


@pytest.fixture
def text(shop: Shop) -> list[str]:
    """The owner's consent.md."""
    lines = [CONSENT]
    shop.furnish(House(consent_text=lambda: "\n".join(lines)))
    return lines


async def save(turn: Turn, desk: Desk) -> str:
    return await desk.call_tool("save_contact", GOOD)


async def save_twice(turn: Turn, desk: Desk) -> str:
    return await desk.call_tool("save_contact", GOOD) + await desk.call_tool("save_contact", GOOD)


async def offer(turn: Turn, desk: Desk) -> str:
    await desk.call_tool("offer_phone_button", "{}")
    return "Ваш телефон?"


async def leads(shop: Shop) -> list[Lead]:
    return [lead async for lead, _ in shop.store.leads()]


async def say(shop: Shop, number: int, *scripts: object, chat_id: int = 1) -> None:
    shop.assistant.scripts = list(scripts)  # type: ignore[arg-type]
    await shop.write(incoming(number, "вопрос", chat_id))
    await shop.drain(chat_id)


async def test_the_text_is_shown_before_the_contact_is_stored(shop: Shop, text: list[str]) -> None:
    stored_at_sending: list[int] = []
    found: list[list[Lead]] = []

    async def save_and_look(turn: Turn, desk: Desk) -> str:
        assert await leads(shop) == []
        result = await save(turn, desk)
        found.append(await leads(shop))
        return result

    shop.messenger.on_send = lambda: stored_at_sending.append(len(found))
    await say(shop, 1, save_and_look)
    assert shop.read[0] == CONSENT
    assert '"saved": true' in shop.read[1]
    assert stored_at_sending[0] == 0
    (lead,) = await leads(shop)
    consent = shop.turns.house.consent()
    assert consent is not None
    assert (lead.consent, lead.consent_at) == (consent.version, shop.clock.now)


async def test_it_is_shown_once_and_a_new_version_again(shop: Shop, text: list[str]) -> None:
    await say(shop, 1, save_twice)
    await say(shop, 2, save)
    assert shop.read.count(CONSENT) == 1
    text[0] = "Новая редакция."
    await say(shop, 3, save)
    assert shop.read.count("Новая редакция.") == 1
    (lead,) = await leads(shop)
    consent = shop.turns.house.consent()
    assert consent is not None
    assert lead.consent == consent.version


async def test_without_a_text_nothing_is_shown(shop: Shop) -> None:
    await say(shop, 1, save)
    assert len(shop.read) == 1
    assert (await leads(shop))[0].consent is None


@pytest.mark.parametrize(
    "trouble",
    [
        DeliveryLater(timedelta(seconds=30), "429"),
        DeliveryLater(None, "timeout"),
        DeliveryRefused("message is too long", blocked=False),
        DeliveryRefused("Forbidden: bot was blocked by the user", blocked=True),
    ],
    ids=lambda error: error.reason,
)
async def test_a_contact_is_not_stored_while_the_text_cannot_be_shown(
    shop: Shop, text: list[str], trouble: Exception
) -> None:
    shop.messenger.trouble = [trouble] * (3 if isinstance(trouble, DeliveryLater) else 1)
    await say(shop, 1, save_twice)
    assert await leads(shop) == []
    answer = (await shop.stored())[-1].text
    assert answer.count('"saved": false') == 2
    assert "Telegram is away" in answer
    assert shop.read.count(CONSENT) == (1 if isinstance(trouble, DeliveryLater) else 0)
    await say(shop, 2, save)
    assert len(await leads(shop)) == 1
    assert shop.read.count(CONSENT) == 1


async def test_a_moments_trouble_at_telegram_does_not_cost_the_lead(shop: Shop, text: list[str]) -> None:
    shop.messenger.trouble = [DeliveryLater(None, "502"), DeliveryLater(None, "502")]
    await say(shop, 1, save)
    assert len(await leads(shop)) == 1
    assert shop.read[0] == CONSENT
    assert shop.read.count(CONSENT) == 1


async def test_a_bad_contact_shows_no_text(shop: Shop, text: list[str]) -> None:
    async def bad(turn: Turn, desk: Desk) -> str:
        return await desk.call_tool("save_contact", '{"name": "Анна", "phone": "8 912", "city": "Пермь"}')

    await say(shop, 1, bad)
    assert CONSENT not in shop.read


async def test_a_database_that_refuses_the_text_makes_the_turn_be_done_again(
    shop: Shop, text: list[str]
) -> None:
    shop.turns.store = Failing(shop.store, tell=[StorageError("disk full")])  # type: ignore[assignment]
    await say(shop, 1, save, save)
    assert shop.read[0] == CONSENT
    assert len(shop.read) == 2
    assert len(await leads(shop)) == 1


async def test_the_greeting_shows_it_below_and_it_is_not_shown_again(shop: Shop, text: list[str]) -> None:
    await shop.write(incoming(1, "", kind="start"), incoming(2, "", kind="start"))
    await shop.drain()
    assert shop.read == [f"{RU.greeting}\n\n{CONSENT}", RU.greeting]
    await say(shop, 3, save)
    assert len(shop.read) == 3


# the button


async def test_the_button_comes_with_the_answer_and_the_text_below_it(shop: Shop, text: list[str]) -> None:
    await say(shop, 1, offer)
    assert shop.read == [f"Ваш телефон?\n\n{CONSENT}"]
    assert shop.keyboards == ["phone"]
    await say(shop, 2, offer)
    assert shop.read[1] == "Ваш телефон?"


async def test_the_keyboard_goes_away_once_the_contact_is_saved(shop: Shop) -> None:
    await say(shop, 1, offer)
    await say(shop, 2)
    await say(shop, 3, save)
    await say(shop, 4)
    assert shop.keyboards == ["phone", None, "remove", None]


async def test_a_button_and_a_contact_in_one_turn_leave_no_button(shop: Shop) -> None:
    async def both(turn: Turn, desk: Desk) -> str:
        await offer(turn, desk)
        return await save(turn, desk)

    await say(shop, 1, both)
    assert shop.keyboards == [None]


async def test_the_keyboard_goes_away_after_a_turn_that_saved_and_then_failed(shop: Shop) -> None:
    async def save_and_fail(turn: Turn, desk: Desk) -> str:
        await save(turn, desk)
        raise AssistantError("refused", "the provider's content filter")

    await say(shop, 1, offer)
    await say(shop, 2, save_and_fail)
    await say(shop, 3)
    assert shop.keyboards == ["phone", None, "remove"]


async def test_a_group_gets_no_button(shop: Shop) -> None:
    async def ask(turn: Turn, desk: Desk) -> str:
        return await desk.call_tool("offer_phone_button", "{}")

    await say(shop, 1, ask, chat_id=-5)
    assert "group" in shop.read[0]
    await shop.write(incoming(2, "", -5, kind="contact"))
    await shop.drain(-5)
    assert shop.read[1] == RU.ask_contact
    assert shop.keyboards == [None, None]


async def test_contact_shows_the_button_with_the_text(shop: Shop, text: list[str]) -> None:
    await shop.write(incoming(1, "", kind="contact"))
    await shop.drain()
    assert shop.read == [f"{RU.share_phone}\n\n{CONSENT}"]
    (delivery,) = shop.messenger.deliveries
    assert delivery.keyboard is not None
    assert [button.text for button in delivery.keyboard.buttons] == [RU.share_phone_button]


async def test_the_model_reads_what_is_known_of_the_contact(shop: Shop) -> None:
    await say(shop, 1, save)
    await say(shop, 2)
    lead = shop.assistant.turns[-1].lead
    assert lead is not None
    assert lead.contact == Contact("Анна", "+79123456789", "Кровать", {"city": "Пермь"})
