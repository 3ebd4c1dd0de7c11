"""The owner's time zone: guessed from the system, or found by a city."""

from __future__ import annotations

import os
from datetime import time
from importlib.resources import files
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

import phonenumbers

from sovetnik.doctor.finding import Trouble
from sovetnik.setting_up import words

_RUSSIAN = {
    "москва": "Europe/Moscow",
    "мск": "Europe/Moscow",
    "санкт-петербург": "Europe/Moscow",
    "петербург": "Europe/Moscow",
    "спб": "Europe/Moscow",
    "казань": "Europe/Moscow",
    "краснодар": "Europe/Moscow",
    "нижний новгород": "Europe/Moscow",
    "ростов-на-дону": "Europe/Moscow",
    "калининград": "Europe/Kaliningrad",
    "волгоград": "Europe/Volgograd",
    "саратов": "Europe/Saratov",
    "самара": "Europe/Samara",
    "екатеринбург": "Asia/Yekaterinburg",
    "челябинск": "Asia/Yekaterinburg",
    "пермь": "Asia/Yekaterinburg",
    "уфа": "Asia/Yekaterinburg",
    "тюмень": "Asia/Yekaterinburg",
    "омск": "Asia/Omsk",
    "новосибирск": "Asia/Novosibirsk",
    "томск": "Asia/Tomsk",
    "барнаул": "Asia/Barnaul",
    "красноярск": "Asia/Krasnoyarsk",
    "иркутск": "Asia/Irkutsk",
    "чита": "Asia/Chita",
    "якутск": "Asia/Yakutsk",
    "владивосток": "Asia/Vladivostok",
    "хабаровск": "Asia/Vladivostok",
    "магадан": "Asia/Magadan",
    "сахалин": "Asia/Sakhalin",
    "камчатка": "Asia/Kamchatka",
    "минск": "Europe/Minsk",
    "алматы": "Asia/Almaty",
    "астана": "Asia/Almaty",
    "ташкент": "Asia/Tashkent",
    "бишкек": "Asia/Bishkek",
    "ереван": "Asia/Yerevan",
    "тбилиси": "Asia/Tbilisi",
    "баку": "Asia/Baku",
}


def system_zone() -> str:
    """The zone of this machine, as far as it tells."""
    for name in (os.environ.get("TZ", ""), _linked()):
        if name in available_timezones() and name not in {"Etc/UTC", "UTC", "Universal", "Zulu"}:
            return name
    return "UTC"


def country_of(zone: str) -> str | None:
    """The country of a zone, two letters as in ``PHONE_REGION``; None where it is no country's (UTC)."""
    if zone == "Europe/Simferopol":  # numbers there are Russian, whatever the table says
        return None
    table = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in table.splitlines() if not line.startswith("#"))
    found = {country for country, _, name, *_ in rows if name == zone}
    return found.pop() if len(found) == 1 and found <= phonenumbers.SUPPORTED_REGIONS else None


def find_zone(text: str) -> ZoneInfo:
    """A zone by its name, or by a city's.

    Raises:
        Trouble: none is known.
    """
    wanted = text.strip()
    known = available_timezones()
    if wanted in known:
        return ZoneInfo(wanted)
    if wanted.lower().replace("ё", "е") in _RUSSIAN:
        return ZoneInfo(_RUSSIAN[wanted.lower().replace("ё", "е")])
    folded = wanted.lower().replace(" ", "_")
    for name in sorted(known, key=lambda name: (not name.startswith(("Europe/", "Asia/")), name)):
        if folded in (name.lower(), name.lower().rpartition("/")[2]):
            return ZoneInfo(name)
    raise Trouble(words.ZONE_FORM.format(text=wanted), words.ZONE_FORM_OUT)


def find_time(text: str) -> time:
    """A time of day: 9, 9:30, 09.30.

    Raises:
        Trouble: it is none.
    """
    hour, _, minute = text.strip().replace(".", ":").partition(":")
    try:
        return time(int(hour), int(minute or 0))
    except ValueError:
        raise Trouble(words.TIME_FORM.format(text=text), words.TIME_FORM_OUT) from None


def _linked() -> str:
    try:
        target = str(Path("/etc/localtime").resolve())
        return target.partition("zoneinfo/")[2] or Path("/etc/timezone").read_text(encoding="utf-8").strip()
    except OSError:
        return ""
