"""Rows for every table of a store, from the tables' own definitions: nobody has to remember a new one."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Date,
    Integer,
    LargeBinary,
    Table,
    Uuid,
    insert,
    select,
)

from chassis.holdings import Holdings, tenant_column
from chassis.tables import UtcDateTime

ROWS = 3
_SPACE = UUID("7f1a6a50-2a51-4f0e-9c1d-0f5f3b1a9a11")


def fill(
    connection: Connection,
    holdings: Holdings,
    municipality: str,
    rows: int = ROWS,
    leave_out: Collection[str] = (),
) -> None:
    """`rows` rows of the municipality in each table (one where its key is the municipality alone), which name
    one another by the same column names. In the last one all that may be null is.
    """
    for table in holdings.of_tenants():
        if table.name in leave_out:
            continue
        tenant = tenant_column(table)
        alone = list(table.primary_key.columns) == [tenant]
        made = [_row(table, municipality, number) for number in range(1 if alone else rows)]
        connection.execute(insert(table), made)


def contents(
    connection: Connection, holdings: Holdings, municipality: str
) -> dict[str, list[tuple[Any, ...]]]:
    """All its rows, column by column."""
    found = {}
    for table in holdings.of_tenants():
        tenant = tenant_column(table)
        assert tenant is not None
        query = select(table).where(tenant == municipality).order_by(*table.primary_key.columns)
        found[table.name] = [tuple(row) for row in connection.execute(query)]
    return found


def _row(table: Table, municipality: str, number: int) -> dict[str, Any]:
    tenant = tenant_column(table)
    return {
        column.name: municipality if column is tenant else _value(table, column, municipality, number)
        for column in table.columns
        if not (column.autoincrement is True and column.primary_key)
    }


def _value(table: Table, column: Column[Any], municipality: str, number: int) -> Any:
    if column.nullable and number == ROWS - 1:
        return None
    if table.name == "municipalities" and column.name == "state":
        return "ACTIVE"
    of = f"{municipality} {column.name} {number}"
    match column.type:
        case Uuid():
            return uuid5(_SPACE, of)
        case UtcDateTime():
            return datetime(2026, 11, 1 + number, 12, 30, 0, 250_000, tzinfo=UTC)
        case Date():
            return date(2026, 11, 1 + number)
        case Boolean():
            return number > 0
        case Integer():
            return number
        case JSON():
            return {"of": of, "æ": [number, None, 0.5]}
        case LargeBinary():
            return of.encode()
        case kind:
            return of[-length:] if (length := getattr(kind, "length", None)) else of
