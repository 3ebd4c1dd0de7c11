"""The clock of the daily report. APScheduler only ticks; the database decides what a tick is worth."""

from sovetnik.schedule.daily import DailyReport

__all__ = ["DailyReport"]
