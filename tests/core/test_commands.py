"""Commands of customers and of the owner, presses, floods and pauses, as they are read in Telegram."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from sovetnik.core.commands import Office
from sovetnik.core.erasures import Erasures
from sovetnik.core.errors import AssistantError, StorageError
from sovetnik.core.house import House
from sovetnik.core.model import Incoming, Limits, Turn
from sovetnik.core.ports import Desk
from sovetnik.core.texts import EN, RU
from tests.core.shop import GOOD, Failing, Shop
from tests.storage.samples import incoming

OWNER = 900


@dataclass
class Desktop:
    """The owner's side, noting what it is asked."""

    asked: list[str] = field(default_factory=list)
    paired: list[int] = field(default_factory=list)
    erased: int = 0

    def office(self) -> Office:
        async def answer(kind: str) -> str:
            self.asked.append(kind)
            return f"{kind}: готово"

        async def paired(chat_id: int) -> None:
            self.paired.append(chat_id)

        def erased() -> None:
            self.erased += 1

        return Office(frozenset({OWNER}), answer, paired, erased)


@pytest.fixture
def desktop(shop: Shop) -> Desktop:
    desktop = Desktop()
    shop.furnish(House(), desktop.office())
    return desktop


async def send(shop: Shop, *updates: Incoming) -> list[str]:
    """What is read after these."""
    before = len(shop.read)
    await shop.write(*updates)
    await shop.drain(updates[0].chat_id)
    return shop.read[before:]


def press(number: int, data: str) -> Incoming:
    return incoming(number, data, kind="press", press=f"query-{number}", message_id=1)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("start", RU.greeting),
        ("new", RU.fresh_start),
        ("help", RU.help),
        ("contact", RU.share_phone),
        ("privacy", RU.privacy),
        ("forget", RU.forget_question),
    ],
)
async def test_each_command_has_its_answer(shop: Shop, kind: str, words: str) -> None:
    assert await send(shop, incoming(1, "", kind=kind)) == [words]
    assert shop.assistant.turns == []


async def test_commands_are_answered_in_the_customers_language(shop: Shop) -> None:
    assert await send(shop, incoming(1, "", kind="help", language_code="en")) == [EN.help]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("sticker", RU.sticker),
        ("dice", RU.sticker),
        ("location", RU.place),
        ("video_note", RU.video),
        ("contact", RU.foreign_card),
        ("poll", RU.only_text),
    ],
)
async def test_what_no_model_reads_gets_a_fitting_word(shop: Shop, content: str, words: str) -> None:
    assert await send(shop, incoming(1, content, kind="unsupported")) == [words]


async def test_the_owners_privacy_text_takes_the_place_of_ours(shop: Shop) -> None:
    shop.furnish(House(privacy_text=lambda: "Ничего не храним."))
    assert await send(shop, incoming(1, "", kind="privacy")) == ["Ничего не храним."]


async def test_new_with_a_question_begins_the_fresh_conversation_with_it(shop: Shop) -> None:
    before: list[str] = []

    async def remember(turn: Turn, desk: Desk) -> str:
        before.extend(m.text for m in await desk.transcript())
        return f"re: {turn.said}"

    await send(shop, incoming(1, "старое"))
    shop.assistant.scripts = [remember]
    assert await send(shop, incoming(2, "Сколько стоит?", kind="new")) == ["re: Сколько стоит?"]
    assert before == []


# forgetting


async def test_forget_asks_first_and_then_erases_everything(shop: Shop, desktop: Desktop) -> None:
    async def save(turn: Turn, desk: Desk) -> str:
        await desk.opened("conv_1")
        await desk.call_tool("offer_phone_button", "{}")
        return "Ваш телефон?"

    shop.assistant.scripts = [save]
    await send(shop, incoming(1, "вопрос"))
    assert await send(shop, incoming(2, "", kind="forget")) == [RU.forget_question]
    buttons = shop.messenger.deliveries[-1].keyboard
    assert buttons is not None
    assert [(b.text, b.data) for b in buttons.buttons] == [
        (RU.forget_yes, "forget:yes"),
        (RU.forget_no, "forget:no"),
    ]
    assert len(await shop.stored()) == 4  # so far nothing is lost
    assert await send(shop, press(3, "forget:yes")) == [RU.forgotten]
    assert shop.messenger.presses == ["forget:yes"]
    assert shop.keyboards[-1] == "remove"
    assert [m.text for m in await shop.stored()] == [RU.forgotten]
    assert desktop.erased == 1
    assert [e.conversation for e in await shop.store.due_erasures(9)] == ["conv_1"]
    assert await send(shop, incoming(4, "снова")) == ["re: снова"]


async def test_a_customer_who_keeps_everything_loses_nothing(shop: Shop, desktop: Desktop) -> None:
    await send(shop, incoming(1, "вопрос"), incoming(2, "", kind="forget"))
    assert await send(shop, press(3, "forget:no")) == [RU.kept]
    assert (await shop.stored())[0].text == "вопрос"
    assert desktop.erased == 0


async def test_a_button_that_nobody_knows_is_let_go_without_a_word(shop: Shop) -> None:
    assert await send(shop, press(1, "order:7")) == []
    assert shop.messenger.presses == ["order:7"]
    assert await send(shop, incoming(2, "вопрос")) == ["re: вопрос"]


# the owner's


@pytest.mark.parametrize("kind", ["report", "status", "pause", "resume"])
async def test_owners_are_answered_and_others_get_help(shop: Shop, desktop: Desktop, kind: str) -> None:
    assert await send(shop, incoming(1, "", OWNER, kind=kind)) == [f"{kind}: готово"]
    assert await send(shop, incoming(2, "", kind=kind)) == [RU.help]
    assert desktop.asked == [kind]


async def test_a_stranger_pauses_nothing(shop: Shop, desktop: Desktop) -> None:
    await send(shop, incoming(1, "", kind="pause"))
    assert await shop.store.paused_at() is None


async def test_pairing_makes_a_chat_the_owners_once(shop: Shop, desktop: Desktop) -> None:
    await shop.store.offer_pairing("ABCDEFGH2345")
    assert await send(shop, incoming(1, "abcdefgh2345", -7, kind="pair")) == [RU.bad_pairing]  # never a group
    assert await send(shop, incoming(2, "wrong", kind="pair")) == [RU.bad_pairing]
    assert await send(shop, incoming(3, "abcdefgh2345", kind="pair")) == [RU.paired]
    assert await send(shop, incoming(4, "abcdefgh2345", 2, kind="pair")) == [RU.bad_pairing]
    assert desktop.paired == [1]
    assert await send(shop, incoming(5, "", kind="status")) == ["status: готово"]
    assert not any("abcdefgh" in m.text.lower() for m in await shop.stored())  # the code is a key


async def test_in_a_pause_customers_are_told_once_and_owners_still_answered(
    shop: Shop, desktop: Desktop
) -> None:
    await send(shop, incoming(1, "", OWNER, kind="pause"))
    assert await send(shop, incoming(2, "вопрос")) == [RU.paused]
    assert await send(shop, incoming(3, "ау")) == []
    assert await send(shop, incoming(4, "", kind="help")) == [RU.help]
    assert shop.assistant.turns == []
    assert await send(shop, incoming(5, "", OWNER, kind="status")) == ["status: готово"]
    await send(shop, incoming(6, "", OWNER, kind="resume"))
    assert await send(shop, incoming(7, "теперь?")) == ["re: теперь?"]


# floods


async def test_a_flood_is_told_once_and_answered_together_and_others_notice_nothing(shop: Shop) -> None:
    shop.turns.limits = Limits(per_minute=2)
    for number in (1, 2):
        assert await send(shop, incoming(number, f"{number}")) == [f"re: {number}"]
    begin = shop.clock.now
    flood = [incoming(n, f"{n}") for n in range(3, 9)]
    assert await send(shop, *flood) == [RU.flooding, "re: 3 | 4 | 5 | 6 | 7 | 8"]
    assert 55 < (shop.clock.now - begin).total_seconds() <= 60
    assert await send(shop, incoming(20, "быстро", 2)) == ["re: быстро"]


# what the provider holds


class Provider:
    """Erases, or raises the next trouble."""

    def __init__(self, *trouble: Exception) -> None:
        self.trouble = list(trouble)
        self.tried: list[str] = []
        self.changed = asyncio.Event()

    async def erase(self, conversation: str) -> None:
        self.tried.append(conversation)
        self.changed.set()
        if self.trouble:
            raise self.trouble.pop(0)


async def erase_conversation_of(shop: Shop, number: int, conversation: str) -> None:
    async def open_(turn: Turn, desk: Desk) -> str:
        await desk.opened(conversation)
        await desk.call_tool("save_contact", GOOD)
        return "да"

    shop.assistant.scripts = [open_]
    await send(shop, incoming(number, chat_id=number))
    await shop.store.forget_wholly(number)


async def until_none_due(shop: Shop) -> None:
    async with asyncio.timeout(5):
        while await shop.store.due_erasures(9):  # noqa: ASYNC110 - the database tells nobody
            await asyncio.sleep(0.001)


async def test_a_provider_that_is_away_is_asked_again_later(shop: Shop) -> None:
    await erase_conversation_of(shop, 1, "conv_1")
    await erase_conversation_of(shop, 2, "conv_2")
    provider = Provider(AssistantError("server", "HTTP 500"))
    erasures = Erasures(shop.store, provider.erase)
    work = asyncio.create_task(erasures.run())
    await until_none_due(shop)
    assert provider.tried == ["conv_1", "conv_2"]
    shop.clock.later(seconds=31)
    erasures.wake()
    await until_none_due(shop)
    assert provider.tried == ["conv_1", "conv_2", "conv_1"]
    shop.clock.later(days=9)
    assert await shop.store.due_erasures(9) == []
    work.cancel()


async def test_a_database_that_refuses_stops_no_erasing(shop: Shop) -> None:
    await erase_conversation_of(shop, 1, "conv_1")
    provider = Provider()
    refusing = Failing(shop.store, erased=[StorageError("disk full")])
    erasures = Erasures(refusing, provider.erase)  # type: ignore[arg-type]
    work = asyncio.create_task(erasures.run())
    async with asyncio.timeout(5):
        await provider.changed.wait()
    erasures.wake()
    await until_none_due(shop)
    assert provider.tried == ["conv_1", "conv_1"]
    work.cancel()
