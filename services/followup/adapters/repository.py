"""Handovers and promises in the store. Each repository filters on its transaction's municipality."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Table, and_, exists, insert, or_, select, update

from chassis.db import upsert
from chassis.scoped import Scoped
from services.followup.adapters import tables
from services.followup.adapters.rows import (
    answer_of,
    answer_row,
    checkpoint_of,
    checkpoint_row,
    extension_of,
    extension_row,
    handover_of,
    handover_row,
    promise_of,
    promise_row,
)
from services.followup.app.ports import Overdue, Place, PromiseQuery
from services.followup.domain.checkpoint import Answer, Checkpoint, Extension
from services.followup.domain.promise import Promise
from services.followup.domain.report import Handover

_CHUNK = 500
T = TypeVar("T")


class SqlHandovers(Scoped):
    def get(self, assembly: UUID) -> Handover | None:
        table = tables.handovers
        query = select(table).where(self.mine(table, table.c.assembly_id == assembly))
        row = self.connection.execute(query).one_or_none()
        return None if row is None else handover_of(row)

    def put(self, handover: Handover) -> None:
        self.own(handover.municipality)
        values = handover_row(handover)
        keys = ["municipality_id", "assembly_id"]
        statement = upsert(self.connection, tables.handovers).values(**values)
        changed = {name: value for name, value in values.items() if name not in keys}
        self.connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed))

    def all(self) -> Sequence[Handover]:
        table = tables.handovers
        query = select(table).where(self.mine(table)).order_by(table.c.assembly_id.desc())
        return [handover_of(row) for row in self.rows(query)]


class SqlPromises(Scoped):
    def add(self, promises: Sequence[Promise]) -> None:
        for promise in promises:
            self.own(promise.municipality)
        rows = [promise_row(promise) for promise in promises]
        self.connection.execute(insert(tables.promises), rows)
        dated = [checkpoint_row(promise, each) for promise in promises for each in promise.checkpoints]
        self.connection.execute(insert(tables.checkpoints), dated)

    def get(self, promise_id: UUID) -> Promise:
        table = tables.promises
        query = select(table).where(self.mine(table, table.c.promise_id == promise_id))
        return self._whole([self.one(query, "PROMISE_UNKNOWN")])[0]

    def get_to_change(self, promise_id: UUID) -> Promise:
        table = tables.promises
        query = select(table).where(self.mine(table, table.c.promise_id == promise_id)).with_for_update()
        return self._whole([self.one(query, "PROMISE_UNKNOWN")])[0]

    def page(self, query: PromiseQuery, limit: int, after: Place | None = None) -> Sequence[Promise]:
        table, dated = tables.promises, tables.checkpoints
        wanted = select(table).where(self.mine(table))
        if query.assembly is not None:
            wanted = wanted.where(table.c.assembly_id == query.assembly)
        if query.seeking:
            wanted = wanted.where(table.c.volunteers_wanted > 0)
        if query.overdue_on is not None:
            unanswered = self.mine(
                dated,
                dated.c.promise_id == table.c.promise_id,
                dated.c.answered_on.is_(None),
                dated.c.effective_due < query.overdue_on,
            )
            wanted = wanted.where(exists().where(unanswered))
        if after is not None:
            assembly, position = after
            later = and_(table.c.assembly_id == assembly, table.c.position > position)
            wanted = wanted.where(or_(table.c.assembly_id > assembly, later))
        ordered = wanted.order_by(table.c.assembly_id, table.c.position).limit(limit)
        return self._whole(self.rows(ordered))

    def save(self, promise: Promise) -> None:
        self.own(promise.municipality)
        table = tables.promises
        self.replace_version(table, promise_row(promise), table.c.promise_id == promise.id)

    def add_answer(self, promise: Promise, checkpoint: Checkpoint, answer: Answer) -> None:
        self.own(promise.municipality)
        self.connection.execute(insert(tables.answers).values(**answer_row(promise, checkpoint, answer)))
        table = tables.checkpoints
        first = self._of(promise, checkpoint.id, table.c.answered_on.is_(None))
        self.connection.execute(update(table).where(first).values(answered_on=answer.answer_date))

    def add_extension(self, promise: Promise, checkpoint: Checkpoint, extension: Extension) -> None:
        self.own(promise.municipality)
        row = extension_row(promise, checkpoint, extension)
        self.connection.execute(insert(tables.extensions).values(**row))
        table = tables.checkpoints
        self.connection.execute(
            update(table).where(self._of(promise, checkpoint.id)).values(effective_due=extension.due)
        )

    def untold_overdue(self, today: date) -> Sequence[Overdue]:
        table = tables.checkpoints
        query = (
            select(table.c.promise_id, table.c.checkpoint_id, table.c.effective_due)
            .where(self.mine(table, *untold(today)))
            .order_by(table.c.effective_due, table.c.promise_id)
        )
        return [Overdue(row.promise_id, row.checkpoint_id, row.effective_due) for row in self.rows(query)]

    def tell_overdue(self, overdue: Overdue) -> bool:
        table = tables.checkpoints
        still = self.mine(
            table,
            table.c.promise_id == overdue.promise,
            table.c.checkpoint_id == overdue.checkpoint,
            table.c.answered_on.is_(None),
            table.c.effective_due == overdue.due,
            or_(table.c.told_due.is_(None), table.c.told_due != overdue.due),
        )
        done = self.connection.execute(update(table).where(still).values(told_due=overdue.due))
        return done.rowcount == 1

    def _of(self, promise: Promise, checkpoint_id: UUID, *conditions: Any) -> Any:
        table = tables.checkpoints
        return self.mine(
            table, table.c.promise_id == promise.id, table.c.checkpoint_id == checkpoint_id, *conditions
        )

    def _whole(self, rows: Sequence[Any]) -> list[Promise]:
        """Promises with all that belongs to them, by three more queries whatever their number."""
        ids = [row.promise_id for row in rows]
        answers = self._by_checkpoint(tables.answers, ids, answer_of)
        granted = self._by_checkpoint(tables.extensions, ids, extension_of)
        checkpoints: dict[UUID, list[Checkpoint]] = defaultdict(list)
        table = tables.checkpoints
        for row in self._parts(table, ids, (table.c.due_date, table.c.months, table.c.checkpoint_id)):
            own = checkpoint_of(row, granted.get(row.checkpoint_id, ()), answers.get(row.checkpoint_id, ()))
            checkpoints[row.promise_id].append(own)
        return [promise_of(row, checkpoints[row.promise_id]) for row in rows]

    def _by_checkpoint(
        self, table: Table, ids: Sequence[UUID], make: Callable[[Any], T]
    ) -> Mapping[UUID, Sequence[T]]:
        """Oldest first."""
        found: dict[UUID, list[T]] = defaultdict(list)
        for row in self._parts(table, ids, (table.c.number,)):
            found[row.checkpoint_id].append(make(row))
        return found

    def _parts(self, table: Table, ids: Sequence[UUID], order: Iterable[Any]) -> Iterable[Any]:
        for start in range(0, len(ids), _CHUNK):
            chunk = table.c.promise_id.in_(ids[start : start + _CHUNK])
            yield from self.rows(select(table).where(self.mine(table, chunk)).order_by(*order))


def untold(today: date) -> tuple[Any, ...]:
    """The conditions of a checkpoint that is overdue on `today` and of whose date it was not told."""
    columns = tables.checkpoints.c
    return (
        columns.answered_on.is_(None),
        columns.effective_due < today,
        or_(columns.told_due.is_(None), columns.told_due != columns.effective_due),
    )
