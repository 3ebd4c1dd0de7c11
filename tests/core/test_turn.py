"""A chat's work over the real store: order, joining, deliveries, failures, tools, the end of the process."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from sovetnik.core.errors import AssistantError, DeliveryLater, DeliveryRefused, StorageError
from sovetnik.core.house import House
from sovetnik.core.model import Found, Limits, Message, Passage, Turn
from sovetnik.core.ports import Desk
from sovetnik.core.texts import RU
from tests.core.shop import GOOD, Failing, Shop
from tests.storage.samples import incoming

# order


async def test_waiting_messages_get_one_answer_together(shop: Shop) -> None:
    await shop.write(incoming(1, "раз"), incoming(2, "два"), incoming(3, "три"))
    await shop.drain()
    assert shop.read == ["re: раз | два | три"]


async def test_a_message_that_comes_while_the_model_thinks_is_answered_next(shop: Shop) -> None:
    async def slow(turn: Turn, desk: Desk) -> str:
        await shop.write(incoming(2, "и ещё"))
        return "первый"

    shop.assistant.scripts = [slow]
    await shop.write(incoming(1, "раз"))
    await shop.drain()
    assert shop.read == ["первый", "re: и ещё"]


async def test_messages_and_commands_are_answered_in_their_order(shop: Shop) -> None:
    await shop.write(
        incoming(1, "", kind="start"),
        incoming(2, "раз"),
        incoming(3, "photo", kind="unsupported"),
        incoming(4, "", kind="new"),
        incoming(5, "два"),
    )
    await shop.drain()
    assert shop.read == [RU.greeting, "re: раз", RU.only_text, RU.fresh_start, "re: два"]


async def test_the_owners_greeting_takes_the_place_of_ours(shop: Shop) -> None:
    shop.furnish(House(greeting_text=lambda: "Добро пожаловать в «Нерль»!"))
    await shop.write(incoming(1, "", kind="start"))
    await shop.drain()
    assert shop.read == ["Добро пожаловать в «Нерль»!"]


async def test_a_customer_who_waits_does_not_hold_up_the_others(shop: Shop) -> None:
    released = asyncio.Event()

    async def slow(turn: Turn, desk: Desk) -> str:
        await released.wait()
        return "медленный"

    shop.assistant.scripts = [slow]
    await shop.write(incoming(1, chat_id=10), incoming(2, "быстрый", chat_id=20))
    first = asyncio.create_task(shop.drain(10))
    await shop.assistant.asked.wait()
    await shop.drain(20)
    assert shop.messenger.sent == [(20, "re: быстрый")]
    released.set()
    await first
    assert shop.messenger.sent[1:] == [(10, "медленный")]


async def test_two_workers_on_one_chat_answer_it_once(shop: Shop) -> None:
    await shop.write(incoming(1, "раз"))
    await asyncio.gather(*(shop.drain() for _ in range(5)))
    assert shop.read == ["re: раз"]


async def test_no_more_turns_are_worked_on_at_once_than_there_are_slots(shop: Shop) -> None:
    shop.turns.slots = asyncio.Semaphore(2)
    at_work = most = 0

    async def counted(turn: Turn, desk: Desk) -> str:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        await shop.store.transcript(turn.chat.id, 1)
        at_work -= 1
        return "ответ"

    shop.assistant.scripts = [counted] * 8
    await shop.write(*(incoming(n, chat_id=n) for n in range(1, 9)))
    await asyncio.gather(*(shop.drain(n) for n in range(1, 9)))
    assert len(shop.read) == 8
    assert most == 2


# deliveries


async def test_a_slow_down_of_telegram_delays_the_answer_and_what_follows_it(shop: Shop) -> None:
    shop.messenger.trouble = [DeliveryLater(timedelta(seconds=149), "429"), DeliveryLater(None, "timeout")]
    begin = shop.clock.now
    await shop.write(incoming(1, "раз"))
    task = asyncio.create_task(shop.drain())
    await shop.messenger.in_trouble.wait()
    await shop.write(incoming(2, "два"))
    await task
    assert shop.read == ["re: раз", "re: два"]
    assert shop.clock.now - begin >= timedelta(seconds=150)
    assert len(shop.assistant.turns) == 2


async def test_a_customer_who_blocked_the_bot_is_not_written_to_until_they_return(shop: Shop) -> None:
    shop.messenger.trouble = [DeliveryRefused("Forbidden: bot was blocked by the user", blocked=True)]
    await shop.write(incoming(1, "раз"))
    await shop.drain()
    assert shop.read == []
    assert await shop.store.recover() == []
    await shop.write(incoming(2, "вернулся"))
    await shop.drain()
    assert shop.read == ["re: вернулся"]


async def test_an_answer_that_telegram_refuses_does_not_stop_the_next_one(shop: Shop) -> None:
    shop.messenger.trouble = [DeliveryRefused("message is too long", blocked=False)]
    await shop.write(incoming(1, "раз"))
    await shop.drain()
    await shop.write(incoming(2, "два"))
    await shop.drain()
    assert shop.read == ["re: два"]


async def test_the_answer_is_stored_with_its_cost_before_it_is_sent(shop: Shop) -> None:
    rows: list[Message] = []
    shop.messenger.trouble = [DeliveryLater(None, "no network")]
    await shop.write(incoming(1, "раз"))
    await shop.drain()
    rows = await shop.stored()
    assert [m.text for m in rows] == ["раз", "re: раз"]
    assert rows[1].usage is not None
    assert rows[1].usage.input_tokens == 10
    assert rows[1].telegram_ids == (1,)
    assert len(shop.assistant.turns) == 1


# failures


async def test_a_failing_model_is_told_politely_with_a_code_and_without_its_cause(shop: Shop) -> None:
    async def fail(turn: Turn, desk: Desk) -> str:
        raise AssistantError("server", "HTTP 502: <html>cloudflare</html>")

    shop.assistant.scripts = [fail]
    await shop.write(incoming(1, "раз"))
    await shop.drain()
    stored = (await shop.stored())[-1]
    assert stored.kind == "error"
    assert stored.error_code is not None
    assert len(stored.error_code) == 6
    assert shop.read == [RU.trouble.format(code=stored.error_code)]


async def test_an_assistant_that_ends_without_an_answer_is_a_failure_that_is_told(shop: Shop) -> None:
    async def silent(turn: Turn, desk: Desk) -> None:
        return None

    shop.assistant.scripts = [silent]
    await shop.write(incoming(1, "раз"))
    await shop.drain()
    assert shop.read == [RU.trouble.format(code=(await shop.stored())[-1].error_code)]


async def test_after_a_failed_turn_the_conversation_is_opened_anew(shop: Shop) -> None:
    async def open_and_fail(turn: Turn, desk: Desk) -> str:
        await desk.opened("conv_1")
        raise AssistantError("timeout", "no answer in time")

    shop.assistant.scripts = [open_and_fail]
    await shop.write(incoming(1, "раз"))
    await shop.drain()
    await shop.write(incoming(2, "два"))
    await shop.drain()
    assert shop.assistant.turns[1].conversation is None


async def test_after_a_good_turn_the_conversation_goes_on(shop: Shop) -> None:
    async def open_(turn: Turn, desk: Desk) -> str:
        await desk.opened("conv_1")
        return "да"

    shop.assistant.scripts = [open_]
    await shop.write(incoming(1, "раз"))
    await shop.drain()
    await shop.write(incoming(2, "два"))
    await shop.drain()
    assert shop.assistant.turns[1].conversation == "conv_1"


@pytest.mark.parametrize("method", ["next_step", "answered"])
async def test_a_full_disk_is_waited_out_and_the_customer_answered_once(shop: Shop, method: str) -> None:
    shop.turns.store = Failing(shop.store, **{method: [StorageError("disk full")] * 3})  # type: ignore[assignment]
    await shop.write(incoming(1, "раз"))
    await shop.drain()
    assert shop.read == ["re: раз"]
    assert [m.text for m in await shop.stored()] == ["раз", "re: раз"]


async def test_a_delivered_answer_that_cannot_be_noted_is_noted_later_and_not_sent_again(shop: Shop) -> None:
    failures: dict[str, list[Exception]] = {}
    shop.turns.store = Failing(shop.store, **failures)  # type: ignore[assignment]
    shop.messenger.on_send = lambda: shop.turns.store._failures.update(  # type: ignore[attr-defined]
        next_step=[StorageError("locked"), StorageError("locked")]
    )
    await shop.write(incoming(1, "раз"))
    await shop.drain()
    assert shop.read == ["re: раз"]
    assert (await shop.stored())[-1].telegram_ids == (1,)


async def test_a_preview_that_cannot_be_noted_as_gone_does_not_send_the_answer_again(shop: Shop) -> None:
    async def previewed(turn: Turn, desk: Desk) -> str:
        await shop.store.previewed(1, 77)
        return "готово"

    shop.turns.store = Failing(shop.store, previewed=[StorageError("disk full")])  # type: ignore[assignment]
    shop.assistant.scripts = [previewed]
    await shop.write(incoming(1, "раз"))
    await shop.drain()
    assert shop.read == ["готово"]
    await shop.write(incoming(2, "два"))
    await shop.drain()
    await shop.write(incoming(3, "три"))
    await shop.drain()
    assert [delivery.preview for delivery in shop.messenger.deliveries] == [77, 77, None]


async def test_a_mistake_of_ours_is_told_politely_and_not_as_a_traceback(shop: Shop) -> None:
    async def bug(turn: Turn, desk: Desk) -> str:
        raise KeyError("nobody foresaw this")

    shop.assistant.scripts = [bug]
    await shop.write(incoming(1, "раз"))
    await shop.drain()
    assert shop.read == [RU.trouble.format(code=(await shop.stored())[-1].error_code)]


async def test_a_mistake_in_sending_costs_a_pause_and_not_the_answer(shop: Shop) -> None:
    shop.messenger.trouble = [KeyError("nobody foresaw this")]
    await shop.write(incoming(1, "раз"))
    await shop.drain()
    assert shop.read == ["re: раз"]
    assert len(shop.assistant.turns) == 1


async def test_an_answer_that_ends_in_half_an_emoji_is_sent_and_the_model_not_asked_again(shop: Shop) -> None:
    # SQLite refuses a lone surrogate; the model was once asked again every 30 s for ever.
    async def cut(turn: Turn, desk: Desk) -> str:
        return "Готово \ud83d"

    shop.assistant.scripts = [cut]
    await shop.write(incoming(1, "раз"))
    await shop.drain()
    assert len(shop.assistant.turns) == 1
    assert shop.read[0].startswith("Готово")


async def test_a_worker_whose_chat_was_taken_over_writes_and_sends_nothing(shop: Shop) -> None:
    async def taken_over(turn: Turn, desk: Desk) -> str:
        await shop.store.recover()
        assert isinstance(await shop.store.next_step(1, "successor", Limits()), Turn)
        return "поздно"

    shop.assistant.scripts = [taken_over]
    await shop.write(incoming(1, "раз"))
    await shop.drain()
    assert shop.read == []
    assert [m.text for m in await shop.stored()] == ["раз"]


async def test_a_worker_whose_chat_was_taken_over_saves_no_contact(shop: Shop) -> None:
    async def taken_over(turn: Turn, desk: Desk) -> str:
        await shop.store.recover()
        await shop.store.next_step(1, "successor", Limits())
        await desk.call_tool("save_contact", GOOD)
        return "поздно"

    shop.assistant.scripts = [taken_over]
    await shop.write(incoming(1, "раз"))
    await shop.drain()
    assert shop.read == []
    assert [lead async for lead in shop.store.leads()] == []


# the end of the process


async def test_stopping_lets_the_running_turn_finish_and_leaves_the_rest_for_the_next_start(
    shop: Shop,
) -> None:
    async def stopped_meanwhile(turn: Turn, desk: Desk) -> str:
        await shop.write(incoming(2, "два"))
        shop.turns.stopping.set()
        return "успел"

    shop.assistant.scripts = [stopped_meanwhile]
    await shop.write(incoming(1, "раз"))
    await shop.drain()
    assert shop.read == ["успел"]
    assert await shop.store.recover() == [1]


async def test_an_answer_sent_while_stopping_is_not_sent_again_after_the_next_start(shop: Shop) -> None:
    shop.messenger.on_send = shop.turns.stopping.set
    await shop.write(incoming(1, "раз"))
    await shop.drain()
    assert shop.read == ["re: раз"]
    shop.turns.stopping.clear()
    for chat in await shop.store.recover():
        await shop.drain(chat)
    assert shop.read == ["re: раз"]


async def test_a_cancelled_turn_is_answered_after_the_next_start(shop: Shop) -> None:
    async def never(turn: Turn, desk: Desk) -> str:
        await asyncio.Event().wait()
        return ""

    shop.assistant.scripts = [never]
    await shop.write(incoming(1, "раз"))
    task = asyncio.create_task(shop.drain())
    await shop.assistant.asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    for chat in await shop.store.recover():
        await shop.drain(chat)
    assert shop.read == ["re: раз"]


# tools


async def call(shop: Shop, name: str, *arguments: str, says: str = "готово") -> list[dict[str, Any]]:
    """What the model is told when it calls the tool within a turn, once for each of the arguments."""
    results: list[dict[str, Any]] = []

    async def use(turn: Turn, desk: Desk) -> str:
        results.extend([json.loads(await desk.call_tool(name, each)) for each in arguments])
        return "готово"

    shop.assistant.scripts = [use]
    await shop.write(incoming(1, "запишите меня"))
    await shop.drain()
    assert shop.read == [says]
    return results


async def test_a_saved_contact_is_told_to_the_model_and_mailed_after_the_answer(shop: Shop) -> None:
    (result,) = await call(shop, "save_contact", GOOD)
    assert result["saved"] is True
    assert result["phone"] == "+79123456789"
    ((lead, _),) = [row async for row in shop.store.leads()]
    assert lead.contact.fields == {"city": "Пермь"}
    (mail,) = await shop.store.due_mails(10)
    assert (mail.kind, mail.ref) == ("lead", lead.id)
    assert shop.mails_woken


async def test_a_contact_saved_by_a_try_that_failed_is_mailed_after_the_answer_of_the_next(
    shop: Shop,
) -> None:
    shop.turns.store = Failing(shop.store, answered=[StorageError("disk full")])  # type: ignore[assignment]
    await call(shop, "save_contact", GOOD, says="re: запишите меня")
    (mail,) = await shop.store.due_mails(10)
    assert mail.kind == "lead"
    assert shop.mails_woken


async def test_saving_the_same_contact_twice_is_one_lead_and_one_mail(shop: Shop) -> None:
    first, second = await call(shop, "save_contact", GOOD, GOOD)
    assert first["saved"] is second["saved"] is True
    assert first["result"] != second["result"]
    assert len(await shop.store.due_mails(10)) == 1


async def test_a_bad_phone_goes_back_to_the_model_with_what_is_wrong(shop: Shop) -> None:
    (result,) = await call(shop, "save_contact", json.dumps({"name": "Анна", "phone": "8 912", "city": "П"}))
    assert result["saved"] is False
    assert "phone" in result["problem"]
    assert [lead async for lead in shop.store.leads()] == []
    assert await shop.store.due_mails(10) == []


async def test_everything_that_is_missing_is_named_at_once(shop: Shop) -> None:
    (result,) = await call(shop, "save_contact", "{}")
    assert result["saved"] is False
    assert all(word in result["problem"] for word in ("name", "phone", "city"))


async def test_a_contact_that_the_database_refuses_is_not_promised_to_the_customer(shop: Shop) -> None:
    shop.turns.store = Failing(shop.store, save_lead=[StorageError("disk full")])  # type: ignore[assignment]
    (result,) = await call(shop, "save_contact", GOOD)
    assert result["saved"] is False
    assert "do not promise" in result["problem"]
    assert "disk" not in result["problem"]


@pytest.mark.parametrize("arguments", ["{broken", "[]", "null", '"text"', "7", '{"name": {"a": [1, {}]}}'])
async def test_arguments_that_are_no_contact_go_back_as_text(shop: Shop, arguments: str) -> None:
    (result,) = await call(shop, "save_contact", arguments)
    assert result.get("error") or result["saved"] is False


async def test_arguments_nested_too_deeply_go_back_as_text(shop: Shop) -> None:
    (result,) = await call(shop, "save_contact", "[" * 100_000)
    assert "error" in result


async def test_an_unknown_tool_goes_back_as_text(shop: Shop) -> None:
    (result,) = await call(shop, "drop_tables", "{}")
    assert "drop_tables" in result["error"]


@dataclass
class Documents:
    """Knows one thing."""

    queries: list[str] = field(default_factory=list)

    async def search(self, query: str) -> Found:
        self.queries.append(query)
        if "доставк" in query.lower():
            return Found((Passage("delivery.md", "Доставка", "По Перми 500 ₽", 0.8),), fits=True)
        return Found((Passage("other.md", "", "мимо", 0.1),), fits=False)


async def test_a_search_gives_the_model_passages_and_the_answer_keeps_where_they_stand(shop: Shop) -> None:
    shop.turns.knowledge = Documents()
    (result,) = await call(shop, "search_knowledge", '{"query": "сколько стоит доставка?"}')
    assert [(p["source"], p["text"]) for p in result["found"]] == [("delivery.md", "По Перми 500 ₽")]
    answer = (await shop.stored())[-1]
    assert [p.source for p in answer.passages] == ["delivery.md"]
    assert answer.unanswered is None


async def test_a_question_that_no_document_answers_is_noted_and_nothing_that_does_not_fit_is_shown(
    shop: Shop,
) -> None:
    shop.turns.knowledge = Documents()
    (result,) = await call(shop, "search_knowledge", '{"query": "есть ли рассрочка?"}')
    assert result["found"] == []
    answer = (await shop.stored())[-1]
    assert answer.passages == ()
    assert answer.unanswered == "есть ли рассрочка?"


async def test_the_model_notes_what_it_could_not_answer(shop: Shop) -> None:
    await call(shop, "note_unanswered", '{"question": "Есть ли рассрочка?"}')
    assert (await shop.stored())[-1].unanswered == "Есть ли рассрочка?"


async def test_a_search_for_nothing_goes_back_as_text(shop: Shop) -> None:
    shop.turns.knowledge = Documents()
    results = await call(shop, "search_knowledge", "{}", '{"query": " "}', '{"query": 7}')
    assert all("error" in result for result in results)
