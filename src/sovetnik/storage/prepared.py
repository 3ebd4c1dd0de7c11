"""Statements of every turn, made once.

On its way to SQLite's driver SQLAlchemy takes about ten times what SQLite itself takes for a row. Here it
compiles a statement and names its types; what is done for each turn is filling in the values. PostgreSQL,
where a turn's time goes into the network and the disk's confirmation, is asked in SQLAlchemy's usual way.
"""

from __future__ import annotations

import functools
import sqlite3
from collections import namedtuple
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Connection, Dialect, Table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.type_api import TypeEngine

from sovetnik.storage.rows import AnyRow, inserting

_Convert: TypeAlias = Callable[[Any], Any]
_Read: TypeAlias = Callable[[sqlite3.Cursor, tuple[Any, ...]], AnyRow]


class Prepared:
    """A statement that is run often.

    Its parameters are its ``bindparam`` names, and the columns to be set where an INSERT or UPDATE leaves
    them open; an IN takes expressions only, no list of values. Rows have their columns as attributes.

    Errors are SQLAlchemy's.
    """

    def __init__(self, statement: Any) -> None:  # noqa: ANN401 - SQLAlchemy's bases of a statement say little
        self._statement = statement
        self._plans: dict[tuple[str, ...], _Plan] = {}

    def run(self, connection: Connection, **values: Any) -> int:  # noqa: ANN401 - a column's value
        """Change rows; gives how many."""
        if connection.dialect.name == "sqlite":
            return self._on_sqlite(connection, values)[1]
        return connection.execute(self._statement, values).rowcount

    def rows(self, connection: Connection, **values: Any) -> Sequence[AnyRow]:  # noqa: ANN401 - as above
        """All rows."""
        if connection.dialect.name == "sqlite":
            return self._on_sqlite(connection, values)[0]
        return connection.execute(self._statement, values).all()

    def row(self, connection: Connection, **values: Any) -> AnyRow | None:  # noqa: ANN401 - as above
        """The only row, or None."""
        found = self.rows(connection, **values)
        if len(found) > 1:
            raise ValueError(f"{len(found)} rows where one was looked for")
        return found[0] if found else None

    def one(self, connection: Connection, **values: Any) -> AnyRow:  # noqa: ANN401 - as above
        """The only row, which is always there."""
        (row,) = self.rows(connection, **values)
        return row

    def _on_sqlite(self, connection: Connection, values: dict[str, Any]) -> tuple[Sequence[AnyRow], int]:
        """The rows, and how many were changed."""
        names = tuple(values)
        plan = self._plans.get(names)
        if plan is None:
            plan = self._plans[names] = _Plan(self._statement, connection.dialect, names)
        if not connection.in_transaction():
            connection.begin()
        driver: Any = connection.connection.dbapi_connection
        try:
            cursor = plan.run(driver, values)
            return cursor.fetchall(), cursor.rowcount
        except sqlite3.Error as error:
            raise DBAPIError(plan.sql, None, error, hide_parameters=True) from error


class _Plan:
    """A statement as the driver takes it."""

    def __init__(self, statement: Any, dialect: Dialect, names: Sequence[str]) -> None:  # noqa: ANN401
        compiled = statement.compile(dialect=dialect, column_keys=names)
        self.sql: str = str(compiled)
        if "[POSTCOMPILE" in self.sql:
            raise ValueError(f"a list of values stands in: {self.sql}")
        fixed = {**compiled.params, **{c.key: c.default.arg for c in compiled.insert_prefetch}}
        self._values = [
            _slot(name, compiled.binds[name].type, dialect, None if name in names else fixed)
            for name in compiled.positiontup
        ]
        columns: Sequence[ColumnElement[Any]] = tuple(getattr(statement, "exported_columns", ()))
        self._read = _reader(columns, dialect) if columns else None

    def run(self, driver: sqlite3.Connection, values: dict[str, Any]) -> sqlite3.Cursor:
        cursor = driver.cursor()
        cursor.row_factory = self._read
        parameters = [
            fixed if name is None else values[name] if convert is None else convert(values[name])
            for name, convert, fixed in self._values
        ]
        return cursor.execute(self.sql, parameters)


def _slot(
    name: str, kind: TypeEngine[Any], dialect: Dialect, fixed: dict[str, Any] | None
) -> tuple[str | None, _Convert | None, Any]:
    """How a place in a statement is filled: by a value of that name, or always by the same."""
    convert: _Convert | None = kind.dialect_impl(dialect).bind_processor(dialect)
    if fixed is None:
        return name, convert, None
    value = fixed[name]
    return None, None, convert(value) if convert else value


def _reader(columns: Sequence[ColumnElement[Any]], dialect: Dialect) -> _Read:
    """What makes the driver's rows ours."""
    names = [str(column.key) for column in columns]
    kind: Any = namedtuple("Row", names)  # pyright: ignore[reportUntypedNamedTuple]
    make: Callable[[list[Any]], AnyRow] = kind._make
    converts: list[tuple[int, _Convert]] = []
    for number, column in enumerate(columns):
        convert: _Convert | None = column.type.dialect_impl(dialect).result_processor(dialect, None)
        if convert is not None:
            converts.append((number, convert))

    def read(_cursor: sqlite3.Cursor, found: tuple[Any, ...]) -> AnyRow:
        row = list(found)
        for number, convert in converts:
            if row[number] is not None:
                row[number] = convert(row[number])
        return make(row)

    return read


def insert_new(connection: Connection, table: Table) -> Prepared:
    """``INSERT … ON CONFLICT DO NOTHING RETURNING`` every column: no row where there was one already."""
    return _insert_new(connection.dialect.name, table)


@functools.cache
def _insert_new(dialect: str, table: Table) -> Prepared:
    return Prepared(inserting(dialect)(table).on_conflict_do_nothing().returning(table))
