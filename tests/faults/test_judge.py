"""The harness's judge is not blind: it finds what it is there to find, and lets off only what has a proof."""

from __future__ import annotations

from datetime import date

import pytest

from tests.faults.judge import (
    Lapse,
    MailTaken,
    Taken,
    Takeover,
    Verdict,
    judge_chat,
    judge_leads,
    judge_mails,
    judge_reports,
    judge_takeovers,
)

CHAT = 77


def stored(*answers: str, asked: int = 2) -> list[tuple[str, str]]:
    """The export of a chat with one answer for each question."""
    lines: list[tuple[str, str]] = []
    for number in range(asked):
        lines.append(("customer", f"q0x{number} сколько?"))
        if number < len(answers):
            lines.append(("assistant", answers[number]))
    return lines


def judged(taken: list[Taken], export: list[tuple[str, str]], *lapses: Lapse, asked: int = 2) -> Verdict:
    verdict = Verdict()
    judge_chat(verdict, 0, CHAT, asked, taken, export, lapses)
    return verdict


def test_an_answer_for_each_message_is_sound() -> None:
    verdict = judged([Taken("a0x0", 1.0), Taken("a0x1", 2.0)], stored("a0x0", "a0x1"))
    assert verdict.sound
    assert verdict.named == 2


def test_one_answer_may_name_several_messages() -> None:
    export = [("customer", "q0x0"), ("customer", "q0x1"), ("assistant", "a0x0 a0x1")]
    assert judged([Taken("a0x0 a0x1", 1.0)], export).sound


def test_a_quote_answers_what_was_asked_since_the_answer_before() -> None:
    export = stored("a0x0", "Из документов …")
    verdict = judged([Taken("a0x0", 1.0), Taken("Из документов …", 2.0)], export)
    assert verdict.sound
    assert verdict.quoted == 1


def test_a_message_without_an_answer_is_lost() -> None:
    assert judged([Taken("a0x0", 1.0)], stored("a0x0")).lost == ["q0x1"]


def test_an_answer_that_is_stored_and_never_sent_breaks_the_contract() -> None:
    verdict = judged([Taken("a0x0", 1.0)], stored("a0x0", "a0x1"))
    assert verdict.lost == ["q0x1"]
    assert not verdict.sound


def test_two_different_answers_to_one_message_are_a_double() -> None:
    taken = [Taken("a0x0 a0x1", 1.0), Taken("a0x1 ещё", 2.0)]
    export = [
        ("customer", "q0x0"),
        ("customer", "q0x1"),
        ("assistant", taken[0].text),
        ("assistant", "a0x1 ещё"),
    ]
    assert judged(taken, export).doubled


def test_answers_in_the_wrong_order_are_found() -> None:
    verdict = judged([Taken("a0x1", 1.0), Taken("a0x0", 2.0)], stored("a0x1", "a0x0"))
    assert verdict.reordered


TWICE = [Taken("a0x0", 1.0), Taken("a0x0", 5.0), Taken("a0x1", 6.0)]


@pytest.mark.parametrize(
    "lapse",
    [
        Lapse(2.0, 3.0),  # its note was on disk
        Lapse(0.2, 0.5, frozenset({(CHAT, "0x0")})),  # before the first copy
        Lapse(7.0, 8.0, frozenset({(CHAT, "0x0")})),  # after the second
        Lapse(2.0, 3.0, frozenset({(CHAT, "0x1")})),  # another answer was open
        Lapse(2.0, 3.0, frozenset({(CHAT + 1, "0x0")})),  # another chat's
    ],
)
def test_a_copy_without_a_proof_is_a_double(lapse: Lapse) -> None:
    assert judged(TWICE, stored("a0x0", "a0x1")).doubled
    assert judged(TWICE, stored("a0x0", "a0x1"), lapse).doubled


def test_a_copy_is_let_off_when_the_kill_left_its_answer_open() -> None:
    verdict = judged(TWICE, stored("a0x0", "a0x1"), Lapse(2.0, 3.0, frozenset({(CHAT, "0x0")})))
    assert verdict.sound
    assert verdict.let_off.total() == 1
    assert verdict.widths == [1.0]


def test_a_copy_is_let_off_when_telegrams_word_was_kept_back_once_for_each_copy() -> None:
    unheard = Taken("a0x0", 1.0, unheard=True)
    assert judged([unheard, *TWICE[1:]], stored("a0x0", "a0x1")).sound
    assert judged([unheard, *TWICE], stored("a0x0", "a0x1")).doubled


def test_leads_and_their_mails_are_counted() -> None:
    wanted = {1: "+79162000001", 2: "+79162000002"}
    rows = [{"chat_id": chat, "phone": phone} for chat, phone in wanted.items()]
    mails = [MailTaken(f"lead-{n}", 1.0, text=f"Телефон +7 916 200-00-0{n}") for n in (1, 2)]
    sound, lost, twice, unsent = Verdict(), Verdict(), Verdict(), Verdict()
    judge_leads(sound, wanted, rows, mails)
    judge_leads(lost, wanted, rows[:1], mails)
    judge_leads(twice, wanted, [*rows, rows[0]], mails)
    judge_leads(unsent, wanted, rows, mails[:1])
    assert [verdict.sound for verdict in (sound, lost, twice, unsent)] == [True, False, False, False]


def test_a_mail_that_came_twice_needs_a_proof() -> None:
    twice = [MailTaken("lead-1", 1.0), MailTaken("lead-1", 5.0)]
    bare, killed, unheard = Verdict(), Verdict(), Verdict()
    judge_mails(bare, twice, [])
    judge_mails(killed, twice, [Lapse(2.0, 3.0, open_mails=frozenset({"lead-1"}))])
    judge_mails(unheard, [MailTaken("lead-1", 1.0, unheard=True), twice[1]], [])
    assert [verdict.sound for verdict in (bare, killed, unheard)] == [False, True, True]


def test_each_day_has_a_report_and_each_message_is_in_one() -> None:
    days = [date(2026, 10, 24), date(2026, 10, 25)]
    first = MailTaken("report-2026-10-24", 1.0, text="q0x0 a0x0")
    second = MailTaken("report-2026-10-25", 2.0, text="q0x1 a0x1")
    again = MailTaken("report-2026-10-25", 2.0, text="q0x0 q0x1")
    verdicts = [Verdict() for _ in range(4)]
    owed = {(0, 0), (0, 1)}
    for verdict, reports in zip(
        verdicts, ([first, second], [first], [first, again], [first, second, second]), strict=True
    ):
        judge_reports(verdict, days, owed, set(), reports)
    assert [verdict.sound for verdict in verdicts] == [True, False, False, False]


def test_a_takeover_that_took_more_than_half_a_minute_is_found() -> None:
    quick, slow = Verdict(), Verdict()
    judge_takeovers(quick, [Takeover("killed", 29.0, 3)])
    judge_takeovers(slow, [Takeover("killed", 29.0, 3), Takeover("frozen", 31.0, 1)])
    assert [verdict.sound for verdict in (quick, slow)] == [True, False]
