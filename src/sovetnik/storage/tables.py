"""The schema, one for SQLite and PostgreSQL; its indexes are in ``indexes.py``."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    Float,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = BigInteger().with_variant(Integer, "sqlite")
"""Autoincrement key: SQLite numbers rows itself only for ``INTEGER PRIMARY KEY``."""


class Utc(TypeDecorator[datetime]):
    """Aware UTC time; SQLite keeps no zone, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """To the database: always UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ANN401, ARG002
        """From the database: always aware."""
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


chats = Table(
    "chats",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),  # Telegram's chat id
    Column("name", Text, nullable=False, default=""),
    Column("username", Text),
    Column("language", String(8)),
    Column("language_code", String(35)),
    Column("source", Text),  # payload of /start: where the customer came from
    Column("created_at", Utc, nullable=False),
    Column("blocked_at", Utc),
    Column("owner", String(32)),  # NULL idle, 'queued' woken, else the token of the worker that owns it
    Column("history_from", BigInteger, nullable=False, default=0),  # messages above this id are remembered
    Column("consent", String(16)),  # version of the consent text that was shown last
    Column("consent_at", Utc),
    # The server's default is for rows that SQLAlchemy does not make: the bulk copies of tests and tools.
    Column("keyboard", Boolean, nullable=False, default=False, server_default=false()),
    Column("preview", BigInteger),  # Telegram's id of a message that the next answer takes the place of
    Column("flood_told_at", Utc),
    Column("pause_told_at", Utc),
)

messages = Table(
    "messages",
    metadata,
    Column("id", Id, primary_key=True),
    Column("chat_id", BigInteger, nullable=False),
    Column("role", String(16), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("text", Text, nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("update_id", BigInteger),
    Column("telegram_ids", JSON),
    Column("error_code", String(6)),
    Column("model", Text),
    Column("input_tokens", Integer),
    Column("cached_tokens", Integer),
    Column("output_tokens", Integer),
    Column("model_calls", Integer),
    Column("seconds", Float),
    Column("passages", JSON),  # of the documents that the answer was given
    Column("unanswered", Text),  # the question that the documents do not answer
    Column("note", Text),  # what the model is told beside the text: a quote, a document's words
    Column("attachments", JSON),
    Column("report_id", BigInteger),  # stamped by the report that shows it
    UniqueConstraint("update_id"),
    sqlite_autoincrement=True,
)

conversations = Table(
    "conversations",
    metadata,
    Column("id", Id, primary_key=True),
    Column("chat_id", BigInteger, nullable=False, index=True),
    Column("provider_id", Text, nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("closed_at", Utc),
    # The token of the turn that uses it. Found set by another turn, what the provider holds is unknown
    # (the process died or the stream was cut) and the conversation is not used again.
    Column("busy", String(32)),
)

leads = Table(
    "leads",
    metadata,
    Column("id", Id, primary_key=True),
    Column("chat_id", BigInteger, nullable=False),
    Column("created_at", Utc, nullable=False),
    Column("updated_at", Utc, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("phone", String(20), nullable=False),
    Column("order_text", Text, nullable=False),
    Column("fields", JSON, nullable=False),
    Column("consent", String(16)),  # version of the consent text that was shown, and when
    Column("consent_at", Utc),
    UniqueConstraint("chat_id"),
    sqlite_autoincrement=True,
)

inbox = Table(
    "inbox",
    metadata,
    Column("update_id", BigInteger, primary_key=True, autoincrement=False),
    Column("chat_id", BigInteger, nullable=False),
    Column("payload", JSON, nullable=False),
    Column("received_at", Utc, nullable=False),
    Column("done_at", Utc),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", String(16), nullable=False),  # answer | lead | report | notice | erase
    Column("key", Text, nullable=False),  # what must be sent once: answer-7, lead-42-r1, report-2026-11-21
    Column("chat_id", BigInteger),
    Column("ref", BigInteger, nullable=False),  # messages.id, leads.id or reports.id
    Column("revision", Integer, nullable=False, default=1),
    Column("created_at", Utc, nullable=False),
    Column("due_at", Utc, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("payload", JSON),  # a notice's words, an answer's keyboard, a conversation to erase
    Column("progress", JSON),  # Telegram ids or recipients that have it already
    Column("error", Text),
    Column("done_at", Utc),
    Column("failed_at", Utc),
    UniqueConstraint("key"),
    sqlite_autoincrement=True,
)

reports = Table(
    "reports",
    metadata,
    Column("id", Id, primary_key=True),
    Column("day", Date, nullable=False),
    Column("window_start", Utc, nullable=False),
    Column("window_end", Utc, nullable=False),
    Column("created_at", Utc, nullable=False),
    UniqueConstraint("day"),
    sqlite_autoincrement=True,
)

owners = Table(
    "owners",
    metadata,
    Column("chat_id", BigInteger, primary_key=True, autoincrement=False),
    Column("paired_at", Utc, nullable=False),
)

pairing = Table(  # one-time codes that make a chat an owner's
    "pairing",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("expires_at", Utc, nullable=False),
)

state = Table(  # what holds for the whole bot: since when it is paused
    "state",
    metadata,
    Column("key", String(32), primary_key=True),
    Column("value", JSON, nullable=False),
)

replicas = Table(  # processes that share a PostgreSQL; the first part of an owner's token is the id
    "replicas",
    metadata,
    Column("id", String(8), primary_key=True),
    Column("seen_at", Utc, nullable=False),
    Column("need", Float, nullable=False, default=0.0, server_default="0"),  # part of the limit it asked for
    Column("share", Float, nullable=False, default=0.0, server_default="0"),  # part of the limit it may use
)
