"""Sortition's desks, store and worker in one process, on a real store."""

from __future__ import annotations

from typing import Any

from borgerting.sortition.v1 import draw_service_pb2 as draw_pb
from borgerting.sortition.v1 import selection_service_pb2 as pb
from chassis.auth.principal import Role
from chassis.clock import FixedClock
from chassis.context import Caller
from chassis.entry import Entry
from chassis.tenant_copy import SqlMunicipalities
from chassis.tenants import Municipality
from chassis.testing.stores import noon
from services.sortition.adapters import tables
from services.sortition.adapters.draw_desk import DrawDesk
from services.sortition.adapters.selection_desk import SelectionDesk
from services.sortition.adapters.unit_of_work import SqlUnitOfWork
from services.sortition.app.ports import UnitOfWork
from tests.infrastructure.stores import Stores
from tests.unit.sortition.house import HERE, SECRETARIAT, TARGETS, THERE, pool_csv, who

__all__ = ["HERE", "SECRETARIAT", "TARGETS", "THERE", "House", "Role", "who"]


class House:
    def __init__(self, stores: Stores) -> None:
        self.clock: FixedClock = noon()
        self.database = stores.new(
            tables.metadata, "sortition", "services.sortition.migrations", clock=self.clock
        )
        self.entry: Entry[UnitOfWork] = Entry(self.database, SqlUnitOfWork)
        self.selections = SelectionDesk(self.entry, self.clock)
        self.draws = DrawDesk(self.entry, self.clock)
        for slug in (HERE, THERE):
            with self.database.writing(slug) as transaction:
                SqlMunicipalities(transaction).put(
                    Municipality(slug, slug.title(), "Europe/Copenhagen", ("da", "en"), "ACTIVE")
                )

    def close(self) -> None:
        self.database.close()

    def selection(self, **fields: Any) -> pb.Selection:
        targets = [
            pb.Target(feature=t.feature, value=t.value, minimum=t.minimum, maximum=t.maximum, reason=t.reason)
            for t in TARGETS
        ]
        wanted = pb.Selection(**{"title": "Welfare", "size": 8, "targets": targets, **fields})
        request = pb.CreateSelectionRequest(parent=f"municipalities/{HERE}", selection=wanted)
        return self.selections.create_selection(SECRETARIAT, request)

    def filled(self, **fields: Any) -> str:
        name = self.selection(**fields).name
        request = pb.ImportPoolRequest(
            name=name, file=pool_csv(), address_columns=["street"], contact_columns=["name"]
        )
        done = self.selections.import_pool(SECRETARIAT, request)
        assert done.state == pb.PoolImport.STATE_APPLIED
        return name

    def draw(self, selection: str, **fields: Any) -> draw_pb.Draw:
        wanted = draw_pb.Draw(**{"panels": 100, **fields})
        request = draw_pb.CreateDrawRequest(parent=selection, draw=wanted)
        return self.draws.create_draw(SECRETARIAT, request)

    def get_draw(self, name: str, by: Caller = SECRETARIAT) -> draw_pb.Draw:
        return self.draws.get_draw(by, draw_pb.GetDrawRequest(name=name))
