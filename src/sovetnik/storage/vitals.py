"""How the bot is, as far as its tables know: for the owner, for ``/healthz`` and for ``doctor``."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from sovetnik.core.model import Queue, Vitals
from sovetnik.storage.owners import paused_at
from sovetnik.storage.reports import last_report
from sovetnik.storage.tables import inbox, outbox


def vitals(connection: Connection) -> Vitals:
    """Queues, the last report, the pause."""
    waiting = connection.execute(
        select(func.count(), func.min(inbox.c.received_at)).where(
            inbox.c.done_at.is_(None), inbox.c.payload["kind"].as_string() != "edited"
        )
    ).one()
    return Vitals(
        inbox=Queue(*waiting),
        answers=_outbox(connection, ("answer",)),
        mails=_outbox(connection, ("lead", "report", "notice")),
        last_report=last_report(connection),
        paused_at=paused_at(connection),
    )


def _outbox(connection: Connection, kinds: tuple[str, ...]) -> Queue:
    found = select(func.count(), func.min(outbox.c.created_at)).where(
        outbox.c.done_at.is_(None), outbox.c.kind.in_(kinds)
    )
    return Queue(*connection.execute(found).one())
