"""What the consultant does, as its words show it."""

from __future__ import annotations

import pytest

from sovetnik.core.model import Answer, Trace
from sovetnik.golden.cases import Case, Doing
from sovetnik.golden.rehearsal import Played
from sovetnik.golden.verdict import problems


def does(doing: Doing, text: str) -> bool:
    case = Case(ask=("?",), does=(doing,))
    return not problems(case, Played((Trace(1, Answer(text), (), 0.1),), 0.1))


@pytest.mark.parametrize(
    "text",
    [
        "Напишите, пожалуйста, ваше имя и телефон.",
        "Оставьте номер, и менеджер перезвонит.",
        "Подскажите, по какому номеру с вами связаться?",
        "Какой у вас номер телефона?",
        "Для расчёта нужен ваш телефон.",
        "Could you share your phone number?",
        "Please leave your name and phone, and we call you back.",
        "What is the best number to reach you at?",
    ],
)
def test_an_answer_that_asks_for_the_contact(text: str) -> None:
    assert does("ask_contact", text)


@pytest.mark.parametrize(
    "text",
    [
        "Кровать стоит 62 900 ₽.",
        "Напишите, пожалуйста, номер заказа.",
        "Наш телефон +7 4922 00-00-00.",
        "The bed costs $1,200. Which width do you need?",
        "Please send me your order number.",
    ],
)
def test_an_answer_that_does_not(text: str) -> None:
    assert not does("ask_contact", text)


@pytest.mark.parametrize(
    "text",
    [
        "В наших документах я такого не нашёл.",
        "Об этом у меня нет точной информации, уточнит менеджер.",
        "К сожалению, в документах про это ничего нет.",
        "Не могу точно сказать, есть ли он на складе.",
        "В описании это не указано.",
        "I don’t know that.",
        "I do not have any information about it.",
        "This is not mentioned in our documents.",
        "I could not find this.",
    ],
)
def test_an_answer_that_says_that_it_does_not_know(text: str) -> None:
    assert does("says_unknown", text)


@pytest.mark.parametrize(
    "text",
    [
        "Нет, шкафы мы не делаем.",
        "Доставка не входит в цену.",
        "We do not make wardrobes.",
        "No, there is no free delivery to Moscow.",
    ],
)
def test_a_plain_no_is_no_lack_of_knowledge(text: str) -> None:
    assert not does("says_unknown", text)


def test_no_answer_at_all_is_red() -> None:
    assert problems(Case(ask=("?",), must=("x",)), Played((), 0.1))
