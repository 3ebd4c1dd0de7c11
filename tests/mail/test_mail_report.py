from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from mail_samples import (
    CHAT,
    CONTACT,
    EN,
    ENVELOPE,
    NOON,
    RU,
    Page,
    attachment_of,
    busy_report,
    dossier,
    html_of,
    many_dialogues,
    report,
    said,
    text_of,
)

from sovetnik.core.owner import Dialogue, FailedMail
from sovetnik.mail import compose_report, render_report_html, render_report_text
from sovetnik.mail.figures import count_figures


def test_headers() -> None:
    mail = compose_report(busy_report(), RU, ENVELOPE)
    assert mail["Subject"] == "Отчёт за 21 ноября: 1 диалог, 1 заявка, 1 сбой"
    assert re.fullmatch(r"<report-2026-11-21\.[0-9a-f]+@shop\.example>", mail["Message-ID"])
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime == busy_report().window.end
    assert compose_report(busy_report(), EN, ENVELOPE)["Subject"] == (
        "Report for 21 November: 1 dialogue, 1 lead, 1 failure"
    )


def test_figures() -> None:
    figures = count_figures(busy_report(), RU.zone)
    assert (figures.dialogues, figures.new_customers, figures.customer_messages) == (1, 1, 1)
    assert (figures.answers, figures.new_leads, figures.failed_turns) == (1, 1, 1)
    assert (figures.input_tokens, figures.cached_tokens, figures.output_tokens) == (1500, 400, 50)
    assert figures.median_answer == timedelta(seconds=4.2)
    assert figures.by_hour[15] == 1


@pytest.mark.parametrize("part", ["html", "text"])
def test_content_in_russian(part: str) -> None:
    mail = compose_report(busy_report(), RU, ENVELOPE)
    seen = Page(html_of(mail)).text if part == "html" else text_of(mail)
    for words in (
        "21 ноября, 09:00 — 22 ноября, 09:00 (Europe/Moscow)",
        "4,2 с",
        "Токены: вход 1,5 тыс. (из них 400 из кэша), выход 50",
        "Что пошло не так",
        "Ждут ответа: 2 сообщения",
        "Письмо о заявке № 39 не доставлено: smtp.example:587: login: 535 no",
        "Ответ не получился, код K7Q2ZD",
        "Ваня, 15:01",
        "Иван Петров",
        "Старый Клиент",
        "обновлена",
        "+7 916 555-01-27",
        "@vanya_p",
        "4 сообщения",
        "15:00 – 15:01",
        "Сколько стоит <b>кухня</b>?",
    ):
        assert words in seen, words
    assert list(mail.iter_attachments()) == []


def test_content_in_english() -> None:
    seen = text_of(compose_report(busy_report(), EN, ENVELOPE))
    for words in (
        "What went wrong",
        "Waiting for an answer: 2 messages",
        "code K7Q2ZD",
        "median answer: 4.2 s",
        "1.5k in",
    ):
        assert words in seen, words


def test_empty_day_is_a_short_mail() -> None:
    mail = compose_report(report(), RU, ENVELOPE)
    assert mail["Subject"] == "Отчёт за 21 ноября: никто не писал"
    assert "За это время никто не писал.\nБот на связи" in text_of(mail)
    assert "За это время никто не писал." in html_of(mail)
    assert "Диалоги" not in html_of(mail)
    assert "Nobody wrote" in text_of(compose_report(report(), EN, ENVELOPE))


def test_empty_day_with_trouble_says_so_and_does_not_say_all_is_well() -> None:
    failed = (FailedMail("report", 3, "no", NOON),)
    text = text_of(compose_report(report(failed_mails=failed, waiting=1), RU, ENVELOPE))
    assert "Письмо с отчётом № 3" in text
    assert "Ждут ответа: 1 сообщение" in text
    assert "Бот на связи" not in text


def test_many_dialogues_keep_the_budget_and_the_whole_is_attached() -> None:
    mail = compose_report(many_dialogues(200), RU, ENVELOPE)
    html, whole = html_of(mail), attachment_of(mail)
    assert 70_000 < len(html.encode()) <= 80_000
    shown = sum(f"№{n}-0 " in html for n in range(200))
    assert 10 < shown < 200
    assert f"Не поместилось: {200 - shown} диалог" in html
    assert f"Не поместилось: {200 - shown} диалог" in text_of(mail)
    assert whole is not None
    assert all(f"№{n}-{i} " in whole for n in range(200) for i in range(5))
    assert whole.startswith("<!DOCTYPE html>")
    assert "Не поместилось" not in whole
    attached = next(mail.iter_attachments())
    assert (attached.get_filename(), attached.get_content_type()) == ("dialogues.html", "text/html")


def test_a_few_dialogues_all_fit() -> None:
    mail = compose_report(many_dialogues(5), RU, ENVELOPE)
    assert attachment_of(mail) is None
    assert "№4-4 " in html_of(mail)


def test_huge_everything_keeps_the_budget() -> None:
    """Leads, errors, mails and one dialogue that alone is over the budget."""
    text = '"&<>' * 25_000
    messages = tuple(said(n, "customer", text, n) for n in range(5))
    errors = tuple(said(n, "assistant", text[:99], n, kind="error", error_code="AAAAAA") for n in range(200))
    contact = replace(CONTACT, name='"' * 2000, order=text[:2000])
    full = report(
        [Dialogue(replace(CHAT, name="ш" * 300), (*messages, *errors), None)] * 2,
        leads=(replace(dossier().lead, contact=contact),) * 300,
        failed_mails=(FailedMail("lead", 1, text, NOON),) * 50,
    )
    mail = compose_report(full, RU, ENVELOPE)
    html, whole = html_of(mail), attachment_of(mail)
    assert len(html.encode()) <= 80_000
    assert "И ещё 275 — во вложении" in html
    assert whole is not None
    assert whole.count("tel:+79165550127") == 300


def test_pages_for_browser_and_terminal_leave_nothing_out() -> None:
    full = many_dialogues(120)
    page, text = render_report_html(full, RU), render_report_text(full, RU)
    for words in ("№119-4 ", "№0-0 "):
        assert words in page
        assert words in text
    assert "во вложении" not in page + text


def test_terminal_text_holds_no_escape_sequences() -> None:
    talk = (said(1, "customer", "\x1b]0;owned\x07\x9b31mred\r\nnext"),)
    text = render_report_text(report([Dialogue(replace(CHAT, name="a\x1b[2J"), talk, None)]), RU)
    assert not any(c in text for c in "\x1b\x07\x9b\r")
    assert "next" in text


def test_answer_without_question_in_the_window_counts_no_wait() -> None:
    figures = count_figures(report([Dialogue(CHAT, (said(1, "assistant", "ответ"),), None)]), RU.zone)
    assert figures.median_answer is None
    assert figures.answers == 1
