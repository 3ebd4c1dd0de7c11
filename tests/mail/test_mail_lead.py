from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, timedelta

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
    dossier,
    html_of,
    said,
    text_of,
)

from sovetnik.core.model import Attachment, Contact
from sovetnik.core.perception import placeholder
from sovetnik.mail import Envelope, Look, compose_lead


def test_headers_of_a_new_lead() -> None:
    mail = compose_lead(dossier(), RU, ENVELOPE)
    assert mail["Subject"] == "Новая заявка: Иван Петров"
    assert re.fullmatch(r"<lead-42\.[0-9a-f]+@shop\.example>", mail["Message-ID"])
    assert mail["In-Reply-To"] is None
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["From"] == "Shop <bot@shop.example>"
    assert mail["To"] == "owner@shop.example, second@shop.example"
    assert mail["Reply-To"] == "ivan@example.com"
    assert mail["Date"].datetime.astimezone(UTC) == NOON + timedelta(minutes=1)


def test_headers_of_a_changed_lead() -> None:
    mail = compose_lead(dossier(revision=3), EN, ENVELOPE)
    assert mail["Subject"] == "Lead updated: Иван Петров"
    assert re.fullmatch(r"<lead-42-r3\.[0-9a-f]+@shop\.example>", mail["Message-ID"])
    assert mail["In-Reply-To"] == mail["References"] == mail["Message-ID"].replace("-r3", "")
    assert "change 2" in text_of(mail)


def test_the_same_lead_gives_the_same_bytes() -> None:
    assert (
        compose_lead(dossier(), RU, ENVELOPE).as_bytes() == compose_lead(dossier(), RU, ENVELOPE).as_bytes()
    )


def test_every_line_fits_a_relay_without_8bitmime() -> None:
    raw = compose_lead(dossier(), RU, ENVELOPE).as_bytes()
    assert raw.isascii()
    assert max(map(len, raw.splitlines())) <= 998


@pytest.mark.parametrize("part", ["html", "text"])
def test_content_in_russian(part: str) -> None:
    mail = compose_lead(dossier(), RU, ENVELOPE)
    seen = Page(html_of(mail)).text if part == "html" else text_of(mail)
    for words in (
        "Новая заявка",
        "Заявка № 42",
        "+7 916 555-01-27",
        "Кухня",
        "угловая",
        "Город",
        "Казань",
        "ivan@example.com",
        "Ваня @vanya_p",
        "tg://user?id=100200300",
        "ad-7",
        "21 ноября 2026, 15:01 (Europe/Moscow)",
        "Сколько стоит <b>кухня</b>?",
        "и срок?",
        "15:00",
        "От 100 тысяч.",
        "• замер",
        "• сборка",
        "*скидка*",
        "Менеджер",
        "@kitchen_bot" if part == "html" else "t.me/kitchen_bot",
    ):
        assert words in seen, words


def test_links() -> None:
    links = Page(html_of(compose_lead(dossier(), RU, ENVELOPE))).links
    assert "tel:+79165550127" in links
    assert "https://t.me/vanya_p" in links
    assert "tg://user?id=100200300" in links
    assert "mailto:ivan@example.com" in links


def test_content_in_english_without_username_and_fields() -> None:
    chat = replace(CHAT, username=None, source=None)
    contact = Contact("Eleanor", "+442079460958", "", {})
    mail = compose_lead(dossier(contact, chat), EN, ENVELOPE)
    text = text_of(mail)
    assert mail["Subject"] == "New lead: Eleanor"
    assert mail["Reply-To"] is None
    assert "+44 20 7946 0958" in text
    assert "Open the chat: tg://user?id=100200300" in text
    assert "directly" in text
    assert "12:01 (Europe/London)" in text
    assert "No order named" in text
    assert "t.me" not in html_of(mail)


def test_nameless_customer_and_no_conversation() -> None:
    mail = compose_lead(dossier(Contact("\u200b\r\n", "123", ""), replace(CHAT, name=""), ()), RU, ENVELOPE)
    assert mail["Subject"] == "Новая заявка: Без имени"
    assert "Переписки нет." in text_of(mail)
    assert "tel:" not in html_of(mail)


def test_messages_of_another_day_say_so() -> None:
    talk = (said(1, "customer", "вчера", -86_400), said(2, "customer", "сегодня"))
    text = text_of(compose_lead(dossier(dialogue=talk), RU, ENVELOPE))
    assert text.index("20 ноября") < text.index("вчера") < text.index("— 21 ноября") < text.index("сегодня")


def test_long_conversation_keeps_the_newest_and_attaches_the_whole() -> None:
    talk = [said(n, ("customer", "assistant")[n % 2], f"№{n} " + "слово " * 60, n) for n in range(400)]
    talk[5] = said(5, "assistant", "длинно " * 3000, 5)
    mail = compose_lead(dossier(dialogue=talk), RU, ENVELOPE)
    html, whole = html_of(mail), attachment_of(mail)
    assert 60_000 < len(html.encode()) <= 80_000
    assert "№399 " in html
    assert "№1 " not in html
    assert "Вся переписка во вложении dialogue.html" in html
    assert whole is not None
    assert all(f"№{n} " in whole for n in range(400) if n != 5)
    assert whole.count("длинно") == 3000


def test_a_name_in_the_sender_is_optional() -> None:
    mail = compose_lead(dossier(), Look("ru"), Envelope("bot@почта.рф", ("a@b.example",)))
    assert mail["From"] == "Советник <bot@xn--80a1acny.xn--p1ai>"
    assert mail["Message-ID"].endswith("@xn--80a1acny.xn--p1ai>")


def test_order_with_html_stays_text() -> None:
    contact = replace(CONTACT, order='<script>alert("x")</script> & co')
    html = html_of(compose_lead(dossier(contact), RU, ENVELOPE))
    assert "<script" not in html
    assert '<script>alert("x")</script> & co' in Page(html).text


@pytest.mark.parametrize(
    ("look", "words"), [(RU, "📷 фото, 📎 план <b>.pdf"), (EN, "📷 photo, 📎 план <b>.pdf")]
)
def test_files_without_words_are_named_in_the_owners_language(look: Look, words: str) -> None:
    files = (Attachment("photo", "f1"), Attachment("document", "f2", name="план <b>.pdf"))
    mail = compose_lead(
        dossier(dialogue=[said(1, "customer", placeholder(files), attachments=files)]), look, ENVELOPE
    )
    assert words in text_of(mail)
    assert words in Page(html_of(mail)).text
    assert "[photo]" not in text_of(mail)


def test_a_voice_is_shown_by_its_words_and_named_as_one() -> None:
    files = (Attachment("voice", "f1", taken=True),)
    mail = compose_lead(
        dossier(dialogue=[said(1, "customer", "Есть доставка?", attachments=files)]), RU, ENVELOPE
    )
    assert "Есть доставка?" in Page(html_of(mail)).text
    assert "🎤 голосовое" in Page(html_of(mail)).text


def test_the_consent_stands_with_the_lead() -> None:
    lead = dossier()
    agreed = replace(lead, lead=replace(lead.lead, consent="1a2b3c4d", consent_at=NOON))
    for part in (
        text_of(compose_lead(agreed, RU, ENVELOPE)),
        Page(html_of(compose_lead(agreed, RU, ENVELOPE))).text,
    ):
        assert "версия 1a2b3c4d" in part
        assert "15:00" in part
