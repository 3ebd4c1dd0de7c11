"""Units of work around an answer: store it, deliver it, or give it up.

Each is a plain function of a ``Connection`` and may be run again after a rollback.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, bindparam, func, select, update

from sovetnik.core.errors import Fenced
from sovetnik.core.model import Answer, Button, Delivery, Keyboard, Message, Turn
from sovetnik.storage.incoming import incoming_of, store_incoming
from sovetnik.storage.prepared import Prepared
from sovetnik.storage.rows import AnyRow
from sovetnik.storage.tables import chats, conversations, inbox, messages, outbox

USED = Prepared(update(conversations).where(conversations.c.id == bindparam("conversation")))
_CLOSE = Prepared(
    update(conversations)
    .where(conversations.c.chat_id == bindparam("chat"), conversations.c.closed_at.is_(None))
    .values(busy=None)
)
_CHAT = Prepared(select(chats).where(chats.c.id == bindparam("chat")).with_for_update())
_DONE = Prepared(update(inbox).where(inbox.c.update_id == bindparam("update")))
_ARRIVED = Prepared(
    update(outbox)
    .where(outbox.c.id == bindparam("delivery"))
    .returning(outbox.c.ref, outbox.c.chat_id, outbox.c.payload)
)
_MESSAGE = Prepared(update(messages).where(messages.c.id == bindparam("message")))
_SAY = Prepared(messages.insert().returning(messages.c.id))
_QUEUE = Prepared(outbox.insert().returning(outbox.c.id))


def close_conversations(connection: Connection, chat_id: int, now: datetime) -> None:
    """Never use the chat's conversations again; their ids stay, to be erased with the customer."""
    _CLOSE.run(connection, chat=chat_id, closed_at=now)


def opened(connection: Connection, chat_id: int, token: str, conversation: str, now: datetime) -> None:
    """Note the provider's new conversation, in use by this turn."""
    check_owner(connection, chat_id, token)
    close_conversations(connection, chat_id, now)
    connection.execute(
        conversations.insert().values(chat_id=chat_id, provider_id=conversation, created_at=now, busy=token)
    )


def _held(chat_id: ColumnElement[int] | int) -> tuple[ColumnElement[bool], ...]:
    """Conditions on a lead's mail that waits for the turn's answer."""
    return (
        outbox.c.chat_id == chat_id,
        outbox.c.done_at.is_(None),
        outbox.c.kind == "lead",
        outbox.c.attempts == 0,
    )


_LOOSE = Prepared(
    select(
        select(func.min(outbox.c.id))
        .where(*_held(bindparam("chat", type_=BigInteger)))
        .scalar_subquery()
        .label("held"),
        select(func.min(conversations.c.id))
        .where(
            conversations.c.chat_id == bindparam("chat", type_=BigInteger),
            conversations.c.busy == bindparam("token"),
        )
        .scalar_subquery()
        .label("busy"),
    )
)
"""What an answer may have to let go: its lead's mail, the provider's conversation."""


def answered(connection: Connection, turn: Turn, answer: Answer, now: datetime) -> Delivery:
    """Store an answer, queue it, close the turn's updates and let its lead's mail go."""
    chat = check_owner(connection, turn.chat.id, turn.token)
    delivery = store_answer(connection, turn.chat.id, chat.preview, answer, now)
    if turn.paused:
        connection.execute(update(chats).where(chats.c.id == turn.chat.id).values(pause_told_at=now))
    _close_updates(connection, turn, now)
    held, busy = _LOOSE.one(connection, chat=turn.chat.id, token=turn.token)
    if held is not None:
        connection.execute(update(outbox).where(*_held(turn.chat.id)).values(due_at=now))
    if answer.kind != "answer":  # the provider knows nothing of it, or what it holds is unknown
        close_conversations(connection, turn.chat.id, now)
    elif busy is not None:
        USED.run(connection, conversation=busy, busy=None)
    return delivery


def _close_updates(connection: Connection, turn: Turn, now: datetime) -> None:
    for number in turn.updates:  # mostly one
        _DONE.run(connection, update=number, done_at=now)


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
    chat = check_owner(connection, chat_id, token)
    row = connection.execute(select(inbox).where(inbox.c.update_id == update_id)).one()
    incoming = incoming_of(row)
    delivery = None
    if fresh and incoming.text:  # "/new How much is …?": the question is the first of the fresh conversation
        payload = {**row.payload, "kind": "text"}
        connection.execute(update(inbox).where(inbox.c.update_id == update_id).values(payload=payload))
    else:
        store_incoming(connection, incoming, "service", row.received_at)
        connection.execute(update(inbox).where(inbox.c.update_id == update_id).values(done_at=now))
        delivery = store_answer(connection, chat_id, chat.preview, answer, now) if answer else None
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
    """Note that an answer arrived, with Telegram's ids of its messages; its chat may have been erased."""
    ids = list(telegram_ids)
    row = _ARRIVED.row(connection, delivery=delivery_id, done_at=now, progress=ids)
    if row is None:
        return
    _MESSAGE.run(connection, message=row.ref, telegram_ids=ids)
    payload: Mapping[str, Any] = row.payload or {}
    version = payload.get("consent")
    if version:  # only now has the customer been shown it
        connection.execute(
            update(chats).where(chats.c.id == row.chat_id).values(consent=version, consent_at=now)
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
    ).scalar_one_or_none()
    if blocked:
        connection.execute(update(chats).where(chats.c.id == chat_id).values(blocked_at=now))


def check_owner(connection: Connection, chat_id: int, token: str) -> AnyRow:
    """The chat's row, locked until the unit is committed: nobody takes the chat over meanwhile.

    Raises:
        Fenced: another worker owns the chat by now.
    """
    row = _CHAT.row(connection, chat=chat_id)
    if row is None or row.owner != token:
        raise Fenced(f"chat {chat_id} is owned by another worker")
    return row


def tell(
    connection: Connection, chat_id: int, token: str, answer: Answer, now: datetime, *, flood: bool
) -> Delivery:
    """Store and queue what we say of our own accord; ``flood`` notes that the flood was spoken of."""
    check_owner(connection, chat_id, token)
    if flood:
        connection.execute(update(chats).where(chats.c.id == chat_id).values(flood_told_at=now))
    # A message that the growing answer is shown in stays: that answer is still to come.
    return store_answer(connection, chat_id, None, answer, now)


def passed(connection: Connection, turn: Turn, now: datetime) -> None:
    """Close a turn without an answer; what the provider holds of the chat is no longer all."""
    check_owner(connection, turn.chat.id, turn.token)
    _close_updates(connection, turn, now)
    close_conversations(connection, turn.chat.id, now)


def heard(connection: Connection, message: Message) -> None:
    """Keep what a message's files say."""
    connection.execute(
        update(messages)
        .where(messages.c.id == message.id)
        .values(
            text=message.text,
            note=message.note or None,
            attachments=[asdict(attachment) for attachment in message.attachments],
        )
    )


def previewed(connection: Connection, chat_id: int, telegram_id: int | None) -> None:
    """Note a message that the answer will take the place of; None when it has done so."""
    connection.execute(update(chats).where(chats.c.id == chat_id).values(preview=telegram_id))


def keyboard_from(payload: Mapping[str, Any] | None) -> Keyboard | None:
    """An answer's keyboard as the outbox keeps it."""
    found = (payload or {}).get("keyboard")
    if found is None:
        return None
    return Keyboard(found["kind"], tuple(Button(**button) for button in found["buttons"]))


def store_answer(
    connection: Connection, chat_id: int, preview: int | None, answer: Answer, now: datetime
) -> Delivery:
    """Store an answer and queue it for delivery."""
    usage = answer.usage
    if answer.keyboard and answer.keyboard.kind != "buttons":
        shown = answer.keyboard.kind == "phone"
        connection.execute(update(chats).where(chats.c.id == chat_id).values(keyboard=shown))
    payload: dict[str, Any] = {}
    if answer.keyboard:
        payload["keyboard"] = asdict(answer.keyboard)
    if answer.consent:
        payload["consent"] = answer.consent
    passages = [
        {"source": p.source, "heading": p.heading, "score": round(p.score, 4)} for p in answer.passages
    ]
    said = {
        "chat_id": chat_id,
        "role": "assistant",
        "kind": answer.kind,
        "text": answer.text,
        "created_at": now,
        "error_code": answer.error_code,
        "passages": passages or None,
        "unanswered": answer.unanswered,
        "model": usage.model if usage else None,
        "input_tokens": usage.input_tokens if usage else None,
        "cached_tokens": usage.cached_tokens if usage else None,
        "output_tokens": usage.output_tokens if usage else None,
        "model_calls": usage.calls if usage else None,
        "seconds": usage.seconds if usage else None,
    }
    message_id = _SAY.one(connection, **said).id
    queued = {
        "kind": "answer",
        "key": f"answer-{message_id}",
        "chat_id": chat_id,
        "ref": message_id,
        "created_at": now,
        "due_at": now,
        "payload": payload or None,
    }
    row_id = _QUEUE.one(connection, **queued).id
    return Delivery(
        id=row_id,
        chat_id=chat_id,
        message_id=message_id,
        text=answer.text,
        keyboard=answer.keyboard,
        preview=preview,
    )
