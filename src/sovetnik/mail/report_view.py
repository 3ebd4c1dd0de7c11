"""What a report shows, as plain values for the templates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from markupsafe import Markup

from sovetnik.core.model import Dialogue, FailedMail, Lead, Report
from sovetnik.core.reports import shown_day
from sovetnik.mail.bubbles import Bubble, Limits, Shortener, chat_name, make_bubbles
from sovetnik.mail.figures import Figures, count_figures, is_new
from sovetnik.mail.headers import header_text, scrub
from sovetnik.mail.markdown import plain_html
from sovetnik.mail.wording import Wording, app_link, phone_link, phone_words, public_link

T = TypeVar("T")

BAR_HEIGHT = 56
"""Pixels of the busiest hour's bar."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One headline figure; ``tone`` is ``good``, ``bad`` or nothing."""

    value: str
    label: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """One hour of the day."""

    hour: int
    count: int
    height: int


@dataclass(frozen=True, slots=True)
class LeadLine:
    """One line of the table of leads."""

    name: str
    phone: str
    phone_link: str | None
    order: str
    order_html: Markup
    time: str
    updated: bool


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that went wrong."""

    text: str
    note: str


@dataclass(frozen=True, slots=True)
class DialogueView:
    """One customer's messages in the window."""

    name: str
    handle: str
    link: str
    span: str
    count: str
    lead: bool
    earlier: str | None
    bubbles: tuple[Bubble, ...]


@dataclass(frozen=True, slots=True)
class ReportView:
    """A report, all of its parts cut to the same limits."""

    subject: str
    weekday: str
    day: str
    window: str
    headline: str
    empty: bool
    tiles: tuple[Tile, ...]
    tokens: str | None
    bars: tuple[Bar, ...]
    leads: tuple[LeadLine, ...]
    more_leads: str | None
    problems: tuple[Problem, ...]
    more_problems: str | None
    dialogues: tuple[DialogueView, ...]
    shortened: bool


def report_view(report: Report, wording: Wording, limits: Limits) -> ReportView:
    """Prepare a report for the templates."""
    texts = wording.texts
    figures = count_figures(report, wording.look.zone)
    shortener = Shortener(limits)
    problems = _problems(report, wording, shortener)
    headline = _headline(figures, wording)
    shown_as = shown_day(report.window, wording.look.zone)
    day = wording.day(shown_as)
    leads, more_leads = _first(report.leads, limits.rows, texts.more_leads)
    shown, more_problems = _first(problems, limits.problems, texts.more_problems)
    lead_lines = tuple(_lead_line(lead, report, wording, shortener) for lead in leads)
    dialogues = tuple(_dialogue_view(item, report, wording, shortener) for item in report.dialogues)
    return ReportView(
        subject=f"{texts.report_subject.format(day=day)}: {headline}",
        weekday=wording.weekday(shown_as),
        day=day,
        window=texts.window.format(
            start=wording.day_clock(report.window.start),
            end=wording.day_clock(report.window.end),
            zone=wording.zone_name,
        ),
        headline=headline,
        empty=not report.dialogues and not report.leads,
        tiles=_tiles(figures, wording),
        tokens=_tokens(figures, wording),
        bars=_bars(figures),
        leads=lead_lines,
        more_leads=more_leads,
        problems=shown,
        more_problems=more_problems,
        dialogues=dialogues,
        shortened=shortener.used or bool(more_leads or more_problems),
    )


def _headline(figures: Figures, wording: Wording) -> str:
    texts = wording.texts
    parts = [texts.nobody_wrote_subject]
    if figures.dialogues:
        parts = [wording.count(figures.dialogues, texts.dialogue_forms)]
    if figures.new_leads:
        parts.append(wording.count(figures.new_leads, texts.lead_forms))
    if figures.failed_turns:
        parts.append(wording.count(figures.failed_turns, texts.failure_forms))
    return ", ".join(parts)


def _tiles(figures: Figures, wording: Wording) -> tuple[Tile, ...]:
    texts = wording.texts
    answer = wording.duration(figures.median_answer) if figures.median_answer is not None else "—"
    tokens = wording.short(figures.input_tokens + figures.output_tokens)
    bad = "bad" if figures.failed_turns else ""
    return (
        Tile(wording.number(figures.dialogues), texts.dialogues_label),
        Tile(wording.number(figures.new_customers), texts.new_customers_label),
        Tile(wording.number(figures.new_leads), texts.new_leads_label, "good" if figures.new_leads else ""),
        Tile(wording.number(figures.failed_turns), texts.failures_label, bad),
        Tile(wording.number(figures.customer_messages), texts.customer_messages_label),
        Tile(wording.number(figures.answers), texts.answers_label),
        Tile(answer, texts.median_label),
        Tile(tokens, texts.tokens_label),
    )


def _tokens(figures: Figures, wording: Wording) -> str | None:
    if not figures.input_tokens + figures.output_tokens:
        return None
    return wording.texts.tokens_line.format(
        input=wording.short(figures.input_tokens),
        cached=wording.short(figures.cached_tokens),
        output=wording.short(figures.output_tokens),
    )


def _bars(figures: Figures) -> tuple[Bar, ...]:
    """Bars to scale; an hour with anything at all shows at least four pixels."""
    most = max(figures.by_hour)
    if most == 0:
        return ()
    return tuple(
        Bar(hour, count, max(4, round(BAR_HEIGHT * count / most)) if count else 0)
        for hour, count in enumerate(figures.by_hour)
    )


def _lead_line(lead: Lead, report: Report, wording: Wording, shortener: Shortener) -> LeadLine:
    order = shortener.text(scrub(lead.contact.order).strip(), shortener.limits.value)
    return LeadLine(
        name=header_text(lead.contact.name) or wording.texts.no_name,
        phone=scrub(phone_words(lead.contact.phone)),
        phone_link=phone_link(lead.contact.phone),
        order=order,
        order_html=plain_html(order),
        time=_moment(lead.updated_at, report, wording),
        updated=not is_new(lead, report),
    )


def _problems(report: Report, wording: Wording, shortener: Shortener) -> tuple[Problem, ...]:
    """The customers still waiting first: they can still be helped."""
    texts = wording.texts
    problems: list[Problem] = []
    if report.waiting:
        count = wording.count(report.waiting, texts.message_forms)
        problems.append(Problem(texts.waiting.format(count=count), ""))
    problems += [_given_up(mail, report, wording, shortener) for mail in report.failed_mails]
    for dialogue in report.dialogues:
        name = chat_name(dialogue.chat, wording)
        for message in dialogue.messages:
            if message.kind == "error":
                code = texts.error_code.format(code=message.error_code or "—")
                note = f"{name}, {_moment(message.created_at, report, wording)}"
                problems.append(Problem(f"{texts.failed_turn}, {code}", note))
    return tuple(problems)


def _given_up(mail: FailedMail, report: Report, wording: Wording, shortener: Shortener) -> Problem:
    texts = wording.texts
    kind = texts.mail_kinds.get(mail.kind, "{ref}").format(ref=mail.ref)
    error = shortener.text(" ".join(scrub(mail.error).split()), shortener.limits.value)
    return Problem(
        texts.mail_given_up.format(mail=kind, error=error), _moment(mail.failed_at, report, wording)
    )


def _moment(moment: datetime, report: Report, wording: Wording) -> str:
    """The clock alone on the report's own day, with the date on any other."""
    if wording.local(moment).date() == shown_day(report.window, wording.look.zone):
        return wording.clock(moment)
    return wording.day_clock(moment)


def _dialogue_view(
    dialogue: Dialogue, report: Report, wording: Wording, shortener: Shortener
) -> DialogueView:
    chat, texts = dialogue.chat, wording.texts
    public = public_link(chat.username)
    shown = shortener.newest(dialogue.messages)
    earlier = len(dialogue.messages) - len(shown)
    return DialogueView(
        name=chat_name(chat, wording),
        handle=f"@{public.removeprefix('https://t.me/')}" if public else texts.telegram_id.format(id=chat.id),
        link=public or app_link(chat),
        span=_span(dialogue, report, wording),
        count=wording.count(len(dialogue.messages), texts.message_forms),
        lead=dialogue.lead is not None,
        earlier=texts.earlier_here.format(count=wording.count(earlier, texts.message_forms))
        if earlier
        else None,
        bubbles=make_bubbles(chat, shown, wording, shortener, shown_day(report.window, wording.look.zone)),
    )


def _span(dialogue: Dialogue, report: Report, wording: Wording) -> str:
    if not dialogue.messages:
        return ""
    first, last = dialogue.messages[0].created_at, dialogue.messages[-1].created_at
    start, end = _moment(first, report, wording), wording.clock(last)
    if wording.local(first).date() != wording.local(last).date():
        end = _moment(last, report, wording)
    return start if start == end else f"{start} – {end}"


def _first(items: tuple[T, ...], limit: int | None, words: str) -> tuple[tuple[T, ...], str | None]:
    """The first items and, if there are more, a line that says how many."""
    if limit is None or len(items) <= limit:
        return items, None
    return items[:limit], words.format(count=len(items) - limit)
