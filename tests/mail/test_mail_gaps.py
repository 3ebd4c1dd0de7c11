"""What the documents do not say, where answers come from, and answers without a model."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from mail_samples import (
    CHAT,
    EN,
    ENVELOPE,
    NOON,
    RU,
    Page,
    attachment_of,
    busy_report,
    dossier,
    html_of,
    lacking,
    many_dialogues,
    places,
    report,
    said,
    text_of,
)

from sovetnik.core.model import Chat, Passage
from sovetnik.core.owner import Dialogue, Report
from sovetnik.mail import compose_lead, compose_report, render_report_html, render_report_text
from sovetnik.mail.figures import count_figures
from sovetnik.mail.gaps import find_gaps

PETER = replace(CHAT, id=7, name="Пётр", username=None)


def seen(full: Report, part: str, look: object = RU) -> str:
    mail = compose_report(full, look, ENVELOPE)  # type: ignore[arg-type]
    return Page(html_of(mail)).text if part == "html" else text_of(mail)


def test_identical_questions_are_folded_and_the_most_asked_comes_first() -> None:
    full = report(
        [
            lacking("Вывозите  мусор?", "Есть\nРассрочка?", " есть рассрочка ", None, "", " \n"),
            lacking("ЕСТЬ рассрочка?", chat=PETER, after=-600),
        ]
    )
    gaps = find_gaps(full)
    assert [(gap.question, len(gap.askings)) for gap in gaps] == [
        ("ЕСТЬ рассрочка?", 3),
        ("Вывозите мусор?", 1),
    ]
    assert [asking.chat.name for asking in gaps[0].askings] == ["Пётр", "Ваня", "Ваня"]
    assert count_figures(full, RU.zone).gaps == 2


@pytest.mark.parametrize("part", ["html", "text"])
def test_the_section_is_the_first(part: str) -> None:
    busy = busy_report()
    full = replace(busy, dialogues=(*busy.dialogues, lacking("Есть <i>рассрочка</i>?", chat=PETER)))
    text = seen(full, part)
    head = text.index("О чём спрашивали, а в документах этого нет")
    assert head < text.rindex("Что пошло не так") < text.rindex("Заявки")
    assert "Есть <i>рассрочка</i>?" in text
    assert "Пётр, 15:00" in text
    assert "нет в документах" in text
    assert "What your customers asked and your documents do not say" in seen(full, part, EN)


def test_nothing_lacking_shows_no_section() -> None:
    text = seen(busy_report(), "text")
    assert "О чём спрашивали" not in text
    assert "нет в документах: 0" in text


def test_three_hundred_questions_keep_the_budget() -> None:
    """The longest that the assistant may note, in names and words that take the most room."""
    dialogues = [
        lacking(*(f"№{n}-{i}: " + '"ж' * 245 for i in range(3)), chat=replace(CHAT, id=n, name='"' * 90))
        for n in range(100)
    ]
    full = replace(busy_report(), dialogues=tuple(dialogues))
    mail = compose_report(full, RU, ENVELOPE)
    html, text, whole = html_of(mail), text_of(mail), attachment_of(mail)
    assert len(html.encode()) <= 80_000
    assert "И ещё 280 — во вложении dialogues.html." in html
    assert "И ещё 280 — во вложении dialogues.html." in text
    assert "№0-0" in html
    assert whole is not None
    assert all(f"№{n}-{i}: " in whole for n in range(100) for i in range(3))
    assert "во вложении" not in whole


@pytest.mark.parametrize("letter", ['"', "&", "ж", "𝕳"])
def test_huge_everything_with_questions_keeps_the_budget(letter: str) -> None:
    """Every text as heavy as it may be, at times that take a date."""
    contact = replace(dossier().lead.contact, name=letter * 999, order=letter * 999)
    lead = replace(dossier().lead, contact=contact, created_at=NOON - timedelta(days=9))
    heavy = replace(CHAT, id=9_999_999_999, name=letter * 90)
    errors = [said(n, "assistant", "x", -300_000, kind="error", error_code="AAAAAA") for n in range(50)]
    asked = [
        lacking(*(f"{i} " + letter * 500 for i in range(300)), chat=replace(heavy, id=n), after=-300_000)
        for n in range(9_999_999_990, 9_999_999_994)
    ]
    full = report([Dialogue(heavy, tuple(errors), None), *asked], leads=(lead,) * 100)
    mail = compose_report(replace(full, failed_mails=busy_report().failed_mails * 40), RU, ENVELOPE)
    assert len(html_of(mail).encode()) <= 80_000


def test_pages_for_browser_and_terminal_name_every_question_and_customer() -> None:
    chats = [Chat(n, f"Клиент {n}", None, "ru", None, CHAT.created_at) for n in range(30)]
    full = report([lacking("Есть рассрочка?", f"Вопрос {chat.id}.", chat=chat) for chat in chats])
    for page in (Page(render_report_html(full, RU)).text, render_report_text(full, RU)):
        head = page[: page.index("Диалоги")]
        assert "Есть рассрочка? × 30" in head
        assert all(f"Вопрос {n}." in head and f"Клиент {n}," in head for n in range(30))
        assert "ещё" not in head
    short = seen(full, "text")
    assert "Клиент 0, 15:00; Клиент 1, 15:00; ещё 28" in short


@pytest.mark.parametrize("part", ["html", "text"])
def test_sources_stand_under_the_answer(part: str) -> None:
    given = places("prices.md: Кровати", "delivery.md", "prices.md: Кровати", "<b>.md")
    talk = (said(1, "customer", "цена?"), said(2, "assistant", "сто", passages=given))
    full = report([Dialogue(CHAT, talk, None)])
    assert "Источники: prices.md › Кровати, delivery.md, <b>.md\n" in seen(full, part) + "\n"
    assert "Sources: prices.md › Кровати, delivery.md" in seen(full, part, EN)


def test_more_than_four_sources_are_counted() -> None:
    given = (*places(*(f"{n}.md" for n in range(7))), Passage("0.md", "", "other words"), Passage("", "", ""))
    full = report([Dialogue(CHAT, (said(2, "assistant", "сто", passages=given),), None)])
    assert "Источники: 0.md, 1.md, 2.md, 3.md, ещё 3\n" in seen(full, "text")
    assert "0.md, 1.md, 2.md, 3.md, 3 more\n" in seen(full, "text", EN)


def test_lead_mails_name_no_sources() -> None:
    talk = (said(2, "assistant", "сто", passages=places("prices.md")),)
    mail = compose_lead(dossier(dialogue=talk), RU, ENVELOPE)
    assert "prices.md" not in html_of(mail) + text_of(mail)


@pytest.mark.parametrize("part", ["html", "text"])
def test_answers_without_a_model_are_marked_and_counted(part: str) -> None:
    talk = (
        said(1, "customer", "цена?"),
        said(2, "assistant", "Вот:\n> сто", 3, kind="quote", error_code="K7Q2ZD"),
        said(3, "assistant", "и ещё", 9),
    )
    full = report([Dialogue(CHAT, talk, None)])
    figures = count_figures(full, RU.zone)
    assert (figures.answers, figures.quotes, figures.failed_turns) == (2, 1, 0)
    assert figures.median_answer is not None
    assert figures.median_answer.total_seconds() == 3
    text = seen(full, part)
    assert "выдержки из документов, без модели" in text
    assert "код K7Q2ZD" in text
    assert "Выдержками из документов, без модели: 1 из 2" in text
    assert "Что пошло не так" not in text
    english = seen(full, part, EN)
    assert "quoted from the documents, no model" in english
    assert "Quoted from the documents, no model: 1 of 2" in english


def test_sources_keep_the_budget() -> None:
    given = places(*(f"{n}{'ж' * 200}.md: {'ж' * 300}" for n in range(9)))
    full = many_dialogues(40)
    full = replace(
        full,
        dialogues=tuple(
            replace(d, messages=tuple(replace(m, passages=given) for m in d.messages)) for d in full.dialogues
        ),
    )
    assert len(html_of(compose_report(full, RU, ENVELOPE)).encode()) <= 80_000
