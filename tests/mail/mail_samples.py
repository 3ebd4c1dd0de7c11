"""Leads and reports for the tests of the mail room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

from sovetnik.core.model import Chat, Contact, Lead, Message, Passage, Usage
from sovetnik.core.owner import Dialogue, FailedMail, LeadDossier, Report, Window
from sovetnik.mail import Envelope, Look

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
DAY = date(2026, 11, 21)
MOSCOW = ZoneInfo("Europe/Moscow")
RU = Look("ru", MOSCOW, {"city": "Город", "email": "Почта"}, "@kitchen_bot")
EN = Look("en", ZoneInfo("Europe/London"), {"city": "City"})
ENVELOPE = Envelope("Shop <bot@shop.example>", ("owner@shop.example", "second@shop.example"))
CHAT = Chat(100200300, "Ваня", "vanya_p", "ru", "ad-7", NOON - timedelta(days=1))
CONTACT = Contact(
    "Иван Петров", "+79165550127", "Кухня\nугловая", {"city": "Казань", "email": "ivan@example.com"}
)


def said(number: int, role: str, text: str, after: float = 0, **more: object) -> Message:
    kind = "text" if role == "customer" else "answer"
    message = Message(number, CHAT.id, role, kind, text, NOON + timedelta(seconds=after))  # type: ignore[arg-type]
    return replace(message, **more)  # type: ignore[arg-type]


TALK = (
    said(1, "customer", "Сколько стоит <b>кухня</b>?\nи срок?"),
    said(
        2, "assistant", "От **100 тысяч**.\n- замер\n- `сборка`", 4.2, usage=Usage("m", 1000, 400, 50, 4.0, 1)
    ),
    said(3, "manager", "Добавлю: *скидка* 5 %", 60),
)


def dossier(
    contact: Contact = CONTACT, chat: Chat = CHAT, dialogue: Sequence[Message] = TALK, revision: int = 1
) -> LeadDossier:
    lead = Lead(42, chat.id, contact, revision, NOON, NOON + timedelta(minutes=revision))
    return LeadDossier(lead, chat, tuple(dialogue))


def report(dialogues: Sequence[Dialogue] = (), **more: object) -> Report:
    window = Window(DAY, NOON - timedelta(hours=6), NOON + timedelta(hours=18))
    return replace(Report(window, tuple(dialogues), (), 0), **more)  # type: ignore[arg-type]


def busy_report() -> Report:
    failed = said(
        4,
        "assistant",
        "Извините. Код K7Q2ZD",
        65,
        kind="error",
        error_code="K7Q2ZD",
        usage=Usage("m", 500, 0, 0),
    )
    lead = dossier().lead
    old = replace(
        lead, id=7, created_at=NOON - timedelta(days=9), contact=replace(CONTACT, name="Старый Клиент")
    )
    mail = FailedMail("lead", 39, "smtp.example:587: login: 535 no", NOON)
    return report(
        [Dialogue(CHAT, (*TALK, failed), lead)],
        leads=(lead, old),
        new_customers=1,
        failed_mails=(mail,),
        waiting=2,
    )


def lacking(*questions: str | None, chat: Chat = CHAT, after: float = 0, kind: str = "answer") -> Dialogue:
    """A customer's questions, each followed by an answer that notes what the documents lack."""
    talk: list[Message] = []
    for n, question in enumerate(questions):
        at = after + 60 * n
        talk.append(said(2 * n, "customer", "вопрос", at))
        talk.append(said(2 * n + 1, "assistant", "не знаю", at + 5, unanswered=question, kind=kind))
    return Dialogue(chat, tuple(talk), None)


def places(*names: str) -> tuple[Passage, ...]:
    """``file.md`` or ``file.md: heading``."""
    return tuple(Passage(*name.partition(": ")[::2], "") for name in names)


def many_dialogues(count: int, words: int = 40) -> Report:
    return report(
        [
            Dialogue(
                replace(CHAT, id=1000 + n, name=f"Клиент {n}", username=None),
                tuple(
                    said(i, ("customer", "assistant")[i % 2], f"№{n}-{i} " + "слово " * words)
                    for i in range(5)
                ),
                None,
            )
            for n in range(count)
        ],
        new_customers=count,
    )


def html_of(mail: EmailMessage) -> str:
    body = mail.get_body(("html",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def text_of(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def attachment_of(mail: EmailMessage) -> str | None:
    parts = list(mail.iter_attachments())
    assert len(parts) <= 1
    return str(parts[0].get_content()).replace("\r\n", "\n") if parts else None  # type: ignore[attr-defined]


class Page(HTMLParser):
    """What a mail program sees: visible text, tags, attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self._hidden = 0
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]
        self._hidden += tag in ("style", "title")
        self.text += "\n" if tag in ("br", "tr", "p", "div") else ""

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("style", "title")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.text += data
