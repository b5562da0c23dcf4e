"""Which municipalities are erased: of those a store keeps one row for good, and takes nothing in any more.

The row is the order to erase (chassis.holdings.erase does it), what lets the audit trail be erased, and the
tombstone: an event that comes late, or again out of an old log, must not bring back what is gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, select

from chassis.statements import Statement
from chassis.tables import erasures

if TYPE_CHECKING:
    from chassis.db import Database, Transaction

_OF = Statement(
    select(erasures.c.municipality).where(erasures.c.municipality == bindparam("of_municipality"))
)


@dataclass(frozen=True, slots=True)
class Erasure:
    """Of one municipality in one store: `done` None while it is under way, for `seconds` so far."""

    municipality: str
    begun: datetime
    done: datetime | None
    seconds: float


def begin_erasure(transaction: Transaction) -> None:
    """Of the transaction's municipality, when it commits. Harmless when it has begun."""
    from chassis.db import upsert  # db knows this module's tables

    transaction.connection.execute(
        upsert(transaction.connection, erasures)
        .values(municipality=transaction.municipality, begun=transaction.machine_clock.now())
        .on_conflict_do_nothing()
    )


def is_erased(transaction: Transaction) -> bool:
    """Whether the transaction's municipality is, or is being."""
    return bool(_OF.ask(transaction.connection, {"of_municipality": transaction.municipality}))


def erased_in(*databases: Database) -> frozenset[str]:
    """The municipalities that one of these stores has erased, or is erasing."""
    found: set[str] = set()
    for database in databases:
        with database.reading_across() as transaction:
            found |= set(transaction.connection.execute(select(erasures.c.municipality)).scalars())
    return frozenset(found)


def erasures_in(database: Database) -> list[Erasure]:
    """All of a store, by municipality."""
    now = database.machine_clock.now()
    with database.reading_across() as transaction:
        query = select(erasures.c.municipality, erasures.c.begun, erasures.c.done)
        rows = transaction.connection.execute(query.order_by(erasures.c.municipality)).all()
    return [
        Erasure(
            row.municipality,
            row.begun,
            row.done,
            max(((row.done or now) - row.begun).total_seconds(), 0.0),
        )
        for row in rows
    ]
