"""The base of repositories over SQL: no query of theirs lacks the municipality."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, Table, and_, bindparam, update
from sqlalchemy.exc import MultipleResultsFound
from sqlalchemy.sql.elements import ColumnElement

from chassis.db import Transaction
from chassis.errors import Code, DomainError
from chassis.limits.precedence import give_way
from chassis.statements import Statement

_MINE = "own_municipality"


def of_tenant(table: Table, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """`Scoped.mine` for a statement that is built once, when its module is loaded. `Scoped` fills in the
    municipality; other parameters are bindparams.
    """
    return and_(table.c.municipality_id == bindparam(_MINE), *conditions)


class Scoped:
    """What every repository has: the connection, and the one condition that no query may lack."""

    def __init__(self, transaction: Transaction) -> None:
        self.connection = transaction.connection
        self.municipality = transaction.municipality
        self._only_reads = not transaction.writing

    def mine(self, table: Table, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
        return and_(table.c.municipality_id == self.municipality, *conditions)

    def rows(self, query: Select[Any] | Statement, **values: Any) -> Sequence[Any]:
        """`values` are those of the query's bindparams, its municipality (`of_tenant`) aside."""
        values[_MINE] = self.municipality
        if self._only_reads:
            give_way()
        if isinstance(query, Statement):
            return query.ask(self.connection, values)
        return self.connection.execute(query, values).all()

    def maybe(self, query: Select[Any] | Statement, **values: Any) -> Any:
        """The only row, or None."""
        found = self.rows(query, **values)
        if len(found) > 1:
            raise MultipleResultsFound
        return found[0] if found else None

    def one(self, query: Select[Any] | Statement, unknown: str, **values: Any) -> Any:
        row = self.maybe(query, **values)
        if row is None:
            raise DomainError(Code.NOT_FOUND, unknown)
        return row

    def run(self, statement: Statement, **values: Any) -> int:
        """How many rows it made, changed or removed; `values` as those of `rows`."""
        values[_MINE] = self.municipality
        return statement.run(self.connection, values)

    def own(self, municipality: str) -> None:
        """What is written is this municipality's. Raises RuntimeError: a programming error."""
        if municipality != self.municipality:
            raise RuntimeError("a unit of work writes its own municipality's rows only")

    def replace_version(
        self, table: Table, values: Mapping[str, Any], *conditions: ColumnElement[bool]
    ) -> None:
        """Raises DomainError ABORTED ETAG_STALE unless version - 1 stands."""
        stands = table.c.version == values["version"] - 1
        done = self.connection.execute(
            update(table).where(self.mine(table, stands, *conditions)).values(**values)
        )
        if done.rowcount != 1:
            raise DomainError(Code.ABORTED, "ETAG_STALE")
