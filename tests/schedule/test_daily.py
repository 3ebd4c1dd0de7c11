"""The report's clock over the real store."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from sovetnik.core.errors import StorageError
from sovetnik.schedule import DailyReport
from sovetnik.storage import SqlStore
from tests.storage.samples import Clock, converse, database

MOSCOW = ZoneInfo("Europe/Moscow")
BEGIN = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)  # 09:00 in Moscow


def daily(store: SqlStore, clock: Clock, made: list[int]) -> DailyReport:
    async def last_day() -> date:
        window = await store.last_report()
        assert window is not None
        return window.day

    return DailyReport(
        at=time(9),
        zone=MOSCOW,
        last_day=last_day,
        claim=store.claim_report,
        made=lambda: made.append(1),
        clock=clock,
    )


async def test_each_day_has_one_report_however_often_and_by_however_many_the_clock_is_read(
    tmp_path: Path,
) -> None:
    clock = Clock(BEGIN)
    made: list[int] = []
    async with SqlStore.open(database(tmp_path), exclusive=True, clock=clock) as store:
        await store.first_window(date(2026, 11, 22))
        clocks = [daily(store, clock, made) for _ in range(3)]
        for step in range(4 * 24):
            clock.later(hours=1)
            if 30 <= step < 30 + 50:
                continue  # down for two days
            for each in clocks:
                await each.tick()
        reports = [await store.report(task.ref) for task in await store.due_mails(100)]
        assert [report.window.day.day for report in reports if report] == [23, 24, 25, 26]
        assert len(made) == 4


async def test_what_is_said_around_the_reports_moment_is_in_one_of_the_two(tmp_path: Path) -> None:
    clock = Clock(BEGIN)
    async with SqlStore.open(database(tmp_path), exclusive=True, clock=clock) as store:
        await store.first_window(date(2026, 11, 22))
        clock.now = BEGIN + timedelta(days=1, seconds=-1)
        await converse(store, 1, "до")
        clock.now = BEGIN + timedelta(days=1, seconds=1)
        await converse(store, 2, "после")
        clock.later(seconds=29)  # the tick comes late
        await daily(store, clock, []).tick()
        clock.later(days=1)
        await daily(store, clock, []).tick()
        reports = [await store.report(task.ref) for task in await store.due_mails(100)]
        asked = [[m.text for d in r.dialogues for m in d.messages if m.role == "customer"] for r in reports]
        assert asked == [["до"], ["после"]]


async def test_a_report_that_the_disk_refused_is_made_at_the_next_tick(tmp_path: Path) -> None:
    clock = Clock(BEGIN)
    made: list[int] = []
    async with SqlStore.open(database(tmp_path), exclusive=True, clock=clock) as store:
        await store.first_window(date(2026, 11, 22))
        clock.later(days=1)
        clockwork = daily(store, clock, made)

        async def refuse(day: date, end: datetime) -> bool:
            raise StorageError("disk full")

        clockwork._claim = refuse
        await clockwork.tick()
        assert made == []
        clockwork._claim = store.claim_report
        await clockwork.tick()
        assert made == [1]


async def test_a_tick_that_fails_in_a_way_nobody_foresaw_does_not_stop_the_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sovetnik.schedule.daily.TICK", 0.01)
    clock = Clock(BEGIN)
    reported = asyncio.Event()
    async with SqlStore.open(database(tmp_path), exclusive=True, clock=clock) as store:
        await store.first_window(date(2026, 11, 22))
        clock.later(days=1)
        clockwork = daily(store, clock, [])
        looks: list[int] = []

        async def stumble() -> date:
            looks.append(1)
            if len(looks) == 1:
                raise RuntimeError("nobody foresaw it")
            return date(2026, 11, 22)

        clockwork._last_day, clockwork._made = stumble, reported.set
        running = asyncio.create_task(clockwork.run())
        async with asyncio.timeout(5):
            await reported.wait()
        running.cancel()
