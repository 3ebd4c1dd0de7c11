"""The words of the notices about the model, in both languages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from sovetnik.core.model import Language

Kind = Literal["model_down", "budget_spent", "model_back"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to look at: a setting's name or a plain word, what of it, and a page to see."""

    name: str
    words: str
    page: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeTexts:
    """The words of one language.

    Attributes:
        titles: Also the subjects.
        causes: One sentence for each kind of failure that the detail begins with
            (:class:`~sovetnik.core.errors.AssistantError`).
        unknown_cause: For every other.
        meanwhile: How customers are served now, by notice.
    """

    kicker: str
    titles: dict[Kind, str]
    causes: dict[str, str]
    unknown_cause: str
    budget: str
    back: str
    details: str
    before: str
    meanwhile_title: str
    meanwhile: dict[Kind, str]
    check_title: str
    checks: dict[Kind, tuple[Check, ...]]
    code: str


STATUS_PAGE: Final = "status.openai.com"

RU: Final = NoticeTexts(
    kicker="Сообщение о модели",
    titles={
        "model_down": "Модель не отвечает",
        "budget_spent": "Дневной лимит токенов исчерпан",
        "model_back": "Модель снова отвечает",
    },
    causes={
        "auth": "Провайдер модели не принял ключ доступа.",
        "quota": "На счёте у провайдера модели закончились деньги или исчерпана квота.",
        "rate_limit": "Провайдер модели отклоняет запросы: их слишком много для вашего тарифа.",
        "connection": "Советник не может связаться с провайдером модели.",
        "timeout": "Модель не ответила за отведённое время.",
        "server": "У провайдера модели сбой.",
        "cut": "Провайдер модели обрывает ответы на середине.",
    },
    unknown_cause="Ответ от модели получить не удалось.",
    budget="Токены, отведённые на день (DAILY_TOKEN_BUDGET), потрачены. "
    "До полуночи ({zone}) модель не вызывается.",
    back="Клиентам снова отвечает модель. Делать ничего не нужно.",
    details="Подробности",
    before="Что было",
    meanwhile_title="Что сейчас видят клиенты",
    meanwhile={
        "model_down": "Советник отвечает выдержками из ваших документов, без модели, и по-прежнему "
        "записывает контакты: заявки приходят как обычно. Он сам пробует модель снова и напишет, "
        "когда она ответит.",
        "budget_spent": "Советник отвечает выдержками из ваших документов, без модели, и по-прежнему "
        "записывает контакты: заявки приходят как обычно. После полуночи модель включится сама.",
        "model_back": "",
    },
    check_title="Что проверить",
    checks={
        "model_down": (
            Check("OPENAI_API_KEY", "ключ действует и вписан целиком"),
            Check("Баланс", "на счёте у провайдера есть деньги, месячный лимит не исчерпан"),
            Check("OPENAI_PROXY", "если задан: прокси работает и выпускает к провайдеру"),
            Check("Страница состояния", "нет ли сбоя у провайдера; у OpenAI это", STATUS_PAGE),
        ),
        "budget_spent": (
            Check(
                "DAILY_TOKEN_BUDGET", "увеличьте, если лимит мал, и перезапустите Советника; 0 — без лимита"
            ),
        ),
        "model_back": (),
    },
    code="В журнале это под кодом {code}",
)

EN: Final = NoticeTexts(
    kicker="About the model",
    titles={
        "model_down": "The model does not answer",
        "budget_spent": "The day’s tokens are used up",
        "model_back": "The model answers again",
    },
    causes={
        "auth": "The model’s provider refused the API key.",
        "quota": "Your account at the model’s provider is out of money or over its quota.",
        "rate_limit": "The model’s provider turns requests away: there are too many for your plan.",
        "connection": "Sovetnik cannot reach the model’s provider.",
        "timeout": "The model did not answer in time.",
        "server": "The model’s provider has a failure of its own.",
        "cut": "The model’s provider breaks answers off half-way.",
    },
    unknown_cause="No answer could be had from the model.",
    budget="The tokens set aside for a day (DAILY_TOKEN_BUDGET) are spent. "
    "The model is not called until midnight ({zone}).",
    back="Customers are answered by the model again. There is nothing for you to do.",
    details="Details",
    before="What it was",
    meanwhile_title="What customers see meanwhile",
    meanwhile={
        "model_down": "Sovetnik answers with passages from your documents, without the model, and still "
        "takes contacts: leads arrive as usual. It keeps trying the model and will write when it answers.",
        "budget_spent": "Sovetnik answers with passages from your documents, without the model, and still "
        "takes contacts: leads arrive as usual. After midnight the model is used again.",
        "model_back": "",
    },
    check_title="What to check",
    checks={
        "model_down": (
            Check("OPENAI_API_KEY", "the key is valid and complete"),
            Check("Balance", "your account at the provider has money and is within its monthly limit"),
            Check("OPENAI_PROXY", "if set: the proxy works and lets you through to the provider"),
            Check(
                "Status page",
                "whether the provider has an outage; OpenAI’s page is",
                STATUS_PAGE,
            ),
        ),
        "budget_spent": (
            Check(
                "DAILY_TOKEN_BUDGET", "if it is too small, raise it and restart Sovetnik; 0 means no limit"
            ),
        ),
        "model_back": (),
    },
    code="The log has it under the code {code}",
)

NOTICE_TEXTS: Final[dict[Language, NoticeTexts]] = {"ru": RU, "en": EN}
