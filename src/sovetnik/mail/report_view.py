"""What a report shows, as plain values for the templates."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

from markupsafe import Markup

from sovetnik.core.model import Lead
from sovetnik.core.owner import Dialogue, FailedMail, Report
from sovetnik.core.reports import shown_day
from sovetnik.mail.bubbles import Bubble, Limits, Shortener, chat_name, make_bubbles
from sovetnik.mail.figures import count_figures, is_new
from sovetnik.mail.figures_view import Bar, Tile, bars, headline, quotes_line, tiles, tokens_line
from sovetnik.mail.gaps import Asking, Gap, find_gaps
from sovetnik.mail.headers import header_text, scrub
from sovetnik.mail.markdown import plain_html
from sovetnik.mail.wording import Wording, app_link, phone_link, phone_words, public_link

T = TypeVar("T")

MAX_ASKER = 40
"""Characters of a name under a question."""


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
class Asker:
    """A customer who asked what the documents do not say."""

    name: str
    link: str
    time: str


@dataclass(frozen=True, slots=True)
class Question:
    """One question without an answer; ``times`` is set if it was asked more than once."""

    text: str
    times: str | None
    askers: tuple[Asker, ...]
    more_askers: str | None


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


class Talks:
    """Dialogues, each prepared when it is printed: those of a busy day would fill the memory."""

    def __init__(self, dialogues: Sequence[Dialogue], prepare: Callable[[Dialogue], DialogueView]) -> None:
        self._dialogues, self._prepare = dialogues, prepare

    def __len__(self) -> int:
        return len(self._dialogues)

    def __iter__(self) -> Iterator[DialogueView]:
        return map(self._prepare, self._dialogues)


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
    quotes: str | None
    questions: tuple[Question, ...]
    more_questions: str | None
    leads: tuple[LeadLine, ...]
    more_leads: str | None
    problems: tuple[Problem, ...]
    more_problems: str | None
    dialogues: tuple[DialogueView, ...] | Talks
    shortened: bool


def report_view(report: Report, wording: Wording, limits: Limits) -> ReportView:
    """Prepare a report for the templates; whether a dialogue was shortened is not known yet."""
    texts = wording.texts
    figures = count_figures(report, wording.look.zone)
    shortener = Shortener(limits)
    problems = _problems(report, wording, shortener)
    title = headline(figures, wording)
    shown_as = shown_day(report.window, wording.look.zone)
    day = wording.day(shown_as)
    leads, more_leads = _first(report.leads, limits.rows, texts.more_attached)
    shown, more_problems = _first(problems, limits.problems, texts.more_attached)
    gaps, more_gaps = _first(find_gaps(report), limits.gaps, texts.more_attached)
    lead_lines = tuple(_lead_line(lead, report, wording, shortener) for lead in leads)
    questions = tuple(_question(gap, report, wording, shortener) for gap in gaps)
    return ReportView(
        subject=f"{texts.report_subject.format(day=day)}: {title}",
        weekday=wording.weekday(shown_as),
        day=day,
        window=texts.window.format(
            start=wording.day_clock(report.window.start),
            end=wording.day_clock(report.window.end),
            zone=wording.zone_name,
        ),
        headline=title,
        empty=not report.dialogues and not report.leads,
        tiles=tiles(figures, wording),
        tokens=tokens_line(figures, wording),
        bars=bars(figures),
        quotes=quotes_line(figures, wording),
        questions=questions,
        more_questions=more_gaps,
        leads=lead_lines,
        more_leads=more_leads,
        problems=shown,
        more_problems=more_problems,
        dialogues=Talks(report.dialogues, lambda item: _dialogue_view(item, report, wording, shortener)),
        shortened=shortener.used or bool(more_leads or more_problems or more_gaps),
    )


def with_first(view: ReportView, report: Report, wording: Wording, limits: Limits, count: int) -> ReportView:
    """The view with its first dialogues alone."""
    shortener = Shortener(limits)
    first = tuple(_dialogue_view(item, report, wording, shortener) for item in report.dialogues[:count])
    return replace(view, dialogues=first, shortened=view.shortened or shortener.used)


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


def _question(gap: Gap, report: Report, wording: Wording, shortener: Shortener) -> Question:
    """A question with the customers who asked it, each at their first time."""
    firsts: dict[int, Asking] = {}
    for asking in gap.askings:
        firsts.setdefault(asking.chat.id, asking)
    askings, more = _first(tuple(firsts.values()), shortener.limits.askers, wording.texts.and_more)
    return Question(
        text=shortener.text(gap.question, shortener.limits.question),
        times=f"× {wording.number(len(gap.askings))}" if len(gap.askings) > 1 else None,
        askers=tuple(
            Asker(
                name=header_text(chat_name(asking.chat, wording), MAX_ASKER),
                link=public_link(asking.chat.username) or app_link(asking.chat),
                time=_moment(asking.at, report, wording),
            )
            for asking in askings
        ),
        more_askers=more,
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
