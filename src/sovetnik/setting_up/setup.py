"""What the steps share: the conversation, the flags, ``.env`` and what is set by now."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pydantic import SecretStr

from sovetnik.core.errors import ConfigError
from sovetnik.doctor.finding import Trouble
from sovetnik.doctor.patient import read_patient
from sovetnik.setting_up import words
from sovetnik.setting_up.envfile import EnvFile
from sovetnik.setting_up.given import Given
from sovetnik.setting_up.talk import Question, Talk
from sovetnik.settings import Settings

T = TypeVar("T")


@dataclass(slots=True)
class Setup:
    """One run of `sovetnik init`."""

    talk: Talk
    env: EnvFile
    given: Given
    settings: Settings

    def save(self, **changes: str | None) -> None:
        """Keep answers in ``.env``; None takes a setting out. A secret that comes from a file stays there.

        Raises:
            ConfigError: the file cannot be written.
        """
        named = {name.upper(): value for name, value in changes.items()}
        files = {name for name in (*self.env.values(), *os.environ) if name.endswith("_FILE")}
        kept = {
            name: value
            for name, value in named.items()
            if f"{name}_FILE" not in files or value != self.known(name)
        }
        try:
            self.env.change(kept)
        except Trouble as trouble:
            raise ConfigError(f"{self.talk.say(trouble.fact)}") from None
        for name, value in kept.items():
            there = os.environ.get(name)
            if there and there != value and name != "LANGUAGE":  # desktops set it; there the file goes first
                self.talk.warn(words.SHADOWED, name=name)
        self.settings = read_settings()

    def known(self, name: str) -> str | None:
        """What is set now, as text; None where nothing is."""
        value = getattr(self.settings, name.lower())
        if isinstance(value, SecretStr):
            return value.get_secret_value()
        return str(value) if value else None

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a check to its end; Ctrl-C ends it at once."""
        return asyncio.run(work)

    def proxy_question(self, flag: str, given: str | None, default: str | None = None) -> Question:
        """Asked where the direct way has failed."""
        return Question(words.PROXY, flag, given, default, optional=True)


def read_settings() -> Settings:
    """What is set; what is wrong stands at its default, for it is asked anew.

    Raises:
        ConfigError: nothing can be read.
    """
    patient, wrong = read_patient()
    if patient is None:
        raise ConfigError("\n".join(f"{name}: {problem}" for name, problem in wrong.items()))
    return patient.settings


def good_proxy(text: str) -> str:
    """A proxy's address.

    Raises:
        Trouble: it is none.
    """
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"socks5", "socks5h", "http", "https"} and bool(
            parts.hostname and parts.port
        )
    except ValueError:
        usable = False
    if not usable:
        raise Trouble(words.PROXY_FORM, words.PROXY_FORM_OUT)
    return text
