"""A customer talks with the running product."""

from __future__ import annotations

import pytest

from sovetnik.demo.modelapi import Text, ToolCall, scripted
from tests.acceptance.stage import Stage


@pytest.fixture
def scene(inside: Stage) -> Stage:
    return inside


async def test_an_answer_comes_and_everything_is_stored(scene: Stage) -> None:
    scene.model.brain = scripted([Text("Здравствуйте! **Нерль** стоит 62 900 ₽.")])
    await scene.run()
    anna = scene.telegram.person(first_name="Анна", username="anna")
    anna.say("Сколько стоит Нерль?")
    await scene.telegram.wait_for_messages(anna.id, 1)
    assert scene.telegram.answers(anna.id) == ["Здравствуйте! Нерль стоит 62 900 ₽."]
    rows = await scene.rows("export")
    assert [(row["role"], row["text"]) for row in rows] == [
        ("customer", "Сколько стоит Нерль?"),
        ("assistant", "Здравствуйте! **Нерль** стоит 62 900 ₽."),
    ]
    assert rows[0]["chat_id"] == anna.id


async def test_a_lead_is_saved_and_mailed_with_the_whole_conversation(scene: Stage) -> None:
    scene.model.brain = scripted(
        [
            Text("Нерль стоит 62 900 ₽. Как вас зовут и какой телефон?"),
            ToolCall("save_contact", {"name": "Анна", "phone": "8 912 345-67-89", "order": "Кровать Нерль"}),
            Text("Спасибо, Анна, записал!"),
        ]
    )
    await scene.run()
    anna = scene.telegram.person(first_name="Анна")
    anna.say("Хочу Нерль")
    await scene.telegram.wait_for_messages(anna.id, 1)
    anna.say("Анна, 8 912 345-67-89")
    await scene.telegram.wait_for_messages(anna.id, 2)
    (mail,) = await scene.mailbox.wait_for(1)
    assert "Анна" in mail.subject
    assert "Хочу Нерль" in mail.html
    assert "Спасибо, Анна, записал!" in mail.html
    (lead,) = await scene.rows("leads")
    assert (lead["name"], lead["phone"], lead["order"]) == ("Анна", "+79123456789", "Кровать Нерль")


@pytest.mark.parametrize("context", ["conversation", "history"])
async def test_each_customer_has_a_conversation_of_their_own(inside: Stage, context: str) -> None:
    inside.model.brain = lambda request: Text(" | ".join(request.user_texts))
    await inside.run(OPENAI_CONTEXT=context)
    people = [inside.telegram.person() for _ in range(3)]
    for turn in ("раз", "два"):
        for number, person in enumerate(people):
            person.say(f"{turn} {number}")
        for person in people:
            await inside.telegram.wait_for_messages(person.id, 1 if turn == "раз" else 2)
    for number, person in enumerate(people):
        assert inside.telegram.answers(person.id) == [f"раз {number}", f"раз {number} | два {number}"]
