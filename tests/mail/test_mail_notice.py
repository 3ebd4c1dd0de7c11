from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from mail_samples import EN, ENVELOPE, NOON, RU, Page, html_of, report, text_of

from sovetnik.core.owner import FailedMail, Notice
from sovetnik.mail import compose_notice, compose_report

DOWN = Notice("model_down", "quota: insufficient_quota: <b>You</b> exceeded & more", "K7Q2ZD")
SPENT = Notice("budget_spent", "DAILY_TOKEN_BUDGET", "Q2K7ZD")
BACK = Notice("model_back", "quota: insufficient_quota", "K7Q2ZD")


def seen(notice: Notice, part: str, look: object = RU) -> str:
    mail = compose_notice(notice, NOON, look, ENVELOPE)  # type: ignore[arg-type]
    return Page(html_of(mail)).text if part == "html" else text_of(mail)


def test_headers() -> None:
    mail = compose_notice(DOWN, NOON, RU, ENVELOPE)
    assert mail["Message-ID"] == f"<notice-model_down-{int(NOON.timestamp())}@shop.example>"
    assert mail["Subject"] == "Модель не отвечает"
    assert mail["Date"].datetime == NOON
    assert mail["Auto-Submitted"] == "auto-generated"
    assert list(mail.iter_attachments()) == []


def test_a_retry_is_the_same_mail_and_another_time_another() -> None:
    first = compose_notice(DOWN, NOON, RU, ENVELOPE)
    assert first.as_bytes() == compose_notice(DOWN, NOON, RU, ENVELOPE).as_bytes()
    later = compose_notice(DOWN, NOON + timedelta(seconds=1), RU, ENVELOPE)
    other = compose_notice(BACK, NOON, RU, ENVELOPE)
    assert len({mail["Message-ID"] for mail in (first, later, other)}) == 3


@pytest.mark.parametrize("part", ["html", "text"])
def test_model_down(part: str) -> None:
    text = seen(DOWN, part)
    for words in (
        "Модель не отвечает",
        "21 ноября 2026, 15:00 (Europe/Moscow)",
        "закончились деньги",
        "quota: insufficient_quota: <b>You</b> exceeded & more",
        "выдержками из ваших документов",
        "записывает контакты",
        "OPENAI_API_KEY",
        "Баланс",
        "OPENAI_PROXY",
        "status.openai.com",
        "В журнале это под кодом K7Q2ZD",
    ):
        assert words in text, words


def test_detail_is_escaped_and_bounded() -> None:
    assert "<b>You</b>" not in html_of(compose_notice(DOWN, NOON, RU, ENVELOPE))
    long = html_of(compose_notice(replace(DOWN, detail="<&" * 50_000), NOON, RU, ENVELOPE))
    assert len(long.encode()) < 20_000


@pytest.mark.parametrize(
    ("detail", "russian", "english"),
    [
        ("auth: 401", "не принял ключ", "refused the API key"),
        ("connection: refused", "не может связаться", "cannot reach"),
        ("server: 500", "сбой", "failure of its own"),
        ("what: ever", "получить не удалось", "No answer could be had"),
        ("", "получить не удалось", "No answer could be had"),
    ],
)
def test_cause_in_one_sentence(detail: str, russian: str, english: str) -> None:
    assert russian in seen(replace(DOWN, detail=detail), "text")
    assert english in seen(replace(DOWN, detail=detail), "text", EN)


@pytest.mark.parametrize("part", ["html", "text"])
def test_budget_spent(part: str) -> None:
    text = seen(SPENT, part)
    assert "До полуночи (Europe/Moscow) модель не вызывается" in text
    assert "выдержками из ваших документов" in text
    assert "DAILY_TOKEN_BUDGET" in text
    assert "OPENAI_API_KEY" not in text
    assert "until midnight (Europe/London)" in seen(SPENT, part, EN)


@pytest.mark.parametrize("part", ["html", "text"])
def test_model_back_is_short(part: str) -> None:
    text = seen(BACK, part)
    assert "Модель снова отвечает" in text
    assert "quota: insufficient_quota" in text
    assert "K7Q2ZD" in text
    assert "Что проверить" not in text
    assert "The model answers again" in seen(BACK, part, EN)


def test_nothing_known_leaves_no_empty_boxes() -> None:
    text = seen(Notice("model_back"), "text")
    assert "Что было" not in text
    assert "код" not in text


def test_a_notice_given_up_is_in_the_report() -> None:
    failed = (FailedMail("notice", 1_700_000_000, "no", NOON),)
    text = text_of(compose_report(report(failed_mails=failed), RU, ENVELOPE))
    assert "Сообщение о модели не доставлено: no" in text
    assert "1700000000" not in text
