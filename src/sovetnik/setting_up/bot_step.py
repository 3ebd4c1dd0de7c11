"""The bot's token, and the way to Telegram."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from sovetnik.doctor.bot import Told, ask_telegram
from sovetnik.doctor.finding import Trouble
from sovetnik.doctor.patient import place
from sovetnik.setting_up import words
from sovetnik.setting_up.setup import Setup, good_proxy
from sovetnik.setting_up.talk import Question
from sovetnik.telegram_ui import BotSettings

_TOKEN = re.compile(r"\d{3,}:[\w-]{20,}")


@dataclass(frozen=True, slots=True)
class Bot:
    """The bot that was set up."""

    username: str
    name: str


def bot_step(setup: Setup) -> Bot:
    """Ask for the token until getMe answers; for a proxy where Telegram cannot be reached."""
    question = Question(words.TOKEN, "--token", setup.given.token, setup.known("telegram_token"), hidden=True)
    found = setup.talk.checked(question, lambda token: _check(setup, token))
    if found is None:  # the question is not optional
        raise AssertionError("a token is needed")
    return found


def _check(setup: Setup, token: str) -> Bot:
    if not _TOKEN.fullmatch(token):
        raise Trouble(words.TOKEN_FORM, words.TOKEN_FORM_OUT)
    how = BotSettings(token, setup.settings.telegram_base_url, setup.known("telegram_proxy"))
    try:
        told = _ask(setup, how)
    except Trouble as trouble:
        if trouble.kind != "unreachable":
            raise
        told, how = _through_proxy(setup, how, trouble)
    me = told.result
    setup.talk.good(words.BOT_GOOD, username=me.get("username"), name=me.get("first_name"))
    setup.save(telegram_token=token, telegram_proxy=how.proxy)
    return Bot(str(me.get("username")), str(me.get("first_name")))


def _ask(setup: Setup, how: BotSettings) -> Told:
    with setup.talk.busy(words.ASKING_TELEGRAM):
        return setup.wait(ask_telegram(how, "getMe"))


def _through_proxy(setup: Setup, how: BotSettings, direct: Trouble) -> tuple[Told, BotSettings]:
    """Ask for a proxy and try it at once.

    Raises:
        Trouble: none was given; the direct way's.
    """
    if setup.given.proxy or not setup.talk.unattended:
        setup.talk.trouble(direct)

    def check(proxy: str) -> tuple[Told, BotSettings]:
        through = replace(how, proxy=good_proxy(proxy))
        told = _ask(setup, through)
        setup.talk.good(words.PROXY_GOOD, proxy=place(proxy))
        return told, through

    found = setup.talk.checked(setup.proxy_question("--proxy", setup.given.proxy), check)
    if found is None:
        raise direct
    return found
