"""The clock of the daily report. It only ticks: the database decides what a tick is worth."""

from sovetnik.schedule.daily import DailyReport

__all__ = ["DailyReport"]
