"""`sovetnik init` from the first question to the last line."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote

from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from sovetnik.core.errors import ConfigError
from sovetnik.core.model import Language
from sovetnik.doctor.finding import Trouble
from sovetnik.doctor.machine import next_report
from sovetnik.setting_up import words
from sovetnik.setting_up.bot_step import bot_step
from sovetnik.setting_up.business_step import documents_step, texts_step
from sovetnik.setting_up.envfile import EnvFile
from sovetnik.setting_up.finish import pairing_link, read_documents, trial_step
from sovetnik.setting_up.given import Given
from sovetnik.setting_up.mail_step import mail_step
from sovetnik.setting_up.model_step import model_step
from sovetnik.setting_up.setup import Setup, read_settings
from sovetnik.setting_up.talk import Question, Talk
from sovetnik.setting_up.zones import country_of, find_time, find_zone, system_zone
from sovetnik.settings import ENV_FILE

STEPS = 7
INTERRUPTED = 130
"""Exit code of a program that Ctrl-C ended."""


def init(folder: Path, given: Given, language: Language) -> int:
    """Ask everything and set everything up.

    Args:
        folder: Where ``.env`` is written and `sovetnik run` will be started; made if absent.
        given: The answers on the command line.
        language: Of the texts until it is known.

    Returns:
        The exit code.

    Raises:
        ConfigError: nobody answers and an answer is wrong, or something cannot be written.
    """
    start = Path.cwd()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        os.chdir(folder)  # settings and their relative paths are read from there, as `run` will do
    except OSError as error:
        raise ConfigError(f"{folder}: {error.strerror}; name a folder that can be written") from error
    unattended = given.unattended or not sys.stdin.isatty()
    talk = Talk(Console(highlight=False), given.language or language, unattended=unattended)
    setup = Setup(talk, EnvFile(ENV_FILE), given, read_settings())
    talk.secrets += setup.settings.secrets()
    try:
        _all_steps(setup, start)
    except (KeyboardInterrupt, EOFError):
        command = (
            "sovetnik init" if folder.resolve() == start.resolve() else f"sovetnik init {quote(str(folder))}"
        )
        talk.plain("")
        talk.warn(words.STOPPED, path=ENV_FILE.absolute(), command=command)
        return INTERRUPTED
    return 0


def _all_steps(setup: Setup, start: Path) -> None:
    talk = setup.talk
    if talk.console.is_terminal:
        talk.console.print(
            Panel(Text(talk.say(words.WELCOME), style="bold"), border_style="cyan", expand=False)
        )
    _language_step(setup)
    talk.note(words.WELCOME_NOTE, path=ENV_FILE.absolute())
    talk.heading(1, STEPS, words.BOT, words.BOT_WHY)
    bot = bot_step(setup)
    talk.heading(2, STEPS, words.MODEL, words.MODEL_WHY)
    model_step(setup)
    talk.heading(3, STEPS, words.MAIL, words.MAIL_WHY)
    mail_step(setup)
    talk.heading(4, STEPS, words.BUSINESS, words.BUSINESS_WHY)
    documents_step(setup, start)
    talk.heading(5, STEPS, words.STYLE, words.STYLE_WHY)
    texts_step(setup, bot.name)
    talk.heading(6, STEPS, words.REPORT, words.REPORT_WHY)
    _report_step(setup)
    talk.heading(7, STEPS, words.TRIAL, words.TRIAL_WHY)
    if read_documents(setup):
        trial_step(setup)
    _goodbye(setup, bot.username, start)


def _language_step(setup: Setup) -> None:
    known = setup.env.values().get("LANGUAGE")

    def check(text: str) -> Language:
        if text.lower()[:2] not in {"ru", "en"}:
            raise Trouble(words.LANGUAGE_WRONG, None)
        return "ru" if text.lower().startswith("ru") else "en"

    if known and not setup.given.language:
        setup.talk.language = setup.settings.language
        return
    default = setup.talk.language
    question = Question(words.LANGUAGE, "--language", setup.given.language, default)
    setup.talk.language = setup.talk.checked(question, check) or default
    setup.save(language=setup.talk.language)


def _report_step(setup: Setup) -> None:
    talk, given, settings = setup.talk, setup.given, setup.settings
    zone_known = "timezone" in settings.model_fields_set
    zone = talk.checked(
        Question(
            words.ZONE, "--timezone", given.timezone, settings.timezone.key if zone_known else system_zone()
        ),
        find_zone,
    )
    at = talk.checked(
        Question(words.REPORT_TIME, "--report-time", given.report_time, f"{settings.report_time:%H:%M}"),
        find_time,
    )
    setup.save(report_time=f"{at or settings.report_time:%H:%M}", timezone=(zone or settings.timezone).key)
    due = next_report(setup.settings, datetime.now(UTC))
    talk.good(words.REPORT_GOOD, at=f"{due:%d.%m.%Y %H:%M}", zone=setup.settings.timezone.key)
    _keep_region(setup)


def _keep_region(setup: Setup) -> None:
    """Customers write numbers as their country does: the owner's, unless it is set already."""
    country = country_of(setup.settings.timezone.key)
    if country is None or "phone_region" in setup.settings.model_fields_set:
        return
    setup.save(phone_region=country)
    setup.talk.good(words.REGION_GOOD, country=country)


def _goodbye(setup: Setup, username: str, start: Path) -> None:
    talk = setup.talk
    try:
        link = pairing_link(setup, username)
    except Trouble as trouble:
        talk.trouble(trouble)
        link = None
    else:
        if link is None:
            talk.good(words.PAIRED)
    here = Path.cwd()
    step_in = "" if here == start.resolve() else f"cd {quote(str(here))} && "
    lines = [
        (talk.say(words.START), f"{step_in}sovetnik run"),
        (talk.say(words.LOOK), f"{step_in}sovetnik doctor"),
    ]
    if not talk.console.is_terminal:
        talk.plain(talk.say(words.READY))
        for label, command in lines:
            talk.plain(f"{label} {command}")
        if link:
            talk.plain(talk.say(words.PAIRING))
            talk.plain(link)
        return
    text = Text()
    width = max(len(label) for label, _ in lines)
    for label, command in lines:
        text.append(f"{label:<{width}}  ").append(f"{command}\n", style="bold")
    text.rstrip()
    talk.console.print()
    talk.console.print(
        Panel(text, title=talk.say(words.READY), title_align="left", border_style="green", expand=False)
    )
    if link:  # outside the frame, or it could not be copied where it is broken
        talk.note(words.PAIRING)
        talk.console.print(Text(f" {link}\n", style="bold cyan"), soft_wrap=True)
