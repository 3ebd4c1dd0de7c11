"""What a customer must never notice: crashes, crowds, a slow or broken model, a moody Telegram."""

from __future__ import annotations

import asyncio
import time

import pytest

from sovetnik.demo.botapi import Person
from sovetnik.demo.modelapi import ModelRequest, Reply, Text, ToolCall, scripted
from tests.acceptance.stage import Stage, on_a_file, until


async def test_forty_customers_at_once_do_not_wait_for_each_other(scene: Stage) -> None:
    def brain(request: ModelRequest) -> Reply:
        return Reply([Text(" | ".join(request.user_texts))], first_token_delay=2.0)

    scene.model.brain = brain
    await scene.run()
    people = [scene.telegram.person() for _ in range(40)]
    began = time.monotonic()
    for person in people:
        person.say(f"вопрос {person.id}")
    for person in people:
        await scene.telegram.wait_for_messages(person.id, 1, timeout=15)
    took = time.monotonic() - began
    for person in people:
        assert scene.telegram.answers(person.id) == [f"вопрос {person.id}"]
    assert scene.model.max_in_flight == 40
    assert took < 20, "they were answered one after the other"  # 80 s then; the aim of 4 s is benchmarked


async def test_messages_of_one_chat_are_answered_in_order_one_turn_at_a_time(scene: Stage) -> None:
    scene.model.brain = lambda request: Reply([Text(request.last_user_text)], first_token_delay=0.05)
    await scene.run()
    anna = scene.telegram.person()
    for number in range(10):
        anna.say(f"№{number}")
    await until(
        lambda: "№9" in "\n".join(scene.telegram.answers(anna.id)), "the last message was not answered"
    )
    assert "\n".join(scene.telegram.answers(anna.id)).split("\n") == [f"№{number}" for number in range(10)]
    assert scene.model.max_in_flight == 1


async def test_three_quick_messages_become_one_turn(scene: Stage) -> None:
    scene.model.brain = lambda request: Text(request.last_user_text)
    await scene.run(JOIN_MESSAGES="0.7")
    anna = scene.telegram.person()
    for text in ("Здравствуйте", "у меня вопрос", "сколько стоит Нерль?"):
        anna.say(text)
    await scene.telegram.wait_for_messages(anna.id, 1)
    assert scene.telegram.answers(anna.id) == ["Здравствуйте\nу меня вопрос\nсколько стоит Нерль?"]


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


async def test_the_same_update_twice_is_one_turn(scene: Stage) -> None:
    await scene.run()
    anna = scene.telegram.person()
    anna.say("привет")
    await scene.telegram.wait_for_messages(anna.id, 1)
    rows = await scene.rows("export")
    message = scene.telegram.chat(anna.id).messages[0]
    scene.telegram.push(
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
async def test_a_stumbling_model_is_asked_again(scene: Stage, context: str, fault: dict[str, object]) -> None:
    scene.model.brain = lambda request: Text(" | ".join(request.user_texts))
    await scene.run(OPENAI_CONTEXT=context)
    anna = scene.telegram.person()
    anna.say("первый")
    await scene.telegram.wait_for_messages(anna.id, 1)
    planned = scene.model.faults.add(**fault)
    anna.say("второй")
    await scene.telegram.wait_for_messages(anna.id, 2)
    anna.say("третий")
    await scene.telegram.wait_for_messages(anna.id, 3)
    assert planned.hits == 1
    assert scene.telegram.answers(anna.id) == ["первый", "первый | второй", "первый | второй | третий"]


async def test_an_answer_waits_out_telegrams_flood_control_and_arrives_once(scene: Stage) -> None:
    await scene.run()
    anna, boris = scene.telegram.person(), scene.telegram.person()
    scene.telegram.faults.add("sendMessage", chat_id=anna.id, status=429, retry_after=2)
    anna.say("Анна")
    boris.say("Борис")
    await scene.telegram.wait_for_messages(boris.id, 1)
    await scene.telegram.wait_for_messages(anna.id, 1)
    assert scene.telegram.answers(anna.id) == ["Анна"]


async def test_a_customer_who_blocked_the_bot_is_no_error(scene: Stage) -> None:
    bot = await scene.run()
    anna = scene.telegram.person()
    fault = scene.model.faults.add(hold_after=1)
    anna.say("привет")
    await until(lambda: fault.hits == 1, "the model was not asked")
    anna.block()
    fault.release()
    refused = await bot.logged("delivery_refused")
    assert refused["blocked"] is True
    assert refused["level"] == "info"
    anna.unblock()
    anna.say("я вернулась")
    await scene.telegram.wait_for_messages(anna.id, 1)


async def test_a_model_that_is_down_is_stood_in_for_by_the_documents_and_the_owner_told_once(
    scene: Stage,
) -> None:
    bot = await scene.run()
    scene.model.faults.add(times=None, status=500)
    anna = scene.telegram.person(language_code="ru")
    anna.say("Сколько стоит доставка в Суздаль?")
    await scene.telegram.wait_for_messages(anna.id, 1, timeout=30)
    (text,) = scene.telegram.answers(anna.id)
    away = await bot.logged("model_away")
    assert away["code"] in text
    assert "500" in away["error"]
    assert "2 200 ₽" in text
    assert "delivery-and-assembly.md" in text
    anna.say("Анна, +79123456789")
    await scene.telegram.wait_for_messages(anna.id, 2)
    mails = await scene.mailbox.wait_for(2)
    assert sorted(mail.message["Message-ID"].split("-")[0] for mail in mails) == ["<lead", "<notice"]
    (lead,) = await scene.rows("leads")
    assert lead["phone"] == "+79123456789"


async def test_a_model_that_comes_back_answers_everybody_again_and_the_owner_is_told(
    scene: Stage,
) -> None:
    bot = await scene.run()
    scene.model.faults.add(status=401, message="revoked", code="invalid_api_key")
    people = [scene.telegram.person() for _ in range(3)]
    people[0].say("вопрос")
    await scene.telegram.wait_for_messages(people[0].id, 1)
    await bot.logged("model_away")
    scene.model.faults.clear()
    await until(lambda: _answered_by_the_model(scene, people), "the model is not asked again", patience=45)
    await bot.logged("model_back")
    for person in people:
        person.say("и снова")
    await until(
        lambda: all(scene.telegram.answers(person.id)[-1:] == ["и снова"] for person in people),
        "not everybody is answered by the model",
    )
    mails = await scene.mailbox.wait_for(2)
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
    scene: Stage,
) -> None:
    scene.model.brain = lambda request: Text("")
    bot = await scene.run()
    anna = scene.telegram.person()
    anna.say("Сколько стоит Нерль?")
    await scene.telegram.wait_for_messages(anna.id, 1, timeout=30)
    (text,) = scene.telegram.answers(anna.id)
    failed = await bot.logged("turn_failed")
    assert failed["code"] in text
    scene.model.brain = lambda request: Text(request.last_user_text)
    anna.say("А сейчас?")
    await scene.telegram.wait_for_messages(anna.id, 2)
    assert scene.telegram.answers(anna.id)[1] == "А сейчас?"


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


async def test_long_answers_arrive_whole_in_several_messages(scene: Stage) -> None:
    paragraphs = [f"Абзац {n}. " + "слово " * 60 for n in range(40)]
    scene.model.brain = lambda request: Text("\n\n".join(paragraphs))
    await scene.run()
    anna = scene.telegram.person()
    anna.say("расскажи всё")
    await scene.telegram.wait_for_messages(anna.id, 4)
    await asyncio.sleep(0)
    whole = " ".join(" ".join(scene.telegram.answers(anna.id)).split())
    assert whole == " ".join(" ".join(paragraphs).split())
