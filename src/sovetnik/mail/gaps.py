"""What customers asked and the documents do not say, each question once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sovetnik.core.model import Chat
from sovetnik.core.owner import Report
from sovetnik.mail.headers import scrub


@dataclass(frozen=True, slots=True)
class Asking:
    """One customer asking, at the time of the answer that had to do without."""

    chat: Chat
    at: datetime


@dataclass(slots=True)
class Gap:
    """One question as it was put first, and everybody who put it, oldest first."""

    question: str
    askings: list[Asking] = field(default_factory=list[Asking])


def find_gaps(report: Report) -> tuple[Gap, ...]:
    """The window's unanswered questions, those asked most often first, then by time."""
    askings = [
        (" ".join(scrub(message.unanswered).split()), Asking(dialogue.chat, message.created_at))
        for dialogue in report.dialogues
        for message in dialogue.messages
        if message.unanswered
    ]
    gaps: dict[str, Gap] = {}
    for question, asking in sorted(askings, key=lambda pair: pair[1].at):
        if same := _key(question):
            gaps.setdefault(same, Gap(question)).askings.append(asking)
    return tuple(sorted(gaps.values(), key=lambda gap: -len(gap.askings)))


def _key(question: str) -> str:
    """Equal for questions that differ in case, spaces or the mark at the end."""
    return question.casefold().rstrip(" ?!.…") or question
