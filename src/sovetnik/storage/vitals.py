"""How the bot is, as far as its tables know: for the owner, for ``/healthz`` and for ``doctor``."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, select

from sovetnik.core.owner import Queue, Vitals
from sovetnik.storage.incoming import unanswered
from sovetnik.storage.owners import paused_at
from sovetnik.storage.reports import last_report
from sovetnik.storage.rows import insert_once
from sovetnik.storage.tables import inbox, outbox, state


def vitals(connection: Connection) -> Vitals:
    """Queues, the last report, the pause."""
    waiting = connection.execute(
        select(func.count(), func.min(inbox.c.received_at)).where(*unanswered())
    ).one()
    return Vitals(
        inbox=Queue(*waiting),
        answers=_outbox(connection, ("answer",)),
        mails=_outbox(connection, ("lead", "report", "notice")),
        last_report=last_report(connection),
        paused_at=paused_at(connection),
    )


def touch(connection: Connection, now: datetime) -> None:
    """Write something, to see that it can be written."""
    value = {"value": now.isoformat()}
    row = insert_once(connection, state, on=["key"], update_with=value).values(key="touched", **value)
    connection.execute(row)


def _outbox(connection: Connection, kinds: tuple[str, ...]) -> Queue:
    found = select(func.count(), func.min(outbox.c.created_at)).where(
        outbox.c.done_at.is_(None), outbox.c.kind.in_(kinds)
    )
    return Queue(*connection.execute(found).one())
