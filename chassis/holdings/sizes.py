"""How much a store holds of a municipality, in rows: figures for operators, who see no content."""

from __future__ import annotations

from sqlalchemy import func, select

from chassis.db import Database
from chassis.holdings import Holdings, tenant_column


def rows_by_table(database: Database, holdings: Holdings, municipality: str) -> dict[str, int]:
    """Of one state of the store, the largest first."""
    found = {}
    with database.reading(municipality) as transaction:
        for table in holdings.of_tenants():
            tenant = tenant_column(table)
            if tenant is None:
                raise ValueError(f"{table.name} names no municipality")
            query = select(func.count()).select_from(table).where(tenant == municipality)
            found[table.name] = int(transaction.connection.execute(query).scalar_one())
    return dict(sorted(found.items(), key=lambda each: (-each[1], each[0])))
