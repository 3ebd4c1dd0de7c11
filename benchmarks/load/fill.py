"""A SQLite database as months of work leave it, made in seconds by bulk statements.

python -m benchmarks.load.fill FILE.db --messages 1000000
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from benchmarks.load.model import WORDS
from benchmarks.load.telegram import FIRST_CHAT, QUESTIONS

from sovetnik.core.reports import current_day
from sovetnik.storage import SqlStore

A_DAY = 20_000
"""Messages of a day. The last day's are in no report yet."""

EXCHANGES = 5
"""Questions of each customer, as many as the load asks; the load's customers are these, coming back."""

SIDE_BY_SIDE = 100
"""Customers whose messages lie between each other's."""

KEPT_DAYS = 3
"""Days that answered updates and delivered answers stay."""

ANSWER = " ".join(WORDS)
PASSAGES = json.dumps(3 * [{"source": "returns.md", "heading": "Возврат, обмен, отмена", "score": 0.7134}])


def fill(path: Path, count: int, now: datetime | None = None) -> None:
    """Make a database of `count` messages, questions and answers by turns, a lead of every 20th customer.

    Update ids count from 1; the latest message is a minute old; the report of today's moment has gone out.
    """
    now = now or datetime.now(UTC)
    asyncio.run(_schema(f"sqlite:///{path.absolute()}"))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -262144")
        _put(connection, "messages", _MESSAGE, _messages(count, now))
        _put(connection, "chats", _CHAT, _chats(count, now))
        _put(connection, "reports", _REPORT, _reports(count, now))
        fresh = min(count, KEPT_DAYS * A_DAY)
        _put(connection, "inbox", _INBOX, _inbox(count, fresh, now))
        _put(connection, "outbox", _OUTBOX, _outbox(count, fresh, now))
        _put(connection, "leads", _LEAD, _leads(count, now))
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


async def _schema(url: str) -> None:
    async with SqlStore.open(url, exclusive=True):
        pass


def _put(
    connection: sqlite3.Connection, table: str, columns: str, rows: Iterable[tuple[object, ...]]
) -> None:
    marks = ", ".join("?" * len(columns.split()))
    names = ", ".join(columns.split())
    connection.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)


def _at(number: int, count: int, now: datetime) -> str:
    """When message `number` of `count` was said, as SQLAlchemy writes it."""
    moment = now - timedelta(seconds=60 + (count - 1 - number) * 86_400 / A_DAY)
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")


def _customer(exchange: int) -> int:
    block, within = divmod(exchange, SIDE_BY_SIDE * EXCHANGES)
    return FIRST_CHAT + block * SIDE_BY_SIDE + within % SIDE_BY_SIDE


_MESSAGE = (
    "id chat_id role kind text created_at update_id telegram_ids model input_tokens cached_tokens "
    "output_tokens model_calls seconds passages report_id"
)


def _messages(count: int, now: datetime) -> Iterator[tuple[object, ...]]:
    days = count // A_DAY
    for number in range(count):
        exchange, is_answer = divmod(number, 2)
        chat, at = _customer(exchange), _at(number, count, now)
        reported = days - (count - 1 - number) // A_DAY
        report = reported if reported < days else None
        start = (number + 1, chat)
        ids = f"[{2_000_000 + number}]"
        if is_answer:
            used = ("gpt-6-luna", 900, 0, 60, 1, 1.6, PASSAGES)
            yield (*start, "assistant", "answer", f"{ANSWER} {exchange}", at, None, ids, *used, report)
        else:
            question = QUESTIONS[exchange // SIDE_BY_SIDE % EXCHANGES]
            yield (*start, "customer", "text", question, at, exchange + 1, ids, *([None] * 7), report)


_CHAT = "id name username language language_code source created_at history_from keyboard"


def _chats(count: int, now: datetime) -> Iterator[tuple[object, ...]]:
    for number in range(_customers(count)):
        said = min(count - 1, number // SIDE_BY_SIDE * SIDE_BY_SIDE * EXCHANGES * 2)
        source = "vk" if number % 3 else None
        who = (FIRST_CHAT + number, f"Анна {number}", f"anna{number}", "ru", "ru", source)
        yield (*who, _at(said, count, now), 0, 0)


def _customers(count: int) -> int:
    blocks, rest = divmod((count + 1) // 2, SIDE_BY_SIDE * EXCHANGES)
    return blocks * SIDE_BY_SIDE + min(rest, SIDE_BY_SIDE)


_REPORT = "id day window_start window_end created_at"


def _reports(count: int, now: datetime) -> Iterator[tuple[object, ...]]:
    """One for each day but the last; at least the one that says that none is due."""
    today = current_day(now, time(9), ZoneInfo("UTC"))
    days = max(1, count // A_DAY - 1)
    for number in range(1, days + 1):
        ago = days - number
        end = now - timedelta(days=1 + ago)
        moments = (f"{moment:%Y-%m-%d %H:%M:%S.%f}" for moment in (end - timedelta(days=1), end, end))
        yield (number, (today - timedelta(days=ago)).isoformat(), *moments)


_INBOX = "update_id chat_id payload received_at done_at"


def _inbox(count: int, fresh: int, now: datetime) -> Iterator[tuple[object, ...]]:
    for number in range(count - fresh + (count - fresh) % 2, count, 2):
        exchange, at = number // 2, _at(number, count, now)
        update = {"update_id": exchange + 1, "chat_id": _customer(exchange), "kind": "text", "text": ""}
        yield exchange + 1, update["chat_id"], json.dumps(update), at, at


_OUTBOX = "kind key chat_id ref revision created_at due_at attempts payload progress done_at"


def _outbox(count: int, fresh: int, now: datetime) -> Iterator[tuple[object, ...]]:
    leads = ((f"lead-{number}-r1", "lead", *_lead(number, count, now)) for number in _with_lead(count))
    answers = (
        (f"answer-{number + 1}", "answer", number + 1, _customer(number // 2), _at(number, count, now))
        for number in range(count - fresh + (count - fresh + 1) % 2, count, 2)
    )
    for key, kind, ref, chat, at in itertools.chain(leads, answers):
        yield kind, key, chat, ref, 1, at, at, 0, "null", "[1]", at


_LEAD = "id chat_id created_at updated_at revision name phone order_text fields"


def _with_lead(count: int) -> range:
    return range(1, _customers(count) // 20 + 1)


def _lead(number: int, count: int, now: datetime) -> tuple[int, int, str]:
    customer = number * 20 - 1
    block, within = divmod(customer, SIDE_BY_SIDE)
    last = (block * EXCHANGES + EXCHANGES - 1) * SIDE_BY_SIDE + within
    return number, FIRST_CHAT + customer, _at(min(count - 1, last * 2 + 1), count, now)


def _leads(count: int, now: datetime) -> Iterator[tuple[object, ...]]:
    for number in _with_lead(count):
        _, chat, at = _lead(number, count, now)
        yield number, chat, at, at, 1, f"Анна {number}", f"+7999{number:07}", "Диван и два кресла", "{}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--messages", type=int, default=1_000_000)
    options = parser.parse_args()
    fill(options.file, options.messages)


if __name__ == "__main__":
    main()
