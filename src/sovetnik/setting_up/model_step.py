"""The provider, its key, and a model that is alive."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import cast

from sovetnik.assistant import ModelSettings
from sovetnik.doctor.finding import Trouble, same, tenths
from sovetnik.doctor.model import list_models, try_model
from sovetnik.doctor.patient import place
from sovetnik.setting_up import words
from sovetnik.setting_up.given import ProviderName
from sovetnik.setting_up.providers import PROVIDERS, Provider, candidates, provider_of
from sovetnik.setting_up.setup import Setup, good_proxy
from sovetnik.setting_up.talk import Question
from sovetnik.settings import Settings

TRIED = 3
"""Models that are tried before one is suggested."""

SHOWN = 6
"""Models that are named as examples."""


def model_step(setup: Setup) -> None:
    """Ask whose model answers, and see that it does."""
    given, known = setup.given, setup.settings
    options = [(name, preset.title) for name, preset in PROVIDERS.items()]
    before = _before(setup)
    name = cast(
        "ProviderName", setup.talk.choose(words.PROVIDER, "--provider", given.provider, options, before)
    )
    if name == "none":
        setup.save(openai_api_key=None, openai_base_url=None, openai_project=None, openai_model=None)
        setup.talk.good(words.MODEL_NONE)
        return
    preset = PROVIDERS[name]
    same_one = name == before and known.openai_api_key is not None
    url = _url(setup, name, preset, known.openai_base_url if same_one else None)
    project = _project(setup, preset, known.openai_project if same_one or _handed("OPENAI_PROJECT") else None)
    how = ModelSettings(
        api_key="unused",
        model=known.openai_model,
        context="history",
        base_url=url,
        project=project,
        proxy=setup.known("openai_proxy"),
    )
    how, alive = _key(setup, preset, how, same_one=same_one)
    how = _model(setup, name, how, alive, known.openai_model if same_one else None)
    setup.save(
        openai_api_key=how.api_key if how.api_key != "unused" else None,
        openai_base_url=how.base_url,
        openai_project=how.project,
        openai_model=how.model,
        openai_proxy=how.proxy,
    )


def _before(setup: Setup) -> ProviderName:
    """What Enter means: the provider in use; where nobody answers and nothing is known, none."""
    known, given = setup.settings, setup.given
    if known.openai_api_key or known.openai_base_url:
        return provider_of(known.openai_base_url)
    if given.model_url:
        return "own"
    return "openai" if given.key or not setup.talk.unattended else "none"


def _url(
    setup: Setup, name: ProviderName, preset: Provider, known: str | None, *, again: bool = False
) -> str | None:
    if name not in {"own", "ollama"}:
        return setup.given.model_url or preset.url
    default = known or preset.url or None

    def check(text: str) -> str:
        if not text.startswith(("http://", "https://")) or " " in text:
            raise Trouble(words.URL_FORM, words.URL_FORM_OUT)
        return text.rstrip("/")

    given = None if again else setup.given.model_url
    return setup.talk.checked(Question(words.MODEL_URL, "--model-url", given, default), check)


def _project(setup: Setup, preset: Provider, known: str | None) -> str | None:
    if not preset.project:
        return setup.given.project or known
    return setup.talk.checked(Question(words.PROJECT, "--project", setup.given.project, known), str.strip)


def _key(
    setup: Setup, preset: Provider, how: ModelSettings, *, same_one: bool
) -> tuple[ModelSettings, list[str]]:
    """Ask for the key until the provider lists its models; for a proxy where it cannot be reached."""
    if preset.where.en and not setup.talk.unattended:
        setup.talk.note(words.KEY_WHERE, where=preset.where)
    known = setup.known("openai_api_key") if same_one or _handed("OPENAI_API_KEY") else None
    optional = preset.url == "" or not preset.key
    question = Question(
        words.KEY,
        "--key",
        setup.given.key,
        known if known != "unused" else None,
        hidden=True,
        optional=optional,
    )

    def check(key: str) -> tuple[ModelSettings, list[str]]:
        return _list(setup, replace(how, api_key=_good_key(key)))

    keyless = not preset.key and setup.given.key is None  # a server on this machine asks for none
    found = None if keyless else setup.talk.checked(question, check)
    while found is None:
        try:
            found = _list(setup, how)
        except Trouble as trouble:
            if trouble.kind == "refused":  # it does want a key
                setup.talk.refuse("--key", trouble)
                found = setup.talk.checked(replace(question, given=None), check)
            else:
                setup.talk.refuse("--model-url", trouble)
                how = replace(how, base_url=_url(setup, "own", preset, how.base_url, again=True))
    return found


def _handed(name: str) -> bool:
    """Whether the environment has it: then it is meant for the provider that is chosen, whichever it is."""
    return bool(os.environ.get(name) or os.environ.get(f"{name}_FILE"))


def _good_key(key: str) -> str:
    if not key.isascii() or any(char.isspace() for char in key):
        raise Trouble(words.KEY_FORM, words.KEY_FORM_OUT)
    return key


def _list(setup: Setup, how: ModelSettings) -> tuple[ModelSettings, list[str]]:
    try:
        alive = _listed(setup, how)
    except Trouble as trouble:
        if trouble.kind != "unreachable":
            raise
        how, alive = _through_proxy(setup, how, trouble)
    if alive:
        setup.talk.good(words.MODELS_GOOD, count=len(alive))
    else:
        setup.talk.warn(words.MODELS_NONE)
    return how, alive


def _listed(setup: Setup, how: ModelSettings) -> list[str]:
    try:
        with setup.talk.busy(words.ASKING_PROVIDER):
            return setup.wait(list_models(how))
    except Trouble as trouble:
        if trouble.kind == "odd":  # a compatible server that has no list
            return []
        raise


def _through_proxy(setup: Setup, how: ModelSettings, direct: Trouble) -> tuple[ModelSettings, list[str]]:
    if setup.given.model_proxy or not setup.talk.unattended:
        setup.talk.trouble(direct)

    def check(proxy: str) -> tuple[ModelSettings, list[str]]:
        through = replace(how, proxy=good_proxy(proxy))
        alive = _listed(setup, through)
        setup.talk.good(words.PROXY_GOOD, proxy=place(proxy))
        return through, alive

    default = setup.known("telegram_proxy")  # the same wall, usually
    found = setup.talk.checked(setup.proxy_question("--model-proxy", setup.given.model_proxy, default), check)
    if found is None:
        raise direct
    return found


def _model(
    setup: Setup, name: ProviderName, how: ModelSettings, alive: list[str], known: str | None
) -> ModelSettings:
    fitting = candidates(name, alive, known)
    alive_in: dict[str, float] = {}
    suggested = None if setup.given.model else _first_alive(setup, how, fitting, alive_in)
    if fitting and not setup.talk.unattended:
        setup.talk.note(words.MODELS_SOME, names=", ".join(fitting[:SHOWN]))
    default = suggested or known or Settings.model_fields["openai_model"].default

    def check(model: str) -> ModelSettings:
        tried = replace(how, model=model)
        try:
            seconds = alive_in.get(model) or _try(setup, tried)
        except Trouble as trouble:
            if trouble.kind not in {"quota", "passing"} or setup.talk.unattended:
                raise
            setup.talk.trouble(trouble)
            if not setup.talk.yes(words.KEEP_ANYWAY, default=True):
                raise Trouble(same(model), None) from None
        else:
            setup.talk.good(words.MODEL_GOOD, model=model, seconds=tenths(seconds))
        return tried

    question = Question(words.WHICH_MODEL, "--model", setup.given.model, default)
    return setup.talk.checked(question, check) or how


def _try(setup: Setup, how: ModelSettings) -> float:
    with setup.talk.busy(words.TRYING_MODEL, model=how.model):
        return setup.wait(try_model(how))


def _first_alive(
    setup: Setup, how: ModelSettings, fitting: list[str], alive_in: dict[str, float]
) -> str | None:
    """The first that answers, its seconds noted; the first of all where it is not the model that fails."""
    for model in fitting[:TRIED]:
        try:
            alive_in[model] = _try(setup, replace(how, model=model))
        except Trouble as trouble:
            if trouble.kind in {"model", "odd"}:
                continue
            return model
        return model
    return fitting[0] if fitting else None
