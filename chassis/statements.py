"""Statements that are asked over and over: built once, then handed to the driver as text and values.

SQLAlchemy writes them, so that one source serves both stores and every value goes through the types of its
column. To build a statement anew costs ten times what the driver needs to send it and to read its answer, and
to have SQLAlchemy execute one that is built still three times (measured on PostgreSQL: 165, 65 and 20 µs).
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from sqlalchemy import Connection, Delete, Dialect, Insert, Select, Table, TextClause, Update, insert
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

Built = Select[Any] | Insert | Update | Delete | TextClause
Convert = Callable[[Any], Any]

_MOST_ANSWERS = 512
"""Kept by one connection."""


class Cursor(Protocol):
    """What the drivers' cursors have in common."""

    rowcount: int

    def fetchall(self) -> list[tuple[Any, ...]]: ...


class Statement:
    """`build` makes it for a store's dialect, or is the same for all. It is given values for its bindparams
    by their names; `columns` are those of an INSERT, whose values bear their names. A bindparam that stands
    for a list (`in_`) is not known here.

    What a `lasting` one was answered is kept where the store can tell that it still holds (SQLite: that
    nothing at all was committed since), which is asked in each transaction. It tells nothing of a person.
    """

    def __init__(
        self,
        build: Built | Callable[[Dialect], Built],
        columns: Iterable[str] | None = None,
        *,
        lasting: bool = False,
    ) -> None:
        self._build = build
        self._lasting = lasting
        self._columns = None if columns is None else list(columns)
        self._compiled: dict[str, _Compiled] = {}

    def ask(self, connection: Connection, values: Mapping[str, Any]) -> Sequence[Any]:
        """Named tuples. Raises SQLAlchemy's DBAPIError, as its own execution would."""
        compiled = self._for(connection)
        answers = _lasting_answers(connection) if self._lasting else None
        if answers is None:
            return compiled.rows(compiled.execute(connection, values))
        key = (self, *compiled.given(values))
        rows = answers.get(key)
        if rows is None:
            if len(answers) >= _MOST_ANSWERS:
                answers.clear()
            rows = answers[key] = tuple(compiled.rows(compiled.execute(connection, values)))
        return rows

    def run(self, connection: Connection, values: Mapping[str, Any]) -> int:
        """How many rows it made, changed or removed. Raises as `ask`."""
        return self._for(connection).execute(connection, values).rowcount

    def _for(self, connection: Connection) -> _Compiled:
        dialect = connection.dialect
        known = self._compiled.get(dialect.name)
        if known is None:
            build = self._build
            made = build(dialect) if callable(build) else build
            known = self._compiled[dialect.name] = _Compiled(made, dialect, self._columns)
        return known


def _lasting_answers(connection: Connection) -> dict[Hashable, Any] | None:
    """None where the driver's connection cannot tell whether what it was answered still holds."""
    ask = getattr(connection.connection.dbapi_connection, "lasting_answers", None)
    return None if ask is None else ask()


def upserting(table: Table, build: Callable[[Any], Insert]) -> Statement:
    """INSERT of a whole row of `table`; `build` adds what happens on conflict."""

    def of(dialect: Dialect) -> Insert:
        own: Any = postgresql.insert if dialect.name == "postgresql" else sqlite.insert
        return build(own(table))

    return Statement(of, table.columns.keys())


def inserting(table: Table, *left_out: str) -> Statement:
    """INSERT of a row of `table`, but for the columns that the store fills in."""
    return Statement(
        insert(table).inline(), [column.name for column in table.columns if column.name not in left_out]
    )


_named_tuple: Callable[[list[str]], Any] = partial(namedtuple, "Row")


class _Compiled:
    """For one kind of store."""

    def __init__(self, built: Built, dialect: Dialect, columns: list[str] | None) -> None:
        compiled: Any = built.compile(dialect=dialect, column_keys=columns)
        if compiled.post_compile_params:
            raise TypeError("a statement that is built once has no bindparam that stands for a list")
        self._text = str(compiled)
        self._order: list[str] | None = compiled.positiontup
        self._fixed: dict[str, Any] = {}
        self._given: list[tuple[str, Convert | None]] = []
        for bind, name in compiled.bind_names.items():
            convert = bind.type.dialect_impl(dialect).bind_processor(dialect)
            if bind.required:
                self._given.append((name, convert))
            else:
                self._fixed[name] = convert(bind.value) if convert else bind.value
        read: list[Any] = [] if isinstance(built, TextClause) else list(built.exported_columns)
        self._make = _named_tuple([column.key for column in read])._make
        readers = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in read]
        self._readers = [(at, convert) for at, convert in enumerate(readers) if convert]
        self._error: type[Exception] = dialect.loaded_dbapi.Error

    def given(self, values: Mapping[str, Any]) -> list[Any]:
        """What tells one asking from another."""
        return [values[name] for name, _ in self._given]

    def execute(self, connection: Connection, values: Mapping[str, Any]) -> Cursor:
        given = self._fixed.copy()
        for name, convert in self._given:
            given[name] = convert(values[name]) if convert else values[name]
        ordered: Any = given if self._order is None else [given[name] for name in self._order]
        driver: Any = connection.connection.dbapi_connection
        try:
            found: Cursor = driver.execute(self._text, ordered)
        except self._error as error:
            raise _as_sqlalchemy_would(connection, self._text, error, self._error) from error
        return found

    def rows(self, cursor: Cursor) -> Sequence[Any]:
        make, readers = self._make, self._readers
        if not readers:
            return [make(row) for row in cursor.fetchall()]
        found = []
        for row in cursor.fetchall():
            cells = list(row)
            for at, convert in readers:
                cells[at] = convert(cells[at])
            found.append(make(cells))
        return found


def _as_sqlalchemy_would(
    connection: Connection, text: str, error: Exception, base: type[Exception]
) -> BaseException:
    """Without the values, which may be a person's."""
    dialect = connection.dialect
    gone = dialect.is_disconnect(error, connection.connection, None)  # type: ignore[arg-type] # it is the driver's
    if gone:
        connection.invalidate(error)
    return DBAPIError.instance(
        text, None, error, base, hide_parameters=True, connection_invalidated=gone, dialect=dialect
    )
