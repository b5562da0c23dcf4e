"""Selects that are built once, when their module is loaded, and then asked with nothing but values.

To SQLAlchemy every asking is a statement to find in its cache, an execution and a result with columns of its
own: several times what SQLite takes for a small question. So on SQLite, which is asked inside the process,
the SQL and how each value and column is converted are worked out once, and the driver is asked itself.
PostgreSQL is asked through SQLAlchemy, by whose errors its store tells what went wrong; there the way is what
costs.
"""

from __future__ import annotations

import sqlite3
from collections import namedtuple
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect, Select
from sqlalchemy.sql.compiler import SQLCompiler


class Question:
    """One such select; its values are bindparams. Threads share it."""

    def __init__(self, select: Select[Any]) -> None:
        self._select = select
        self._prepared: _Prepared | None = None

    def ask(self, connection: Connection, values: Mapping[str, Any]) -> Sequence[Any]:
        """The rows; a row's values have their columns' names."""
        if connection.dialect.name != "sqlite":
            return connection.execute(self._select, values).all()
        prepared = self._prepared
        if prepared is None:
            prepared = self._prepared = _Prepared(self._select, connection.dialect)
        driver: Any = connection.connection.dbapi_connection
        try:
            return prepared.ask(driver, values)
        except sqlite3.Error:
            # SQLAlchemy asks again, and gives the error the name by which those above know it.
            return connection.execute(self._select, values).all()


class _Prepared:
    """The select in SQLite's words, and the dialect's conversions on the way in and out."""

    def __init__(self, select: Select[Any], dialect: Dialect) -> None:
        compiled = select.compile(dialect=dialect)
        if not isinstance(compiled, SQLCompiler) or compiled.positiontup is None:
            raise TypeError("a question is a select of a dialect that numbers its values")
        self._sql = compiled.string
        given = [(name, compiled.binds[name]) for name in compiled.positiontup]
        self._own = {name: bind.value for name, bind in given if not bind.required}
        self._binders = [
            (name, bind.type.dialect_impl(dialect).bind_processor(dialect)) for name, bind in given
        ]
        columns = list(select.selected_columns)
        self._readers = [
            column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns
        ]
        self._row: Any = namedtuple("Row", [column.key for column in columns])  # type: ignore[misc]

    def ask(self, driver: sqlite3.Connection, values: Mapping[str, Any]) -> list[Any]:
        given = {**self._own, **values}
        parameters = [given[name] if bind is None else bind(given[name]) for name, bind in self._binders]
        return [self._read(record) for record in driver.execute(self._sql, parameters)]

    def _read(self, record: tuple[Any, ...]) -> Any:
        return self._row._make(
            [
                value if read is None else read(value)
                for read, value in zip(self._readers, record, strict=True)
            ]
        )
