"""Erases all that a store holds of a municipality, in short units of work; killed anywhere, it goes on there.

What is to be erased is asked of the tables themselves (`Holdings.of_tenants`): no new one is left out.
What stays is the tombstone: the row in `erasures`, the registry's entry or its copy without particulars,
and what `Holdings.kept` says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Table, and_, delete, func, not_, select, tuple_, update
from sqlalchemy.sql.elements import ColumnElement

from chassis.db import Database, Transaction
from chassis.holdings import Holdings, tenant_column
from chassis.log import get_logger, trace
from chassis.periodic import Periodic
from chassis.tables import erasures, outbox

_log = get_logger("chassis.holdings")

AT_ONCE = 500
"""Rows in one unit of work: others of the store wait no longer than for so many."""

LOOK_SECONDS = 5.0

TOMBSTONES = frozenset({"erasures", "municipalities"})


class Eraser:
    """Of one service's store. `step` is told before each unit of work what it is about to do."""

    def __init__(
        self,
        service: str,
        database: Database,
        holdings: Holdings,
        *,
        at_once: int = AT_ONCE,
        step: Callable[[str], None] = lambda what: None,
    ) -> None:
        self._service = service
        self._database = database
        self._holdings = holdings
        self._at_once = at_once
        self._step = step
        self._looks = Periodic(f"{service}-erasures", self.look, every_seconds=LOOK_SECONDS)

    def start(self) -> None:
        self._looks.start()

    def stop(self) -> None:
        self._looks.stop()

    def look(self) -> int:
        """Erase what is to be erased; how many municipalities were done. A second who looks does nothing."""
        with self._database.exclusive("erasures") as mine:
            return sum(self._tried(each) for each in self._ordered()) if mine else 0

    def _tried(self, municipality: str) -> bool:
        """One that fails is tried again at the next look, and holds up no other."""
        try:
            return self._erase(municipality)
        except Exception as error:
            _log.error("erasure failed", service=self._service, municipality=municipality, trace=trace(error))
            return False

    def _ordered(self) -> list[str]:
        with self._database.reading_across() as transaction:
            query = (
                select(erasures.c.municipality).where(erasures.c.done.is_(None)).order_by(erasures.c.begun)
            )
            return list(transaction.connection.execute(query).scalars())

    def _erase(self, municipality: str) -> bool:
        """False when something must be waited for: an event that was not sent yet."""
        if self._unsent(municipality):
            return False
        erased = 0
        # What refers to others goes first.
        for table in reversed(self._holdings.of_tenants()):
            while table.name not in TOMBSTONES and (some := self._some(municipality, table)):
                erased += some
        self._step("finish")
        with self._database.writing(municipality) as transaction:
            if any(self._left(transaction, table) for table in self._holdings.of_tenants()):
                return False  # somebody wrote meanwhile, who had begun before: the next look takes it
            transaction.connection.execute(
                update(erasures)
                .where(erasures.c.municipality == municipality)
                .values(done=transaction.machine_clock.now())
            )
        _log.info("municipality erased", service=self._service, municipality=municipality, rows=erased)
        return True

    def _unsent(self, municipality: str) -> bool:
        with self._database.reading(municipality) as transaction:
            query = select(outbox.c.seq).where(
                outbox.c.municipality == municipality, outbox.c.published.is_(None)
            )
            return transaction.connection.execute(query.limit(1)).first() is not None

    def _some(self, municipality: str, table: Table) -> int:
        self._step(table.name)
        with self._database.writing(municipality) as transaction:
            key = tuple_(*table.primary_key.columns)
            rows = select(*table.primary_key.columns).where(self._gone(table, municipality))
            statement = delete(table).where(
                self._gone(table, municipality), key.in_(rows.limit(self._at_once))
            )
            return transaction.connection.execute(statement).rowcount

    def _left(self, transaction: Transaction, table: Table) -> int:
        if table.name in TOMBSTONES:
            return 0
        query = select(func.count()).select_from(table).where(self._gone(table, transaction.municipality))
        return int(transaction.connection.execute(query).scalar_one())

    def _gone(self, table: Table, municipality: str) -> ColumnElement[bool]:
        tenant = tenant_column(table)
        if tenant is None:
            raise ValueError(f"{table.name} names no municipality")
        conditions: list[ColumnElement[Any]] = [tenant == municipality]
        if table.name in self._holdings.kept:
            conditions.append(not_(self._holdings.kept[table.name](table, municipality)))
        return and_(*conditions)
