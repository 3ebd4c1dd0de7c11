"""Whatever customers are called and write, the mail stays a mail (failures 20)."""

from __future__ import annotations

import re
from dataclasses import replace
from email import message_from_bytes, policy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mail_samples import CHAT, EN, ENVELOPE, NOON, RU, Page, dossier, html_of, report, said, text_of

from sovetnik.core.model import Contact, Passage
from sovetnik.core.owner import Dialogue, Notice
from sovetnik.mail import compose_lead, compose_notice, compose_report
from sovetnik.mail.headers import find_address, header_text

NASTY = (
    "\r\nBcc: evil@example.com",
    "\nX-Evil: 1\r\n\r\n<b>body</b>",
    "=?utf-8?q?=0D=0ABcc:_evil@example.com?=",
    "=?utf-8?b?DQpCY2M6IGV2aWxAZXhhbXBsZS5jb20=?=",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7 * 7 }}{% raw %}",
    "</td></table></style><!--",
    "[click](javascript:alert(1))",
    "[x](https://e.example/\"onmouseover='a')",
    "**[b](https://e.example/<script>)**",
    "\u202egnp.exe\u2066",
    "\u2028\u2029\x85\x0b\x0c\x1c",
    "\x00\x1b[31m\ud83d",
    "👩\u200d👩\u200d👧\u200d👦 𝕳𝖎 مرحبا \u200b\ufeff",
    "a" * 5000,
    "*" * 3000 + "[" * 3000 + "`" * 3000,
)
texts = st.one_of(
    st.sampled_from(NASTY),
    st.text(st.characters(codec=None), max_size=200),
    st.lists(st.sampled_from([*NASTY[:14], " ", "\n", "x"]), max_size=6).map("".join),
)
HEADERS = {
    "Message-ID", "Date", "From", "To", "Subject", "Auto-Submitted", "Content-Type", "MIME-Version",
    "Reply-To", "In-Reply-To", "References",
}  # fmt: skip
TAGS = {
    "html", "head", "meta", "title", "style", "body", "div", "table", "tbody", "tr", "td", "p", "h1", "h2",
    "a", "b", "i", "s", "code", "br", "bdi", "span",
}  # fmt: skip


def check_mail(raw: bytes) -> None:
    mail = message_from_bytes(raw, policy=policy.SMTP)
    assert set(mail.keys()) <= HEADERS
    assert mail["To"] == "owner@shop.example, second@shop.example"
    assert "\n" not in mail["Subject"]
    page = Page(html_of(mail))  # type: ignore[arg-type]
    assert page.tags <= TAGS
    assert not any(name.startswith("on") for name in page.attributes)
    assert all(
        re.match(r"(https?://|tg://user\?id=\d+$|tel:\+\d+$|mailto:[^?]+$)", link) for link in page.links
    )
    assert len(html_of(mail).encode()) <= 80_000  # type: ignore[arg-type]
    text_of(mail)  # type: ignore[arg-type]


@settings(max_examples=60, deadline=None)
@given(name=texts, username=texts, order=texts, value=texts, source=texts, customer=texts, model=texts)
def test_lead_mail(**given_texts: str) -> None:
    talk = (
        said(1, "customer", given_texts["customer"]),
        said(2, "assistant", given_texts["model"]),
        said(3, "manager", given_texts["customer"]),
    )
    chat = replace(
        CHAT, name=given_texts["name"], username=given_texts["username"], source=given_texts["source"]
    )
    contact = Contact(
        given_texts["name"], given_texts["value"], given_texts["order"], {"f": given_texts["value"]}
    )
    look = replace(EN, field_labels={"f": given_texts["order"]}, bot=given_texts["username"])
    check_mail(compose_lead(dossier(contact, chat, talk), look, ENVELOPE).as_bytes())


@settings(max_examples=60, deadline=None)
@given(name=texts, order=texts, code=texts, customer=texts, model=texts)
def test_report_mail(name: str, order: str, code: str, customer: str, model: str) -> None:
    given_to = (Passage(model, order, ""), Passage(code, "", ""))
    talk = (
        said(1, "customer", customer),
        said(2, "assistant", model, kind="quote", passages=given_to, unanswered=customer),
        said(3, "assistant", model, kind="error", error_code=code),
    )
    lead = replace(dossier().lead, contact=Contact(name, "+79165550127", order))
    full = report([Dialogue(replace(CHAT, name=name), talk, lead)], leads=(lead,))
    check_mail(compose_report(full, RU, ENVELOPE).as_bytes())


@settings(max_examples=40, deadline=None)
@given(kind=st.sampled_from(["model_down", "budget_spent", "model_back"]), detail=texts, code=texts)
def test_notice_mail(kind: str, detail: str, code: str) -> None:
    notice = Notice(kind, detail, code)  # type: ignore[arg-type]
    check_mail(compose_notice(notice, NOON, RU, ENVELOPE).as_bytes())


@pytest.mark.parametrize(
    "letter", ["ж", "*", "[", "`", "_", "<", "#", "\u200b", "𝕳", "a ", "** ", "[a]( ", "```\n", "> a\nb\n"]
)
def test_huge_messages(letter: str) -> None:
    text = letter * (100_000 // len(letter))
    talk = (said(1, "customer", text), said(2, "assistant", text))
    check_mail(compose_lead(dossier(dialogue=talk), RU, ENVELOPE).as_bytes())
    check_mail(compose_report(report([Dialogue(CHAT, talk, None)]), RU, ENVELOPE).as_bytes())
    check_mail(compose_notice(Notice("model_down", text, text), NOON, RU, ENVELOPE).as_bytes())


@given(texts)
def test_header_text_is_one_short_line(text: str) -> None:
    line = header_text(text)
    assert len(line) <= 80
    assert len(line.splitlines()) <= 1
    assert "=?" not in line
    line.encode()


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ivan@example.com", "ivan@example.com"),
        (" ivan.p+shop@mail.example.com ", "ivan.p+shop@mail.example.com"),
        ("ivan@example.com\r\nBcc: x@y.zz", None),
        ("Ivan <ivan@example.com>", None),
        ("a@b.cc, d@e.ff", None),
        ("иван@пример.рф", None),
        ("ivan@localhost", None),
    ],
)
def test_reply_to_takes_addresses_only(text: str, address: str | None) -> None:
    assert find_address([text]) == address
