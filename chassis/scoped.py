"""The base of repositories over SQL: no query of theirs lacks the municipality."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, Table, and_, update
from sqlalchemy.sql.elements import ColumnElement

from chassis.db import Transaction
from chassis.errors import Code, DomainError


class Scoped:
    """What every repository has: the connection, and the one condition that no query may lack."""

    def __init__(self, transaction: Transaction) -> None:
        self.connection = transaction.connection
        self.municipality = transaction.municipality

    def mine(self, table: Table, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
        return and_(table.c.municipality_id == self.municipality, *conditions)

    def rows(self, query: Select[Any]) -> Sequence[Any]:
        return self.connection.execute(query).all()

    def one(self, query: Select[Any], unknown: str) -> Any:
        row = self.connection.execute(query).one_or_none()
        if row is None:
            raise DomainError(Code.NOT_FOUND, unknown)
        return row

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
