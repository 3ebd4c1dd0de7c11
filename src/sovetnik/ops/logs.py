"""Logs on standard error: events, for people or as JSON, with no secret in them."""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterable
from typing import Literal
from urllib.parse import quote

import structlog

_TOKEN = re.compile(r"\d{6,}:[A-Za-z0-9_-]{30,}|\bsk-[A-Za-z0-9_-]{16,}")
"""What a bot token or a model key looks like, wherever it comes from."""

_LOUD = (
    "httpx",
    "httpx2",
    "httpcore",
    "httpcore2",
    "apscheduler",
    "telegram",
    "tornado",
    "openai",
    "alembic",
)
"""Libraries that log addresses with tokens, or every call, at INFO or DEBUG."""


_SILENT = ("telegram.Bot", "telegram.request.BaseRequest")
"""PTB puts a whole batch of updates, or an answer of Telegram that is no JSON, into one line: people's words
included. Both are raised as well, and logged by us without them."""


class _Redacting(logging.Formatter):
    """Any formatter, with secrets taken out of the finished line, tracebacks included."""

    def __init__(self, inner: logging.Formatter, secrets: Iterable[str]) -> None:
        super().__init__()
        self._inner = inner
        known = {form for secret in secrets if len(secret) >= 4 for form in _forms(secret)}
        longest_first = sorted(known, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if known else None

    def format(self, record: logging.LogRecord) -> str:
        """The record's line."""
        line = _TOKEN.sub("***", self._inner.format(record))
        return self._known.sub("***", line) if self._known else line


def _forms(secret: str) -> tuple[str, ...]:
    """The secret as it stands in a text, an address, a JSON line and a ``repr``."""
    return secret, quote(secret, safe=""), json.dumps(secret, ensure_ascii=False)[1:-1], repr(secret)[1:-1]


def set_up_logs(level: str, style: Literal["console", "json"], secrets: Iterable[str]) -> None:
    """Send all logs, ours and the libraries', to standard error.

    Args:
        level: ``LOG_LEVEL``.
        style: ``LOG_FORMAT``.
        secrets: Texts that must never appear.
    """
    before: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    finish: list[structlog.types.Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if style == "json":
        finish += [
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
    else:
        colors = sys.stderr.isatty()
        finish += [
            structlog.dev.ConsoleRenderer(
                colors=colors, exception_formatter=structlog.dev.plain_traceback, pad_event_to=24
            )
        ]
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        _Redacting(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=before, processors=finish), secrets)
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for name in _LOUD:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level]))
    for name in _SILENT:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *before,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
