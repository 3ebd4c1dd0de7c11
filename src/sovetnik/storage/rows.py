"""Rows to values, and the one statement that differs between the databases."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias, cast

from sqlalchemy import Connection, Table, literal, select
from sqlalchemy.dialects import sqlite

from sovetnik.core.model import (
    Attachment,
    Chat,
    Contact,
    Language,
    Lead,
    Message,
    MessageKind,
    Passage,
    Role,
    Usage,
)
from sovetnik.storage.tables import chats, leads, messages

AnyRow: TypeAlias = Any
"""A row: SQLAlchemy 2.1's ``Row`` is invariant in its columns, so it has no useful type here."""

DEFAULT_LANGUAGE: Language = "ru"
"""Of a chat about which nothing is known yet."""


def insert_once(
    connection: Connection,
    table: Table,
    on: list[str] | None = None,
    update_with: dict[str, Any] | None = None,
) -> Any:  # noqa: ANN401 - the two dialects' Insert classes share no base with these methods
    """``INSERT … ON CONFLICT DO NOTHING``, or ``DO UPDATE SET`` when told what with."""
    statement = inserting(connection.dialect.name)(table)
    if update_with is None:
        return statement.on_conflict_do_nothing(index_elements=on)
    return statement.on_conflict_do_update(index_elements=on or [], set_=update_with)


def inserting(dialect: str) -> Callable[[Table], Any]:
    """The dialect's own INSERT, which knows ON CONFLICT."""
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql  # 20 ms of a start on SQLite, which never needs it

        return postgresql.insert
    return sqlite.insert


def columns(table: Table, prefix: str) -> list[Any]:
    """The table's columns under prefixed names, to be read with the same ``prefix`` below."""
    return [column.label(f"{prefix}{column.name}") for column in table.c]


ONE = select(literal(1).label("one")).subquery()
"""One row, for outer joins with what may not be there."""

CHAT = columns(chats, "chat_")
LEAD = columns(leads, "lead_")
MESSAGE = columns(messages, "message_")


def chat_from(row: AnyRow, prefix: str = "") -> Chat:
    """A chats row."""
    get = _getter(row, prefix)
    return Chat(
        id=get("id"),
        name=get("name"),
        username=get("username"),
        language=cast("Language", get("language") or DEFAULT_LANGUAGE),
        source=get("source"),
        created_at=get("created_at"),
        consent=get("consent"),
        keyboard=bool(get("keyboard")),
        preview=get("preview"),
    )


def attachments_from(found: Iterable[Mapping[str, Any]] | None) -> tuple[Attachment, ...]:
    """Attachments as the database keeps them."""
    return tuple(Attachment(**values) for values in found or ())


def message_from(row: AnyRow, prefix: str = "") -> Message:
    """A messages row."""
    get = _getter(row, prefix)
    usage = None
    if get("model") is not None:
        usage = Usage(
            model=get("model"),
            input_tokens=get("input_tokens") or 0,
            cached_tokens=get("cached_tokens") or 0,
            output_tokens=get("output_tokens") or 0,
            seconds=get("seconds") or 0.0,
            calls=get("model_calls") or 0,
        )
    return Message(
        id=get("id"),
        chat_id=get("chat_id"),
        role=cast("Role", get("role")),
        kind=cast("MessageKind", get("kind")),
        text=get("text"),
        created_at=get("created_at"),
        telegram_ids=tuple(get("telegram_ids") or ()),
        error_code=get("error_code"),
        usage=usage,
        passages=tuple(Passage(text="", **passage) for passage in get("passages") or ()),
        unanswered=get("unanswered"),
        note=get("note") or "",
        attachments=attachments_from(get("attachments")),
    )


def lead_from(row: AnyRow, prefix: str = "") -> Lead:
    """A leads row."""
    get = _getter(row, prefix)
    return Lead(
        id=get("id"),
        chat_id=get("chat_id"),
        contact=Contact(
            name=get("name"), phone=get("phone"), order=get("order_text"), fields=dict(get("fields") or {})
        ),
        revision=get("revision"),
        created_at=get("created_at"),
        updated_at=get("updated_at"),
        consent=get("consent"),
        consent_at=get("consent_at"),
    )


def _getter(row: AnyRow, prefix: str) -> Callable[[str], Any]:
    """What gives a column's value; SQLAlchemy's rows are slow at their attributes, ours have nothing else."""
    mapping: Any = getattr(row, "_mapping", None)

    def attribute(name: str) -> Any:  # noqa: ANN401 - a column's value is what it is
        return getattr(row, prefix + name)

    def item(name: str) -> Any:  # noqa: ANN401 - as above
        return mapping[prefix + name]

    return attribute if mapping is None else item
