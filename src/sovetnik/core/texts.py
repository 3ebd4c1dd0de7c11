"""What we ourselves say to customers, in their language. A missing translation is a type error."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sovetnik.core.model import Language

_QUESTION = re.compile(
    r"\?|\b(?:сколько|поч[её]м|как(?:ой|ая|ие|ое|ую)?|где|когда|куда|зачем|почему|можно ли|есть ли|чем"
    r"|что такое|how|what|where|when|which|why|who|can you|do you|is there|are there)\b",
    re.IGNORECASE,
)
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
    quoting: str
    quoting_because: str
    nothing_found: str
    leave_contact: str
    ask_contact: str
    ask_phone: str
    ask_name: str
    ask_field: str
    bad_phone: str
    contact_saved: str
    contact_not_saved: str


RU = Texts(
    greeting="Здравствуйте! Я консультант — спросите меня о товарах, ценах, доставке или о чём угодно ещё. "
    "Отвечу сразу, в любое время.",
    fresh_start="Начнём сначала. О чём рассказать?",
    only_text="Пока я понимаю только текст. Напишите, пожалуйста, словами — и я сразу отвечу.",
    trouble="Простите, у меня что-то не получилось. Напишите, пожалуйста, ещё раз через минуту. Код: {code}",
    overloaded="Сейчас очень много вопросов, и я не успел ответить. "
    "Напишите, пожалуйста, ещё раз через пару минут. Код: {code}",
    unavailable="Сейчас я не могу ответить: идут технические работы. Ваше сообщение сохранено. "
    "Напишите, пожалуйста, позже. Код: {code}",
    quoting="Вот что об этом сказано в наших документах:",
    quoting_because="Сейчас я отвечаю только выдержками из документов (код {code}).",
    nothing_found="В наших документах я такого не нашёл и выдумывать не буду.",
    leave_contact="Если нужен ответ человека, оставьте имя и телефон — передам менеджеру.",
    ask_contact="Хорошо! Напишите, пожалуйста, ваше имя и телефон.",
    ask_phone="Приятно познакомиться, {name}! Какой у вас номер телефона?",
    ask_name="Номер записал: {phone}. Как к вам обращаться?",
    ask_field="И ещё уточните, пожалуйста: {label}.",
    bad_phone="Похоже, в номере ошибка. Напишите, пожалуйста, телефон целиком, например +7 912 345-67-89.",
    contact_saved="Спасибо, {name}! Передал ваш контакт менеджеру: {phone}.",
    contact_not_saved="Контакт пока не сохранился. Напишите его, пожалуйста, ещё раз через пару минут.",
)

EN = Texts(
    greeting="Hello! I am the shop's consultant: ask me about products, prices, delivery or anything else. "
    "I answer at once, at any hour.",
    fresh_start="Let us start afresh. What would you like to know?",
    only_text="So far I understand text only. Please put it into words and I will answer at once.",
    trouble="Sorry, something went wrong on my side. Please write again in a minute. Code: {code}",
    overloaded="There are very many questions just now and I did not manage to answer. "
    "Please write again in a couple of minutes. Code: {code}",
    unavailable="I cannot answer just now because of technical work. Your message is saved. "
    "Please write again later. Code: {code}",
    quoting="This is what our documents say about it:",
    quoting_because="Just now I can only quote our documents (code {code}).",
    nothing_found="I have not found this in our documents, and I will not make it up.",
    leave_contact="If you would like a person to answer, leave your name and phone and I will pass them on.",
    ask_contact="Gladly! Please send me your name and phone number.",
    ask_phone="Nice to meet you, {name}! What is your phone number?",
    ask_name="I have noted the number {phone}. What is your name?",
    ask_field="One more thing, please: {label}.",
    bad_phone="That number does not look right. Please send the whole of it, such as +44 20 7946 0958.",
    contact_saved="Thank you, {name}! I have passed your contact on: {phone}.",
    contact_not_saved="The contact could not be saved just now. Please send it again in a couple of minutes.",
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


def storable(text: str) -> str:
    """The text without halves of emoji: a model that is cut off leaves them, and no database takes them."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore").replace("\x00", "")


def is_question(text: str) -> bool:
    """Whether a message asks something, as far as its words show."""
    return bool(_QUESTION.search(text))
