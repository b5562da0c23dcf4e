"""Assemblies, panels and members in the store, and the front page's copy of promises and tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from chassis.db import Transaction, upsert
from chassis.scoped import Scoped
from chassis.tenants import Municipality
from services.deliberation.adapters import tables
from services.deliberation.adapters.assembly_rows import (
    Row,
    assembly_of,
    assembly_row,
    promise_of,
    promise_values,
    task_of,
)
from services.deliberation.app.assembly_ports import Panel
from services.deliberation.app.selections import taken_selection
from services.deliberation.domain.assembly import Assembly, AssemblyState
from services.deliberation.domain.followed_up import Promise, Task

_TAKEN = "uq_assemblies_municipality_id_selection_id"


class RegistryEntries(Scoped):
    """The registry's own entry of the municipality, as other services know it by their copies; read once."""

    _known: Municipality | None = None

    def get(self) -> Municipality | None:
        if self._known is None:
            table = tables.municipalities
            query = select(table).where(table.c.municipality == self.municipality)
            row = self.connection.execute(query).one_or_none()
            if row is not None:
                self._known = Municipality(
                    row.municipality, row.display_name, row.time_zone, tuple(row.languages), row.state
                )
        return self._known

    def put(self, municipality: Municipality) -> None:
        """Raises RuntimeError: the registry is changed by its own use cases alone."""
        raise RuntimeError("the registry is no copy")


class SqlAssemblies(Scoped):
    def add(self, assembly: Assembly) -> None:
        self.own(assembly.municipality)
        statement = upsert(self.connection, tables.assemblies).values(**assembly_row(assembly))
        keys = ["municipality_id", "selection_id"]
        done = self.connection.execute(statement.on_conflict_do_nothing(index_elements=keys))
        if done.rowcount != 1:
            raise taken_selection()

    def get(self, assembly_id: UUID) -> Assembly:
        return self._get(assembly_id, lock=False)

    def lock(self, assembly_id: UUID) -> Assembly:
        return self._get(assembly_id, lock=True)

    def _get(self, assembly_id: UUID, *, lock: bool) -> Assembly:
        table = tables.assemblies
        query = select(table).where(self.mine(table, table.c.assembly_id == assembly_id))
        # SQLite's writers take turns already, and its dialect leaves the clause out.
        return assembly_of(self.one(query.with_for_update() if lock else query, "ASSEMBLY_UNKNOWN"))

    def of_selection(self, selection: UUID) -> Assembly | None:
        table = tables.assemblies
        query = select(table).where(self.mine(table, table.c.selection_id == selection))
        row = self.connection.execute(query).one_or_none()
        return None if row is None else assembly_of(row)

    def save(self, assembly: Assembly) -> None:
        self.own(assembly.municipality)
        table = tables.assemblies
        try:
            self.replace_version(table, assembly_row(assembly), table.c.assembly_id == assembly.id)
        except IntegrityError as error:
            if _TAKEN in str(error.orig) or "assemblies.selection_id" in str(error.orig):
                raise taken_selection() from error
            raise

    def page(self, limit: int, before: UUID | None) -> Sequence[Assembly]:
        table = tables.assemblies
        query = select(table).where(self.mine(table)).order_by(table.c.assembly_id.desc()).limit(limit)
        if before is not None:
            query = query.where(table.c.assembly_id < before)
        return [assembly_of(row) for row in self.rows(query)]


class SqlPanels(Scoped):
    def lock(self, selection: UUID) -> Panel | None:
        table = tables.panels
        keys = {"municipality_id": self.municipality, "selection_id": selection}
        # Two that insert at once: the second waits for the first, and then finds its row.
        self.connection.execute(upsert(self.connection, table).values(**keys).on_conflict_do_nothing())
        query = select(table).where(self.mine(table, table.c.selection_id == selection))
        row = self.connection.execute(query.with_for_update()).one()
        return None if row.seats is None else _panel(row)

    def put(self, panel: Panel) -> None:
        table = tables.panels
        values = {"seats": [str(seat) for seat in panel.seats], "draw_id": panel.draw}
        keys = {"municipality_id": self.municipality, "selection_id": panel.selection}
        statement = upsert(self.connection, table).values(**keys, **values)
        self.connection.execute(statement.on_conflict_do_update(index_elements=list(keys), set_=values))

    def waiting(self, limit: int) -> Sequence[Panel]:
        table, taken = tables.panels, tables.assemblies
        has_assembly = (
            select(taken.c.assembly_id)
            .where(self.mine(taken, taken.c.selection_id == table.c.selection_id))
            .exists()
        )
        query = (
            select(table)
            .where(self.mine(table, table.c.seats.is_not(None), ~has_assembly))
            .order_by(table.c.selection_id.desc())
            .limit(limit)
        )
        return [_panel(row) for row in self.rows(query)]


class SqlMembers(Scoped):
    def add(self, assembly_id: UUID, seats: Sequence[UUID]) -> None:
        rows = [
            {"municipality_id": self.municipality, "assembly_id": assembly_id, "seat_id": seat}
            for seat in seats
        ]
        if rows:
            self.connection.execute(insert(tables.members), rows)

    def page(self, assembly_id: UUID, limit: int, after: UUID | None) -> Sequence[UUID]:
        table = tables.members
        mine = self.mine(table, table.c.assembly_id == assembly_id)
        query = select(table.c.seat_id).where(mine).order_by(table.c.seat_id).limit(limit)
        if after is not None:
            query = query.where(table.c.seat_id > after)
        return [row.seat_id for row in self.rows(query)]


class SqlFollowedUp(Scoped):
    def promise(self, promise: UUID) -> Promise | None:
        table = tables.promises
        query = select(table).where(self.mine(table, table.c.promise_id == promise))
        row = self.connection.execute(query).one_or_none()
        return None if row is None else promise_of(row)

    def put_promise(self, promise: Promise) -> None:
        keys = {"municipality_id": self.municipality, "promise_id": promise.id}
        values = promise_values(promise)
        statement = upsert(self.connection, tables.promises).values(**keys, **values)
        self.connection.execute(statement.on_conflict_do_update(index_elements=list(keys), set_=values))

    def promises(self) -> Sequence[Promise]:
        table = tables.promises
        query = select(table).where(self.mine(table)).order_by(table.c.promise_id)
        return [promise_of(row) for row in self.rows(query)]

    def put_task(self, task: Task) -> None:
        keys = {"municipality_id": self.municipality, "task_id": task.id}
        values = {
            "promise_id": task.promise,
            "open": task.open,
            "places": task.places,
            "free": task.free,
        }
        statement = upsert(self.connection, tables.tasks).values(**keys, **values)
        self.connection.execute(statement.on_conflict_do_update(index_elements=list(keys), set_=values))

    def open_tasks(self) -> Sequence[Task]:
        table = tables.tasks
        wanted = self.mine(table, table.c.open, table.c.free > 0)
        query = select(table).where(wanted).order_by(table.c.free.desc(), table.c.task_id)
        return [task_of(row) for row in self.rows(query)]


def assemblies_by_state(transaction: Transaction) -> Mapping[tuple[str, str], int]:
    """(municipality, state) -> how many, of each municipality that has an assembly, for the metric."""
    table = tables.assemblies.c
    place = (table.municipality_id, table.state)
    query = select(*place, func.count().label("assemblies")).group_by(*place)
    found = {
        (row.municipality_id, row.state): row.assemblies for row in transaction.connection.execute(query)
    }
    return {(one, state.value): 0 for one, _ in found for state in AssemblyState} | found


def _panel(row: Row) -> Panel:
    return Panel(row.selection_id, tuple(UUID(seat) for seat in row.seats), row.draw_id)
