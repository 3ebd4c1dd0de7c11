"""A report's figures as the head of the page shows them."""

from __future__ import annotations

from dataclasses import dataclass

from sovetnik.mail.figures import Figures
from sovetnik.mail.wording import Wording

BAR_HEIGHT = 56
"""Pixels of the busiest hour's bar."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One headline figure; ``tone`` is ``good``, ``warn``, ``bad`` or nothing."""

    value: str
    label: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """One hour of the day."""

    hour: int
    count: int
    height: int


def headline(figures: Figures, wording: Wording) -> str:
    """What the subject says of the day."""
    texts = wording.texts
    parts = [texts.nobody_wrote_subject]
    if figures.dialogues:
        parts = [wording.count(figures.dialogues, texts.dialogue_forms)]
    if figures.new_leads:
        parts.append(wording.count(figures.new_leads, texts.lead_forms))
    if figures.failed_turns:
        parts.append(wording.count(figures.failed_turns, texts.failure_forms))
    return ", ".join(parts)


def tiles(figures: Figures, wording: Wording) -> tuple[Tile, ...]:
    """The figures worth large type."""
    texts = wording.texts
    answer = wording.duration(figures.median_answer) if figures.median_answer is not None else "—"
    bad = "bad" if figures.failed_turns else ""
    return (
        Tile(wording.number(figures.dialogues), texts.dialogues_label),
        Tile(wording.number(figures.new_customers), texts.new_customers_label),
        Tile(wording.number(figures.new_leads), texts.new_leads_label, "good" if figures.new_leads else ""),
        Tile(wording.number(figures.gaps), texts.gaps_label, "warn" if figures.gaps else ""),
        Tile(wording.number(figures.failed_turns), texts.failures_label, bad),
        Tile(wording.number(figures.customer_messages), texts.customer_messages_label),
        Tile(wording.number(figures.answers), texts.answers_label),
        Tile(answer, texts.median_label),
    )


def tokens_line(figures: Figures, wording: Wording) -> str | None:
    """What the day cost; None if nothing was spent."""
    if not figures.input_tokens + figures.output_tokens:
        return None
    return wording.texts.tokens_line.format(
        input=wording.short(figures.input_tokens),
        cached=wording.short(figures.cached_tokens),
        output=wording.short(figures.output_tokens),
    )


def quotes_line(figures: Figures, wording: Wording) -> str | None:
    """How many answers had to do without a model; None: all had one."""
    if not figures.quotes:
        return None
    count, answers = wording.number(figures.quotes), wording.number(figures.answers)
    return wording.texts.quotes_line.format(count=count, answers=answers)


def bars(figures: Figures) -> tuple[Bar, ...]:
    """Bars to scale; an hour with anything at all shows at least four pixels."""
    most = max(figures.by_hour)
    if most == 0:
        return ()
    return tuple(
        Bar(hour, count, max(4, round(BAR_HEIGHT * count / most)) if count else 0)
        for hour, count in enumerate(figures.by_hour)
    )
