"""Disk, clock, time zone, the next report, ports."""

from __future__ import annotations

import shutil
import socket
from datetime import date, datetime, timedelta
from pathlib import Path

from sovetnik.core.errors import ConfigError
from sovetnik.core.reports import moment
from sovetnik.doctor import words_here as words
from sovetnik.doctor.finding import Finding, same
from sovetnik.doctor.patient import Patient, skipped
from sovetnik.settings import Settings
from sovetnik.storage.opening import local_folder

LEAST_FREE, FEW_FREE = 100e6, 1e9
"""Bytes: below the first a day's writing may fail, below the second it is time to look."""

SKEW_SHOWS, SKEW_BREAKS = 30.0, 300.0
"""Seconds: a report that is half a minute early is seen, five minutes break TLS and signatures."""


def machine(patient: Patient) -> list[Finding]:
    """All of it; to be looked at after the servers were asked, for they tell the time."""
    report = patient.spoilt("REPORT_TIME", "TIMEZONE")
    zone = patient.spoilt("TIMEZONE")
    findings = [
        check_disk(_data_folder(patient.settings)),
        check_clock(patient.skews),
        skipped("zone", zone) if zone else check_zone(patient),
        skipped("report", report) if report else check_report(patient),
    ]
    ports = check_ports(patient)
    return [*findings, ports] if ports else findings


def check_disk(folder: Path) -> Finding:
    """Free space where the database lies."""
    free = shutil.disk_usage(folder).free
    if free < FEW_FREE:
        state = "broken" if free < LEAST_FREE else "warning"
        fact = words.DISK_LOW.format(free=words.size(free), path=folder)
        return Finding("disk", state, fact, words.DISK_LOW_OUT)
    return Finding("disk", "ok", words.DISK_GOOD.format(free=words.size(free)))


def check_clock(skews: dict[str, float]) -> Finding:
    """Our clock against the servers'."""
    if not skews:
        return skipped("clock", words.CLOCK_UNKNOWN)
    host, skew = max(skews.items(), key=lambda row: abs(row[1]))
    if abs(skew) < SKEW_SHOWS:
        return Finding("clock", "ok", words.CLOCK_GOOD.format(seconds=max(1, round(abs(skew)))))
    state = "broken" if abs(skew) >= SKEW_BREAKS else "warning"
    fact = words.CLOCK_OFF.format(span=words.span(skew), host=host)
    return Finding("clock", state, fact, words.CLOCK_OFF_OUT)


def check_zone(patient: Patient) -> Finding:
    """Whose day and hour it is."""
    settings = patient.settings
    now = f"{patient.clock().astimezone(settings.timezone):%H:%M}"
    if "timezone" in settings.model_fields_set:
        return Finding("zone", "ok", words.ZONE_GOOD.format(zone=settings.timezone.key, now=now))
    fact = words.ZONE_UNSET.format(zone=settings.timezone.key, now=now)
    return Finding("zone", "warning", fact, words.ZONE_UNSET_OUT)


def next_report(settings: Settings, now: datetime) -> datetime:
    """When the next report is due, in the owner's zone."""
    today: date = now.astimezone(settings.timezone).date()
    at = moment(today, settings.report_time, settings.timezone)
    if at <= now:
        at = moment(today + timedelta(days=1), settings.report_time, settings.timezone)
    return at.astimezone(settings.timezone)


def check_report(patient: Patient) -> Finding:
    """When the next report goes out, and to whom."""
    settings = patient.settings
    at = f"{next_report(settings, patient.clock()):%d.%m.%Y %H:%M}"
    if settings.report_to and settings.smtp_host:
        return Finding("report", "ok", words.REPORT_GOOD.format(at=at, to=", ".join(settings.report_to)))
    return Finding("report", "warning", words.REPORT_NOBODY.format(at=at), words.REPORT_NOBODY_OUT)


def check_ports(patient: Patient) -> Finding | None:
    """Whether the ports that `run` listens on are free; None where there are none, or `run` has them."""
    settings = patient.settings
    wanted = {"HTTP_LISTEN": settings.http_listen}
    if settings.telegram_webhook_url:
        wanted["TELEGRAM_WEBHOOK_LISTEN"] = settings.telegram_webhook_listen
    asked = {name: address for name, address in wanted.items() if address}
    if not asked or patient.runs_here:
        return None
    for name, address in asked.items():
        host, _, port = address.rpartition(":")
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            with socket.create_server((host.strip("[]"), int(port)), family=family):
                pass
        except OSError as error:
            fact = words.PORT_TAKEN.format(
                name=name, address=address, error=same(error.strerror or str(error))
            )
            return Finding("ports", "broken", fact, words.PORT_TAKEN_OUT.format(name=name))
    return Finding("ports", "ok", words.PORTS_GOOD.format(addresses=", ".join(asked.values())))


def _data_folder(settings: Settings) -> Path:
    """Where the database and the index of the documents lie or will lie, as far as it exists."""
    try:
        folder = local_folder(settings.database_url.get_secret_value()).absolute()
    except ConfigError:
        folder = Path.cwd()
    return next(parent for parent in (folder, *folder.parents) if parent.is_dir())
