"""The schema's indexes, apart from its tables because only migrations need to know them.

SQLAlchemy imports PostgreSQL's dialect to read what they say of it: 20 ms of every start.

Predicates of partial indexes are written as ``IS [NOT] NULL`` because both databases match only those
to the same words in a query.
"""

from __future__ import annotations

from sqlalchemy import Index

from sovetnik.storage.tables import inbox, leads, messages, metadata, outbox

__all__ = ["metadata"]

Index("ix_messages_chat_id_id", messages.c.chat_id, messages.c.id)
Index("ix_messages_created_at", messages.c.created_at)
Index(
    "ix_messages_unreported",
    messages.c.id,
    sqlite_where=messages.c.report_id.is_(None),
    postgresql_where=messages.c.report_id.is_(None),
)
Index("ix_messages_report_id", messages.c.report_id)
Index("ix_leads_updated_at", leads.c.updated_at)
Index(
    "ix_inbox_open",
    inbox.c.chat_id,
    inbox.c.update_id,
    sqlite_where=inbox.c.done_at.is_(None),
    postgresql_where=inbox.c.done_at.is_(None),
)
Index(
    "ix_outbox_open",
    outbox.c.chat_id,
    outbox.c.id,
    sqlite_where=outbox.c.done_at.is_(None),
    postgresql_where=outbox.c.done_at.is_(None),
)
Index(
    "ix_outbox_due",
    outbox.c.due_at,
    sqlite_where=outbox.c.done_at.is_(None),
    postgresql_where=outbox.c.done_at.is_(None),
)
