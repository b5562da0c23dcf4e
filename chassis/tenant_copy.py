"""A service's own copy of deliberation's registry of municipalities, by its events.

`add_to` declares the table in the service's MetaData, and its first migration creates it with
`create_table(op)`; `subscription` keeps the copy.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Column, MetaData, String, Table, Text, select

from borgerting.deliberation.v1.events_pb2 import MunicipalityChanged
from borgerting.deliberation.v1.municipality_service_pb2 import Municipality as RegistryEntry
from chassis.aip.names import MUNICIPALITY
from chassis.db import Transaction, json_type, upsert
from chassis.erasures import begin_erasure
from chassis.events.envelope import Envelope, topic_of
from chassis.inbox import Subscription
from chassis.migrations import isolate_tenants
from chassis.scoped import Scoped, of_tenant
from chassis.statements import Statement
from chassis.tenants import Municipality

_metadata = MetaData()

municipalities = Table(
    "municipalities",
    _metadata,
    Column("municipality_id", String(63), nullable=False),
    Column("display_name", Text(), nullable=False),
    Column("time_zone", String(63), nullable=False),
    Column("languages", json_type(), nullable=False),
    Column("state", String(31), nullable=False),
    sa.PrimaryKeyConstraint("municipality_id", name="pk_municipalities"),
)


def add_to(service_metadata: MetaData) -> None:
    """Declare the copy in a service's MetaData (once, in its adapters/tables.py)."""
    municipalities.to_metadata(service_metadata)


def create_table(op: Any) -> None:
    """For a service's first migration; `op` is Alembic's."""
    op.create_table(
        "municipalities",
        sa.Column("municipality_id", sa.String(63), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("time_zone", sa.String(63), nullable=False),
        sa.Column("languages", json_type(), nullable=False),
        sa.Column("state", sa.String(31), nullable=False),
        sa.PrimaryKeyConstraint("municipality_id", name="pk_municipalities"),
    )
    isolate_tenants(op, "municipalities", readable_across=True)


_OWN = Statement(select(municipalities).where(of_tenant(municipalities)))


REMEMBERED_SECONDS = 1.0
"""How much later than its event a process may see a change that another process has made to the copy."""


class SqlMunicipalities(Scoped):
    """Every use case begins with it: it is read once in a unit of work, and not at all where the process
    remembers it.
    """

    def __init__(self, transaction: Transaction) -> None:
        super().__init__(transaction)
        self._transaction = transaction
        self._key = (self.municipality, "municipality")
        self._known: Municipality | None = None

    def get(self) -> Municipality | None:
        if self._known is None:
            transaction, key = self._transaction, self._key
            self._known = transaction.memory.recall(key) if transaction.remembers else None
            if self._known is None:
                self._known = self._stored()
                if transaction.remembers and self._known is not None:
                    transaction.memory.keep(key, self._known, transaction.memory_mark, REMEMBERED_SECONDS)
        return self._known

    def _stored(self) -> Municipality | None:
        row = self.maybe(_OWN)
        if row is None:
            return None
        return Municipality(
            row.municipality_id, row.display_name, row.time_zone, tuple(row.languages), _named(row.state)
        )

    def put(self, municipality: Municipality) -> None:
        self.own(municipality.slug)
        self._known = None
        self._transaction.remembers = False  # neither what was, nor what may yet be undone
        memory, key = self._transaction.memory, self._key
        self._transaction.after_commit(lambda: memory.forget(key))
        values = {
            "display_name": municipality.display_name,
            "time_zone": municipality.time_zone,
            "languages": list(municipality.languages),
            "state": municipality.state,
        }
        statement = upsert(self.connection, municipalities).values(
            municipality_id=municipality.slug, **values
        )
        self.connection.execute(
            statement.on_conflict_do_update(index_elements=["municipality_id"], set_=values)
        )


def municipality_changed(transaction: Transaction, message: MunicipalityChanged, envelope: Envelope) -> None:
    """Keep the registry's entry; each event tells the whole of it. Of one that is erased, erase all.

    A newer release may tell of a state that this one does not know: the event is taken all the same. Parked
    for as long as this release serves, it would hold up every later one, and people would go on changing what
    the registry says is not to be changed.
    """
    if message.state == RegistryEntry.STATE_ERASED:
        begin_erasure(transaction)
    SqlMunicipalities(transaction).put(
        Municipality(
            slug=MUNICIPALITY.parse(message.municipality, field="municipality")["municipality"],
            display_name=message.display_name,
            time_zone=message.time_zone,
            languages=tuple(message.languages),
            state=_named(str(message.state)),
        )
    )


def _named(state: str) -> str:
    """The state's name, of its number. A number that only a newer release has named is kept as it is: a state
    in which the municipality is not known to be served, so that it holds still (`Municipality.active`) and
    can be read, until a release that has the name reads the very same row.
    """
    if not state.isdecimal():
        return state
    known = RegistryEntry.State.DESCRIPTOR.values_by_number.get(int(state))
    return state if known is None else known.name.removeprefix("STATE_")


def subscription(service: str) -> Subscription:
    """What keeps the copy of `service`."""
    return Subscription(
        consumer=f"{service}.municipalities",
        topic=topic_of("deliberation"),
        handlers={MunicipalityChanged.DESCRIPTOR.full_name: municipality_changed},
    )
