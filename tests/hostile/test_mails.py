"""Whatever customers are called, send and write: the owner's mails and reports stay mails and reports."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sovetnik.core.model import Attachment, Chat, Contact, Lead, Message, Passage
from sovetnik.core.owner import Dialogue, FailedMail, LeadDossier, Report, Window
from sovetnik.mail import Envelope, Look, compose_lead, compose_report, render_report_html, render_report_text
from sovetnik.mail.pages import render_report_brief
from tests.hostile.mails import check_mail, check_page
from tests.hostile.odd import NASTY, texts, tries

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ENVELOPE = Envelope("Shop <bot@shop.example>", ("owner@shop.example",))
LOOKS = st.builds(
    Look,
    st.sampled_from(["ru", "en"]),
    st.just(ZoneInfo("Europe/Moscow")),
    st.dictionaries(st.sampled_from(["a", "b"]), texts),
    st.none() | texts,
)
CHATS = st.builds(
    Chat,
    st.sampled_from([5001, -4_000_001]),
    texts,
    st.none() | texts,
    st.sampled_from(["ru", "en"]),
    st.none() | texts,
    st.just(NOON),
)
FILES = st.builds(
    Attachment, st.sampled_from(["voice", "photo", "document"]), st.just("id"), texts, texts, st.just(1)
)


@st.composite
def spoken(draw: st.DrawFn, chat: Chat) -> tuple[Message, ...]:
    """A dialogue of everything that a dialogue can hold."""
    found: list[Message] = []
    for number in range(draw(st.integers(0, 4))):
        role, kind = draw(
            st.sampled_from(
                [
                    ("customer", "text"),
                    ("customer", "service"),
                    ("assistant", "answer"),
                    ("assistant", "quote"),
                    ("assistant", "error"),
                    ("manager", "answer"),
                ]
            )
        )
        files = tuple(draw(st.lists(FILES, max_size=2)))
        names = " ".join(f"[{file.kind}: {file.name}]" if file.name else f"[{file.kind}]" for file in files)
        found.append(
            Message(
                number,
                chat.id,
                role,
                kind,
                names if files and draw(st.booleans()) else draw(texts),
                NOON + timedelta(hours=7 * number),
                error_code=draw(st.none() | texts),
                passages=tuple(Passage(draw(texts), draw(texts), "") for _ in range(draw(st.integers(0, 2)))),
                unanswered=draw(st.none() | texts),
                note=draw(texts),
                attachments=files,
            )
        )
    return tuple(found)


@st.composite
def dossiers(draw: st.DrawFn) -> LeadDossier:
    chat = draw(CHATS)
    values = texts | st.just("anna@example.com")
    fields = draw(st.dictionaries(st.sampled_from(["a", "b"]) | texts, values, max_size=3))
    phone = draw(st.just("+79123456789") | texts)
    contact = Contact(draw(texts), phone, draw(texts), fields)
    consented = draw(st.none() | texts)
    lead = Lead(7, chat.id, contact, draw(st.integers(1, 3)), NOON, NOON, consented, consented and NOON)
    return LeadDossier(lead, chat, draw(spoken(chat)))


@tries(30)
@given(dossier=dossiers(), look=LOOKS)
def test_lead_mails(dossier: LeadDossier, look: Look) -> None:
    mail = check_mail(compose_lead(dossier, look, ENVELOPE).as_bytes())
    assert mail["To"] == "owner@shop.example"
    assert mail["Reply-To"] in {None, "anna@example.com"}


@tries(25)
@given(data=st.data(), look=LOOKS, error=texts)
def test_reports(data: st.DataObject, look: Look, error: str) -> None:
    parts = data.draw(st.lists(dossiers(), max_size=2))
    report = Report(
        Window(date(2026, 11, 22), NOON - timedelta(hours=12), NOON + timedelta(hours=12)),
        tuple(Dialogue(part.chat, part.dialogue, part.lead) for part in parts),
        tuple(part.lead for part in parts),
        1,
        (FailedMail("lead", 7, error, NOON),),
        2,
    )
    check_mail(compose_report(report, look, ENVELOPE).as_bytes())
    check_page(render_report_html(report, look))
    for plain in (render_report_text(report, look), render_report_brief(report, look)):
        assert "\x1b" not in plain
        plain.encode()


@pytest.mark.parametrize("where", ["name", "username", "source", "order", "field", "file", "text", "label"])
def test_nothing_of_a_text_becomes_a_tag_or_a_style(where: str) -> None:
    """The page has the same tags and styles whatever stands in it."""

    def page(text: str) -> tuple[list[str], list[str], list[str]]:
        given_to = {
            name: text if name == where else "x" for name in ("name", "source", "order", "field", "text")
        }
        chat = Chat(
            5001, given_to["name"], text if where == "username" else None, "ru", given_to["source"], NOON
        )
        fields = {text if where == "label" else "a": given_to["field"]}
        contact = Contact(given_to["name"], "+79123456789", given_to["order"], fields)
        file = Attachment("document", "id", text if where == "file" else "x")
        said = Message(1, 5001, "customer", "text", given_to["text"], NOON, attachments=(file,))
        dossier = LeadDossier(Lead(7, 5001, contact, 1, NOON, NOON), chat, (said,))
        mail = check_mail(compose_lead(dossier, Look("ru", ZoneInfo("UTC"), {}), ENVELOPE).as_bytes())
        html = mail.get_body(("html",))
        assert html is not None
        seen = check_page(html.get_content())
        return [tag for tag in seen.tags if tag != "br"], seen.styles, seen.sheets

    plain = page("x")
    for text in NASTY:
        assert where == "username" or page(f"x{text[:300]}x") == plain, text


def with_field(text: str) -> LeadDossier:
    chat = Chat(5001, "Анна", None, "ru", None, NOON)
    return LeadDossier(
        Lead(7, 5001, Contact("Анна", "+79123456789", "", {"a": text}), 1, NOON, NOON), chat, ()
    )


@pytest.mark.parametrize("text", ["a@b.cc\r\nBcc: evil@e.ee", "a@b.cc, evil@e.ee", "<evil@e.ee>", "@"])
def test_only_an_address_is_answered_to(text: str) -> None:
    mail = compose_lead(with_field(text), Look("ru", ZoneInfo("UTC"), {}), ENVELOPE)
    assert check_mail(mail.as_bytes())["Reply-To"] is None


@pytest.mark.parametrize(
    "text",
    [
        "=?utf-8?q?x=0D=0ABcc=3A_evil=40e.example?=@b.cc",  # ValueError: the lead is never mailed
        "=?utf-8?q?evil=40e.example=2C_x?=@b.cc",  # Reply-To: evil@e.example, x@b.cc
        "=?utf-8?q?=22?=@b.cc",
    ],
)
def test_an_encoded_word_is_no_address(text: str) -> None:
    mail = compose_lead(with_field(text), Look("ru", ZoneInfo("UTC"), {}), ENVELOPE)
    assert check_mail(mail.as_bytes())["Reply-To"] is None
