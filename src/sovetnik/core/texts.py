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
    help: str
    privacy: str
    share_phone: str
    share_phone_button: str
    forget_question: str
    forget_yes: str
    forget_no: str
    forgotten: str
    kept: str
    thinking: str
    flooding: str
    paused: str
    only_text: str
    sticker: str
    place: str
    video: str
    foreign_card: str
    voice_too_long: str
    voice_unheard: str
    voice_empty: str
    photo_unseen: str
    file_too_big: str
    file_unreadable: str
    file_unreachable: str
    paired: str
    bad_pairing: str
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
    help="Спросите меня словами, голосом, фотографией или файлом — отвечу по документам компании.\n\n"
    "/new — начать разговор заново\n/contact — оставить телефон менеджеру\n"
    "/privacy — что я храню о вас\n/forget — стереть всё, что я о вас знаю",
    privacy="Я храню вашу переписку со мной, имя и ник в Telegram, а если вы их оставите — телефон "
    "и детали заказа. "
    "Их видит владелец этого бота; ответы помогает составлять нейросеть, ей передаётся текст разговора.\n\n"
    "/forget сотрёт всё это.",
    share_phone="Нажмите кнопку внизу — и менеджер получит ваш номер. Можно и просто написать его.",
    share_phone_button="📱 Отправить мой номер",
    forget_question="Стереть всю нашу переписку и ваш контакт? Вернуть их будет нельзя.",
    forget_yes="Да, стереть",
    forget_no="Нет, оставить",
    forgotten="Готово: переписка и контакт стёрты.",
    kept="Хорошо, всё осталось как было.",
    thinking="Ещё думаю над ответом, подождите, пожалуйста…",
    flooding="Сообщений очень много — отвечу на все сразу примерно через минуту.",
    paused="Консультант сейчас отдыхает. Ваше сообщение сохранено, его увидит менеджер.",
    only_text="Такие сообщения я пока не понимаю. Напишите, пожалуйста, словами — и я сразу отвечу.",
    sticker="🙂 Чем могу помочь?",
    place="Карту я не вижу. Напишите, пожалуйста, адрес или город словами.",
    video="Видео смотреть я не умею. Опишите, пожалуйста, словами или пришлите фотографию.",
    foreign_card="Это не ваш контакт. Чтобы с вами связались, нажмите /contact или напишите свой номер.",
    voice_too_long="Эта запись слишком длинная. Пришлите, пожалуйста, покороче или напишите главное словами.",
    voice_unheard="Голосовые сообщения я здесь не понимаю. Напишите, пожалуйста, словами — и я сразу отвечу.",
    voice_empty="В этой записи я не разобрал слов. Повторите, пожалуйста, или напишите словами.",
    photo_unseen="Фотографии я здесь не вижу. Опишите, пожалуйста, словами — и я сразу отвечу.",
    file_too_big="Этот файл слишком большой. Пришлите, пожалуйста, поменьше или напишите главное словами.",
    file_unreadable="Этот файл я не могу прочитать. Пришлите, пожалуйста, PDF, Word, Excel или текст.",
    file_unreachable="Файл сейчас не загрузился. Пришлите его, пожалуйста, ещё раз через минуту.",
    paired="Этот чат теперь ваш: /report — отчёт, /status — состояние, /pause и /resume — пауза.",
    bad_pairing="Этот код не подходит: он одноразовый и живёт сутки. Новый напечатает программа при запуске.",
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
    help="Ask me in words, by voice, with a photo or a file: I answer from the company's documents.\n\n"
    "/new – start the conversation afresh\n/contact – leave your phone for a manager\n"
    "/privacy – what I keep about you\n/forget – erase everything I know about you",
    privacy="I keep our conversation, your name and username in Telegram and, if you leave them, your phone "
    "and the details of your order. The owner of this bot sees them; a language model, which is given the "
    "text of the conversation, helps to write the answers.\n\n/forget erases all of this.",
    share_phone="Press the button below and a manager gets your number. Or simply send it as a message.",
    share_phone_button="📱 Share my number",
    forget_question="Erase our whole conversation and your contact? This cannot be undone.",
    forget_yes="Yes, erase",
    forget_no="No, keep",
    forgotten="Done: the conversation and the contact are erased.",
    kept="All right, everything stays as it was.",
    thinking="I am still working on the answer, one moment please…",
    flooding="That is a lot of messages: I will answer all of them together in about a minute.",
    paused="The consultant is having a rest. Your message is saved and a manager will see it.",
    only_text="I do not understand this kind of message yet. Please put it into words.",
    sticker="🙂 How can I help?",
    place="I cannot see maps. Please write the address or the town in words.",
    video="I cannot watch videos. Please describe it in words or send a photo.",
    foreign_card="This is not your own contact. To be called back, press /contact or write your number.",
    voice_too_long="This recording is too long. Please send a shorter one or write the main point in words.",
    voice_unheard="I do not understand voice messages here. Please put it into words.",
    voice_empty="I could not make out any words in this recording. Please say it again or write it.",
    photo_unseen="I cannot see photos here. Please describe it in words and I will answer at once.",
    file_too_big="This file is too big. Please send a smaller one or write the main point in words.",
    file_unreadable="I cannot read this file. Please send a PDF, Word, Excel or text file.",
    file_unreachable="The file could not be loaded just now. Please send it again in a minute.",
    paired="This chat is now yours: /report, /status, /pause and /resume.",
    bad_pairing="This code does not fit: it works once, for a day. A new one is printed at the start.",
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
