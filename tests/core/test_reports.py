"""When a report is due, and whose day it is."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sovetnik.core.owner import Window
from sovetnik.core.reports import CATCH_UP, calendar_day, current_day, due_reports, moment, shown_day

BERLIN, NEW_YORK, MOSCOW = (ZoneInfo(name) for name in ("Europe/Berlin", "America/New_York", "Europe/Moscow"))
ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
    "America/Sao_Paulo",
    "Africa/Cairo",
]


def tick(
    begin: datetime, days: float, at: time, zone: ZoneInfo, last: date, minutes: float = 20
) -> list[tuple[date, datetime]]:
    """What a clock that looks every so many minutes makes of it: days with the moment they were made."""
    made: list[tuple[date, datetime]] = []
    now = begin
    while now <= begin + timedelta(days=days):
        for day, _ in due_reports(last, now, at, zone):
            made.append((day, now))
            last = day
        now += timedelta(minutes=minutes)
    return made


@pytest.mark.parametrize(
    ("zone", "night"),
    [
        (BERLIN, date(2026, 3, 29)),
        (BERLIN, date(2026, 10, 25)),
        (NEW_YORK, date(2026, 3, 8)),
        (NEW_YORK, date(2026, 11, 1)),
    ],
)
def test_a_report_time_that_the_clock_skips_or_repeats_gives_one_report(zone: ZoneInfo, night: date) -> None:
    begin = datetime.combine(night - timedelta(days=2), time(12), zone).astimezone(UTC)
    made = tick(begin, 4, time(2, 30), zone, night - timedelta(days=2))
    assert [day for day, _ in made] == [night + timedelta(days=n) for n in (-1, 0, 1, 2)]
    (at,) = [now for day, now in made if day == night]
    assert at.astimezone(zone).date() == night
    assert at.astimezone(zone).hour in {2, 3}


def test_a_repeated_hour_is_taken_the_first_time() -> None:
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # 02:30 in summer time
    assert moment(date(2026, 10, 25), time(2, 30), BERLIN) == first


def test_after_three_days_down_each_day_is_made_good_once() -> None:
    now = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
    due = due_reports(date(2026, 11, 18), now, time(9), MOSCOW)
    assert [day.day for day, _ in due] == [19, 20, 21, 22]
    assert all(end.astimezone(MOSCOW).time() == time(9) for _, end in due)
    assert due_reports(due[-1][0], now, time(9), MOSCOW) == []


def test_after_months_down_no_more_than_a_week_is_made_good() -> None:
    due = due_reports(date(2026, 1, 1), datetime(2026, 11, 22, 12, 0, tzinfo=UTC), time(9), MOSCOW)
    assert [day.day for day, _ in due] == list(range(23 - CATCH_UP, 23))


def test_a_report_is_not_due_a_minute_early_and_is_due_on_time() -> None:
    at = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
    last = date(2026, 11, 21)
    assert due_reports(last, at - timedelta(minutes=1), time(9), MOSCOW) == []
    assert due_reports(last, at, time(9), MOSCOW) == [(date(2026, 11, 22), at)]


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Los_Angeles", "Pacific/Kiritimati"])
def test_after_a_change_of_zone_each_day_still_has_one_report(zone: str) -> None:
    begin = datetime(2026, 11, 1, tzinfo=UTC)
    before = tick(begin, 10.4, time(9), MOSCOW, date(2026, 10, 31))
    last = before[-1][0]
    after = tick(begin + timedelta(days=10.4), 10, time(9), ZoneInfo(zone), last)
    days = [day for day, _ in (*before, *after)]
    assert days == [days[0] + timedelta(days=n) for n in range(len(days))]


def test_a_clock_set_back_makes_no_day_twice() -> None:
    now = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)
    assert due_reports(date(2026, 11, 22), now - timedelta(days=2), time(9), MOSCOW) == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    at=st.times().map(lambda t: t.replace(second=0, microsecond=0)),
    first=st.dates(date(2024, 1, 1), date(2030, 1, 1)),
)
def test_each_of_800_days_has_exactly_one_moment_after_the_one_before(
    zone: ZoneInfo, at: time, first: date
) -> None:
    days = [first + timedelta(days=n) for n in range(800)]
    moments = [moment(day, at, zone) for day in days]
    gaps = [after - before for before, after in itertools.pairwise(moments)]
    assert all(timedelta(hours=22) <= gap <= timedelta(hours=26) for gap in gaps)
    for day, end in zip(days, moments, strict=True):
        assert due_reports(day - timedelta(days=1), end, at, zone)[:1] == [(day, end)]
        # A skipped local time may fall on the next date only where the clock skips midnight itself.
        assert abs((end.astimezone(zone).date() - day).days) <= (at < time(0, 59) or at >= time(23))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    at=st.times().map(lambda t: t.replace(second=0, microsecond=0)),
    now=st.integers(0, 6 * 365 * 24 * 60).map(
        lambda n: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=n)
    ),
)
def test_the_current_day_is_the_one_whose_report_is_no_longer_due(
    zone: ZoneInfo, at: time, now: datetime
) -> None:
    day = current_day(now, at, zone)
    assert due_reports(day, now, at, zone) == []
    assert [due for due, _ in due_reports(day - timedelta(days=1), now, at, zone)] == [day]


def test_calendar_days_meet_at_the_owners_midnight_also_when_the_clock_changes() -> None:
    day = date(2026, 10, 24)
    windows = [calendar_day(day + timedelta(days=n), BERLIN) for n in range(3)]
    assert [(w.end - w.start).total_seconds() / 3600 for w in windows] == [24, 25, 24]
    assert windows[0].end == windows[1].start
    assert windows[1].end == windows[2].start


@pytest.mark.parametrize(("hour", "shown"), [(9, 21), (21, 22), (0, 21), (23, 22)])
def test_a_report_is_called_by_the_day_it_tells_of(hour: int, shown: int) -> None:
    end = moment(date(2026, 11, 22), time(hour), MOSCOW)
    assert shown_day(Window(date(2026, 11, 22), end - timedelta(days=1), end), MOSCOW).day == shown
