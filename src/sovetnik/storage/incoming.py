"""An update on its way: inbox row in, line of the dialogue out."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from sovetnik.core.model import Incoming
from sovetnik.storage.rows import AnyRow, insert_once
from sovetnik.storage.tables import messages


def store_incoming(connection: Connection, incoming: Incoming, kind: str, at: datetime) -> None:
    """Store what a customer sent as a line of the dialogue, once."""
    text = incoming.text
    if incoming.kind in {"start", "new"}:
        text = f"/{incoming.kind} {incoming.text}".rstrip()
    elif incoming.kind == "unsupported":
        text = f"[{incoming.text}]"
    connection.execute(
        insert_once(connection, messages).values(
            chat_id=incoming.chat_id,
            role="customer",
            kind=kind,
            text=text,
            created_at=at,
            update_id=incoming.update_id,
            telegram_ids=[incoming.message_id] if incoming.message_id else None,
        )
    )


def payload_of(incoming: Incoming) -> dict[str, Any]:
    """An update as the inbox keeps it."""
    payload = asdict(incoming)
    payload["sent_at"] = incoming.sent_at.isoformat()
    return payload


def incoming_of(row: AnyRow) -> Incoming:
    """An inbox row as an update."""
    payload: dict[str, Any] = dict(row.payload)
    payload["sent_at"] = datetime.fromisoformat(payload["sent_at"])
    return Incoming(**payload)
