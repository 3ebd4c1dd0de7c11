"""Wake-ups over processes: Procrastinate jobs that say "these chats have something to do", and no more.

A job is left in the transaction that made it necessary. What it means is decided by the tables when it is
done; so one that is lost costs a moment (the sweep finds the chat), and one that is done twice nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import psycopg
import structlog
from procrastinate import App, JobContext, PsycopgConnector, RetryStrategy, SyncPsycopgConnector
from procrastinate.exceptions import ConnectorException
from sqlalchemy import Connection

from sovetnik.core.errors import StorageError

log = structlog.get_logger("sovetnik.runner")
logging.getLogger("procrastinate").setLevel(logging.WARNING)  # several lines for each job

QUEUE = "sovetnik"
TASK = "sovetnik.wake"

_deferring = App(connector=SyncPsycopgConnector())


def defer(connection: Connection, chats: Iterable[int]) -> None:
    """Leave a job for these chats, within the connection's transaction.

    Raises:
        StorageError: the database refused it.
    """
    driver = connection.connection.driver_connection
    job = _deferring.configure_task(TASK, queue=QUEUE, connection=driver)
    try:
        job.defer(chats=sorted(chats))
    except ConnectorException as error:
        raise StorageError(f"a wake-up cannot be left: {type(error.__cause__).__name__}") from error
