"""Which of a chat's updates are answered together, and when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, Integer, bindparam, func, select

from sovetnik.storage.prepared import Prepared
from sovetnik.storage.rows import ONE, AnyRow
from sovetnik.storage.tables import inbox, messages, outbox

MAX_JOIN = 5.0
"""Seconds after which a chatty customer is answered even if messages keep coming."""

MAX_BATCH = 50
"""Messages answered together at most."""

MAX_FLOOD = 500
"""The same after a flood, which gets one answer."""

MAX_CHARACTERS = 60_000
"""Characters answered together at most, beyond the first message: a flood must fit into a model's context."""

ALBUM_JOIN = 1.0
"""Seconds that an album's next part is waited for: Telegram delivers each as an update of its own."""

MINUTE = timedelta(minutes=1)

FLOOD_LOOK = 2.0
"""Seconds between looks at a flooding chat: its commands do not wait for the flood to end."""

KIND = inbox.c.payload["kind"].as_string()
"""Of an update in the inbox, as a column."""


_OPEN = (
    select(inbox)
    .where(inbox.c.chat_id == bindparam("chat"), inbox.c.done_at.is_(None))
    .order_by(inbox.c.update_id)
)
_ANSWER = (
    select(func.min(outbox.c.id))
    .where(outbox.c.chat_id == bindparam("chat"), outbox.c.kind == "answer", outbox.c.done_at.is_(None))
    .scalar_subquery()
)
_WAITING = Prepared(
    select(inbox, _ANSWER.label("answer"))
    .select_from(ONE.outerjoin(inbox, (inbox.c.chat_id == bindparam("chat")) & inbox.c.done_at.is_(None)))
    .order_by(inbox.c.update_id)
    .limit(MAX_FLOOD + MAX_BATCH + 1)
)
"""The open updates and the first open answer's id, at least one row."""
_UNEDITED = Prepared(_OPEN.where(KIND != "edited").limit(MAX_FLOOD + 1))
_COMMAND = Prepared(_OPEN.where(KIND != "text", KIND != "edited").limit(1))
_GIVEN = (
    select(messages.c.created_at)
    .where(
        messages.c.chat_id == bindparam("chat"),
        messages.c.kind == "text",
        messages.c.role == "customer",
        messages.c.update_id.not_in(bindparam("batch", expanding=True)),
    )
    .order_by(messages.c.id.desc())
    .offset(bindparam("others", type_=Integer))
    .limit(1)
)
"""When the customer sent the last message but so many others."""


def waiting(connection: Connection, chat_id: int) -> tuple[int | None, Sequence[AnyRow], Sequence[AnyRow]]:
    """An answer that was not sent (its outbox id), what waits, and apart from it the edits.

    Edits go with a message.
    """
    found = _WAITING.rows(connection, chat=chat_id)
    answer = found[0].answer
    if found[0].update_id is None:
        return answer, (), ()
    rows = [row for row in found if row.payload["kind"] != "edited"]
    edits = [row for row in found if row.payload["kind"] == "edited"]
    if len(found) > MAX_FLOOD + MAX_BATCH and len(rows) <= MAX_FLOOD:
        rows = _UNEDITED.rows(connection, chat=chat_id)  # edits must not hide what waits
    return answer, rows[: MAX_FLOOD + 1], edits


def first_command(connection: Connection, chat_id: int) -> AnyRow | None:
    """The first waiting update that is answered without the model."""
    return _COMMAND.row(connection, chat=chat_id)


def fitting(rows: Sequence[AnyRow]) -> Sequence[AnyRow]:
    """As many of them as :data:`MAX_CHARACTERS` lets."""
    room = MAX_CHARACTERS
    for number, row in enumerate(rows):
        room -= len(row.payload["text"])
        if room < 0:
            return rows[: max(number, 1)]
    return rows


def joining(batch: Sequence[AnyRow], join: float, now: datetime) -> float:
    """Seconds still to wait for another message of the same customer."""
    newest = max(row.received_at for row in batch)
    oldest = min(row.received_at for row in batch)
    if any(row.payload.get("album") for row in batch):
        join = max(join, ALBUM_JOIN)
    until = min(newest + timedelta(seconds=join), oldest + timedelta(seconds=max(MAX_JOIN, join)))
    return (until - now).total_seconds()


def flooding(connection: Connection, batch: Sequence[AnyRow], per_minute: int, now: datetime) -> float:
    """Seconds until the customer has been given less than the limit within a minute.

    The batch's own messages do not count: they are stored already when a turn is done again.
    """
    if not per_minute:
        return 0.0
    known = {
        "chat": batch[0].chat_id,
        "batch": [row.update_id for row in batch],
        "others": per_minute - 1,
    }
    at = connection.execute(_GIVEN, known).scalar()
    return (at + MINUTE - now).total_seconds() if at else 0.0


def goes_on(batch: Sequence[AnyRow], per_minute: int, now: datetime) -> bool:
    """Whether a flood that the customer was told of has not ended: they are not told again."""
    return sum(row.received_at > now - MINUTE for row in batch) >= per_minute
