"""When a report is due, and whose day it is. Moments are UTC; days are the owner's."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sovetnik.core.owner import Window

CATCH_UP = 7
"""Days made good after down time; what is older goes into the first of them."""


def moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    """When the report of a day is due.

    A local time that daylight saving skips comes an hour later by the clock; one that it repeats is
    taken the first time. So each day has exactly one moment.
    """
    return datetime.combine(day, at.replace(fold=0), zone).astimezone(UTC)


def due_reports(last: date, now: datetime, at: time, zone: ZoneInfo) -> list[tuple[date, datetime]]:
    """Days after ``last`` whose moment has come, oldest first, with those moments."""
    today = now.astimezone(zone).date()
    first = max(last + timedelta(days=1), today - timedelta(days=CATCH_UP - 1))
    days = [first + timedelta(days=n) for n in range((today - first).days + 1)]
    return [(day, end) for day in days if (end := moment(day, at, zone)) <= now]


def current_day(now: datetime, at: time, zone: ZoneInfo) -> date:
    """The day whose report was last due at ``now``."""
    today = now.astimezone(zone).date()
    return today if moment(today, at, zone) <= now else today - timedelta(days=1)


def calendar_day(day: date, zone: ZoneInfo) -> Window:
    """The whole day, from midnight to midnight of the owner's clock."""
    return Window(day, moment(day, time(), zone), moment(day + timedelta(days=1), time(), zone))


def shown_day(window: Window, zone: ZoneInfo) -> date:
    """What a window is called: the day that most of it lies in.

    A report at 09:00 tells of yesterday, one at 21:00 of today.
    """
    half = min(window.end - window.start, timedelta(days=1)) / 2
    return (window.end - half).astimezone(zone).date()
