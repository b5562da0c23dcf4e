"""How much a store holds of a municipality, in rows and bytes: figures for operators, who see no content.

Bytes are those of the rows' contents as they are stored (on PostgreSQL compressed where it compresses).
Indexes, the rows' own heads and empty space come on top: they belong to a table, not to a municipality.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, LargeBinary, Table, cast, func, select
from sqlalchemy.sql.elements import ColumnElement

from chassis.db import Database
from chassis.holdings import Holdings, tenant_column
from chassis.log import get_logger, trace
from chassis.tables import erasures

_log = get_logger("chassis.holdings")


@dataclass(frozen=True, slots=True)
class Size:
    rows: int
    octets: int


def sizes_by_table(database: Database, holdings: Holdings, municipality: str) -> dict[str, Size]:
    """Of one state of the store, the table with most rows first."""
    found = {}
    with database.reading(municipality) as transaction:
        for table in holdings.of_tenants():
            found[table.name] = _size(transaction.connection, table, municipality)
    return dict(sorted(found.items(), key=lambda each: (-each[1].rows, each[0])))


def _size(connection: Connection, table: Table, municipality: str) -> Size:
    tenant = tenant_column(table)
    if tenant is None:
        raise ValueError(f"{table.name} names no municipality")
    octets: ColumnElement[Any] = sum(
        (func.coalesce(func.sum(_octets(connection, column)), 0) for column in table.columns[1:]),
        func.coalesce(func.sum(_octets(connection, table.columns[0])), 0),
    )
    query = select(func.count(), octets).select_from(table).where(tenant == municipality)
    rows, size = connection.execute(query).one()
    return Size(int(rows), int(size))


def _octets(connection: Connection, column: Column[Any]) -> ColumnElement[int]:
    if connection.dialect.name == "postgresql":
        return func.pg_column_size(column)
    return func.length(cast(column, LargeBinary))


class StoredBytes:
    """What each municipality has in one store, for a gauge: every scrape is answered with what is known.

    Measuring reads every row, so it is done beside the scrapes, and of each municipality again after an hour.
    """

    AGAIN_SECONDS = 3600.0
    STOP_SECONDS = 5.0

    def __init__(self, service: str, database: Database, holdings: Holdings) -> None:
        self._service = service
        self._database = database
        self._holdings = holdings
        self._found: dict[str, int] = {}
        self._due = 0.0
        self._stopping = threading.Event()
        self._measuring = threading.Lock()
        self._thread: threading.Thread | None = None

    def now(self) -> Mapping[str, int]:
        """Municipality -> bytes, as last measured; none of one that is erased."""
        listed = self._municipalities()
        with self._measuring:
            idle = self._thread is None or not self._thread.is_alive()
            if idle and not self._stopping.is_set() and (listed - self._found.keys() or self._over()):
                self._thread = threading.Thread(
                    target=self._measure, args=[listed], name=f"sizes-{self._service}", daemon=True
                )
                self._thread.start()
            return {one: octets for one, octets in sorted(self._found.items()) if one in listed}

    def stop(self) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(self.STOP_SECONDS)

    def _over(self) -> bool:
        return time.monotonic() >= self._due

    def _municipalities(self) -> frozenset[str]:
        registry = self._holdings.metadata.tables["municipalities"]
        tenant = tenant_column(registry)
        assert tenant is not None  # noqa: S101 - a registry names municipalities
        with self._database.reading_across() as transaction:
            gone = set(transaction.connection.execute(select(erasures.c.municipality)).scalars())
            return frozenset(transaction.connection.execute(select(tenant)).scalars()) - gone

    def _measure(self, listed: frozenset[str]) -> None:
        """All of them when the hour is over, else those that are new."""
        wanted = listed if self._over() else listed - self._found.keys()
        try:
            for municipality in sorted(wanted):
                if self._stopping.is_set():
                    return
                tables = sizes_by_table(self._database, self._holdings, municipality)
                with self._measuring:
                    self._found[municipality] = sum(each.octets for each in tables.values())
        except Exception as error:  # the store may be away: at another scrape
            _log.error("sizes not measured", service=self._service, trace=trace(error))
            return
        if wanted == listed:
            self._due = time.monotonic() + self.AGAIN_SECONDS
