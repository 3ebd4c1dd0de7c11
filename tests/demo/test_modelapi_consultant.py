"""The scripted salesperson of the demo, as a customer meets it."""

import json

import pytest
from test_modelapi import MODEL, SAVE, client_of

from sovetnik.demo.modelapi import ModelApi, consultant_brain
from sovetnik.demo.modelapi.consultant import best_sentence
from sovetnik.demo.modelapi.contacts import refused

INSTRUCTIONS = """
# О магазине
Ты консультант кофейни «Зерно». Отвечай коротко.

- Капучино стоит 250 ₽, латте — 280 ₽.
- Доставка по городу занимает 2 дня и стоит 300 ₽.
| Товар | Цена |
|---|---|
| Эфиопия Иргачеф | 990 ₽ за 250 г |
We ship to Europe within 5 days for 12 €. Returns are accepted within 14 days.
"""
TOOL = {
    **SAVE,
    "strict": True,
    "parameters": {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "phone": {"type": "string"},
            "order": {"type": "string"},
            "city": {"type": ["string", "null"]},
        },
        "required": ["name", "phone", "order", "city"],
        "additionalProperties": False,
    },
}


class Customer:
    """Talks through the SDK in one conversation and runs the tool as told."""

    def __init__(self, client, results):
        self.client = client
        self.results = list(results)
        self.saved = []
        self.conversation = None

    async def say(self, text):
        if self.conversation is None:
            self.conversation = (await self.client.conversations.create()).id
        given = text
        while True:
            response = await self.client.responses.create(
                model=MODEL,
                conversation=self.conversation,
                instructions=INSTRUCTIONS,
                tools=[TOOL],
                input=given,
            )
            calls = [item for item in response.output if item.type == "function_call"]
            if not calls:
                return response.output_text
            self.saved.append(json.loads(calls[0].arguments))
            output = self.results.pop(0)
            given = [{"type": "function_call_output", "call_id": calls[0].call_id, "output": output}]


async def test_a_sale_in_russian_with_a_wrong_phone_first():
    async with client_of(ModelApi(consultant_brain)) as client:
        customer = Customer(client, ['{"error": "слишком короткий номер"}', '{"saved": true}'])
        assert "Здравствуйте" in await customer.say("Привет!")
        assert "Капучино стоит 250 ₽" in await customer.say("Сколько стоит капучино?")
        assert "имя и телефон" in await customer.say("Хочу заказать капучино домой")
        assert "Анна" in await customer.say("Меня зовут Анна")
        assert "ещё раз" in await customer.say("мой телефон 12345")
        assert "Спасибо, Анна!" in await customer.say("8 (999) 000-11-22")
        assert "Доставка по городу" in await customer.say("А доставка когда?")
    assert [contact["phone"] for contact in customer.saved] == ["12345", "8 (999) 000-11-22"]
    last = {
        "name": "Анна",
        "phone": "8 (999) 000-11-22",
        "order": "Хочу заказать капучино домой",
        "city": None,
    }
    assert customer.saved[-1] == last


async def test_a_sale_in_english_all_at_once():
    async with client_of(ModelApi(consultant_brain)) as client:
        customer = Customer(client, ["saved"])
        assert "12 €" in await customer.say("How much does shipping to Europe cost?")
        assert "name and phone" in await customer.say("I want to buy it")
        assert "Thank you, John Smith!" in await customer.say("John Smith, +44 20 7946 0958")
    assert customer.saved[0]["name"] == "John Smith"


async def test_it_asks_for_what_is_missing_and_owns_up():
    async with client_of(ModelApi(consultant_brain)) as client:
        customer = Customer(client, [])
        assert "нет точных сведений" in await customer.say("А парковка там какая?")
        assert "Как вас зовут?" in await customer.say("+7 999 000 11 22")
        customer.results.append("ok")
        assert "Спасибо, Пётр!" in await customer.say("Пётр")


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("сколько стоит доставка?", "Доставка по городу занимает 2 дня и стоит 300 ₽."),
        ("цена Иргачеф", "Эфиопия Иргачеф — 990 ₽ за 250 г"),
        ("can I return it? returns", "Returns are accepted within 14 days."),
        ("квантовая физика", ""),
    ],
)
def test_the_sentence_that_answers(question, answer):
    assert best_sentence(question, INSTRUCTIONS) == answer


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ('{"ok": true}', False),
        ('{"saved": false, "reason": "phone"}', True),
        ('{"error": "x"}', True),
        ('{"status": "saved"}', False),
        ('{"status": "invalid phone"}', True),
        ("Contact saved.", False),
        ("Неверный номер", True),
        ('"ok"', False),
    ],
)
def test_what_counts_as_refused(output, expected):
    assert refused(output) is expected
