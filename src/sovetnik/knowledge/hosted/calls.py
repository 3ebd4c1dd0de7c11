"""Calls to the provider: tried again where that may help, and failures in our words."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar, cast

import httpx2
import openai

from sovetnik.core.errors import ConfigError, SovetnikError
from sovetnik.knowledge.hosted.model import HostedError

T = TypeVar("T")

ATTEMPTS = 6
"""With the default pause about half a minute passes before a call is given up."""

PATIENCE = 300.0
"""Seconds of rate limits after which a call is given up: limits are counted by the minute."""

LONGEST_PAUSE = 60.0
"""Seconds; a provider that asks for more is asked again after this much."""

_NO_MONEY = frozenset({"insufficient_quota", "billing_hard_limit_reached"})


class Refused(SovetnikError):  # noqa: N818 - what happened
    """The provider will not do it, however often it is asked; stays inside this package."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class Calls:
    """Makes calls, several at a time; a rate limit that one meets holds up all of them.

    Args:
        pause: Seconds before the second attempt; it doubles each time.
    """

    def __init__(self, pause: float) -> None:
        self._pause = pause
        self._not_before = 0.0

    async def __call__(self, ask: Callable[[], Awaitable[T]]) -> T:
        """The answer of `ask`, which is called again after failures that may pass.

        Raises:
            ConfigError: the key is wrong, or the account has no money left.
            Refused: the provider refused this call.
            HostedError: it could not be reached, or failed each time.
        """
        began = time.monotonic()
        for attempt in itertools.count(1):
            await asyncio.sleep(max(0.0, self._not_before - time.monotonic()))
            try:
                return await ask()
            except Exception as error:
                failure = in_our_words(error)  # unknown ones are raised again
                limited = isinstance(error, openai.RateLimitError)
                spent = time.monotonic() - began >= PATIENCE if limited else attempt >= ATTEMPTS
                if spent or not isinstance(failure, HostedError):
                    raise failure from error
                await self._wait(error, attempt)
        raise AssertionError  # the loop has no other end

    async def _wait(self, error: Exception, attempt: int) -> None:
        asked = _retry_after(error)
        pause = self._pause * 2 ** min(attempt - 1, 10) if asked is None else max(self._pause, asked)
        # Spread out, or all that failed together would come back together.
        pause = min(LONGEST_PAUSE, pause) * random.uniform(1.0, 1.25)  # noqa: S311
        if isinstance(error, openai.RateLimitError):
            self._not_before = max(self._not_before, time.monotonic() + pause)
        else:
            await asyncio.sleep(pause)


def in_our_words(error: Exception) -> SovetnikError:
    """A foreign exception of a call as one of ours; unknown ones are raised again."""
    if isinstance(error, openai.APIStatusError):
        return _status_error(error)
    if isinstance(error, openai.OpenAIError | httpx2.HTTPError | TimeoutError):
        cause = f" ({error.__cause__})" if error.__cause__ else ""
        return HostedError(f"the provider cannot be reached: {error or type(error).__name__}{cause}")
    if type(error).__module__.startswith("socksio"):
        return HostedError(f"the SOCKS proxy's answer was broken: {type(error).__name__}")
    raise error


def _status_error(error: openai.APIStatusError) -> SovetnikError:
    said = _words(error)
    status = error.status_code
    if status in {401, 403}:
        return ConfigError(
            f"OPENAI_API_KEY: the provider refuses the key: {said}; check the key, and OPENAI_PROJECT and "
            "OPENAI_PROXY if you set them"
        )
    if status == 429 and error.code in _NO_MONEY:
        return ConfigError(f"OPENAI_API_KEY: the account has no money left: {said}; top it up")
    if status in {408, 409, 429} or status >= 500:
        return HostedError(f"the provider fails: HTTP {status}: {said}")
    return Refused(status, said)


def _words(error: openai.APIStatusError) -> str:
    """The provider's own message, one line of it: a proxy answers with whole HTML pages."""
    body: object = error.body
    told = cast("dict[str, object]", body).get("message") if isinstance(body, dict) else None
    lines = str(told or error.message).strip().splitlines() or [""]
    return lines[0][:300]


def _retry_after(error: Exception) -> float | None:
    if not isinstance(error, openai.APIStatusError):
        return None
    try:
        return float(error.response.headers.get("retry-after", ""))
    except ValueError:
        return None
