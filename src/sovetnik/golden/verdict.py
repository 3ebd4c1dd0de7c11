"""What is missing in an answer, in the owner's language."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, cast

from sovetnik.core.model import Answer, Trace
from sovetnik.core.texts import language_of
from sovetnik.golden.cases import Case, Doing
from sovetnik.golden.matching import holds, plain
from sovetnik.golden.rehearsal import Played
from sovetnik.golden.texts import texts

_ASKS = re.compile(
    r"(?:остав|напиш|укаж|пришл|сообщ|дайте|подскаж|нуж[не]|какой|продикт|отправ|поделит)[^.!?]{0,70}"
    r"(?:телефон|номер(?! заказа)|контакт)"
    r"|(?:телефон|номер телефона)[^.!?]{0,40}\?"
    r"|\b(?:leave|send|share|give|tell|provide|need|write|type|may i have|could i have|what(?:'s| is))\b"
    r"[^.!?]{0,70}(?:phone|(?<!order )number|contact)",
    re.IGNORECASE,
)
_UNKNOWN = re.compile(
    r"\bне (?:наше?л|нашла|нашлось|знаю|указан|сказано|написано|упомина|располага|подскажу|увере)"
    r"|\bне могу (?:точно )?(?:сказать|ответить|подтвердить|подсказать)"
    r"|\bнет (?:[а-я]+ ){0,2}(?:информации|данных|сведений)|документах (?:[а-я]+ ){0,4}нет\b"
    r"|\b(?:do not|don't|did not|didn't) (?:know|find)|\b(?:have not|haven't|could not|couldn't) f[oi]u?nd"
    r"|\b(?:cannot|can't|could not|couldn't) (?:say|tell|confirm)"
    r"|\b(?:no|not have (?:any )?|n't have (?:any )?|nothing) ?(?:information|details|data|certain)"
    r"|\bnot (?:sure|mentioned|specified|stated|in (?:our|the) documents)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Result:
    """How a case went.

    Attributes:
        problems: What is missing; empty unless it failed.
        why: Why it was skipped.
    """

    case: Case
    status: Literal["passed", "failed", "skipped"]
    problems: tuple[str, ...] = ()
    played: Played | None = None
    why: str = ""


def problems(case: Case, played: Played) -> list[str]:
    """Everything that an answer lacks; empty for a good one."""
    own = texts()
    answer = played.answer
    if answer is None:
        return [own.no_answer]
    found: list[str] = []
    if played.failure is not None:
        code = next(trace.answer.error_code for trace in played.traces if trace.answer.error_code)
        found.append(own.model_failed.format(code=code, reason=played.failure or own.see_log))
    found += [own.lacks.format(wanted=wanted) for wanted in case.must if not holds(answer.text, wanted)]
    found += [own.holds.format(wanted=wanted) for wanted in case.must_not if holds(answer.text, wanted)]
    found += _not_cited(case, answer)
    found += [own.does_not[doing] for doing in case.does if not _does(doing, played)]
    if case.language and language_of(answer.text, None) != case.language:
        found.append(own.other_language.format(wanted=case.language))
    return found


def _not_cited(case: Case, answer: Answer) -> Iterator[str]:
    own = texts()
    given = list(dict.fromkeys(passage.source for passage in answer.passages))
    for wanted in case.cites:
        name = wanted.casefold().removeprefix("knowledge/")
        if not any(source.casefold() == name or source.casefold().endswith(f"/{name}") for source in given):
            yield own.not_cited.format(wanted=wanted, given=", ".join(given) or own.nothing_given)


def _does(doing: Doing, played: Played) -> bool:
    """From the tools that were called, else from the answer's words."""
    last = played.traces[-1]
    said = plain(last.answer.text)
    if doing == "saves_contact":
        return any(_saved(trace) for trace in played.traces)
    if doing == "ask_contact":
        return _called(last, "offer_phone_button") or _ASKS.search(said) is not None
    return _called(last, "note_unanswered") or _UNKNOWN.search(said) is not None


def _called(trace: Trace, tool: str) -> bool:
    return any(name == tool for name, _, _ in trace.tools)


def _saved(trace: Trace) -> bool:
    results = [
        cast("object", json.loads(result)) for name, _, result in trace.tools if name == "save_contact"
    ]
    return any(isinstance(result, dict) and result.get("saved") is True for result in results)  # pyright: ignore[reportUnknownMemberType]
