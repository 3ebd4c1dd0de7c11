"""Another program on the bot's database, of either kind, that makes trouble."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager

import psycopg


@contextmanager
def beside(url: str) -> Generator[Callable[[str], object]]:
    """What runs a statement there."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as sqlite:
            yield sqlite.execute
    else:
        with psycopg.connect(url, autocommit=True) as postgres:
            yield postgres.execute


@contextmanager
def blocked(url: str) -> Generator[None]:
    """Nobody else can write; on PostgreSQL nobody can look into the bot's state either."""
    with beside(url) as execute:
        execute("BEGIN IMMEDIATE" if url.startswith("sqlite") else "BEGIN; LOCK TABLE state")
        yield
        execute("ROLLBACK")


@contextmanager
def full(url: str, table: str) -> Generator[None]:
    """No row can be put into a table; a server quotes it when it says so."""
    with beside(url) as execute:
        if url.startswith("sqlite"):
            refuse = "BEGIN SELECT raise(FAIL, 'disk full'); END"
            execute(f"CREATE TRIGGER full_up BEFORE INSERT ON {table} {refuse}")
            yield
            execute("DROP TRIGGER full_up")
        else:
            execute(
                "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
                "$$BEGIN RAISE disk_full USING MESSAGE = 'disk full', DETAIL = new::text; END$$"
            )
            execute(f"CREATE TRIGGER full_up BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION refuse()")
            yield
            execute(f"DROP TRIGGER full_up ON {table}")
