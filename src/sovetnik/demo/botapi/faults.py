"""What goes wrong on purpose, the limits on how fast a bot may write, and the log of its calls."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sovetnik.demo.botapi.params import integer
from sovetnik.demo.botapi.refusal import JsonDict, Refusal, too_many_requests

if TYPE_CHECKING:
    from collections.abc import Callable

_WORDS = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden: bot was blocked by the user",
    404: "Not Found",
    409: "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
}


@dataclass
class Fault:
    """One thing that goes wrong; the parameters are those of ``Faults.add``."""

    method: str | None
    chat_id: int | None
    times: int | None
    status: int
    description: str | None
    retry_after: int | None
    delay: float
    after_delivery: bool
    drop: bool
    hang: bool
    body: str | None
    used: int = 0

    @property
    def is_failure(self) -> bool:
        """False for a mere delay."""
        return self.status != 200 or self.drop or self.hang or self.after_delivery

    def refusal(self) -> Refusal:
        """The error it answers with."""
        if self.status == 429:
            refusal = too_many_requests(1 if self.retry_after is None else self.retry_after)
            refusal.description = self.description or refusal.description
            return refusal
        return Refusal(self.status, self.description or _WORDS.get(self.status, "Internal Server Error"))


class Faults:
    """The faults to come; the first that fits a call is used."""

    def __init__(self) -> None:
        self.planned: list[Fault] = []

    def add(
        self,
        method: str | None = None,
        *,
        chat_id: int | None = None,
        times: int | None = 1,
        status: int = 429,
        description: str | None = None,
        retry_after: int | None = None,
        delay: float = 0.0,
        after_delivery: bool = False,
        drop: bool = False,
        hang: bool = False,
        body: str | None = None,
    ) -> Fault:
        """Plan a fault; ``fault.used`` counts how often it happened.

        Args:
            method: only this method; None is any.
            chat_id: only in this chat.
            times: how many calls; None is all from now on.
            status: HTTP status of the answer; 200 with ``delay`` is only slow.
            description: words instead of Telegram's own.
            retry_after: seconds, for 429.
            delay: seconds before anything happens.
            after_delivery: do it, then do not answer: what a read timeout after delivery looks like. The
                connection stays open until the caller gives up, or is closed with ``drop``.
            drop: close the connection without an answer.
            hang: do nothing and do not answer until the caller gives up.
            body: this HTML instead of JSON: a proxy's error page.
        """
        fault = Fault(
            method=method.lower() if method else None,
            chat_id=chat_id,
            times=times,
            status=status,
            description=description,
            retry_after=retry_after,
            delay=delay,
            after_delivery=after_delivery,
            drop=drop,
            hang=hang,
            body=body,
        )
        self.planned.append(fault)
        return fault

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self.planned.clear()

    def take(self, method: str, chat_id: str) -> Fault | None:
        """The fault for this call, counted as used."""
        for fault in self.planned:
            fits = fault.method in (None, method) and fault.chat_id in (None, integer(chat_id))
            if fits and (fault.times is None or fault.used < fault.times):
                fault.used += 1
                return fault
        return None


@dataclass(frozen=True)
class Limits:
    """Messages a second that Telegram lets through; None is no limit.

    Telegram itself names about 1 in a chat, 30 over all and 20 a minute in a group. Drafts are not messages:
    they have a limit of their own, which Telegram does not tell.
    """

    chat_per_second: float | None = None
    overall: float | None = None
    group_per_minute: float | None = None
    drafts_per_second: float | None = None


TELEGRAM_LIMITS = Limits(chat_per_second=1, overall=30, group_per_minute=20)


@dataclass(frozen=True)
class _Rate:
    per_second: float
    burst: float


@dataclass
class _Bucket:
    tokens: float
    at: float


class Limiter:
    """Refuses what comes too fast."""

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self.limits = limits
        self.clock = clock
        self._buckets: dict[str, _Bucket] = {}

    def check(self, chat_id: str) -> None:
        """Count one message to the chat.

        Raises:
            Refusal: 429 with the seconds to wait; then it is not counted.
        """
        limits = self.limits
        rates = {f"chat {chat_id}": _per_second(limits.chat_per_second), "all": _per_second(limits.overall)}
        if chat_id.startswith("-") and limits.group_per_minute:
            # A whole minute's worth may come at once.
            rates[f"group {chat_id}"] = _Rate(limits.group_per_minute / 60, limits.group_per_minute)
        self._take(rates)

    def check_draft(self, chat_id: str) -> None:
        """Count one draft shown in the chat.

        Raises:
            Refusal: 429 with the seconds to wait; then it is not counted.
        """
        self._take({f"draft {chat_id}": _per_second(self.limits.drafts_per_second)})

    def _take(self, rates: dict[str, _Rate | None]) -> None:
        buckets = [(self._filled(name, rate), rate) for name, rate in rates.items() if rate]
        waits = [(1 - bucket.tokens) / rate.per_second for bucket, rate in buckets if bucket.tokens < 1]
        if waits:
            raise too_many_requests(max(1, math.ceil(round(max(waits), 6))))
        for bucket, _ in buckets:
            bucket.tokens -= 1

    def _filled(self, name: str, rate: _Rate) -> _Bucket:
        now = self.clock()
        bucket = self._buckets.setdefault(name, _Bucket(rate.burst, now))
        bucket.tokens = min(rate.burst, bucket.tokens + (now - bucket.at) * rate.per_second)
        bucket.at = now
        return bucket


def _per_second(rate: float | None) -> _Rate | None:
    return _Rate(rate, max(1.0, rate)) if rate else None


@dataclass
class Call:
    """One call of a method.

    Attributes:
        method: its name as Telegram writes it.
        params: with JSON decoded and files by name.
        at: when it came.
        client: address and port it came from: a proxy's, if there is one; empty for a webhook's answer.
        status: HTTP status; None while it is not answered, and for ever if it never is.
        description: of a refusal.
        fault: whether a planned fault answered.
    """

    method: str
    params: JsonDict = field(default_factory=dict[str, Any])
    at: float = 0.0
    client: str = ""
    status: int | None = None
    description: str | None = None
    fault: bool = False
