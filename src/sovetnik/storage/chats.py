"""Units of work around a chat: accept, take the next step, store answers, note deliveries.

Each is a plain function of a ``Connection`` and may be run again after a rollback.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select, union, update

from sovetnik.core.errors import Fenced
from sovetnik.core.model import Answer, Command, Delivery, Incoming, Step, Turn, Wait
from sovetnik.core.texts import language_of
from sovetnik.storage.rows import AnyRow, chat_from, insert_once, lead_from, message_from
from sovetnik.storage.tables import chats, conversations, inbox, leads, messages, outbox

QUEUED = "queued"

MAX_JOIN = 5.0
"""Seconds after which a chatty customer is answered even if messages keep coming."""

MAX_BATCH = 50
"""Messages answered together at most."""


def accept(connection: Connection, updates: Sequence[Incoming], now: datetime) -> set[int]:
    """Store updates, once each; gives the chats that went from idle to queued."""
    woken: set[int] = set()
    for incoming in updates:
        silent = incoming.kind in {"blocked", "unblocked"}
        stored = connection.execute(
            insert_once(connection, inbox).values(
                update_id=incoming.update_id,
                chat_id=incoming.chat_id,
                payload=_payload(incoming),
                received_at=now,
                done_at=now if silent else None,
            )
        )
        if stored.rowcount and _note_chat(connection, incoming, now, silent=silent):
            woken.add(incoming.chat_id)
    return woken


def _note_chat(connection: Connection, incoming: Incoming, now: datetime, *, silent: bool) -> bool:
    """Keep the customer's name fresh; True when the chat has to be woken."""
    known: dict[str, Any] = {
        "name": incoming.name,
        "username": incoming.username,
        "language_code": incoming.language_code,
        "blocked_at": now if incoming.kind == "blocked" else None,
    }
    statement = insert_once(connection, chats, on=["id"], update_with=known)
    connection.execute(statement.values(id=incoming.chat_id, created_at=now, **known))
    if silent:
        return False
    flip = update(chats).where(chats.c.id == incoming.chat_id, chats.c.owner.is_(None)).values(owner=QUEUED)
    return bool(connection.execute(flip).rowcount)


def next_step(
    connection: Connection,
    chat_id: int,
    token: str,
    join: float,
    done: tuple[int, tuple[int, ...]] | None,
    now: datetime,
) -> Step:
    """Close a delivery, then say what the chat needs next.

    The delivery is closed whoever owns the chat by now: that it arrived is true all the same.
    """
    if done is not None:
        close_delivery(connection, *done, now)
    chat = connection.execute(select(chats).where(chats.c.id == chat_id)).one_or_none()
    if chat is None or not _own(connection, chat, token):
        return None
    answer = _open_answer(connection, chat, now)
    if answer is not None:
        return answer
    rows = _open_updates(connection, chat_id)
    if not rows:
        connection.execute(update(chats).where(chats.c.id == chat_id).values(owner=None))
        return None
    if rows[0].payload["kind"] != "text":
        incoming = _incoming(rows[0])
        chat = _learn_language(connection, chat, "")
        return Command(chat=chat_from(chat), token=token, incoming=incoming)
    batch = _text_prefix(rows)
    pause = _joining(batch, join, now)
    if pause > 0 and len(batch) == len(rows):
        return Wait(pause)
    return _take(connection, chat, token, batch, now)


def _own(connection: Connection, chat: AnyRow, token: str) -> bool:
    if chat.owner == token:
        return True
    if chat.owner != QUEUED:
        return False
    claim = update(chats).where(chats.c.id == chat.id, chats.c.owner == QUEUED).values(owner=token)
    return bool(connection.execute(claim).rowcount)


def _open_answer(connection: Connection, chat: AnyRow, now: datetime) -> Delivery | Wait | None:
    row = connection.execute(
        select(outbox, messages.c.text)
        .join(messages, messages.c.id == outbox.c.ref)
        .where(outbox.c.chat_id == chat.id, outbox.c.kind == "answer", outbox.c.done_at.is_(None))
        .order_by(outbox.c.id)
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    if row.due_at > now:
        return Wait((row.due_at - now).total_seconds())
    return Delivery(
        id=row.id,
        chat_id=chat.id,
        message_id=row.ref,
        text=row.text,
        sent=tuple(row.progress or ()),
        attempts=row.attempts,
    )


def _open_updates(connection: Connection, chat_id: int) -> Sequence[AnyRow]:
    return connection.execute(
        select(inbox)
        .where(inbox.c.chat_id == chat_id, inbox.c.done_at.is_(None))
        .order_by(inbox.c.update_id)
        .limit(MAX_BATCH)
    ).all()


def _text_prefix(rows: Sequence[AnyRow]) -> list[AnyRow]:
    batch: list[AnyRow] = []
    for row in rows:
        if row.payload["kind"] != "text":
            break
        batch.append(row)
    return batch


def _joining(batch: Sequence[AnyRow], join: float, now: datetime) -> float:
    """Seconds still to wait for another message of the same customer."""
    newest = max(row.received_at for row in batch)
    oldest = min(row.received_at for row in batch)
    until = min(newest + timedelta(seconds=join), oldest + timedelta(seconds=MAX_JOIN))
    return (until - now).total_seconds()


def _take(connection: Connection, chat: AnyRow, token: str, batch: Sequence[AnyRow], now: datetime) -> Turn:
    updates = tuple(row.update_id for row in batch)
    for row in batch:
        _store_incoming(connection, _incoming(row), "text", row.received_at)
    stored = connection.execute(
        select(messages).where(messages.c.update_id.in_(updates)).order_by(messages.c.id)
    ).all()
    chat = _learn_language(connection, chat, " ".join(row.text for row in stored))
    lead = connection.execute(select(leads).where(leads.c.chat_id == chat.id)).one_or_none()
    return Turn(
        chat=chat_from(chat),
        token=token,
        messages=tuple(message_from(row) for row in stored),
        updates=updates,
        conversation=_take_conversation(connection, chat.id, token, now),
        lead=lead_from(lead) if lead else None,
    )


def _take_conversation(connection: Connection, chat_id: int, token: str, now: datetime) -> str | None:
    """The provider's conversation, marked as in use; None when there is none whose content is known."""
    row = connection.execute(
        select(conversations)
        .where(conversations.c.chat_id == chat_id, conversations.c.closed_at.is_(None))
        .order_by(conversations.c.id.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    if row.busy is not None:
        close_conversations(connection, chat_id, now)
        return None
    connection.execute(update(conversations).where(conversations.c.id == row.id).values(busy=token))
    return str(row.provider_id)


def close_conversations(connection: Connection, chat_id: int, now: datetime) -> None:
    """Never use the chat's conversations again; their ids stay, to be erased with the customer."""
    connection.execute(
        update(conversations)
        .where(conversations.c.chat_id == chat_id, conversations.c.closed_at.is_(None))
        .values(closed_at=now, busy=None)
    )


def opened(connection: Connection, chat_id: int, token: str, conversation: str, now: datetime) -> None:
    """Note the provider's new conversation, in use by this turn."""
    _check_owner(connection, chat_id, token)
    close_conversations(connection, chat_id, now)
    connection.execute(
        conversations.insert().values(chat_id=chat_id, provider_id=conversation, created_at=now, busy=token)
    )


def answered(connection: Connection, turn: Turn, answer: Answer, now: datetime) -> Delivery:
    """Store an answer, queue it, close the turn's updates and let its lead's mail go."""
    _check_owner(connection, turn.chat.id, turn.token)
    delivery = _store_answer(connection, turn.chat.id, answer, now)
    connection.execute(update(inbox).where(inbox.c.update_id.in_(turn.updates)).values(done_at=now))
    connection.execute(
        update(outbox)
        .where(
            outbox.c.chat_id == turn.chat.id,
            outbox.c.done_at.is_(None),
            outbox.c.kind == "lead",
            outbox.c.attempts == 0,
        )
        .values(due_at=now)
    )
    if answer.kind != "answer":  # the provider knows nothing of it, or what it holds is unknown
        close_conversations(connection, turn.chat.id, now)
    else:
        connection.execute(
            update(conversations)
            .where(conversations.c.chat_id == turn.chat.id, conversations.c.busy == turn.token)
            .values(busy=None)
        )
    return delivery


def commanded(
    connection: Connection,
    chat_id: int,
    token: str,
    update_id: int,
    answer: Answer | None,
    now: datetime,
    *,
    fresh: bool,
) -> Delivery | None:
    """Store a command with its answer and close its update; ``fresh`` starts a new conversation."""
    _check_owner(connection, chat_id, token)
    row = connection.execute(select(inbox).where(inbox.c.update_id == update_id)).one()
    incoming = _incoming(row)
    delivery = None
    if fresh and incoming.text:  # "/new How much is …?": the question is the first of the fresh conversation
        payload = {**row.payload, "kind": "text"}
        connection.execute(update(inbox).where(inbox.c.update_id == update_id).values(payload=payload))
    else:
        _store_incoming(connection, incoming, "service", row.received_at)
        connection.execute(update(inbox).where(inbox.c.update_id == update_id).values(done_at=now))
        delivery = _store_answer(connection, chat_id, answer, now) if answer else None
    if incoming.kind == "start" and incoming.text:
        connection.execute(update(chats).where(chats.c.id == chat_id).values(source=incoming.text))
    if fresh:
        _start_afresh(connection, chat_id, now)
    return delivery


def _start_afresh(connection: Connection, chat_id: int, now: datetime) -> None:
    newest = select(func.coalesce(func.max(messages.c.id), 0)).where(messages.c.chat_id == chat_id)
    connection.execute(
        update(chats).where(chats.c.id == chat_id).values(history_from=newest.scalar_subquery())
    )
    close_conversations(connection, chat_id, now)


def close_delivery(
    connection: Connection, delivery_id: int, telegram_ids: Sequence[int], now: datetime
) -> None:
    """Note that an answer arrived, with Telegram's ids of its messages."""
    message_id = connection.execute(
        update(outbox)
        .where(outbox.c.id == delivery_id)
        .values(done_at=now, progress=list(telegram_ids))
        .returning(outbox.c.ref)
    ).scalar_one()
    connection.execute(
        update(messages).where(messages.c.id == message_id).values(telegram_ids=list(telegram_ids))
    )


def progressed(connection: Connection, delivery_id: int, sent: Sequence[int]) -> None:
    """Note the pieces of an answer that arrived."""
    connection.execute(update(outbox).where(outbox.c.id == delivery_id).values(progress=list(sent)))


def postponed(connection: Connection, delivery_id: int, seconds: float, error: str, now: datetime) -> None:
    """Put a delivery off."""
    connection.execute(
        update(outbox)
        .where(outbox.c.id == delivery_id)
        .values(due_at=now + timedelta(seconds=seconds), error=error, attempts=outbox.c.attempts + 1)
    )


def refused(connection: Connection, delivery_id: int, error: str, now: datetime, *, blocked: bool) -> None:
    """Give a delivery up, and mark the chat when the customer blocked the bot."""
    chat_id = connection.execute(
        update(outbox)
        .where(outbox.c.id == delivery_id)
        .values(done_at=now, failed_at=now, error=error)
        .returning(outbox.c.chat_id)
    ).scalar_one()
    if blocked:
        connection.execute(update(chats).where(chats.c.id == chat_id).values(blocked_at=now))


def recover(connection: Connection, now: datetime) -> list[int]:
    """After a start: free every chat of its dead owner, queue those with work, oldest first.

    Only for the database's single process. Mails are made due at once: whatever held them up may
    have been mended by the restart.
    """
    connection.execute(update(chats).where(chats.c.owner.is_not(None)).values(owner=None))
    waiting = union(
        select(inbox.c.chat_id).where(inbox.c.done_at.is_(None)),
        select(outbox.c.chat_id).where(outbox.c.done_at.is_(None), outbox.c.kind == "answer"),
    ).subquery()
    connection.execute(update(chats).where(chats.c.id.in_(select(waiting.c.chat_id))).values(owner=QUEUED))
    connection.execute(
        update(outbox).where(outbox.c.done_at.is_(None), outbox.c.kind != "answer").values(due_at=now)
    )
    oldest = (
        select(func.min(inbox.c.update_id))
        .where(inbox.c.chat_id == chats.c.id, inbox.c.done_at.is_(None))
        .scalar_subquery()
    )
    found = connection.execute(select(chats.c.id).where(chats.c.owner == QUEUED).order_by(oldest))
    return list(found.scalars())


def _check_owner(connection: Connection, chat_id: int, token: str) -> None:
    owner = connection.execute(select(chats.c.owner).where(chats.c.id == chat_id)).scalar_one_or_none()
    if owner != token:
        raise Fenced(f"chat {chat_id} is owned by another worker")


def _store_incoming(connection: Connection, incoming: Incoming, kind: str, at: datetime) -> None:
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


def _store_answer(connection: Connection, chat_id: int, answer: Answer, now: datetime) -> Delivery:
    usage = answer.usage
    message_id = connection.execute(
        messages.insert()
        .values(
            chat_id=chat_id,
            role="assistant",
            kind=answer.kind,
            text=answer.text,
            created_at=now,
            error_code=answer.error_code,
            passages=[
                {"source": p.source, "heading": p.heading, "score": round(p.score, 4)}
                for p in answer.passages
            ]
            or None,
            unanswered=answer.unanswered,
            model=usage.model if usage else None,
            input_tokens=usage.input_tokens if usage else None,
            cached_tokens=usage.cached_tokens if usage else None,
            output_tokens=usage.output_tokens if usage else None,
            model_calls=usage.calls if usage else None,
            seconds=usage.seconds if usage else None,
        )
        .returning(messages.c.id)
    ).scalar_one()
    row_id = connection.execute(
        outbox.insert()
        .values(
            kind="answer",
            key=f"answer-{message_id}",
            chat_id=chat_id,
            ref=message_id,
            created_at=now,
            due_at=now,
        )
        .returning(outbox.c.id)
    ).scalar_one()
    return Delivery(id=row_id, chat_id=chat_id, message_id=message_id, text=answer.text)


def _learn_language(connection: Connection, chat: AnyRow, text: str) -> AnyRow:
    language = language_of(text, chat.language_code, chat.language)
    if language is None or language == chat.language:
        return chat
    changed = update(chats).where(chats.c.id == chat.id).values(language=language).returning(chats)
    return connection.execute(changed).one()


def _payload(incoming: Incoming) -> dict[str, Any]:
    payload = asdict(incoming)
    payload["sent_at"] = incoming.sent_at.isoformat()
    return payload


def _incoming(row: AnyRow) -> Incoming:
    payload: dict[str, Any] = dict(row.payload)
    payload["sent_at"] = datetime.fromisoformat(payload["sent_at"])
    return Incoming(**payload)
