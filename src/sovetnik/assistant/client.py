"""The openai client, and its errors in our words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, cast
from urllib.parse import urlsplit

import aiohttp
import httpx2
import openai
import structlog

from sovetnik.connecting import is_timeout, told, trusted
from sovetnik.core.errors import AssistantError, ConfigError

log = structlog.get_logger("sovetnik.assistant")

CONNECT_TIMEOUT = 10.0
"""Seconds to reach the model's server; a proxy far away needs a few."""

RETRY_ONCE_MORE = frozenset({"timeout", "connection", "rate_limit", "server", "cut", "empty", "conversation"})
"""Kinds of :class:`AssistantError` that another try may mend."""

_NO_MONEY = frozenset({"insufficient_quota", "billing_hard_limit_reached"})


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """How the model is reached.

    Attributes:
        timeout: Seconds without a sign of life from the model before it counts as stalled.
        context: ``conversation`` keeps the dialogue at the provider, ``history`` sends our own transcript.
        vector_store: The provider's own search over the documents, in place of the local index.
    """

    api_key: str
    model: str
    context: Literal["conversation", "history"]
    base_url: str | None = None
    project: str | None = None
    proxy: str | None = None
    timeout: float = 60.0
    vector_store: str | None = None

    @property
    def is_openai(self) -> bool:
        """True for OpenAI itself: others refuse parameters that they do not know."""
        host = urlsplit(self.base_url).hostname if self.base_url else "api.openai.com"
        return f".{host}".endswith(".openai.com")


def make_client(settings: ModelSettings) -> openai.AsyncOpenAI:
    """The SDK's client: own time limits, own retries, the proxy of our settings and no other.

    Raises:
        ConfigError: the proxy's or the server's URL cannot be used.
    """
    try:
        http = openai.DefaultAsyncHttpx2Client(
            proxy=settings.proxy,
            trust_env=False,
            verify=trusted(),
            timeout=httpx2.Timeout(settings.timeout, connect=min(CONNECT_TIMEOUT, settings.timeout)),
        )
    except (ValueError, ImportError) as error:
        raise ConfigError(f"OPENAI_PROXY: {error}; write socks5://user:password@host:port") from error
    return openai.AsyncOpenAI(
        api_key=settings.api_key,
        base_url=settings.base_url or "https://api.openai.com/v1",
        project=settings.project,
        max_retries=0,  # the SDK would sleep up to two minutes, and never retries a stream
        http_client=http,
    )


def in_our_words(error: Exception) -> AssistantError:
    """A foreign exception of a model call as an :class:`AssistantError`."""
    if isinstance(error, openai.APITimeoutError | httpx2.TimeoutException) or is_timeout(error):
        return AssistantError("timeout", f"no answer in time ({type(error).__name__})")
    if isinstance(error, openai.APIStatusError):
        return refusal(error.status_code, error.body, error.response.headers.get("retry-after"))
    if isinstance(error, openai.APIConnectionError | httpx2.HTTPError | aiohttp.ClientError | OSError):
        cause = f" ({error.__cause__!r})" if error.__cause__ else ""
        return AssistantError("connection", f"{told(error)}{cause}")
    if isinstance(error, openai.APIError):  # an `error` event in the stream
        return stream_error(error.code, error.message)
    if isinstance(error, openai.OpenAIError | ValueError):
        return AssistantError("cut", f"unreadable answer: {type(error).__name__}")
    if type(error).__module__.startswith(("socksio", "aiohttp_socks")):
        return AssistantError("connection", f"the proxy: {told(error)}")
    log.error("unexpected_answer", exc_info=error)  # a shape that nobody foresaw must not stop the chat
    return AssistantError("cut", f"unexpected answer: {type(error).__name__}")


def stream_error(code: str | None, message: str) -> AssistantError:
    """A failure told inside the stream: ``response.failed`` or the flat ``error`` event."""
    kind = "rate_limit" if code == "rate_limit_exceeded" else "server"
    if code in _NO_MONEY:
        kind = "quota"
    return AssistantError(kind, f"{code}: {message}")


def refusal(status: int, body: object, retry_after: str | None) -> AssistantError:
    """An answer with an error status.

    Args:
        status: 400 and above.
        body: Its error object, if it has one: a proxy's HTML page has none.
        retry_after: The header.
    """
    said = cast("dict[str, object]", body) if isinstance(body, dict) else {}
    code = str(said.get("code") or "")
    # One line: whatever a provider says must not fill the log.
    message = str(said.get("message") or "refused").strip().split("\n", 1)[0][:300]
    detail = f"HTTP {status} {code}: {message}".replace(" :", ":")
    if code == "conversation_locked":
        return AssistantError("locked", detail)
    if status in {400, 404} and _conversation_broken(code, message):
        return AssistantError("conversation", detail)
    if status in {401, 403}:
        return AssistantError("auth", detail)
    if code in _NO_MONEY:
        return AssistantError("quota", detail)
    if status == 429:
        return AssistantError("rate_limit", detail, _seconds(retry_after))
    if status in {408, 409} or status >= 500:
        return AssistantError("server", detail, _seconds(retry_after))
    return AssistantError("bad_request", detail)


def _conversation_broken(code: str, message: str) -> bool:
    """True where a new conversation from our own transcript mends it: poisoned, lost, or grown too long."""
    return (
        "No tool output found" in message
        or "No tool call found" in message
        or (code != "model_not_found" and "onversation " in message and "not found" in message.lower())
        or "No conversation found" in message
        or code in {"conversation_not_found", "context_length_exceeded"}
    )


def _seconds(asked: str | None) -> timedelta | None:
    try:
        return timedelta(seconds=float(asked or ""))
    except ValueError:
        return None
