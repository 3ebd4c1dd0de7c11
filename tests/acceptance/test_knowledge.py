"""The consultant knows the owner's documents, with a model and without."""

from __future__ import annotations

import json

import pytest

from sovetnik.demo.modelapi import Text, ToolCall, scripted
from tests.acceptance.stage import EXAMPLES, Stage


@pytest.fixture
def scene(inside: Stage) -> Stage:
    return inside


async def test_without_a_key_the_documents_answer_and_a_contact_is_taken_step_by_step(scene: Stage) -> None:
    bot = await scene.run(OPENAI_API_KEY=None, OPENAI_BASE_URL=None)
    await bot.logged("no_model")
    anna = scene.telegram.person(first_name="A")
    steps = [
        ("А доставка в Суздаль сколько стоит?", "2 200 ₽"),
        ("Хочу заказать", "имя и телефон"),
        ("Анна", "номер телефона"),
        ("8 912 345", "ошибка"),
        ("8 912 345-67-89", "Спасибо, Анна"),
    ]
    for number, (said, answer) in enumerate(steps, start=1):
        anna.say(said)
        await scene.telegram.wait_for_messages(anna.id, number)
        assert answer in scene.telegram.answers(anna.id)[-1], said
    (lead,) = await scene.rows("leads")
    assert (lead["name"], lead["phone"]) == ("Анна", "+79123456789")
    assert "Суздаль" in lead["order"]
    (mail,) = await scene.mailbox.wait_for(1)
    assert "Анна" in mail.subject


async def test_what_the_documents_do_not_say_is_said_stored_and_reported(scene: Stage) -> None:
    await scene.run(OPENAI_API_KEY=None, OPENAI_BASE_URL=None)
    anna = scene.telegram.person()
    question = "У вас есть велосипеды для цирковых медведей?"
    anna.say(question)
    await scene.telegram.wait_for_messages(anna.id, 1)
    (row,) = [row for row in await scene.rows("export") if row["role"] == "assistant"]
    assert row["unanswered"] == question
    _, report, _ = await scene.command("report")
    assert question in report.split("Диалоги")[0]


async def test_the_model_searches_again_and_the_answers_documents_are_stored(scene: Stage) -> None:
    scene.model.brain = scripted(
        [
            ToolCall("search_knowledge", {"query": "обмен матраса жёсткость"}),
            Text("Обменяем один раз."),
            ToolCall("note_unanswered", {"question": "Есть ли доставка дроном?"}),
            Text("Этого я не знаю."),
        ]
    )
    await scene.run()
    anna = scene.telegram.person()
    for number, said in enumerate(("матрас не подошёл", "а дроном привезёте?"), start=1):
        anna.say(said)
        await scene.telegram.wait_for_messages(anna.id, number)
    outputs = [
        json.loads(item["output"])
        for call in scene.model.responses
        for item in call.body["input"]
        if item.get("type") == "function_call_output"
    ]
    assert any(found["source"] == "returns.md" for found in outputs[0]["found"])
    first, second = [row for row in await scene.rows("export") if row["role"] == "assistant"]
    assert "returns.md" in first["documents"]
    assert second["unanswered"] == "Есть ли доставка дроном?"


async def test_a_changed_document_is_known_without_a_restart(scene: Stage) -> None:
    folder = scene.folder / "consultant"
    (folder / "knowledge").mkdir(parents=True)
    (folder / "knowledge" / "prices.md").write_text("# Цены\n\nСамовар стоит 7 000 ₽.\n", encoding="utf-8")
    bot = await scene.run(CONSULTANT_DIR=str(folder), OPENAI_API_KEY=None, OPENAI_BASE_URL=None)
    anna = scene.telegram.person()
    anna.say("Сколько стоит самовар?")
    await scene.telegram.wait_for_messages(anna.id, 1)
    assert "7 000 ₽" in scene.telegram.answers(anna.id)[-1]
    (folder / "knowledge" / "prices.md").write_text("# Цены\n\nСамовар стоит 9 500 ₽.\n", encoding="utf-8")
    await bot.logged("knowledge_synced", 2)
    anna.say("Сколько стоит самовар?")
    await scene.telegram.wait_for_messages(anna.id, 2)
    assert "9 500 ₽" in scene.telegram.answers(anna.id)[-1]


async def test_the_days_token_budget_holds(scene: Stage) -> None:
    bot = await scene.run(DAILY_TOKEN_BUDGET="1")
    anna = scene.telegram.person()
    anna.say("Сколько стоит доставка в Суздаль?")
    await scene.telegram.wait_for_messages(anna.id, 1)
    await bot.stop()
    bot = await scene.run(DAILY_TOKEN_BUDGET="1")
    anna.say("Сколько стоит доставка в Суздаль?")
    await scene.telegram.wait_for_messages(anna.id, 2)
    assert len(scene.model.responses) == 1
    assert "2 200 ₽" in scene.telegram.answers(anna.id)[-1]
    (mail,) = await scene.mailbox.wait_for(1)
    assert "budget" in mail.message["Message-ID"]


async def test_the_knowledge_commands(scene: Stage) -> None:
    code, out, err = await scene.command("knowledge", "sync", LANGUAGE="en")
    assert (code, err) == (0, ""), err
    assert "12 new" in out
    code, out, _ = await scene.command("knowledge", "search", "маткапитал примете?", "--json", "-k", "3")
    found = json.loads(out)
    assert len(found) <= 3
    assert found[0]["source"] == "payment.md"
    assert {"source", "text", "score"} <= set(found[0])
    code, out, _ = await scene.command("knowledge", "status")
    assert "payment.md" in out
    questions = scene.folder / "questions.jsonl"
    questions.write_text(
        json.dumps({"question": "маткапитал примете?", "source": "payment.md", "contains": "капитал"}) + "\n",
        encoding="utf-8",
    )
    code, out, err = await scene.command("knowledge", "measure", str(questions), "--json")
    assert code == 0, err
    figures = json.loads(out)
    assert figures["bm25"]["hit@3"] == 1.0
    assert figures["in_use"] in figures


async def test_before_anything_was_read_and_without_a_question_the_commands_say_so(scene: Stage) -> None:
    code, out, _ = await scene.command("knowledge", "status", LANGUAGE="en")
    assert (code, "`sovetnik knowledge sync` does it" in out) == (0, True)
    for arguments in (("search", " "), ("search", "beds", "-k", "0")):
        code, _, err = await scene.command("knowledge", *arguments, LANGUAGE="en")
        assert (code, err.count("\n")) == (1, 1)


async def test_an_unreadable_file_is_named_and_the_rest_goes_in(scene: Stage) -> None:
    folder = scene.folder / "consultant" / "knowledge"
    folder.mkdir(parents=True)
    (folder / "broken.pdf").write_bytes(b"%PDF-1.4 not really")
    (folder / "good.md").write_bytes((EXAMPLES / "ru" / "knowledge" / "payment.md").read_bytes())
    code, _, err = await scene.command("knowledge", "sync", CONSULTANT_DIR=str(folder.parent))
    assert code == 0
    assert "broken.pdf" in err
    code, out, _ = await scene.command(
        "knowledge", "search", "рассрочка", "--json", CONSULTANT_DIR=str(folder.parent)
    )
    assert json.loads(out)[0]["source"] == "good.md"
