"""Reports: every message in exactly one, and one report for each day."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sovetnik.core.model import Answer, Limits
from sovetnik.core.owner import Window
from sovetnik.storage import SqlStore
from tests.storage.samples import Clock, answer_turn, contact, converse, database, incoming, take_turn

DAY = date(2026, 11, 22)


def said(report: object) -> list[str]:
    return [m.text for dialogue in report.dialogues for m in dialogue.messages]  # type: ignore[attr-defined]


async def made(store: SqlStore) -> list[Window]:
    """The windows of all reports whose mail waits, in order."""
    tasks = [task for task in await store.due_mails(1000) if task.kind == "report"]
    reports = [await store.report(task.ref) for task in tasks]
    return [report.window for report in reports if report]


async def test_windows_follow_each_other_without_gap_or_overlap(store: SqlStore, clock: Clock) -> None:
    await store.first_window(DAY)
    begin = clock.now
    for number in range(1, 6):
        await converse(store, number, f"вопрос {number}")
        clock.later(days=1)
        assert await store.claim_report(DAY + timedelta(days=number), clock.now)
    windows = await made(store)
    assert windows[0].start == begin
    assert all(one.end == next_.start for one, next_ in itertools.pairwise(windows))
    assert windows[-1].end == clock.now


async def test_many_racing_claims_of_a_day_make_one_report(store: SqlStore, clock: Clock) -> None:
    await store.first_window(DAY)
    clock.later(days=1)
    claims = await asyncio.gather(
        *(store.claim_report(DAY + timedelta(days=1), clock.now) for _ in range(200))
    )
    assert sum(claims) == 1
    assert len(await made(store)) == 1


async def test_two_processes_claim_a_day_once(url: str, clock: Clock) -> None:
    async with (
        SqlStore.open(url, exclusive=False, clock=clock) as one,
        SqlStore.open(url, exclusive=False, clock=clock) as two,
    ):
        claims = await asyncio.gather(
            *(s.claim_report(DAY, clock.now) for s in (one, two) for _ in range(20))
        )
        assert sum(claims) == 1


async def test_a_report_shows_what_came_before_its_moment_and_the_next_one_the_rest(
    store: SqlStore, clock: Clock
) -> None:
    await store.first_window(DAY)
    clock.later(hours=1)
    await converse(store, 1, "до", "ответ до")
    moment = clock.later(hours=1)
    await converse(store, 2, "ровно", "ответ ровно")
    clock.later(hours=1)
    await store.claim_report(DAY + timedelta(days=1), moment)
    await store.claim_report(DAY + timedelta(days=2), clock.now)
    first, second = [await store.report(task.ref) for task in await store.due_mails(10)]
    assert said(first) == ["до", "ответ до"]
    assert said(second) == ["ровно", "ответ ровно"]


async def test_a_message_stored_late_is_in_the_next_report_and_not_in_none(
    store: SqlStore, clock: Clock
) -> None:
    await store.first_window(DAY)
    clock.later(hours=1)
    await store.accept([incoming(1, "за миг до отчёта")])
    end = clock.later(seconds=0.5)
    await store.claim_report(DAY + timedelta(days=1), end)
    clock.later(seconds=0.5)
    await answer_turn(store, "после отчёта")
    await store.claim_report(DAY + timedelta(days=2), clock.later(days=1))
    first, second = [await store.report(task.ref) for task in await store.due_mails(10)]
    assert said(first) == []
    assert said(second) == ["за миг до отчёта", "после отчёта"]


EVENTS = st.tuples(st.sampled_from(["ask", "answer", "claim"]), st.floats(0, 50_000), st.floats(0, 200_000))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(events=st.lists(EVENTS, max_size=20))
def test_every_message_is_in_exactly_one_report(events: list[tuple[str, float, float]]) -> None:
    """Questions that wait, answers and claims in any order; claims whose moment lies in the past."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_ask_answer_and_claim(Path(folder), events))


async def _ask_answer_and_claim(folder: Path, events: list[tuple[str, float, float]]) -> None:
    clock = Clock()
    async with SqlStore.open(database(folder), exclusive=True, clock=clock) as store:
        await store.first_window(DAY)
        waiting = claimed = 0
        for number, (event, pause, lag) in enumerate(events, start=1):
            clock.later(seconds=pause)
            if event == "ask":
                await store.accept([incoming(number, f"вопрос {number}")])
                waiting += 1
            elif event == "answer" and waiting:
                delivery = await answer_turn(store, f"ответ {number}")
                await store.next_step(1, "worker", Limits(), (delivery.id, (1,)))
                waiting = 0
            elif event == "claim":
                claimed += 1
                await store.claim_report(DAY + timedelta(days=claimed), clock.now - timedelta(seconds=lag))
        await store.claim_report(DAY + timedelta(days=claimed + 1), clock.later(days=30))
        reports = [await store.report(task.ref) for task in await store.due_mails(1000)]
        shown = [m.id for report in reports for dialogue in report.dialogues for m in dialogue.messages]
        assert sorted(shown) == [row.message.id async for row in store.export(None, None)]


async def test_a_lead_is_in_one_report_also_after_the_owner_moved_east(store: SqlStore, clock: Clock) -> None:
    await store.first_window(DAY)
    begin = clock.now
    clock.later(hours=20)
    await store.accept([incoming(1)])
    await take_turn(store)
    await store.save_lead(1, "worker", contact(), 0)
    clock.later(hours=1)
    await store.claim_report(DAY + timedelta(days=1), clock.now)  # 23:00 in New York
    await store.claim_report(DAY + timedelta(days=2), begin + timedelta(hours=15))  # 06:00 in Tokyo
    await store.claim_report(DAY + timedelta(days=3), clock.later(days=1))
    reports = [await store.report(task.ref) for task in await store.due_mails(10) if task.kind == "report"]
    assert sum(len(report.leads) for report in reports if report) == 1


async def test_the_first_window_begins_once(store: SqlStore, clock: Clock) -> None:
    await store.first_window(DAY)
    before = await store.last_report()
    clock.later(days=3)
    await store.first_window(DAY + timedelta(days=3))
    assert await store.last_report() == before
    assert await made(store) == []


async def test_a_quiet_day_has_its_report_too(store: SqlStore, clock: Clock) -> None:
    await store.first_window(DAY)
    assert await store.claim_report(DAY + timedelta(days=1), clock.later(days=1))
    (task,) = await store.due_mails(10)
    report = await store.report(task.ref)
    assert report is not None
    assert (report.dialogues, report.leads, report.new_customers) == ((), (), 0)


async def test_a_report_counts_new_customers_leads_and_who_waits(store: SqlStore, clock: Clock) -> None:
    await store.first_window(DAY)
    clock.later(hours=1)
    await converse(store, 1, chat_id=10)
    await store.accept([incoming(2, "Хочу кровать", chat_id=20), incoming(3, chat_id=30)])
    turn = await take_turn(store, 20)
    await store.save_lead(20, "worker", contact(), 0)
    await store.answered(turn, Answer("Передал"))
    report = await store.open_report(DAY)
    assert report.window.end == clock.now
    clock.later(hours=1)
    report = await store.open_report(DAY)
    assert report.new_customers == 3
    assert [lead.chat_id for lead in report.leads] == [20]
    assert [(d.chat.id, d.lead is not None, len(d.messages)) for d in report.dialogues] == [
        (10, False, 2),
        (20, True, 2),
    ]
    assert report.waiting == 1


async def test_looking_at_the_open_report_takes_nothing_out_of_the_daily_one(
    store: SqlStore, clock: Clock
) -> None:
    await store.first_window(DAY)
    await converse(store, 1, "вопрос")
    clock.later(hours=1)
    assert said(await store.open_report(DAY)) == said(await store.open_report(DAY)) == ["вопрос", "Да"]
    await store.claim_report(DAY + timedelta(days=1), clock.now)
    (task,) = await store.due_mails(10)
    assert said(await store.report(task.ref)) == ["вопрос", "Да"]
    assert said(await store.open_report(DAY)) == []


async def test_a_calendar_day_shows_its_messages_whatever_report_they_were_in(
    store: SqlStore, clock: Clock
) -> None:
    await converse(store, 1, "сегодня")
    await store.claim_report(DAY, clock.later(hours=1))
    clock.later(days=1)
    await converse(store, 2, "завтра")
    midnight = datetime(2026, 11, 22, tzinfo=UTC)
    report = await store.day_report(Window(DAY, midnight, midnight + timedelta(days=1)))
    assert said(report) == ["сегодня", "Да"]


async def test_export_goes_beyond_one_page_in_order(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sovetnik.storage.reports.PAGE", 3)
    for number in range(1, 6):
        await converse(store, number, f"вопрос {number}", f"ответ {number}")
    assert [row.message.text async for row in store.export(None, None)] == [
        text for n in range(1, 6) for text in (f"вопрос {n}", f"ответ {n}")
    ]


async def test_export_keeps_to_its_span_over_several_pages(
    store: SqlStore, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sovetnik.storage.reports.PAGE", 2)
    times = []
    for number in range(1, 7):
        times.append(clock.later(hours=1))
        await converse(store, number, f"вопрос {number}", f"ответ {number}")
    rows = [row.message async for row in store.export(times[1], times[4])]
    assert [m.text for m in rows if m.role == "customer"] == ["вопрос 2", "вопрос 3", "вопрос 4"]
    assert all(m.created_at.utcoffset() == timedelta(0) for m in rows)


async def test_what_is_long_done_is_dropped_and_what_is_open_or_failed_stays(
    store: SqlStore, clock: Clock
) -> None:
    await converse(store, 1, "давно", chat_id=10)
    await store.accept([incoming(2, "без ответа", chat_id=20), incoming(3, "не доставлено", chat_id=30)])
    delivery = await answer_turn(store, "ждёт", chat_id=30)
    clock.later(days=10)
    await store.claim_report(DAY + timedelta(days=10), clock.now)
    assert set(await store.recover()) == {20, 30}
    assert (await store.next_step(30, "worker", Limits())) == delivery
    assert [m.text for m in (await take_turn(store, 20)).messages] == ["без ответа"]
    assert {"давно", "Да", "не доставлено", "ждёт"} <= {
        row.message.text async for row in store.export(None, None)
    }


async def test_an_update_that_telegram_repeats_after_a_day_is_still_known(
    store: SqlStore, clock: Clock
) -> None:
    await converse(store, 1)
    clock.later(hours=25)
    await store.claim_report(DAY + timedelta(days=1), clock.now)
    assert await store.accept([incoming(1)]) == set()
