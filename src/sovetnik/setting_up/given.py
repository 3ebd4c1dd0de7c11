"""The flags of `sovetnik init`: one for each question, so that it also runs where nobody can answer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from sovetnik.core.model import Language
from sovetnik.doctor.finding import Said
from sovetnik.words import language as system_language

ProviderName = Literal["openai", "yandex", "openrouter", "ollama", "own", "none"]
Tone = Literal["friendly", "formal", "brief"]


def _help(en: str, ru: str) -> Parameter:
    return Parameter(help=Said(en, ru).in_language(system_language()))


Text = str | None
Folder = Annotated[
    Path, _help("Where .env and the folder consultant/ go.", "Куда записать .env и папку consultant/.")
]


@dataclass(frozen=True, slots=True)
class Given:
    """What was answered on the command line; None is asked."""

    language: Annotated[
        Language | None, _help("Yours: of questions, mails and reports.", "Ваш: вопросов, писем и отчётов.")
    ] = None
    token: Annotated[
        Text, _help("The bot's token; better in TELEGRAM_TOKEN.", "Токен бота; лучше через TELEGRAM_TOKEN.")
    ] = None
    proxy: Annotated[
        Text,
        _help("Used if Telegram cannot be reached directly.", "Для Telegram, если прямой путь закрыт."),
    ] = None
    provider: Annotated[ProviderName | None, _help("Whose model answers.", "Чья модель отвечает.")] = None
    model_url: Annotated[
        Text, _help("Base URL of a compatible server.", "Адрес совместимого сервера (base URL).")
    ] = None
    project: Annotated[
        Text, _help("Project; at Yandex the folder id.", "Проект; у Yandex — идентификатор каталога.")
    ] = None
    key: Annotated[
        Text, _help("The model's key; better in OPENAI_API_KEY.", "Ключ модели; лучше через OPENAI_API_KEY.")
    ] = None
    model: Annotated[Text, _help("Model id; one that is alive if not given.", "Модель; иначе — живая.")] = (
        None
    )
    model_proxy: Annotated[
        Text, _help("Used if the provider cannot be reached.", "Для модели, если провайдер недоступен.")
    ] = None
    mail_to: Annotated[
        Text,
        _help("Who gets leads and reports, by commas; - for no mail.", "Кому заявки и отчёты; - без почты."),
    ] = None
    mail_login: Annotated[Text, _help("The mailbox to send from.", "С какого ящика отправлять.")] = None
    mail_password: Annotated[
        Text, _help("Its password; better in SMTP_PASSWORD.", "Его пароль; лучше через SMTP_PASSWORD.")
    ] = None
    mail_server: Annotated[
        Text, _help("host:port; guessed from the address.", "адрес:порт; иначе — по адресу ящика.")
    ] = None
    mail_proxy: Annotated[
        Text, _help("Used if the mail server cannot be reached.", "Для почты, если сервер недоступен.")
    ] = None
    business: Annotated[Text, _help("Name of the business.", "Название бизнеса.")] = None
    about: Annotated[Text, _help("What it does, in one line.", "Чем занимается, одной строкой.")] = None
    documents: Annotated[
        Text,
        _help("Folder of documents, or a site's address.", "Папка с документами или адрес сайта."),
    ] = None
    tone: Annotated[Tone | None, _help("How the consultant talks.", "Как говорит консультант.")] = None
    collect: Annotated[
        Text,
        _help("What to ask beside name and phone, by commas.", "Что спрашивать кроме имени и телефона."),
    ] = None
    report_time: Annotated[Text, _help("When the report goes out.", "Когда приходит отчёт.")] = None
    timezone: Annotated[Text, _help("Europe/Moscow, or a city.", "Europe/Moscow или город.")] = None
    question: Annotated[Text, _help("The trial question at the end.", "Пробный вопрос в конце.")] = None
    redraft: Annotated[
        bool,
        _help(
            "Draft the texts anew; old ones get the ending .old.", "Составить тексты заново; старые — в .old."
        ),
    ] = False
    unattended: Annotated[
        bool,
        _help("Ask nothing; what is not given keeps its value.", "Не спрашивать; остальное — как есть."),
    ] = False


NOTHING = Given()
