"""Units of work of leads and of the mails in the outbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from sqlalchemy import Connection, Integer, bindparam, func, literal, select, update

from sovetnik.core.model import Contact, SavedLead
from sovetnik.core.owner import FailedMail, LeadDossier, MailTask, Notice
from sovetnik.storage.answers import check_owner
from sovetnik.storage.prepared import Prepared
from sovetnik.storage.rows import CHAT, LEAD, AnyRow, chat_from, insert_once, lead_from, message_from
from sovetnik.storage.tables import chats, leads, messages, outbox, state

DIALOGUE_LIMIT = 500
"""Messages that a lead mail shows at most, the newest."""

QUIET = timedelta(minutes=15)
"""Between two mails about the same trouble: a model that comes and goes is one piece of news."""

TOLD = "notices"
"""The row of ``state`` that says when each kind was told, and which was the newest."""

_OPEN_MAIL = (
    outbox.c.done_at.is_(None),
    outbox.c.kind.in_([literal(kind) for kind in ("lead", "report", "notice")]),
)
_DUE = Prepared(
    select(outbox)
    .where(*_OPEN_MAIL, outbox.c.due_at <= bindparam("now"))
    .order_by(outbox.c.kind, outbox.c.id)
    .limit(bindparam("limit", type_=Integer))
)
_NEXT = Prepared(select(func.min(outbox.c.due_at).label("due_at")).where(*_OPEN_MAIL))


def save_lead(
    connection: Connection, chat_id: int, token: str, contact: Contact, hold: float, now: datetime
) -> SavedLead:
    """Create or update the chat's lead and queue its mail in the same transaction."""
    chat = check_owner(connection, chat_id, token)
    row = connection.execute(select(leads).where(leads.c.chat_id == chat_id)).one_or_none()
    if row is None:
        created = connection.execute(
            leads.insert()
            .values(
                chat_id=chat_id,
                created_at=now,
                updated_at=now,
                revision=1,
                **_values(contact),
                **_agreed(chat),
            )
            .returning(leads)
        ).one()
        _queue_lead_mail(connection, created.id, chat_id, 1, now, hold)
        return SavedLead(lead_from(created), "created")
    before = lead_from(row)
    merged = _merge(before.contact, contact)
    if merged == before.contact:
        changed = connection.execute(
            update(leads).where(leads.c.id == before.id).values(**_agreed(chat)).returning(leads)
        ).one()
        return SavedLead(lead_from(changed), "unchanged")
    changed = connection.execute(
        update(leads)
        .where(leads.c.id == before.id)
        .values(updated_at=now, revision=before.revision + 1, **_values(merged), **_agreed(chat))
        .returning(leads)
    ).one()
    _queue_lead_mail(connection, before.id, chat_id, before.revision + 1, now, hold)
    return SavedLead(lead_from(changed), "updated")


def _agreed(chat: AnyRow) -> dict[str, object]:
    """The consent text that the customer was shown last."""
    return {"consent": chat.consent, "consent_at": chat.consent_at}


def _values(contact: Contact) -> dict[str, object]:
    return {
        "name": contact.name,
        "phone": contact.phone,
        "order_text": contact.order,
        "fields": contact.fields,
    }


def _merge(old: Contact, new: Contact) -> Contact:
    """What the new contact does not mention stays."""
    return Contact(
        name=new.name,
        phone=new.phone,
        order=new.order or old.order,
        fields={**old.fields, **new.fields},
    )


def _queue_lead_mail(
    connection: Connection, lead_id: int, chat_id: int, revision: int, now: datetime, hold: float
) -> None:
    """Queue a mail, unless one still held back will show this change anyway."""
    held = connection.execute(
        select(outbox.c.id).where(
            *_OPEN_MAIL,
            outbox.c.kind == "lead",
            outbox.c.ref == lead_id,
            outbox.c.due_at > now,
            outbox.c.attempts == 0,
        )
    ).first()
    if held is not None:
        return
    connection.execute(
        outbox.insert().values(
            kind="lead",
            key=f"lead-{lead_id}-r{revision}",
            chat_id=chat_id,
            ref=lead_id,
            revision=revision,
            created_at=now,
            due_at=now + timedelta(seconds=hold),
        )
    )


def queue_notice(connection: Connection, notice: Notice, now: datetime) -> bool:
    """Queue a mail that tells the owner something, unless it was told; False when it is to wait.

    What was told stands in one row, which also keeps apart replicas that see the same at the same moment.
    """
    connection.execute(insert_once(connection, state, ["key"]).values(key=TOLD, value={}))
    told: dict[str, str] = connection.execute(
        select(state.c.value).where(state.c.key == TOLD).with_for_update()
    ).scalar_one()
    if notice.kind == "model_back":
        if told.get("newest") == notice.kind:
            return True
    elif (at := told.get(notice.kind)) and now - datetime.fromisoformat(at) < QUIET:
        return told.get("newest") != "model_back"
    told = {**told, notice.kind: now.isoformat(), "newest": notice.kind}
    connection.execute(update(state).where(state.c.key == TOLD).values(value=told))
    connection.execute(
        outbox.insert().values(
            kind="notice",
            key=f"notice-{notice.kind}-{now.isoformat()}",
            ref=int(now.timestamp()),
            payload=asdict(notice),
            created_at=now,
            due_at=now,
        )
    )
    return True


def due_mails(connection: Connection, limit: int, now: datetime) -> Sequence[MailTask]:
    """Mails whose time has come; leads before reports, then by age."""
    return [
        MailTask(
            id=row.id,
            kind=row.kind,
            ref=row.ref,
            revision=row.revision,
            created_at=row.created_at,
            attempts=row.attempts,
            accepted=tuple(row.progress or ()),
            notice=Notice(**row.payload) if row.payload else None,
        )
        for row in _DUE.rows(connection, now=now, limit=limit)
    ]


def next_mail_at(connection: Connection) -> datetime | None:
    """When the next mail becomes due."""
    due_at: datetime | None = _NEXT.one(connection).due_at
    return due_at


def lead_dossier(connection: Connection, lead_id: int) -> LeadDossier | None:
    """A lead with its customer and dialogue; None when it was erased."""
    row = connection.execute(
        select(*LEAD, *CHAT).join(chats, chats.c.id == leads.c.chat_id).where(leads.c.id == lead_id)
    ).one_or_none()
    if row is None:
        return None
    lead = lead_from(row, "lead_")
    newest = connection.execute(
        select(messages)
        .where(messages.c.chat_id == lead.chat_id)
        .order_by(messages.c.id.desc())
        .limit(DIALOGUE_LIMIT)
    ).all()
    dialogue = tuple(message_from(found) for found in reversed(newest))
    return LeadDossier(lead=lead, chat=chat_from(row, "chat_"), dialogue=dialogue)


def mail_done(connection: Connection, mail_id: int, accepted: Sequence[str], now: datetime) -> None:
    """Close a mail."""
    connection.execute(
        update(outbox).where(outbox.c.id == mail_id).values(done_at=now, progress=list(accepted), error=None)
    )


def mail_postponed(
    connection: Connection,
    mail_id: int,
    seconds: float,
    error: str,
    accepted: Sequence[str],
    now: datetime,
    *,
    counts: bool,
) -> None:
    """Put a mail off."""
    connection.execute(
        update(outbox)
        .where(outbox.c.id == mail_id)
        .values(
            due_at=now + timedelta(seconds=seconds),
            error=error,
            progress=list(accepted),
            attempts=outbox.c.attempts + (1 if counts else 0),
        )
    )


def mail_failed(connection: Connection, mail_id: int, error: str, now: datetime) -> None:
    """Give a mail up."""
    connection.execute(
        update(outbox).where(outbox.c.id == mail_id).values(done_at=now, failed_at=now, error=error)
    )


def failed_mails(connection: Connection, start: datetime, end: datetime) -> tuple[FailedMail, ...]:
    """Mails given up inside a window."""
    rows = connection.execute(
        select(outbox)
        .where(outbox.c.kind != "answer", outbox.c.failed_at >= start, outbox.c.failed_at < end)
        .order_by(outbox.c.id)
    )
    return tuple(
        FailedMail(kind=row.kind, ref=row.ref, error=row.error or "", failed_at=row.failed_at) for row in rows
    )
