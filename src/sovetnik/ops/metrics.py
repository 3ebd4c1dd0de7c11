"""``/metrics`` for Prometheus. Imported only where ``HTTP_LISTEN`` is set.

No label ever holds a chat, a name or a text: labels are words of this program's own code.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, cast

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    Metric,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from sovetnik.core.model import Trace, Usage
from sovetnik.core.owner import Vitals
from sovetnik.ops.signs import Signs

SECONDS = (0.1, 0.25, 0.5, 1, 2, 3, 5, 8, 13, 20, 30, 60, 120)
"""Limits of the buckets: an answer within 3 s feels like a conversation, one after 20 s does not."""

TROUBLES = 300
"""Kinds of trouble that are counted apart; the code knows about a hundred."""

_WORD = re.compile(r"[a-z][a-z0-9_]{0,31}")


class Metrics:
    """Counts turns and what goes wrong, from :meth:`start` to :meth:`stop`."""

    def __init__(self, version: str) -> None:
        disable_created_metrics()  # a second series for each counter, of no use to us
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._now = _Now(version)
        self._registry.register(self._now)
        self._turns = self._counter("turns", "Turns that were answered, by the answer's kind", "kind")
        self._turn_seconds = self._histogram("turn_seconds", "From taking a turn to its stored answer")
        self._stage_seconds = self._histogram("stage_seconds", "Parts of a turn's time", "stage")
        self._tokens = self._counter("tokens", "Tokens that answers cost", "direction")
        self._leads = self._counter("leads", "Contacts that customers left")
        self._log = _Listener(
            self._counter("errors", "Warnings and errors of the log", "event", "kind", "level")
        )

    def start(self) -> None:
        """Begin to count what the log tells."""
        logging.getLogger().addHandler(self._log)

    def stop(self) -> None:
        """Count no more of it."""
        logging.getLogger().removeHandler(self._log)

    def observe(self, trace: Trace) -> None:
        """Count a turn."""
        self._turns.labels(trace.answer.kind).inc()
        self._turn_seconds.observe(trace.seconds)
        self._leads.inc(sum(_is_lead(name, result) for name, _, result in trace.tools))
        if trace.answer.usage:
            self._spent(trace.answer.usage)

    def timed(self, stage: str, seconds: float) -> None:
        """Note how long a part of a turn took: ``slot``, ``files``, ``model``, ``store``, ``deliver``."""
        self._stage_seconds.labels(stage).observe(seconds)

    def page(self, signs: Signs, accept: str) -> tuple[bytes, str]:
        """The whole page in the format that the ``Accept`` header asks for, and its content type."""
        self._now.signs = signs
        encode, kind = choose_encoder(accept)
        return encode(self._registry), kind

    def _spent(self, usage: Usage) -> None:
        self._tokens.labels("input").inc(usage.input_tokens)
        self._tokens.labels("cached").inc(usage.cached_tokens)
        self._tokens.labels("output").inc(usage.output_tokens)
        if usage.calls:
            self.timed("model", usage.seconds)

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(f"sovetnik_{name}", about, labels, registry=self._registry)

    def _histogram(self, name: str, about: str, *labels: str) -> Histogram:
        return Histogram(f"sovetnik_{name}", about, labels, registry=self._registry, buckets=SECONDS)


def _is_lead(tool: str, result: str) -> bool:
    return tool == "save_contact" and bool(cast(dict[str, Any], json.loads(result)).get("saved"))


class _Now(Collector):
    """What is true at the moment; what nobody knows is left out rather than shown as it was."""

    def __init__(self, version: str) -> None:
        self._version = version
        self.signs = Signs(None)

    def collect(self) -> Iterator[Metric]:
        """The gauges."""
        signs = self.signs
        about = GaugeMetricFamily("sovetnik_build_info", "1, with the version", labels=["version"])
        about.add_metric([self._version], 1)
        yield about
        yield from _gauge("last_poll_age_seconds", "Since Telegram answered a poll", signs.poll_age)
        yield from _gauge("database_up", "1 while the database takes writes", signs.database is None)
        yield from _gauge("disk_free_bytes", "Room on the database's disk", signs.disk_free)
        if signs.model in {"ok", "away"}:
            yield from _gauge("model_up", "0 while documents stand in for the model", signs.model == "ok")
        if signs.vitals:
            yield from _vitals(signs.vitals)


def _vitals(vitals: Vitals) -> Iterator[Metric]:
    now = datetime.now(UTC)
    waiting = GaugeMetricFamily("sovetnik_queue_waiting", "Rows that wait", labels=["queue"])
    oldest = GaugeMetricFamily(
        "sovetnik_queue_oldest_seconds", "How long the first of them has waited", labels=["queue"]
    )
    for name, queue in (("inbox", vitals.inbox), ("answers", vitals.answers), ("mails", vitals.mails)):
        waiting.add_metric([name], queue.waiting)
        oldest.add_metric([name], queue.age(now))
    yield waiting
    yield oldest
    yield from _gauge("paused", "1 while the owner has paused the bot", vitals.paused_at is not None)
    report = vitals.last_report
    if report and report.start != report.end:  # else it only marks where the first one will begin
        yield from _gauge("last_report_timestamp_seconds", "End of the last report", report.end.timestamp())


def _gauge(name: str, about: str, value: float | None) -> Iterator[Metric]:
    if value is not None:
        yield GaugeMetricFamily(f"sovetnik_{name}", about, value=float(value))


class _Listener(logging.Handler):
    """Counts warnings and errors by the name of their event, so that no room has to count."""

    def __init__(self, troubles: Counter) -> None:
        super().__init__(logging.WARNING)
        self._troubles = troubles
        self._known: set[tuple[str, str]] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Count a line; a library's counts under the library's name."""
        event, kind = "library", record.name.split(".")[0]
        said = cast(object, record.msg)
        if isinstance(said, dict):  # one of ours, see `set_up_logs`
            fields = cast(dict[str, object], said)
            event, kind = _word(fields.get("event")), _word(fields.get("kind") or fields.get("reason"))
        if len(self._known) >= TROUBLES and (event, kind) not in self._known:
            event, kind = "other", ""
        self._known.add((event, kind))
        self._troubles.labels(event, kind, record.levelname.lower()).inc()


def _word(value: object) -> str:
    """A word of the code; a sentence, which may hold anything, is none."""
    return value if isinstance(value, str) and _WORD.fullmatch(value) else ""
