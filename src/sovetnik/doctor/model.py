"""Whether the model answers, and the vector store is there."""

from __future__ import annotations

import difflib
import time

import openai

from sovetnik.assistant import ModelSettings, make_client
from sovetnik.assistant.client import in_our_words
from sovetnik.core.errors import AssistantError, ConfigError
from sovetnik.doctor import words
from sovetnik.doctor.bot import skew_of
from sovetnik.doctor.causes import cause
from sovetnik.doctor.finding import PATIENCE, Finding, Trouble, same, tenths
from sovetnik.doctor.patient import Patient, place, skipped, within
from sovetnik.doctor.proxy import check_proxy, server_of
from sovetnik.library import model_settings

OPENAI = "https://api.openai.com/v1"
QUESTION = "Say: ok"
FEWEST_TOKENS = 16
"""The least that OpenAI takes as ``max_output_tokens``: the trial costs next to nothing."""


def host_of(how: ModelSettings) -> str:
    """The provider, for people."""
    return place(how.base_url or OPENAI)


async def list_models(how: ModelSettings) -> list[str]:
    """The ids that the provider lists.

    Raises:
        Trouble: it refuses the key, or cannot be reached.
    """
    async with _client(how) as client:
        try:
            return [model.id async for model in client.models.list(timeout=PATIENCE - 1)]
        except Exception as error:  # noqa: BLE001 - in_our_words knows the SDK's and its libraries'
            raise trouble_of(how, in_our_words(error)) from None


async def try_model(how: ModelSettings, skews: dict[str, float] | None = None) -> float:
    """Ask the model something tiny, as the bot would; gives the seconds that it took.

    Listing is not enough: a model can be listed and shut, and an empty account lists all.

    Raises:
        Trouble: there was no answer; it says why.
    """
    began = time.monotonic()
    async with _client(how) as client:
        try:
            response = await client.responses.with_raw_response.create(
                model=how.model,
                input=QUESTION,
                max_output_tokens=FEWEST_TOKENS,
                store=False,
                timeout=PATIENCE - 0.5,
            )
            skew = skew_of(response.headers.get("date"), time.time())
        except openai.APIStatusError as error:
            if error.status_code == 404 or error.code == "model_not_found":
                raise await _unknown(client, how) from None
            raise trouble_of(how, in_our_words(error)) from None
        except Exception as error:  # noqa: BLE001 - as above
            raise trouble_of(how, in_our_words(error)) from None
    if skews is not None and skew is not None:
        skews[host_of(how)] = skew
    return time.monotonic() - began


def trouble_of(how: ModelSettings, error: AssistantError) -> Trouble:
    """A failed call, told to the owner."""
    host, said = host_of(how), same(error.detail[:200])
    if error.kind == "auth":
        if "unsupported_country" in error.detail:
            return Trouble(words.MODEL_COUNTRY.format(host=host), words.MODEL_COUNTRY_OUT, "unreachable")
        status = "403" if "HTTP 403" in error.detail else "401"
        return Trouble(
            words.MODEL_REFUSED.format(host=host, status=status), words.MODEL_REFUSED_OUT, "refused"
        )
    if error.kind == "quota":
        fact = words.MODEL_QUOTA.format(host=host, error="insufficient_quota")
        return Trouble(fact, words.MODEL_QUOTA_OUT, "quota")
    if error.kind == "connection":
        out = words.PROXY_DOWN_OUT.format(setting="OPENAI_PROXY") if how.proxy else words.MODEL_AWAY_OUT
        return Trouble(words.MODEL_AWAY.format(host=host, error=cause(error.detail)), out, "unreachable")
    if error.kind in {"rate_limit", "server", "timeout"}:
        if error.kind == "timeout":
            said = words.TOO_SLOW.format(seconds=round(PATIENCE))
        return Trouble(words.MODEL_PASSING.format(host=host, error=said), words.MODEL_PASSING_OUT, "passing")
    fact = words.MODEL_SAYS.format(host=host, model=how.model, error=said)
    return Trouble(fact, words.MODEL_SAYS_OUT)


async def _unknown(client: openai.AsyncOpenAI, how: ModelSettings) -> Trouble:
    try:
        alive = [model.id async for model in client.models.list(timeout=PATIENCE / 2)]
    except openai.OpenAIError:
        alive = []
    near = difflib.get_close_matches(how.model, alive, n=1, cutoff=0.3)
    fact = words.MODEL_UNKNOWN.format(host=host_of(how), model=how.model)
    out = words.MODEL_UNKNOWN_OUT.format(near=near[0]) if near else words.MODEL_UNKNOWN_OTHER
    return Trouble(fact, out, "model")


def _client(how: ModelSettings) -> openai.AsyncOpenAI:
    try:
        return make_client(how)
    except ConfigError as error:
        raise Trouble(same(str(error)), None) from None


async def model(patient: Patient) -> list[Finding]:
    """Proxy, model, vector store."""
    settings = patient.settings
    if why := patient.spoilt("OPENAI_"):
        return [skipped("model", why)]
    if settings.openai_api_key is None:
        none = Finding("model", "warning", words.MODEL_NONE, words.MODEL_NONE_OUT)
        return [none, skipped("vector_store", words.NO_MODEL)] if settings.openai_vector_store else [none]
    how = model_settings(settings, settings.openai_api_key)
    findings: list[Finding] = []
    if how.proxy:
        host, port = server_of(how.base_url or OPENAI)
        findings.append(
            await within("model_proxy", check_proxy("model_proxy", "OPENAI_PROXY", how.proxy, host, port))
        )
        if findings[-1].state == "broken":
            return [*findings, skipped("model", words.PROXY_FAILS)]
    findings.append(await within("model", check_model(patient, how)))
    if how.vector_store:
        bad = findings[-1].state == "broken"
        findings.append(
            skipped("vector_store", words.NO_MODEL)
            if bad
            else await within("vector_store", check_store(how, how.vector_store))
        )
    return findings


async def check_model(patient: Patient, how: ModelSettings) -> Finding:
    """One tiny question."""
    seconds = await try_model(how, patient.skews)
    return Finding(
        "model", "ok", words.MODEL_GOOD.format(model=how.model, host=host_of(how), seconds=tenths(seconds))
    )


async def check_store(how: ModelSettings, store: str) -> Finding:
    """The vector store, and how many of its files are ready."""
    async with _client(how) as client:
        try:
            found = await client.vector_stores.retrieve(store, timeout=PATIENCE - 1)
        except openai.NotFoundError:
            fact = words.STORE_MISSING.format(name=store)
            return Finding("vector_store", "broken", fact, words.STORE_MISSING_OUT)
        except Exception as error:  # noqa: BLE001 - as above
            raise trouble_of(how, in_our_words(error)) from None
    if found.status == "expired":
        fact = words.STORE_EXPIRED.format(name=store)
        return Finding("vector_store", "broken", fact, words.STORE_MISSING_OUT)
    ready, failed = found.file_counts.completed, found.file_counts.failed
    if failed:
        fact = words.STORE_FAILED.format(name=store, failed=failed, count=ready)
        return Finding("vector_store", "warning", fact, words.STORE_FAILED_OUT)
    return Finding("vector_store", "ok", words.STORE_GOOD.format(name=store, count=ready))
