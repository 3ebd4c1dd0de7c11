"""What we ourselves say to customers, in their language. A missing translation is a type error."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sovetnik.core.model import Language

_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
_LATIN = re.compile(r"[A-Za-z]")


@dataclass(frozen=True, slots=True)
class Texts:
    """One language's texts; ``{code}`` is the 6-character code under which the log has the cause."""

    greeting: str
    fresh_start: str
    only_text: str
    trouble: str
    overloaded: str
    unavailable: str


RU = Texts(
    greeting="Здравствуйте! Я консультант — спросите меня о товарах, ценах, доставке или о чём угодно ещё. "
    "Отвечу сразу, в любое время.",
    fresh_start="Начнём сначала. О чём рассказать?",
    only_text="Пока я понимаю только текст. Напишите, пожалуйста, словами — и я сразу отвечу.",
    trouble="Простите, у меня что-то не получилось. Напишите, пожалуйста, ещё раз через минуту. Код: {code}",
    overloaded="Сейчас очень много вопросов, и я не успел ответить. "
    "Напишите, пожалуйста, ещё раз через пару минут. Код: {code}",
    unavailable="Сейчас я не могу ответить: идут технические работы. Ваше сообщение сохранено, "
    "владелец уже знает. Код: {code}",
)

EN = Texts(
    greeting="Hello! I am the shop's consultant: ask me about products, prices, delivery or anything else. "
    "I answer at once, at any hour.",
    fresh_start="Let us start afresh. What would you like to know?",
    only_text="So far I understand text only. Please put it into words and I will answer at once.",
    trouble="Sorry, something went wrong on my side. Please write again in a minute. Code: {code}",
    overloaded="There are very many questions just now and I did not manage to answer. "
    "Please write again in a couple of minutes. Code: {code}",
    unavailable="I cannot answer just now because of technical work. Your message is saved and "
    "the owner has been told. Code: {code}",
)

_BY_LANGUAGE: dict[Language, Texts] = {"ru": RU, "en": EN}


def texts(language: Language) -> Texts:
    """The texts of one language."""
    return _BY_LANGUAGE[language]


def trouble(language: Language, kind: str, code: str) -> str:
    """The polite line for a failure of that kind (see :class:`~sovetnik.core.errors.AssistantError`)."""
    own = texts(language)
    if kind in {"rate_limit", "timeout"}:
        return own.overloaded.format(code=code)
    if kind in {"auth", "quota", "bad_request"}:
        return own.unavailable.format(code=code)
    return own.trouble.format(code=code)


def language_of(text: str, language_code: str | None, before: Language | None = None) -> Language | None:
    """A customer's language: from what they write, else what it was, else from Telegram's setting.

    Args:
        text: What the customer wrote; too short a text decides nothing.
        language_code: Telegram's IETF tag, such as ``ru`` or ``en-GB``.
        before: What was known of the chat.

    Returns:
        None when nothing is known.
    """
    cyrillic, latin = len(_CYRILLIC.findall(text)), len(_LATIN.findall(text))
    if cyrillic >= 2 and cyrillic * 2 >= latin:
        return "ru"
    if latin >= 6 and not cyrillic:
        return "en"
    if before:
        return before
    if not language_code:
        return None
    return "ru" if language_code.split("-")[0].lower() in {"ru", "be", "uk", "kk", "ky", "uz", "tg"} else "en"
