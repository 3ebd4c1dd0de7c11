"""What a notice about the model shows, as plain values for the templates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from sovetnik.core.owner import Notice
from sovetnik.mail.bubbles import Limits, Shortener
from sovetnik.mail.headers import header_text, scrub
from sovetnik.mail.markdown import plain_html
from sovetnik.mail.notice_texts import NOTICE_TEXTS, Check, NoticeTexts
from sovetnik.mail.wording import Wording


@dataclass(frozen=True, slots=True)
class NoticeView:
    """A notice; ``tone`` is ``good``, ``warn`` or ``bad``, empty parts are left out."""

    subject: str
    words: NoticeTexts
    tone: str
    moment: str
    what: str
    detail_label: str
    detail: str
    detail_html: Markup
    meanwhile: str
    checks: tuple[Check, ...]
    code: str


def notice_view(notice: Notice, at: datetime, wording: Wording, limits: Limits) -> NoticeView:
    """Prepare a notice for the templates."""
    words = NOTICE_TEXTS[wording.look.language]
    detail = _detail(notice, limits)
    code = header_text(notice.code)
    return NoticeView(
        subject=words.titles[notice.kind],
        words=words,
        tone={"model_down": "bad", "budget_spent": "warn", "model_back": "good"}[notice.kind],
        moment=wording.full_time(at),
        what=_what(notice, words, wording),
        detail_label=words.before if notice.kind == "model_back" else words.details,
        detail=detail,
        detail_html=plain_html(detail),
        meanwhile=words.meanwhile[notice.kind],
        checks=words.checks[notice.kind],
        code=words.code.format(code=code) if code else "",
    )


def _what(notice: Notice, words: NoticeTexts, wording: Wording) -> str:
    if notice.kind == "budget_spent":
        return words.budget.format(zone=wording.zone_name)
    if notice.kind == "model_back":
        return words.back
    return words.causes.get(notice.detail.partition(":")[0], words.unknown_cause)


def _detail(notice: Notice, limits: Limits) -> str:
    """The log's words; a spent budget is told in ours already."""
    if notice.kind == "budget_spent":
        return ""
    return Shortener(limits).text(scrub(notice.detail).strip(), limits.value)
