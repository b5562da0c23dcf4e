"""Selections, pools and seats in the store. Each repository filters on its transaction's municipality."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, delete, func, insert, select

from chassis.db import Transaction, upsert
from chassis.scoped import Scoped, of_tenant
from chassis.statements import Statement
from services.sortition.adapters import tables
from services.sortition.adapters.rows import (
    person_of,
    person_row,
    seat_of,
    seat_row,
    selection_of,
    selection_row,
)
from services.sortition.app.ports import AppliedImport, StoredImport
from services.sortition.domain.pool import Contact, Person
from services.sortition.domain.seat import Seat
from services.sortition.domain.selection import Selection

_CHUNK = 500


def chunks(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Pieces that fit the number of parameters a statement may have."""
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]


_OWN = select(tables.selections).where(
    of_tenant(tables.selections, tables.selections.c.selection_id == bindparam("selection"))
)
_POOL_SIZE = (
    select(func.count())
    .where(
        of_tenant(
            tables.people, tables.people.c.selection_id == bindparam("selection"), tables.people.c.in_pool
        )
    )
    .scalar_subquery()
    .label("pool_size")
)
_SELECTION = Statement(_OWN)
_STANDS = Statement(
    _OWN.with_only_columns(tables.selections.c.version, tables.selections.c.update_time, _POOL_SIZE),
    lasting=True,
)


class SqlSelections(Scoped):
    def __init__(self, transaction: Transaction) -> None:
        super().__init__(transaction)
        self._transaction = transaction

    def add(self, selection: Selection) -> None:
        self.own(selection.municipality)
        self.connection.execute(insert(tables.selections).values(**selection_row(selection)))

    def get(self, selection_id: UUID) -> Selection:
        return selection_of(self.one(_SELECTION, "SELECTION_UNKNOWN", selection=selection_id))

    def sized(self, selection_id: UUID) -> tuple[Selection, int]:
        stands = self.one(_STANDS, "SELECTION_UNKNOWN", selection=selection_id)
        # A version never changes; its time tells it from the same number in a store that was restored.
        key = (self.municipality, "selection", selection_id.int, stands.version, stands.update_time)
        selection: Selection | None = self._transaction.memory.recall(key)
        if selection is None:
            selection = self.get(selection_id)
            if not self._transaction.writing:
                self._transaction.memory.keep(key, selection, self._transaction.memory_mark)
        return selection, stands.pool_size

    def save(self, selection: Selection) -> None:
        self.own(selection.municipality)
        table = tables.selections
        self.replace_version(table, selection_row(selection), table.c.selection_id == selection.id)

    def page(self, limit: int, before: UUID | None) -> Sequence[Selection]:
        table = tables.selections
        query = select(table).where(self.mine(table)).order_by(table.c.selection_id.desc()).limit(limit)
        if before is not None:
            query = query.where(table.c.selection_id < before)
        return [selection_of(row) for row in self.rows(query)]


class SqlPool(Scoped):
    def _query(self, selection_id: UUID) -> Select[Any]:
        table = tables.people
        mine = self.mine(table, table.c.selection_id == selection_id)
        return select(table).where(mine).order_by(table.c.pool_id)

    def people(self, selection_id: UUID) -> Sequence[Person]:
        query = self._query(selection_id).where(tables.people.c.in_pool)
        return [person_of(row) for row in self.rows(query)]

    def everyone(self, selection_id: UUID) -> Sequence[Person]:
        return [person_of(row) for row in self.rows(self._query(selection_id))]

    def count(self, selection_id: UUID) -> int:
        return self.sizes([selection_id]).get(selection_id, 0)

    def total(self) -> int:
        table = tables.people
        query = select(func.count().label("people")).where(self.mine(table, table.c.in_pool))
        return int(self.maybe(query).people)

    def sizes(self, selections: Sequence[UUID]) -> Mapping[UUID, int]:
        table = tables.people
        wanted = self.mine(table, table.c.selection_id.in_(selections), table.c.in_pool)
        query = select(table.c.selection_id, func.count().label("people")).where(wanted)
        return {row.selection_id: row.people for row in self.rows(query.group_by(table.c.selection_id))}

    def page(self, selection_id: UUID, limit: int, after: str | None) -> Sequence[Person]:
        query = self._query(selection_id).where(tables.people.c.in_pool).limit(limit)
        if after is not None:
            query = query.where(tables.people.c.pool_id > after)
        return [person_of(row) for row in self.rows(query)]

    def get(self, selection_id: UUID, person_id: UUID) -> Person:
        query = self._query(selection_id).where(tables.people.c.person_id == person_id)
        return person_of(self.one(query, "PERSON_UNKNOWN"))

    def put(self, people: Sequence[Person]) -> None:
        keys = ["municipality_id", "selection_id", "person_id"]
        for person in people:
            self.own(person.municipality)
        for chunk in chunks(people):
            statement = upsert(self.connection, tables.people)
            changed = {
                column.name: statement.excluded[column.name]
                for column in tables.people.columns
                if column.name not in keys
            }
            self.connection.execute(
                statement.on_conflict_do_update(index_elements=keys, set_=changed),
                [person_row(person) for person in chunk],
            )

    def remove(self, selection_id: UUID, people: Sequence[UUID]) -> None:
        for table in (tables.person_contacts, tables.people):
            for chunk in chunks(people):
                wanted = self.mine(table, table.c.selection_id == selection_id, table.c.person_id.in_(chunk))
                self.connection.execute(delete(table).where(wanted))


class SqlContacts(Scoped):
    def put(self, selection_id: UUID, contacts: Sequence[Contact]) -> None:
        for chunk in chunks(contacts):
            statement = upsert(self.connection, tables.person_contacts)
            self.connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["municipality_id", "selection_id", "person_id"],
                    set_={"fields": statement.excluded.fields},
                ),
                [
                    {
                        "municipality_id": self.municipality,
                        "selection_id": selection_id,
                        "person_id": contact.person,
                        "fields": dict(contact.fields),
                    }
                    for contact in chunk
                ],
            )

    def get(self, selection_id: UUID, people: Sequence[UUID]) -> Mapping[UUID, Contact]:
        table = tables.person_contacts
        found = {}
        for chunk in chunks(people):
            wanted = self.mine(table, table.c.selection_id == selection_id, table.c.person_id.in_(chunk))
            for row in self.rows(select(table).where(wanted)):
                found[row.person_id] = Contact(row.person_id, row.fields)
        return found

    def remove(self, selection_id: UUID, people: Sequence[UUID]) -> None:
        table = tables.person_contacts
        for chunk in chunks(people):
            wanted = self.mine(table, table.c.selection_id == selection_id, table.c.person_id.in_(chunk))
            self.connection.execute(delete(table).where(wanted))


class SqlImports(Scoped):
    def put(self, stored: StoredImport) -> None:
        applied = stored.applied
        values = {
            "state": stored.state,
            "report": dict(stored.report),
            "options": dict(stored.options),
            "upload": stored.upload,
            "create_time": stored.create_time,
            "applied_time": applied.time if applied else None,
            "applied_id_header": applied.id_header if applied else "",
            "applied_address_columns": list(applied.address_columns) if applied else [],
        }
        keys = {"municipality_id": self.municipality, "selection_id": stored.selection}
        statement = upsert(self.connection, tables.pool_imports).values(**keys, **values)
        self.connection.execute(statement.on_conflict_do_update(index_elements=list(keys), set_=values))

    def get(self, selection_id: UUID) -> StoredImport | None:
        table = tables.pool_imports
        query = select(table).where(self.mine(table, table.c.selection_id == selection_id))
        row = self.connection.execute(query).one_or_none()
        if row is None:
            return None
        applied = None
        if row.applied_time is not None:
            applied = AppliedImport(
                row.applied_time, row.applied_id_header, tuple(row.applied_address_columns)
            )
        return StoredImport(
            row.selection_id,
            row.state,
            row.report,
            row.options,
            bytes(row.upload),
            row.create_time,
            applied,
        )


class SqlSeats(Scoped):
    def _query(self, selection_id: UUID) -> Select[Any]:
        table = tables.seats
        mine = self.mine(table, table.c.selection_id == selection_id)
        return select(table).where(mine).order_by(table.c.seat_id)

    def add(self, seats: Sequence[Seat]) -> None:
        for seat in seats:
            self.own(seat.municipality)
        for chunk in chunks(seats):
            self.connection.execute(insert(tables.seats), [seat_row(seat) for seat in chunk])

    def get(self, selection_id: UUID, seat_id: UUID) -> Seat:
        query = self._query(selection_id).where(tables.seats.c.seat_id == seat_id)
        return seat_of(self.one(query, "SEAT_UNKNOWN"))

    def save(self, seat: Seat) -> None:
        self.own(seat.municipality)
        table = tables.seats
        self.replace_version(
            table,
            seat_row(seat),
            table.c.selection_id == seat.selection,
            table.c.seat_id == seat.id,
        )

    def all(self, selection_id: UUID) -> Sequence[Seat]:
        return [seat_of(row) for row in self.rows(self._query(selection_id))]

    def page(self, selection_id: UUID, limit: int, after: UUID | None) -> Sequence[Seat]:
        query = self._query(selection_id).limit(limit)
        if after is not None:
            query = query.where(tables.seats.c.seat_id > after)
        return [seat_of(row) for row in self.rows(query)]

    def of_person(self, selection_id: UUID, person_id: UUID) -> Seat | None:
        query = self._query(selection_id).where(tables.seats.c.person_id == person_id)
        row = self.connection.execute(query).one_or_none()
        return None if row is None else seat_of(row)
