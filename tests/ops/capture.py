"""Real logs, set up as `sovetnik run` does, and everything put back afterwards."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager, redirect_stderr
from typing import Literal

import structlog

from sovetnik.ops.logs import set_up_logs


def _set_up(level: str, style: Literal["console", "json"], secrets: Iterable[str]) -> None:
    set_up_logs(level, style, secrets)
    structlog.configure(cache_logger_on_first_use=False)  # else the test's loggers would outlive it


@contextmanager
def logs_captured() -> Generator[tuple[Callable[..., None], Callable[[], str]]]:
    """`set_up_logs`, and what has been written to standard error since."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {
        name: logger.level
        for name, logger in logging.root.manager.loggerDict.items()
        if isinstance(logger, logging.Logger)
    }
    structured = structlog.get_config()
    written = io.StringIO()
    root.handlers.clear()  # `force=True` closes what it finds
    try:
        with redirect_stderr(written):
            yield _set_up, written.getvalue
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        for name, logger in logging.root.manager.loggerDict.items():
            if isinstance(logger, logging.Logger):
                logger.setLevel(levels.get(name, logging.NOTSET))
        structlog.configure(**structured)
