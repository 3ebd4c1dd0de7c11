"""Faults to order: each matches requests, happens so many times, and is then used up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from fnmatch import fnmatchcase
from typing import Literal, Unpack

from typing_extensions import TypedDict

from .errors import ApiError
from .journal import Call

_CLOUDFLARE = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
    "<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>cloudflare</center>\r\n</body>\r\n</html>\r\n"
)
_KINDS = {
    401: "invalid_request_error",
    429: "requests",
    500: "server_error",
    502: "server_error",
    503: "server_error",
}
_MESSAGES = {
    429: "Rate limit reached for requests. Please try again later.",
    500: "The server had an error while processing your request. Sorry about that!",
    503: "The server is currently overloaded with other requests. Sorry about that!",
}
Torn = Literal["line", "character"]
Usage = Literal["plain", "null", "absent"]
Predicate = Callable[[Call], bool]


class FaultOptions(TypedDict, total=False):
    """What a fault does; see `Fault`."""

    delay: float
    status: int
    code: str | None
    message: str
    kind: str
    retry_after: float | datetime
    html: str
    cut_after: int
    reset_after: int
    stall_after: int
    hold_after: int
    failed: Literal["server_error", "rate_limit_exceeded"]
    error_event: str
    failed_as: Literal["response.failed", "response.completed"]
    after: int
    keep: bool
    torn: Torn
    sip: int
    comments: bool
    unknowns: bool
    usage: Usage
    drop_items: bool


@dataclass
class Fault:
    """One ordered fault.

    Stream faults count events: `cut_after=3` sends three and then ends the body properly, `reset_after=3`
    sends three and resets the TCP connection, `stall_after=3` sends three and then nothing until the
    client gives up, `hold_after=3` goes on when `release()` is called. On an answer that is not a stream
    the first two close the connection without an answer, the others wait before it.
    """

    path: str
    times: int | None
    when: Predicate | None = None
    method: str | None = None
    delay: float = 0.0
    """Seconds before anything else happens."""
    status: int | None = None
    code: str | None = None
    message: str = ""
    kind: str = ""
    retry_after: float | datetime | None = None
    """Seconds, or an aware moment, which goes out as an HTTP date (whole seconds, in GMT)."""
    html: str | None = None
    """A body that is not JSON, as a proxy in front of the service sends it."""
    cut_after: int | None = None
    reset_after: int | None = None
    stall_after: int | None = None
    hold_after: int | None = None
    failed: str | None = None
    """The stream ends with `response.failed` and this code."""
    error_event: str | None = None
    """The stream ends with a flat `error` event and this code."""
    failed_as: str = "response.failed"
    """The type of the event with which `failed` ends. As `response.completed` an answer that is no stream
    is a 200, too: the status in its body says the truth."""
    after: int = 2
    """How many events come before `failed` and `error_event`."""
    keep: bool = False
    """After a cut, reset or stall the response completes all the same and its items are appended."""
    torn: Torn | None = None
    """Before a cut, reset or stall, half of the next event goes out: it ends within a line, or within a
    character of two bytes (the first event from there on that has one is the one that breaks)."""
    sip: int = 0
    """The stream goes out in chunks of so many bytes: their borders fall inside lines and characters."""
    comments: bool = False
    """Comment lines, as servers send them to keep a connection open, stand before every event."""
    unknowns: bool = False
    """Events of a type that nobody knows stand between the others, and all carry unknown fields."""
    usage: Usage | None = None
    """The usage comes without its details (`plain`), as null, or not at all."""
    drop_items: bool = False
    """On `/v1/conversations` or a conversation's `/items`: the items are accepted and forgotten."""
    hits: int = 0
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def matches(self, call: Call) -> bool:
        """Whether this request is to suffer it."""
        if self.times is not None and self.hits >= self.times:
            return False
        if self.method not in (None, call.method) or not fnmatchcase(call.path, self.path):
            return False
        return self.when is None or self.when(call)

    def release(self) -> None:
        """Let a held answer go on, and a stalled one end without its client."""
        self.released.set()

    @property
    def outcome(self) -> str | None:
        """How the connection ends early, if it does: `cut`, `reset` or `stalled`."""
        ends = {"cut": self.cut_after, "reset": self.reset_after, "stalled": self.stall_after}
        return next((name for name, after in ends.items() if after is not None), None)

    def failure(self) -> ApiError | None:
        """What `failed` and `error_event` make of an answer that is no stream."""
        code = self.failed or self.error_event
        if code is None or self.failed_as == "response.completed":
            return None
        status = 429 if code == "rate_limit_exceeded" else 500
        return ApiError(status, self.message or "The model failed.", code=code, kind="server_error")

    def refusal(self) -> ApiError | None:
        """The error answer, if that is what the fault is."""
        if self.status is None:
            return None
        headers = {} if self.retry_after is None else {"retry-after": _header(self.retry_after)}
        return ApiError(
            self.status,
            self.message or _MESSAGES.get(self.status, "The request failed."),
            code=self.code,
            kind=self.kind or _KINDS.get(self.status, "invalid_request_error"),
            headers=headers,
        )


def _header(retry_after: float | datetime) -> str:
    if isinstance(retry_after, datetime):
        return format_datetime(retry_after.astimezone(UTC), usegmt=True)
    return f"{retry_after:g}"


class Faults:
    """The faults of one server, in the order they were added; the first that matches happens."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(
        self,
        path: str = "/v1/responses",
        *,
        times: int | None = 1,
        when: Predicate | None = None,
        method: str | None = None,
        **options: Unpack[FaultOptions],
    ) -> Fault:
        """Order a fault for `times` requests (None: for all) whose path matches the shell pattern."""
        fault = Fault(path, times, when, method, **options)
        self._faults.append(fault)
        return fault

    def quota(self, *, times: int | None = 1) -> Fault:
        """No money left: a 429 that no retry mends."""
        message = (
            "You exceeded your current quota, please check your plan and billing details. For more "
            "information on this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors."
        )
        return self.add(
            times=times, status=429, code="insufficient_quota", kind="insufficient_quota", message=message
        )

    def rate_limit(self, *, retry_after: float | datetime = 1.0, times: int | None = 1) -> Fault:
        """Too many requests or tokens a minute."""
        return self.add(times=times, status=429, code="rate_limit_exceeded", retry_after=retry_after)

    def bad_gateway(self, *, path: str = "/v1/responses", times: int | None = 1) -> Fault:
        """The proxy in front cannot reach the service: a 502 with an HTML body."""
        return self.add(path, times=times, status=502, html=_CLOUDFLARE)

    def no_model_lookup(self) -> Fault:
        """A compatible server that lists its models but knows no `models.retrieve`."""
        return self.add("/v1/models/*", times=None, method="GET", status=404, message="Not Found")

    def clear(self) -> None:
        """Forget them all; what is held goes on."""
        for fault in self._faults:
            fault.release()
        self._faults.clear()

    def take(self, call: Call) -> Fault | None:
        """The fault for this request, counted."""
        for fault in self._faults:
            if fault.matches(call):
                fault.hits += 1
                return fault
        return None
