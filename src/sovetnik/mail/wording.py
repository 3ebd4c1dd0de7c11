"""Numbers, times and phones as the owner reads them."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

import phonenumbers
from phonenumbers import PhoneNumberFormat

from sovetnik.core.model import Chat
from sovetnik.mail.settings import Look
from sovetnik.mail.texts import TEXTS, Forms, plural

_USERNAME = re.compile(r"[A-Za-z0-9_]{2,64}")
_E164 = re.compile(r"\+\d{4,15}")


class Wording:
    """The owner's language and time zone at work."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self.texts = TEXTS[look.language]

    def count(self, number: int, forms: Forms) -> str:
        """``5 диалогов``."""
        return f"{self.number(number)} {plural(self.look.language, number, forms)}"

    def number(self, number: int) -> str:
        """Digits in groups of three, from 10,000 on in Russian as is the custom."""
        if self.look.language == "ru" and abs(number) < 10_000:
            return str(number)
        return f"{number:,}".replace(",", self.texts.group)

    def short(self, number: int) -> str:
        """A big number in little room: ``18 тыс.``, ``1,2 млн``."""
        for size, unit in ((1_000_000, self.texts.million), (1_000, self.texts.thousand)):
            if number >= size * 0.9995:  # what would round to 1000 of the smaller unit
                value = number / size
                digits = f"{value:.0f}" if value >= 10 else f"{value:.1f}".removesuffix(".0")
                return unit.format(number=digits.replace(".", self.texts.decimal))
        return str(number)

    def duration(self, span: timedelta) -> str:
        """``4,2 с``, ``1 мин 12 с``, ``2 ч 5 мин``."""
        seconds = span.total_seconds()
        if seconds < 59.5:
            digits = f"{seconds:.1f}" if seconds < 9.95 else f"{seconds:.0f}"
            return self.texts.seconds.format(number=digits.replace(".", self.texts.decimal))
        minutes, rest = divmod(round(seconds), 60)
        if minutes < 60:
            return self.texts.minutes.format(minutes=minutes, seconds=rest)
        return self.texts.hours.format(hours=minutes // 60, minutes=minutes % 60)

    def local(self, moment: datetime) -> datetime:
        """The moment on the owner's clock."""
        return moment.astimezone(self.look.zone)

    def clock(self, moment: datetime) -> str:
        """``14:05``."""
        return f"{self.local(moment):%H:%M}"

    def day(self, day: date) -> str:
        """``21 ноября``."""
        return self.texts.day.format(day=day.day, month=self.texts.months[day.month - 1])

    def weekday(self, day: date) -> str:
        """``суббота``."""
        return self.texts.weekdays[day.weekday()]

    def day_clock(self, moment: datetime) -> str:
        """``21 ноября, 14:05``."""
        return f"{self.day(self.local(moment).date())}, {self.clock(moment)}"

    def full_time(self, moment: datetime) -> str:
        """``21 ноября 2026, 14:05 (Europe/Moscow)``."""
        local = self.local(moment)
        return f"{self.day(local.date())} {local.year}, {self.clock(moment)} ({self.zone_name})"

    @property
    def zone_name(self) -> str:
        """The time zone as the owner wrote it."""
        return self.look.zone.key


def phone_words(phone: str) -> str:
    """``+79161234567`` as ``+7 916 123-45-67``; anything unreadable stays as it is."""
    try:
        number = phonenumbers.parse(phone, None)
    except phonenumbers.NumberParseException:
        return phone
    return phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)


def phone_link(phone: str) -> str | None:
    """The ``tel:`` link of an E.164 number."""
    return f"tel:{phone}" if _E164.fullmatch(phone) else None


def public_link(username: str | None) -> str | None:
    """``https://t.me/…``, which opens everywhere; only for chats that have a username."""
    name = (username or "").removeprefix("https://t.me/").removeprefix("@")
    return f"https://t.me/{name}" if _USERNAME.fullmatch(name) else None


def app_link(chat: Chat) -> str:
    """``tg://user?id=…``, which only the Telegram app opens, and only if it has met the customer."""
    return f"tg://user?id={chat.id}"
