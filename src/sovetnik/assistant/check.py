"""Is the model there? Asked once at the start, so that a wrong key is told before a customer meets it."""

from __future__ import annotations

import difflib

import openai
import structlog

from sovetnik.assistant.client import ModelSettings, in_our_words
from sovetnik.core.errors import ConfigError

log = structlog.get_logger("sovetnik.assistant")

PATIENCE = 10.0
"""Seconds; a start must not hang on a provider that is slow today."""


async def check_model(client: openai.AsyncOpenAI, settings: ModelSettings) -> None:
    """Ask the provider for the model.

    What only time can mend (network, outage) is logged, and the bot starts.

    Raises:
        ConfigError: the key or the model id is wrong.
    """
    try:
        await client.models.retrieve(settings.model, timeout=PATIENCE)
    except (openai.AuthenticationError, openai.PermissionDeniedError) as error:
        if error.code == "unsupported_country_region_territory":
            raise ConfigError(
                f"OPENAI_PROXY: {_host(settings)} does not serve this country; set a proxy such as "
                "socks5://user:password@host:port, or OPENAI_BASE_URL of another provider"
            ) from error
        raise ConfigError(
            f"OPENAI_API_KEY: {_host(settings)} refuses it (HTTP {error.status_code}); make a new key in the "
            "provider's console, or check OPENAI_PROJECT and OPENAI_BASE_URL"
        ) from error
    except openai.NotFoundError as error:
        await _not_found(client, settings, error)
    except openai.OpenAIError as error:
        trouble = in_our_words(error)
        names = "OPENAI_PROXY" if settings.proxy else "OPENAI_BASE_URL, or OPENAI_PROXY where it is blocked"
        log.error("model_unreachable", host=_host(settings), error=str(trouble), way_out=f"check {names}")


async def _not_found(
    client: openai.AsyncOpenAI, settings: ModelSettings, error: openai.NotFoundError
) -> None:
    """Only OpenAI's own word is final: gateways answer 404 for models that they do serve."""
    try:
        alive = [model.id async for model in client.models.list(timeout=PATIENCE)]
    except openai.OpenAIError:
        alive = []
    if settings.model in alive:
        return
    near = difflib.get_close_matches(settings.model, alive, n=3, cutoff=0.3)
    hint = f"; set one that is alive, such as {', '.join(near)}" if near else "; set another one"
    problem = f"OPENAI_MODEL: {_host(settings)} has no model {settings.model}{hint}"
    if settings.is_openai:
        raise ConfigError(problem) from error
    log.error("model_unknown", problem=problem)


def _host(settings: ModelSettings) -> str:
    return settings.base_url or "OpenAI"
