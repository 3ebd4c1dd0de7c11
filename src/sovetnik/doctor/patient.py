"""Whom the doctor looks at: the settings as far as they can be read, and what checks learn on the way."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sovetnik.core.errors import ConfigError
from sovetnik.core.model import Language
from sovetnik.doctor import words
from sovetnik.doctor.finding import PATIENCE, Finding, Said, Trouble, same
from sovetnik.settings import Settings, load_settings

_TOKEN = re.compile(r"(\d{6,}):[A-Za-z0-9_-]{20,}")
_KEY = re.compile(r"\b(sk-)[A-Za-z0-9_-]{12,}([A-Za-z0-9_-]{4})\b")


@dataclass(slots=True)
class Patient:
    """What is examined.

    Attributes:
        settings: Wrong ones stand at their defaults.
        wrong: Names of the settings whose value is wrong, with what is wrong.
        skews: How far our clock is ahead of servers', in seconds, by their host.
        clock: Gives the time, aware.
        runs_here: Whether `run` runs on this machine, as far as the database tells.
    """

    settings: Settings
    wrong: Mapping[str, str] = field(default_factory=dict[str, str])
    skews: dict[str, float] = field(default_factory=dict[str, float])
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    runs_here: bool = False

    def spoilt(self, *prefixes: str) -> Said | None:
        """Why nothing can be said of these settings; None when they can be read."""
        bad = next((name for name in self.wrong if name.startswith(prefixes)), None)
        return words.SETTINGS_WRONG.format(name=bad) if bad else None


def read_patient() -> tuple[Patient | None, dict[str, str]]:
    """The settings; wrong ones are left out, and told with what is wrong with each.

    Returns:
        The patient, or None where the settings cannot be read at all; and the wrong ones.
    """
    wrong: dict[str, str] = {}
    overrides: dict[str, Any] = {}
    while True:
        try:
            return Patient(load_settings(**overrides), wrong), wrong
        except ConfigError as error:
            told = dict(line.split(": ", 1) for line in str(error).splitlines() if ": " in line)
        new = {name: problem for name, problem in told.items() if name not in wrong}
        wrong |= new
        fields = {name.lower() for name in new} & set(Settings.model_fields)
        if not fields:
            return None, wrong
        overrides |= {name: Settings.model_fields[name].get_default() for name in fields}


def mask(text: str, secrets: list[str]) -> str:
    """A text in which no secret stands; of tokens and keys as much is left as tells one from another."""
    for secret in sorted(
        {s for s in secrets if len(s) >= 4 and not _TOKEN.fullmatch(s)}, key=len, reverse=True
    ):
        text = text.replace(secret, shortened(secret))
    text = _TOKEN.sub(r"\1:***", text)
    return _KEY.sub(r"\1…\2", text)


def shortened(secret: str) -> str:
    """As much of a secret as tells it from another one."""
    if match := _TOKEN.fullmatch(secret):
        return f"{match.group(1)}:***"
    return f"{secret[:3]}…{secret[-4:]}" if len(secret) >= 20 else "***"


async def within(name: str, check: Awaitable[Finding], seconds: float = PATIENCE) -> Finding:
    """A check's finding, or that it took too long or met something that nobody foresaw."""
    try:
        async with asyncio.timeout(seconds):
            return await check
    except Trouble as trouble:
        return trouble.finding(name)
    except TimeoutError:
        return Finding(name, "broken", words.TOO_SLOW.format(seconds=round(seconds)))
    except Exception as error:  # noqa: BLE001 - one check's mistake must not hide the others
        problem = f"{type(error).__name__}: {error}"
        return Finding(name, "broken", words.FAILED.format(error=problem), words.FAILED_OUT)


def skipped(name: str, why: Said) -> Finding:
    """A check that needs what another one found wrong."""
    return Finding(name, "skipped", words.NOT_CHECKED.format(why=why))


def place(url: str) -> str:
    """Host and port of a URL, without the login."""
    return url.rsplit("@", 1)[-1].split("://", 1)[-1].split("/", 1)[0]


def language_of(patient: Patient | None, fallback: Language) -> Language:
    """The owner's language, where it is known."""
    return (
        patient.settings.language if patient and "language" in patient.settings.model_fields_set else fallback
    )


def literal(error: BaseException) -> Said:
    """Somebody else's words, in one line."""
    text = str(error).strip() or type(error).__name__
    return same(text.split("\n", 1)[0][:200])
