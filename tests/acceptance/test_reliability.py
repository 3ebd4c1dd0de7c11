"""What a customer must never notice: crashes, crowds, a slow or broken model, a moody Telegram."""

from __future__ import annotations

import asyncio
import time

import pytest

from sovetnik.demo.botapi import Person
from sovetnik.demo.modelapi import ModelRequest, Reply, Text, ToolCall, scripted
from tests.acceptance.stage import Stage, on_a_file, until


async def test_forty_customers_at_once_do_not_wait_for_each_other(inside: Stage) -> None:
    def brain(request: ModelRequest) -> Reply:
        return Reply([Text(" | ".join(request.user_texts))], first_token_delay=2.0)

    inside.model.brain = brain
    await inside.run()
    people = [inside.telegram.person() for _ in range(40)]
    began = time.monotonic()
    for person in people:
        person.say(f"вопрос {person.id}")
    for person in people:
        await inside.telegram.wait_for_messages(person.id, 1, timeout=15)
    took = time.monotonic() - began
    for person in people:
        assert inside.telegram.answers(person.id) == [f"вопрос {person.id}"]
    assert inside.model.max_in_flight == 40
    assert took < 20, "they were answered one after the other"  # 80 s then; the aim of 4 s is benchmarked


async def test_messages_of_one_chat_are_answered_in_order_one_turn_at_a_time(inside: Stage) -> None:
    inside.model.brain = lambda request: Reply([Text(request.last_user_text)], first_token_delay=0.05)
    await inside.run()
    anna = inside.telegram.person()
    for number in range(10):
        anna.say(f"№{number}")
    await until(
        lambda: "№9" in "\n".join(inside.telegram.answers(anna.id)), "the last message was not answered"
    )
    assert "\n".join(inside.telegram.answers(anna.id)).split("\n") == [f"№{number}" for number in range(10)]
    assert inside.model.max_in_flight == 1


async def test_three_quick_messages_become_one_turn(inside: Stage) -> None:
    inside.model.brain = lambda request: Text(request.last_user_text)
    await inside.run(JOIN_MESSAGES="0.7")
    anna = inside.telegram.person()
    for text in ("Здравствуйте", "у меня вопрос", "сколько стоит Нерль?"):
        anna.say(text)
    await inside.telegram.wait_for_messages(anna.id, 1)
    assert inside.telegram.answers(anna.id) == ["Здравствуйте\nу меня вопрос\nсколько стоит Нерль?"]


@pytest.mark.parametrize("context", ["conversation", "history"])
async def test_killed_in_the_middle_of_a_turn_the_customer_is_answered_once(
    scene: Stage, context: str
) -> None:
    scene.model.brain = lambda request: Text(" | ".join(request.user_texts))
    fault = scene.model.faults.add(hold_after=4)
    bot = await scene.run(OPENAI_CONTEXT=context)
    anna = scene.telegram.person()
    anna.say("первый")
    await scene.model.wait_for(1)
    await until(lambda: fault.hits == 1, "the model did not begin")
    await bot.kill()
    fault.release()
    await scene.run(OPENAI_CONTEXT=context)
    await scene.telegram.wait_for_messages(anna.id, 1)
    anna.say("второй")
    await scene.telegram.wait_for_messages(anna.id, 2)
    assert scene.telegram.answers(anna.id) == ["первый", "первый | второй"]


async def test_a_lead_saved_before_the_kill_is_mailed_once_and_not_doubled(scene: Stage) -> None:
    contact = ToolCall("save_contact", {"name": "Анна", "phone": "+79123456789", "order": "Нерль"})

    def brain(request: ModelRequest) -> Text | ToolCall:
        return Text("Записал") if request.tool_outputs else contact

    scene.model.brain = brain
    fault = scene.model.faults.add(hold_after=4, when=lambda call: "function_call_output" in str(call.body))
    bot = await scene.run()
    anna = scene.telegram.person()
    anna.say("Анна, +79123456789")
    await until(lambda: fault.hits == 1, "the model was not asked again")
    await bot.kill()
    fault.release()
    await scene.run()
    await scene.telegram.wait_for_messages(anna.id, 2)
    await scene.mailbox.wait_for(1)
    assert scene.telegram.answers(anna.id)[1:] == ["Записал"]  # behind the consent text, shown once
    assert len(await scene.rows("leads")) == 1
    assert len({mail.message["Message-ID"] for mail in scene.mailbox.mails}) == 1


async def test_updates_that_came_while_the_bot_was_down_are_answered(scene: Stage) -> None:
    bot = await scene.run()
    assert await bot.stop() == 0
    anna = scene.telegram.person()
    anna.say("есть кто?")
    await scene.run()
    await scene.telegram.wait_for_messages(anna.id, 1)


async def test_the_same_update_twice_is_one_turn(inside: Stage) -> None:
    await inside.run()
    anna = inside.telegram.person()
    anna.say("привет")
    await inside.telegram.wait_for_messages(anna.id, 1)
    rows = await inside.rows("export")
    message = inside.telegram.chat(anna.id).messages[0]
    inside.telegram.push(
        {
            "update_id": 1,
            "message": {
                "message_id": 1,
                "date": int(time.time()),
                "text": "чужой порядок",
                "chat": {"id": anna.id, "type": "private", "first_name": "A"},
                "from": {"id": anna.id, "is_bot": False, "first_name": "A"},
            },
        }
    )
    assert message.text == "привет"
    assert len(rows) == 2


async def test_sigterm_lets_the_running_turn_finish(scene: Stage) -> None:
    scene.model.brain = lambda request: Reply([Text("готово")], first_token_delay=1.0)
    bot = await scene.run()
    anna = scene.telegram.person()
    anna.say("привет")
    await scene.model.wait_for(1)
    assert await bot.stop() == 0
    assert scene.telegram.answers(anna.id) == ["готово"]
    await scene.run()
    anna.say("ещё")
    await scene.telegram.wait_for_messages(anna.id, 2)
    assert scene.telegram.answers(anna.id) == ["готово", "готово"]  # one for each question
    assert len(await scene.rows("export")) == 4


@pytest.mark.parametrize("context", ["conversation", "history"])
@pytest.mark.parametrize(
    "fault",
    [
        {"cut_after": 5},
        {"reset_after": 5},
        {"failed": "server_error"},
        {"error_event": "server_error"},
        {"status": 500},
        {"html": "<html>502 Bad Gateway</html>", "status": 502},
        {"status": 429, "code": "rate_limit_exceeded", "retry_after": 0.2},
    ],
    ids=lambda fault: next(iter(fault)) + str(fault.get("status", "")),
)
async def test_a_stumbling_model_is_asked_again(
    inside: Stage, context: str, fault: dict[str, object]
) -> None:
    inside.model.brain = lambda request: Text(" | ".join(request.user_texts))
    await inside.run(OPENAI_CONTEXT=context)
    anna = inside.telegram.person()
    anna.say("первый")
    await inside.telegram.wait_for_messages(anna.id, 1)
    planned = inside.model.faults.add(**fault)
    anna.say("второй")
    await inside.telegram.wait_for_messages(anna.id, 2)
    anna.say("третий")
    await inside.telegram.wait_for_messages(anna.id, 3)
    assert planned.hits == 1
    assert inside.telegram.answers(anna.id) == ["первый", "первый | второй", "первый | второй | третий"]


async def test_an_answer_waits_out_telegrams_flood_control_and_arrives_once(inside: Stage) -> None:
    await inside.run()
    anna, boris = inside.telegram.person(), inside.telegram.person()
    inside.telegram.faults.add("sendMessage", chat_id=anna.id, status=429, retry_after=2)
    anna.say("Анна")
    boris.say("Борис")
    await inside.telegram.wait_for_messages(boris.id, 1)
    await inside.telegram.wait_for_messages(anna.id, 1)
    assert inside.telegram.answers(anna.id) == ["Анна"]


async def test_a_customer_who_blocked_the_bot_is_no_error(inside: Stage) -> None:
    bot = await inside.run()
    anna = inside.telegram.person()
    fault = inside.model.faults.add(hold_after=1)
    anna.say("привет")
    await until(lambda: fault.hits == 1, "the model was not asked")
    anna.block()
    fault.release()
    refused = await bot.logged("delivery_refused")
    assert refused["blocked"] is True
    assert refused["level"] == "info"
    anna.unblock()
    anna.say("я вернулась")
    await inside.telegram.wait_for_messages(anna.id, 1)


async def test_a_model_that_is_down_is_stood_in_for_by_the_documents_and_the_owner_told_once(
    inside: Stage,
) -> None:
    bot = await inside.run()
    inside.model.faults.add(times=None, status=500)
    anna = inside.telegram.person(language_code="ru")
    anna.say("Сколько стоит доставка в Суздаль?")
    await inside.telegram.wait_for_messages(anna.id, 1, timeout=30)
    (text,) = inside.telegram.answers(anna.id)
    away = await bot.logged("model_away")
    assert away["code"] in text
    assert "500" in away["error"]
    assert "2 200 ₽" in text
    assert "delivery-and-assembly.md" in text
    anna.say("Анна, +79123456789")
    await inside.telegram.wait_for_messages(anna.id, 2)
    mails = await inside.mailbox.wait_for(2)
    assert sorted(mail.message["Message-ID"].split("-")[0] for mail in mails) == ["<lead", "<notice"]
    (lead,) = await inside.rows("leads")
    assert lead["phone"] == "+79123456789"


async def test_a_model_that_comes_back_answers_everybody_again_and_the_owner_is_told(
    inside: Stage,
) -> None:
    bot = await inside.run()
    inside.model.faults.add(status=401, message="revoked", code="invalid_api_key")
    people = [inside.telegram.person() for _ in range(3)]
    people[0].say("вопрос")
    await inside.telegram.wait_for_messages(people[0].id, 1)
    await bot.logged("model_away")
    inside.model.faults.clear()
    await until(lambda: _answered_by_the_model(inside, people), "the model is not asked again", patience=45)
    await bot.logged("model_back")
    for person in people:
        person.say("и снова")
    await until(
        lambda: all(inside.telegram.answers(person.id)[-1:] == ["и снова"] for person in people),
        "not everybody is answered by the model",
    )
    mails = await inside.mailbox.wait_for(2)
    assert ["down" in mail.message["Message-ID"] for mail in mails] == [True, False]


def _answered_by_the_model(scene: Stage, people: list[Person]) -> bool:
    """Ask once a second until the pause of the fallback is over."""
    first = people[0]
    answers = scene.telegram.answers(first.id)
    if answers and answers[-1] == "уже?":
        return True
    if len(answers) == sum(1 for message in first.chat.messages if not message.from_bot):
        first.say("уже?")
    return False


async def test_an_answer_that_makes_no_sense_gets_the_customer_one_polite_line_with_a_code(
    inside: Stage,
) -> None:
    inside.model.brain = lambda request: Text("")
    bot = await inside.run()
    anna = inside.telegram.person()
    anna.say("Сколько стоит Нерль?")
    await inside.telegram.wait_for_messages(anna.id, 1, timeout=30)
    (text,) = inside.telegram.answers(anna.id)
    failed = await bot.logged("turn_failed")
    assert failed["code"] in text
    inside.model.brain = lambda request: Text(request.last_user_text)
    anna.say("А сейчас?")
    await inside.telegram.wait_for_messages(anna.id, 2)
    assert inside.telegram.answers(anna.id)[1] == "А сейчас?"


async def test_no_secret_phone_or_text_is_ever_logged(scene: Stage) -> None:
    contact = ToolCall("save_contact", {"name": "Анна", "phone": "+79123456789", "order": "Нерль"})
    scene.model.brain = scripted([contact, Text("Записал")])
    bot = await scene.run(LOG_LEVEL="DEBUG")
    anna = scene.telegram.person(first_name="Анна")
    anna.say("секретный текст покупателя")
    await scene.telegram.wait_for_messages(anna.id, 1)
    await scene.mailbox.wait_for(1)
    await bot.stop()
    logs = "\n".join(bot.raw)
    settings = scene.settings()
    for hidden in (settings["TELEGRAM_TOKEN"], settings["OPENAI_API_KEY"], "9123456789", "секретный текст"):
        assert hidden not in logs
    assert "turn_done" in logs


@on_a_file
async def test_a_second_process_on_the_same_database_is_refused(scene: Stage) -> None:
    await scene.run()
    second = await scene.launch()
    assert await second.ended() == 1
    assert any("DATABASE_URL" in line and "in use" in line for line in second.raw)


async def test_long_answers_arrive_whole_in_several_messages(inside: Stage) -> None:
    paragraphs = [f"Абзац {n}. " + "слово " * 60 for n in range(40)]
    inside.model.brain = lambda request: Text("\n\n".join(paragraphs))
    await inside.run()
    anna = inside.telegram.person()
    anna.say("расскажи всё")
    await inside.telegram.wait_for_messages(anna.id, 4)
    await asyncio.sleep(0)
    whole = " ".join(" ".join(inside.telegram.answers(anna.id)).split())
    assert whole == " ".join(" ".join(paragraphs).split())
