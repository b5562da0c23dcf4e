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

from sqlalchemy import Select, and_, bindparam, case, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from chassis.errors import Code, DomainError
from chassis.scoped import Scoped, of_tenant
from chassis.statements import Statement
from services.volunteer.adapters.rows import decided, slot_of, slot_row, task_of, task_row
from services.volunteer.adapters.tables import LIVE as IS_LIVE
from services.volunteer.adapters.tables import sign_ups, slots, tasks
from services.volunteer.app.ports import Places
from services.volunteer.domain.sign_up import LIVE
from services.volunteer.domain.slot import Slot
from services.volunteer.domain.task import Task, TaskState

LIVE_STATES = sorted(state.value for state in LIVE)

_COMING = (~slots.c.cancelled, slots.c.start_time > bindparam("now"))
_PLACES = (
    func.sum(slots.c.capacity).label("places"),
    func.sum(case((slots.c.waiting > 0, 0), else_=slots.c.capacity - slots.c.confirmed)).label("free"),
    func.sum(slots.c.waiting).label("waiting"),
)

# What a sign-up asks. The columns of LIVE, a text, are those of sign_ups: slots have no state.
_task = select(tasks).where(of_tenant(tasks, tasks.c.task_id == bindparam("task")))
_slot = select(slots).where(
    of_tenant(slots, slots.c.slot_id == bindparam("slot"), slots.c.task_id == bindparam("task"))
)
_TASK, _TASK_LOCKED = Statement(_task), Statement(_task.with_for_update())
_SLOT, _SLOT_LOCKED = Statement(_slot), Statement(_slot.with_for_update())
_TAKEN = Statement(
    select(slots)
    .join(
        sign_ups,
        and_(
            sign_ups.c.municipality_id == slots.c.municipality_id,
            sign_ups.c.slot_id == slots.c.slot_id,
            sign_ups.c.person_id == bindparam("person"),
            IS_LIVE,
        ),
    )
    .where(of_tenant(slots, slots.c.start_time < bindparam("until"), slots.c.end_time > bindparam("since")))
)
_MOVE = Statement(
    update(slots)
    .where(of_tenant(slots, slots.c.slot_id == bindparam("slot")))
    .values(
        confirmed=slots.c.confirmed + bindparam("more_confirmed"),
        waiting=slots.c.waiting + bindparam("more_waiting"),
        last_number=slots.c.last_number + bindparam("arrived"),
    )
)
_PLACES_OF_TASK = Statement(
    select(*_PLACES).where(of_tenant(slots, *_COMING, slots.c.task_id == bindparam("task")))
)


class SqlTasks(Scoped):
    def add(self, task: Task) -> None:
        self.own(task.municipality)
        self.connection.execute(insert(tasks).values(**task_row(task)))

    def get(self, task_id: UUID) -> Task:
        return task_of(self.one(_TASK, "TASK_UNKNOWN", task=task_id))

    def lock(self, task_id: UUID) -> Task:
        return task_of(self.one(_TASK_LOCKED, "TASK_UNKNOWN", task=task_id))

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


class SqlSlots(Scoped):
    def add(self, slot: Slot) -> None:
        self.own(slot.municipality)
        self.connection.execute(insert(slots).values(**slot_row(slot)))

    def get(self, task_id: UUID, slot_id: UUID) -> Slot:
        return slot_of(self.one(_SLOT, "SLOT_UNKNOWN", task=task_id, slot=slot_id))

    def lock(self, task_id: UUID, slot_id: UUID) -> Slot:
        return slot_of(self.one(_SLOT_LOCKED, "SLOT_UNKNOWN", task=task_id, slot=slot_id))

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
        try:
            self.run(_MOVE, slot=slot.id, more_confirmed=confirmed, more_waiting=waiting, arrived=arrived)
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
        query = select(slots).where(self._coming(slots.c.task_id.in_(set(wanted))))
        rows = self.rows(query.order_by(slots.c.task_id, slots.c.start_time, slots.c.slot_id), now=now)
        found = groupby(map(slot_of, rows), key=lambda slot: slot.task)
        return {task_id: tuple(of_task) for task_id, of_task in found}

    def places(self, wanted: Sequence[UUID], now: datetime) -> Mapping[UUID, Places]:
        query = select(slots.c.task_id, *_PLACES).where(self._coming(slots.c.task_id.in_(set(wanted))))
        rows = self.rows(query.group_by(slots.c.task_id), now=now)
        found = {row.task_id: Places(row.places, row.free, row.waiting) for row in rows}
        return {task_id: found.get(task_id, Places()) for task_id in wanted}

    def places_of(self, task_id: UUID, now: datetime) -> Places:
        (row,) = self.rows(_PLACES_OF_TASK, task=task_id, now=now)
        return Places(row.places or 0, row.free or 0, row.waiting or 0)

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
        return self._soonest(select(slots).join(tasks, of_open).where(self._coming(*is_short)), now, limit)

    def queued(self, now: datetime, limit: int) -> Sequence[Slot]:
        return self._soonest(select(slots).where(self._coming(slots.c.waiting > 0)), now, limit)

    def count_coming(self, now: datetime) -> int:
        query = select(func.count().label("slots")).where(self._coming())
        return int(self.maybe(query, now=now).slots)

    def taken_by(self, person_id: UUID, since: datetime, until: datetime) -> Sequence[Slot]:
        return [slot_of(row) for row in self.rows(_TAKEN, person=person_id, since=since, until=until)]

    def many(self, wanted: Sequence[UUID]) -> Mapping[UUID, Slot]:
        query = select(slots).where(self.mine(slots, slots.c.slot_id.in_(set(wanted))))
        return {row.slot_id: slot_of(row) for row in self.rows(query)}

    def _coming(self, *conditions: Any) -> Any:
        return self.mine(slots, *_COMING, *conditions)

    def _soonest(self, query: Select[Any], now: datetime, limit: int) -> Sequence[Slot]:
        soonest = query.order_by(slots.c.start_time, slots.c.slot_id).limit(limit)
        return [slot_of(row) for row in self.rows(soonest, now=now)]
