"""An update on its way: inbox row in, line of the dialogue out."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection

from sovetnik.core.model import Incoming
from sovetnik.core.perception import placeholder
from sovetnik.storage.prepared import insert_new
from sovetnik.storage.rows import AnyRow, attachments_from
from sovetnik.storage.tables import inbox, messages


def store_incoming(connection: Connection, incoming: Incoming, kind: str, at: datetime) -> AnyRow | None:
    """Store what a customer sent as a line of the dialogue; gives it, or None when it was there already."""
    return insert_new(connection, messages).row(
        connection,
        chat_id=incoming.chat_id,
        role="customer",
        kind=kind,
        text=_line(incoming),
        note=incoming.note or None,
        attachments=[asdict(attachment) for attachment in incoming.attachments] or None,
        created_at=at,
        update_id=incoming.update_id,
        telegram_ids=[incoming.message_id] if incoming.message_id else None,
    )


def _line(incoming: Incoming) -> str:
    """How the dialogue shows an update."""
    if incoming.kind in {"text", "edited"}:
        return incoming.text or placeholder(incoming.attachments)
    if incoming.kind in {"unsupported", "press"}:
        return f"[{incoming.text}]"
    if incoming.kind == "pair":  # the code opens the owner's commands
        return "/pair"
    return f"/{incoming.kind} {incoming.text}".rstrip()


def unanswered() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Conditions on the inbox for what customers wait for: not edits, and not the owner who asks about it."""
    kind = inbox.c.payload["kind"].as_string()
    return inbox.c.done_at.is_(None), kind.not_in(("edited", "report", "status"))


def payload_of(incoming: Incoming) -> dict[str, Any]:
    """An update as the inbox keeps it."""
    payload = asdict(incoming)
    payload["sent_at"] = incoming.sent_at.isoformat()
    return payload


def incoming_of(row: AnyRow) -> Incoming:
    """An inbox row as an update."""
    payload: dict[str, Any] = dict(row.payload)
    payload["chat_id"] = row.chat_id  # the group may have become a supergroup since
    payload["sent_at"] = datetime.fromisoformat(payload["sent_at"])
    payload["attachments"] = attachments_from(payload.get("attachments"))
    return Incoming(**payload)
