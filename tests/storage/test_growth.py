"""What a bot does all day costs the same after years: no statement reads a whole table."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Generator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from sovetnik.core.model import Answer, Limits, Turn
from sovetnik.storage import SqlStore
from tests.storage.samples import MORNING, answer_turn, contact, converse, database, incoming, take_turn

GROWING = ("chats", "messages", "conversations", "leads", "inbox", "outbox")
OF_WHAT_IS_OPEN = ("ix_inbox_open", "ix_outbox_open", "ix_outbox_due")
"""Indexes that hold only what is still to be done."""


class Statements:
    """What was asked of SQLite, with its plan."""

    def __init__(self) -> None:
        self._said: dict[str, Any] = {}

    def note(self, connection: object, cursor: object, statement: str, parameters: Any, *_: object) -> None:
        del connection, cursor
        if statement.split(" ", 1)[0] in {"SELECT", "INSERT", "UPDATE", "DELETE"}:
            self._said[statement] = parameters

    def whole_tables(self, file: Path) -> list[str]:
        """Statements that read a growing table from its beginning to its end."""
        assert len(self._said) > 5
        with closing(sqlite3.connect(file)) as database:
            return [
                f"{step}: {statement}"
                for statement, parameters in self._said.items()
                for *_, step in database.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
                if _reads_all(step)
            ]


def _reads_all(step: str) -> bool:
    found = re.match(r"SCAN (\w+)(?: USING (?:COVERING )?INDEX (\w+))?", step)
    return found is not None and found[1] in GROWING and found[2] not in OF_WHAT_IS_OPEN


@pytest.fixture
def statements() -> Generator[Statements]:
    found = Statements()
    event.listen(Engine, "before_cursor_execute", found.note)
    yield found
    event.remove(Engine, "before_cursor_execute", found.note)


@pytest.fixture
def url(tmp_path: Path) -> str:
    """PostgreSQL decides by what it has counted: an empty table is read as a whole there."""
    return database(tmp_path, "sqlite")


def _file(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


async def test_a_turn(url: str, statements: Statements) -> None:
    async with SqlStore.open(url, exclusive=True) as store:
        await converse(store, 1, "вопрос")
        await store.accept([incoming(2, "ещё вопрос"), incoming(3, "и ещё")])
        await store.accept([incoming(4, "и ещё один", kind="edited", message_id=1003)])
        turn = await store.next_step(1, "worker", Limits(per_minute=20))
        assert isinstance(turn, Turn)
        await store.transcript(1, turn.messages[0].id)
        await store.tokens_since(MORNING - timedelta(hours=6))
        await store.previewed(1, 5)
        await store.opened(1, "worker", "conv_1")
        await store.heard(turn.messages[0])
        await store.save_lead(1, "worker", contact(), 10)
        await store.save_lead(1, "worker", contact(order="Диван"), 10)
        delivery = await store.answered(turn, Answer("ответ"))
        await store.progressed(delivery.id, (5,))
        await store.postponed(delivery.id, 0, "later")
        await store.next_step(1, "worker", Limits(), (delivery.id, (5, 6)))
        assert statements.whole_tables(_file(url)) == []


async def test_commands_floods_and_refusals(url: str, statements: Statements) -> None:
    async with SqlStore.open(url, exclusive=True) as store:
        await store.accept([incoming(1, "", kind="start"), incoming(2, "вопрос", chat_id=2)])
        await store.next_step(1, "worker", Limits())
        await store.commanded(1, "worker", 1, Answer("здравствуйте", kind="service"), fresh=True)
        delivery = await answer_turn(store, chat_id=2)
        await store.refused(delivery.id, "blocked", blocked=True)
        await store.accept([incoming(3, "", kind="unblocked", chat_id=2), incoming(4, "вопрос", chat_id=2)])
        await store.tell(1, "worker", Answer("не так быстро", kind="service"), flood=True)
        await store.passed(await take_turn(store, 2))
        assert statements.whole_tables(_file(url)) == []


async def test_mails_and_a_look_at_the_bots_health(url: str, statements: Statements) -> None:
    async with SqlStore.open(url, exclusive=True) as store:
        await converse(store, 1)
        await store.accept([incoming(2)])
        turn = await take_turn(store)
        saved = await store.save_lead(1, "worker", contact(), 0)
        await store.answered(turn, Answer("ответ"))
        (mail,) = await store.due_mails(4)
        await store.lead_dossier(saved.lead.id)
        await store.mail_postponed(mail.id, 5, "later", (), counts=True)
        await store.next_mail_at()
        await store.mail_done(mail.id, ("owner@shop.example",))
        await store.due_erasures(10)
        await store.vitals()
        await store.touch()
        await store.owner_chats()
        await store.last_report()
        assert statements.whole_tables(_file(url)) == []
