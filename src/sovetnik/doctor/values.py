"""The settings themselves: wrong values, unknown names, who can read the file."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path

from sovetnik.doctor import words
from sovetnik.doctor.finding import Finding, same
from sovetnik.doctor.patient import Patient
from sovetnik.settings import ENV_FILE, unknown_names


def values(patient: Patient | None, wrong: Mapping[str, str]) -> list[Finding]:
    """All of it, one line for each thing that is wrong."""
    findings = [
        Finding(
            "settings",
            "broken",
            same(f"{name}: {problem}"),
            # the file itself is told with its own way out
            None if name == str(ENV_FILE) else words.SETTING_WRONG_OUT.format(name=name),
        )
        for name, problem in wrong.items()
    ]
    if patient and not wrong:
        has_file = ENV_FILE.exists()
        where = words.SETTINGS_WHERE_FILE if has_file else words.SETTINGS_WHERE_ENV.format(folder=Path.cwd())
        count = len(patient.settings.model_fields_set)
        findings.append(Finding("settings", "ok", words.SETTINGS_GOOD.format(count=count, where=where)))
    return [*findings, *check_names(), *check_file()]


def check_names() -> list[Finding]:
    """Names that look like settings and are none."""
    try:
        problems = unknown_names()
    except (OSError, UnicodeDecodeError):
        return []  # .env cannot be read, which the settings themselves have told
    findings: list[Finding] = []
    for line in problems:
        name, _, hint = line.partition(": ")
        near = hint.partition("did you mean ")[2].rstrip("?")
        out = words.UNKNOWN_NEAR_OUT.format(near=near) if near else words.UNKNOWN_OUT
        findings.append(Finding("unknown", "warning", words.UNKNOWN_NEAR.format(name=name), out))
    return findings or [Finding("unknown", "ok", words.NAMES_GOOD)]


def check_file() -> list[Finding]:
    """Whether others can read ``.env``."""
    try:
        mode = stat.S_IMODE(ENV_FILE.stat().st_mode)
    except OSError:
        return []
    if mode & 0o077:
        fact = words.ENV_FILE_OPEN.format(mode=mode)
        return [Finding("env_file", "warning", fact, same("chmod 600 .env"))]
    return [Finding("env_file", "ok", words.ENV_FILE_GOOD)]
