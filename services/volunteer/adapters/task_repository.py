"""Tasks and slots in the store. Each repository filters on its transaction's municipality.

Locks are rows locked with FOR UPDATE on PostgreSQL; on SQLite there is one writing unit of work at a time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, case, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from chassis.errors import Code, DomainError
from chassis.scoped import Scoped
from services.volunteer.adapters.rows import decided, slot_of, slot_row, task_of, task_row
from services.volunteer.adapters.tables import sign_ups, slots, tasks
from services.volunteer.app.ports import Places
from services.volunteer.domain.sign_up import LIVE
from services.volunteer.domain.slot import Slot
from services.volunteer.domain.task import Task, TaskState

LIVE_STATES = sorted(state.value for state in LIVE)


class SqlTasks(Scoped):
    def add(self, task: Task) -> None:
        self.own(task.municipality)
        self.connection.execute(insert(tasks).values(**task_row(task)))

    def get(self, task_id: UUID) -> Task:
        return task_of(self.one(self._query(task_id), "TASK_UNKNOWN"))

    def lock(self, task_id: UUID) -> Task:
        return task_of(self.one(self._query(task_id).with_for_update(), "TASK_UNKNOWN"))

    def save(self, task: Task) -> None:
        self.own(task.municipality)
        self.replace_version(tasks, task_row(task), tasks.c.task_id == task.id)

    def page(self, state: TaskState, limit: int, before: UUID | None) -> Sequence[Task]:
        query = select(tasks).where(self.mine(tasks, tasks.c.state == state.value))
        if before is not None:
            query = query.where(tasks.c.task_id < before)
        return [task_of(row) for row in self.rows(query.order_by(tasks.c.task_id.desc()).limit(limit))]

    def many(self, wanted: Sequence[UUID]) -> Mapping[UUID, Task]:
        query = select(tasks).where(self.mine(tasks, tasks.c.task_id.in_(set(wanted))))
        return {row.task_id: task_of(row) for row in self.rows(query)}

    def of_promises(self) -> frozenset[str]:
        standing = self.mine(tasks, tasks.c.promise != "", tasks.c.state != TaskState.CANCELLED.value)
        return frozenset(row.promise for row in self.rows(select(tasks.c.promise).where(standing).distinct()))

    def _query(self, task_id: UUID) -> Select[Any]:
        return select(tasks).where(self.mine(tasks, tasks.c.task_id == task_id))


class SqlSlots(Scoped):
    def add(self, slot: Slot) -> None:
        self.own(slot.municipality)
        self.connection.execute(insert(slots).values(**slot_row(slot)))

    def get(self, task_id: UUID, slot_id: UUID) -> Slot:
        return slot_of(self.one(self._query(task_id, slot_id), "SLOT_UNKNOWN"))

    def lock(self, task_id: UUID, slot_id: UUID) -> Slot:
        return slot_of(self.one(self._query(task_id, slot_id).with_for_update(), "SLOT_UNKNOWN"))

    def lock_all(self, task_id: UUID) -> Sequence[Slot]:
        query = select(slots).where(self.mine(slots, slots.c.task_id == task_id)).order_by(slots.c.slot_id)
        return [slot_of(row) for row in self.rows(query.with_for_update())]

    def save(self, slot: Slot) -> None:
        self.own(slot.municipality)
        try:
            self.replace_version(slots, decided(slot), slots.c.slot_id == slot.id)
        except IntegrityError:
            raise DomainError(Code.ABORTED, "SLOT_OVERBOOKED") from None

    def move(self, slot: Slot, *, confirmed: int = 0, waiting: int = 0, arrived: int = 0) -> Slot:
        self.own(slot.municipality)
        changes = {
            "confirmed": slots.c.confirmed + confirmed,
            "waiting": slots.c.waiting + waiting,
            "last_number": slots.c.last_number + arrived,
        }
        statement = update(slots).where(self.mine(slots, slots.c.slot_id == slot.id)).values(changes)
        try:
            self.connection.execute(statement)
        except IntegrityError:
            raise DomainError(Code.ABORTED, "SLOT_OVERBOOKED") from None
        return replace(
            slot,
            confirmed=slot.confirmed + confirmed,
            waiting=slot.waiting + waiting,
            last_number=slot.last_number + arrived,
        )

    def page(self, task_id: UUID, limit: int, after: UUID | None) -> Sequence[Slot]:
        query = select(slots).where(self.mine(slots, slots.c.task_id == task_id))
        if after is not None:
            query = query.where(slots.c.slot_id > after)
        return [slot_of(row) for row in self.rows(query.order_by(slots.c.slot_id).limit(limit))]

    def coming(self, wanted: Sequence[UUID], now: datetime) -> Mapping[UUID, Sequence[Slot]]:
        query = select(slots).where(self._coming(now, wanted))
        rows = self.rows(query.order_by(slots.c.task_id, slots.c.start_time, slots.c.slot_id))
        found = groupby(map(slot_of, rows), key=lambda slot: slot.task)
        return {task_id: tuple(of_task) for task_id, of_task in found}

    def places(self, wanted: Sequence[UUID], now: datetime) -> Mapping[UUID, Places]:
        free = case((slots.c.waiting > 0, 0), else_=slots.c.capacity - slots.c.confirmed)
        query = (
            select(
                slots.c.task_id,
                func.sum(slots.c.capacity).label("places"),
                func.sum(free).label("free"),
                func.sum(slots.c.waiting).label("waiting"),
            )
            .where(self._coming(now, wanted))
            .group_by(slots.c.task_id)
        )
        found = {row.task_id: Places(row.places, row.free, row.waiting) for row in self.rows(query)}
        return {task_id: found.get(task_id, Places()) for task_id in wanted}

    def short(self, now: datetime, until: datetime, limit: int) -> Sequence[Slot]:
        of_open = and_(
            tasks.c.municipality_id == slots.c.municipality_id,
            tasks.c.task_id == slots.c.task_id,
            tasks.c.state == TaskState.OPEN.value,
        )
        is_short = (
            slots.c.start_time < until,
            slots.c.waiting == 0,
            slots.c.confirmed < slots.c.capacity,
        )
        query = select(slots).join(tasks, of_open).where(self._coming(now), *is_short)
        return self._soonest(query, limit)

    def queued(self, now: datetime, limit: int) -> Sequence[Slot]:
        return self._soonest(select(slots).where(self._coming(now), slots.c.waiting > 0), limit)

    def taken_by(self, person_id: UUID) -> Sequence[Slot]:
        live = and_(
            sign_ups.c.municipality_id == slots.c.municipality_id,
            sign_ups.c.slot_id == slots.c.slot_id,
            sign_ups.c.person_id == person_id,
            sign_ups.c.state.in_(LIVE_STATES),
        )
        return [slot_of(row) for row in self.rows(select(slots).join(sign_ups, live).where(self.mine(slots)))]

    def many(self, wanted: Sequence[UUID]) -> Mapping[UUID, Slot]:
        query = select(slots).where(self.mine(slots, slots.c.slot_id.in_(set(wanted))))
        return {row.slot_id: slot_of(row) for row in self.rows(query)}

    def _query(self, task_id: UUID, slot_id: UUID) -> Select[Any]:
        return select(slots).where(self.mine(slots, slots.c.slot_id == slot_id, slots.c.task_id == task_id))

    def _coming(self, now: datetime, wanted: Sequence[UUID] | None = None) -> Any:
        coming = self.mine(slots, ~slots.c.cancelled, slots.c.start_time > now)
        return coming if wanted is None else and_(coming, slots.c.task_id.in_(set(wanted)))

    def _soonest(self, query: Select[Any], limit: int) -> Sequence[Slot]:
        return [
            slot_of(row)
            for row in self.rows(query.order_by(slots.c.start_time, slots.c.slot_id).limit(limit))
        ]
