"""Every word of the mails, in both languages. A missing translation is a type error."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sovetnik.core.model import Language

Forms = tuple[str, str, str]
"""A noun after 1, after 2–4 and after 5 and more (English: the last two are the same)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """The words of one language; ``{...}`` places are filled with ``str.format``."""

    brand: str
    initial: str
    footer: str
    # lead mail
    lead_new: str
    lead_updated: str
    call: str
    open_chat: str
    order: str
    no_order: str
    phone: str
    telegram: str
    telegram_id: str
    telegram_id_label: str
    source: str
    first_seen: str
    saved: str
    conversation: str
    lead_number: str
    revision: str
    no_name: str
    no_messages: str
    earlier_left_out: str
    earlier_here: str
    lead_attached: str
    # who speaks
    assistant: str
    manager: str
    service: str
    voice: str
    photo: str
    document: str
    consent: str
    consent_shown: str
    # report
    report: str
    report_subject: str
    nobody_wrote_subject: str
    nobody_wrote: str
    all_well: str
    window: str
    figures: str
    new_customers_label: str
    customer_messages_label: str
    answers_label: str
    new_leads_label: str
    dialogues_label: str
    failures_label: str
    gaps_label: str
    tokens_line: str
    quotes_line: str
    median_label: str
    by_hour: str
    gaps: str
    gaps_hint: str
    leads: str
    lead_badge: str
    updated_badge: str
    problems: str
    failed_turn: str
    mail_given_up: str
    mail_kinds: dict[str, str]
    waiting: str
    more_attached: str
    and_more: str
    dialogues: str
    left_out: str
    whole_attached: str
    error_code: str
    quoted: str
    sources: str
    cut: str
    untitled_source: str
    # nouns
    dialogue_forms: Forms
    lead_forms: Forms
    failure_forms: Forms
    message_forms: Forms
    # units and dates
    seconds: str
    minutes: str
    hours: str
    thousand: str
    million: str
    decimal: str
    group: str
    months: tuple[str, ...]
    weekdays: tuple[str, ...]
    day: str


RU: Final = Texts(
    brand="Советник",
    initial="С",
    footer="Письмо написал Советник, консультант вашего Telegram-бота",
    lead_new="Новая заявка",
    lead_updated="Заявка обновлена",
    call="Позвонить",
    open_chat="Открыть чат",
    order="Заказ",
    no_order="Заказ не назван",
    phone="Телефон",
    telegram="Telegram",
    telegram_id="ID {id}",
    telegram_id_label="Telegram ID",
    source="Откуда пришёл",
    first_seen="Написал впервые",
    saved="Время заявки",
    conversation="Переписка",
    lead_number="Заявка № {id}",
    revision="изменение {number}",
    no_name="Без имени",
    no_messages="Переписки нет.",
    earlier_left_out="Ранее: {count}. Вся переписка во вложении dialogue.html.",
    lead_attached="Часть текста сокращена. Всё целиком — во вложении dialogue.html.",
    earlier_here="Ранее: {count} — во вложении.",
    assistant="Советник",
    manager="Менеджер",
    voice="🎤 голосовое",
    photo="📷 фото",
    document="📎",
    consent="Согласие",
    consent_shown="показано {time}, версия {version}",
    service="Система",
    report="Отчёт за день",
    report_subject="Отчёт за {day}",
    nobody_wrote_subject="никто не писал",
    nobody_wrote="За это время никто не писал.",
    all_well="Бот на связи, следующий отчёт придёт как обычно.",
    window="{start} — {end} ({zone})",
    figures="Цифры",
    new_customers_label="новые клиенты",
    customer_messages_label="сообщения клиентов",
    answers_label="ответы",
    new_leads_label="новые заявки",
    dialogues_label="диалоги",
    failures_label="сбои",
    gaps_label="нет в документах",
    tokens_line="Токены: вход {input} (из них {cached} из кэша), выход {output}",
    quotes_line="Выдержками из документов, без модели: {count} из {answers}",
    median_label="медиана ответа",
    by_hour="Сообщения клиентов по часам",
    gaps="О чём спрашивали, а в документах этого нет",
    gaps_hint="Допишите ответы в документы, и в следующий раз Советник ответит сам.",
    leads="Заявки",
    lead_badge="Заявка",
    updated_badge="обновлена",
    problems="Что пошло не так",
    failed_turn="Ответ не получился",
    mail_given_up="{mail} не доставлено: {error}",
    mail_kinds={
        "lead": "Письмо о заявке № {ref}",
        "report": "Письмо с отчётом № {ref}",
        "notice": "Сообщение о модели",
    },
    waiting="Ждут ответа: {count}",
    more_attached="И ещё {count} — во вложении dialogues.html.",
    and_more="ещё {count}",
    dialogues="Диалоги",
    left_out="Не поместилось: {count}. Все диалоги во вложении dialogues.html.",
    whole_attached="Часть текста сокращена. Всё целиком — во вложении dialogues.html.",
    error_code="код {code}",
    quoted="выдержки из документов, без модели",
    sources="Источники: {places}",
    cut="… сокращено, целиком — во вложении",
    untitled_source="напрямую",
    dialogue_forms=("диалог", "диалога", "диалогов"),
    lead_forms=("заявка", "заявки", "заявок"),
    failure_forms=("сбой", "сбоя", "сбоев"),
    message_forms=("сообщение", "сообщения", "сообщений"),
    seconds="{number} с",
    minutes="{minutes} мин {seconds} с",
    hours="{hours} ч {minutes} мин",
    thousand="{number} тыс.",
    million="{number} млн",
    decimal=",",
    group="\u00a0",
    months=(
        "января", "февраля", "марта", "апреля", "мая", "июня",
        "июля", "августа", "сентября", "октября", "ноября", "декабря",
    ),
    weekdays=("понедельник", "вторник", "среда", "четверг", "пятница", "суббота", "воскресенье"),
    day="{day} {month}",
)  # fmt: skip

EN: Final = Texts(
    brand="Sovetnik",
    initial="S",
    footer="Written by Sovetnik, your Telegram consultant",
    lead_new="New lead",
    lead_updated="Lead updated",
    call="Call",
    open_chat="Open the chat",
    order="Order",
    no_order="No order named",
    phone="Phone",
    telegram="Telegram",
    telegram_id="ID {id}",
    telegram_id_label="Telegram ID",
    source="Came from",
    first_seen="First wrote",
    saved="Time of the lead",
    conversation="Conversation",
    lead_number="Lead no. {id}",
    revision="change {number}",
    no_name="No name",
    no_messages="There is no conversation.",
    earlier_left_out="Before that: {count}. The whole conversation is attached as dialogue.html.",
    lead_attached="Some texts are shortened. Everything is in the attached dialogue.html.",
    earlier_here="Before that: {count}, in the attachment.",
    assistant="Sovetnik",
    manager="Manager",
    voice="🎤 voice message",
    photo="📷 photo",
    document="📎",
    consent="Consent",
    consent_shown="shown {time}, version {version}",
    service="System",
    report="Daily report",
    report_subject="Report for {day}",
    nobody_wrote_subject="nobody wrote",
    nobody_wrote="Nobody wrote in this time.",
    all_well="The bot is up; the next report comes as usual.",
    window="{start} — {end} ({zone})",
    figures="Figures",
    new_customers_label="new customers",
    customer_messages_label="customers’ messages",
    answers_label="answers",
    new_leads_label="new leads",
    dialogues_label="dialogues",
    failures_label="failures",
    gaps_label="not in documents",
    tokens_line="Tokens: {input} in ({cached} of them cached), {output} out",
    quotes_line="Quoted from the documents, no model: {count} of {answers}",
    median_label="median answer",
    by_hour="Customers’ messages by hour",
    gaps="What your customers asked and your documents do not say",
    gaps_hint="Add the answers to your documents, and next time Sovetnik will know.",
    leads="Leads",
    lead_badge="Lead",
    updated_badge="updated",
    problems="What went wrong",
    failed_turn="No answer could be given",
    mail_given_up="{mail} was not delivered: {error}",
    mail_kinds={
        "lead": "The mail about lead no. {ref}",
        "report": "The mail with report no. {ref}",
        "notice": "The mail about the model",
    },
    waiting="Waiting for an answer: {count}",
    more_attached="And {count} more in the attached dialogues.html.",
    and_more="{count} more",
    dialogues="Dialogues",
    left_out="Left out here: {count}. All dialogues are in the attached dialogues.html.",
    whole_attached="Some texts are shortened. Everything is in the attached dialogues.html.",
    error_code="code {code}",
    quoted="quoted from the documents, no model",
    sources="Sources: {places}",
    cut="… shortened, the whole is attached",
    untitled_source="directly",
    dialogue_forms=("dialogue", "dialogues", "dialogues"),
    lead_forms=("lead", "leads", "leads"),
    failure_forms=("failure", "failures", "failures"),
    message_forms=("message", "messages", "messages"),
    seconds="{number} s",
    minutes="{minutes} min {seconds} s",
    hours="{hours} h {minutes} min",
    thousand="{number}k",
    million="{number}M",
    decimal=".",
    group=",",
    months=(
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
    weekdays=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    day="{day} {month}",
)  # fmt: skip

TEXTS: Final[dict[Language, Texts]] = {"ru": RU, "en": EN}


def plural(language: Language, number: int, forms: Forms) -> str:
    """The noun that fits the number: ``1 диалог``, ``2 диалога``, ``5 диалогов``, ``11 диалогов``."""
    if language == "en":
        return forms[0] if number == 1 else forms[2]
    if number % 10 == 1 and number % 100 != 11:
        return forms[0]
    if number % 10 in (2, 3, 4) and number % 100 not in (12, 13, 14):
        return forms[1]
    return forms[2]
