"""What a lead mail shows, as plain values for the templates."""

from __future__ import annotations

from dataclasses import dataclass

from markupsafe import Markup

from sovetnik.core.model import Chat
from sovetnik.core.owner import LeadDossier
from sovetnik.mail.bubbles import Bubble, Limits, Shortener, make_bubbles
from sovetnik.mail.headers import find_address, header_text, scrub
from sovetnik.mail.markdown import plain_html
from sovetnik.mail.wording import Wording, app_link, phone_link, phone_words, public_link


@dataclass(frozen=True, slots=True)
class Row:
    """A labelled line."""

    label: str
    text: str
    html: Markup
    link: str | None = None


@dataclass(frozen=True, slots=True)
class LeadView:
    """A lead with as much of its conversation as there is room for."""

    subject: str
    kicker: str
    name: str
    number: str
    phone: str
    phone_link: str | None
    chat_link: str
    order: str
    order_html: Markup
    rows: tuple[Row, ...]
    bubbles: tuple[Bubble, ...]
    earlier: str | None
    shortened: bool


def lead_view(dossier: LeadDossier, wording: Wording, limits: Limits, newest: int | None = None) -> LeadView:
    """Prepare a lead for the templates.

    Args:
        dossier: The lead.
        wording: The owner's language and clock.
        limits: How long single texts may be.
        newest: How many messages of the conversation are shown; None: as many as ``limits`` allow.
    """
    lead, chat, texts = dossier.lead, dossier.chat, wording.texts
    shortener = Shortener(limits)
    shown = shortener.newest(dossier.dialogue)
    if newest is not None:
        shown = shown[max(len(shown) - newest, 0) :]
    earlier = len(dossier.dialogue) - len(shown)
    order = shortener.text(scrub(lead.contact.order).strip(), limits.message)
    rows = _rows(dossier, wording, shortener)
    kicker = texts.lead_new if lead.revision == 1 else texts.lead_updated
    name = lead_name(dossier, wording)
    return LeadView(
        subject=f"{kicker}: {name}",
        kicker=kicker,
        name=name,
        number=_number(dossier, wording),
        phone=scrub(phone_words(lead.contact.phone)),
        phone_link=phone_link(lead.contact.phone),
        chat_link=public_link(chat.username) or app_link(chat),
        order=order,
        order_html=plain_html(order),
        rows=rows,
        bubbles=make_bubbles(chat, shown, wording, shortener, wording.local(lead.updated_at).date()),
        earlier=_earlier(earlier, wording),
        shortened=shortener.used or earlier > 0,
    )


def lead_name(dossier: LeadDossier, wording: Wording) -> str:
    """The customer as the subject names them."""
    return header_text(dossier.lead.contact.name) or header_text(dossier.chat.name) or wording.texts.no_name


def _number(dossier: LeadDossier, wording: Wording) -> str:
    number = wording.texts.lead_number.format(id=dossier.lead.id)
    if dossier.lead.revision == 1:
        return number
    return f"{number}, {wording.texts.revision.format(number=dossier.lead.revision - 1)}"


def _earlier(count: int, wording: Wording) -> str | None:
    if count == 0:
        return None
    texts = wording.texts
    return texts.earlier_left_out.format(count=wording.count(count, texts.message_forms))


def _rows(dossier: LeadDossier, wording: Wording, shortener: Shortener) -> tuple[Row, ...]:
    lead, chat, texts = dossier.lead, dossier.chat, wording.texts
    rows = [_field_row(*item, wording, shortener) for item in lead.contact.fields.items() if item[1].strip()]
    rows += _telegram_rows(chat, wording)
    source = header_text(chat.source or "", 200)
    rows.append(_row(texts.source, source or texts.untitled_source))
    rows.append(_row(texts.first_seen, wording.full_time(chat.created_at)))
    rows.append(_row(texts.saved, wording.full_time(lead.updated_at)))
    if lead.consent and lead.consent_at:
        shown = wording.full_time(lead.consent_at)
        rows.append(_row(texts.consent, texts.consent_shown.format(time=shown, version=lead.consent)))
    return tuple(rows)


def _field_row(name: str, value: str, wording: Wording, shortener: Shortener) -> Row:
    label = header_text(wording.look.field_labels.get(name, name))
    value = shortener.text(scrub(value).strip(), shortener.limits.value)
    address = find_address([value])
    return _row(label, value, f"mailto:{address}" if address else None)


def _telegram_rows(chat: Chat, wording: Wording) -> list[Row]:
    """The link that opens everywhere if there is one, and always the one for the app."""
    texts = wording.texts
    name = header_text(chat.name)
    public = public_link(chat.username)
    rows: list[Row] = []
    if public:
        handle = f"@{public.removeprefix('https://t.me/')}"
        rows.append(_row(texts.telegram, f"{name} {handle}".strip(), public))
    elif name:
        rows.append(_row(texts.telegram, name))
    rows.append(_row(texts.telegram_id_label, f"{chat.id} · {app_link(chat)}", app_link(chat)))
    return rows


def _row(label: str, text: str, link: str | None = None) -> Row:
    return Row(label=label, text=text, html=plain_html(text), link=link)
