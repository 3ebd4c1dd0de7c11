"""Views through templates: HTML with its styles inlined for mail programs, whole pages, plain text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from sovetnik.core.owner import LeadDossier, Notice, Report
from sovetnik.mail.bubbles import Limits
from sovetnik.mail.headers import scrub
from sovetnik.mail.lead_view import LeadView, lead_view
from sovetnik.mail.notice_view import NoticeView, notice_view
from sovetnik.mail.report_view import ReportView, report_view, with_first
from sovetnik.mail.settings import Look
from sovetnik.mail.wording import Wording, public_link

if TYPE_CHECKING:
    from css_inline import CSSInliner
    from jinja2 import Environment

HTML_BUDGET = 80_000
"""Bytes of a mail's HTML: Gmail clips at about 102 kB, and relays may add their own lines."""

WHOLE = Limits()
BRIEF = Limits(value=500, rows=30, problems=10, gaps=10, question=300, askers=3)
IN_MAIL = Limits(
    message=3_000, dialogue=12_000, value=480, rows=25, problems=12, gaps=20, question=320, askers=2
)
# With these a report's head keeps to the budget even if every text in it is as long as it may be.
TIGHT = replace(IN_MAIL, value=240, rows=20, gaps=12, question=200, askers=1)
PARTS = 1_000
"""Pieces of a template that are put together before they are looked through."""

FIRST_TRY = 100
"""Pieces: a usual day's fit at once."""

IN_NOTICE = Limits(value=3_000)
IN_LEAD = Limits(message=6_000, dialogue=60_000, value=1_500)


@dataclass(frozen=True, slots=True)
class Pages:
    """A mail's two bodies and, where they had to be shortened, the whole as a page of its own."""

    subject: str
    html: str
    text: str
    whole: bytes | None


def lead_pages(dossier: LeadDossier, look: Look) -> Pages:
    """A lead's bodies, the conversation cut to its newest messages where it is too long."""
    wording = Wording(look)

    def show(newest: int) -> tuple[LeadView, str]:
        view = lead_view(dossier, wording, IN_LEAD, newest)
        return view, _inlined("lead.html.j2", wording, view)

    view, html = _largest(show, len(dossier.dialogue))
    whole = None
    if view.shortened:
        whole = _bytes(_printed("lead.html.j2", wording, lead_view(dossier, wording, WHOLE)))
    return Pages(view.subject, html, _text("lead.txt.j2", wording, view), whole)


def report_pages(report: Report, look: Look) -> Pages:
    """A report's bodies, with as many dialogues as there is room for."""
    wording = Wording(look)
    view, html = _report_in_mail(report, wording, IN_MAIL)
    if _size(html) > HTML_BUDGET:  # even without any dialogue
        view, html = _report_in_mail(report, wording, TIGHT)
    left_out = len(report.dialogues) - len(view.dialogues)
    text = _text("report.txt.j2", wording, view, left_out=left_out)
    whole = None
    if left_out or view.shortened:
        whole = _bytes(_printed("report.html.j2", wording, report_view(report, wording, WHOLE)))
    return Pages(view.subject, html, text, whole)


def _report_in_mail(report: Report, wording: Wording, limits: Limits) -> tuple[ReportView, str]:
    """The report with the dialogues that fit, and these as HTML."""
    head = report_view(report, wording, limits)

    def show(count: int) -> tuple[ReportView, str]:
        view = with_first(head, report, wording, limits, count)
        return view, _inlined("report.html.j2", wording, view, left_out=len(report.dialogues) - count)

    return _largest(show, len(report.dialogues))


def notice_pages(notice: Notice, at: datetime, look: Look) -> Pages:
    """A notice's bodies."""
    wording = Wording(look)
    view = notice_view(notice, at, wording, IN_NOTICE)
    html = _inlined("notice.html.j2", wording, view)
    return Pages(view.subject, html, _text("notice.txt.j2", wording, view), None)


def render_report_html(report: Report, look: Look) -> str:
    """The complete report as a page of its own, for a browser: nothing is left out."""
    wording = Wording(look)
    return _page("report.html.j2", wording, report_view(report, wording, WHOLE), left_out=0)


def render_report_text(report: Report, look: Look) -> str:
    """The complete report as plain text, for a terminal."""
    wording = Wording(look)
    return _text("report.txt.j2", wording, report_view(report, wording, WHOLE), left_out=0)


def render_report_brief(report: Report, look: Look) -> str:
    """Figures, open questions and leads without the dialogues, as plain text for a chat."""
    wording = Wording(look)
    return _text("report_head.txt.j2", wording, report_view(report, wording, BRIEF))


View: TypeAlias = LeadView | NoticeView | ReportView
V = TypeVar("V", LeadView, ReportView)


def _largest(show: Callable[[int], tuple[V, str]], most: int) -> tuple[V, str]:
    """The page with the most pieces that keeps to the budget: by doubling, then by bisection."""
    best, low, high = show(0), 0, min(most, FIRST_TRY)
    while high > low:  # never a page much larger than can be sent
        tried = show(high)
        if _size(tried[1]) > HTML_BUDGET:
            break
        best, low, high = tried, high, min(most, 2 * high)
    while high - low > 1:
        middle = (low + high) // 2
        tried = show(middle)
        if _size(tried[1]) <= HTML_BUDGET:
            best, low = tried, middle
        else:
            high = middle
    return best


def _size(html: str) -> int:
    return len(html.encode())


def _inlined(template: str, wording: Wording, view: View, *, left_out: int = 0) -> str:
    return _inliner().inline(_page(template, wording, view, left_out=left_out))


def _page(template: str, wording: Wording, view: View, *, left_out: int = 0) -> str:
    return "".join(_printed(template, wording, view, left_out=left_out))


def _bytes(printed: Iterator[str]) -> bytes:
    """A long page, never held as a text."""
    page = BytesIO()
    for part in printed:
        page.write(part.encode())
    return page.getvalue()


def _text(template: str, wording: Wording, view: View, *, left_out: int = 0) -> str:
    lines = (line.rstrip() for line in _page(template, wording, view, left_out=left_out).split("\n"))
    return "\n".join(lines).strip() + "\n"


def _printed(template: str, wording: Wording, view: View, *, left_out: int = 0) -> Iterator[str]:
    """The page in parts, none of which ends inside a value."""
    link = public_link(wording.look.bot)
    parts = (
        _templates()
        .get_template(template)
        .stream(
            view=view,
            texts=wording.texts,
            language=wording.look.language,
            bot=f"@{link.removeprefix('https://t.me/')}" if link else None,
            bot_link=link,
            left_out=wording.count(left_out, wording.texts.dialogue_forms) if left_out else None,
        )
    )
    parts.enable_buffering(PARTS)
    return map(scrub, parts)


@cache
def _templates() -> Environment:
    from jinja2 import (  # with the first mail: a start has no time for it
        Environment,
        FileSystemLoader,
        StrictUndefined,
        select_autoescape,
    )

    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


@cache
def _inliner() -> CSSInliner:
    from css_inline import CSSInliner

    return CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)
