"""The volunteer portal's ports in memory, for tests without a store; one suite holds them to the real."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from borgerting.volunteer.v1.events_pb2 import TaskChanged
from chassis.context import Caller
from chassis.errors import Code, DomainError
from chassis.tenants import Municipality
from services.volunteer.adapters.unit_of_work import task_changed
from services.volunteer.app.ports import Places, SoughtPromise
from services.volunteer.app.quotas import Quotas
from services.volunteer.domain.person import Contact, Person
from services.volunteer.domain.sign_up import SignUp, SignUpState
from services.volunteer.domain.slot import Slot
from services.volunteer.domain.task import Task, TaskState

R = TypeVar("R")


@dataclass
class Tables:
    """Every key begins with the municipality."""

    quotas: Quotas = field(default_factory=Quotas)
    tasks: dict[tuple[str, UUID], Task] = field(default_factory=dict)
    slots: dict[tuple[str, UUID], Slot] = field(default_factory=dict)
    sign_ups: dict[tuple[str, UUID], SignUp] = field(default_factory=dict)
    people: dict[tuple[str, UUID], Person] = field(default_factory=dict)
    contacts: dict[tuple[str, UUID], Contact] = field(default_factory=dict)
    calendars: dict[tuple[str, UUID], str] = field(default_factory=dict)
    sought: dict[tuple[str, str], int] = field(default_factory=dict)
    municipalities: dict[str, Municipality] = field(default_factory=dict)
    events: list[tuple[str, TaskChanged]] = field(default_factory=list)
    audit: list[tuple[str, str, str, str, dict[str, str]]] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)


class MemoryEntry:
    """As chassis.entry.Entry, without idempotency: what a use case did counts only when it ends normally."""

    def __init__(self) -> None:
        self.tables = Tables()

    def run(self, municipality: str, use_case: Callable[[MemoryUnitOfWork], R]) -> R:
        draft = deepcopy(self.tables)
        result = use_case(MemoryUnitOfWork(draft, municipality))
        self.tables = draft
        return result


class MemoryUnitOfWork:
    def __init__(self, tables: Tables, municipality: str) -> None:
        self.municipality = municipality
        self.municipalities = _Municipalities(tables, municipality)
        self.tasks = _Tasks(tables, municipality)
        self.slots = _Slots(tables, municipality)
        self.sign_ups = _SignUps(tables, municipality)
        self.people = _People(tables, municipality)
        self.sought = _Sought(tables, municipality)
        self.events = _Events(tables, municipality)
        self.audit = _Audit(tables, municipality)
        self.meter = _Meter(tables)
        self.quotas = tables.quotas


class _Scoped:
    def __init__(self, tables: Tables, municipality: str) -> None:
        self.tables = tables
        self.m = municipality

    def own(self, municipality: str) -> None:
        if municipality != self.m:
            raise RuntimeError("a unit of work writes its own municipality's rows only")

    def mine(self, table: Mapping[tuple[str, Any], R]) -> list[R]:
        return [row for (municipality, _), row in table.items() if municipality == self.m]


def _found(value: R | None, unknown: str) -> R:
    if value is None:
        raise DomainError(Code.NOT_FOUND, unknown)
    return value


def _next_version(before: Any, after: Any) -> None:
    if before is None or before.version != after.version - 1:
        raise DomainError(Code.ABORTED, "ETAG_STALE")


class _Municipalities(_Scoped):
    def get(self) -> Municipality | None:
        return self.tables.municipalities.get(self.m)

    def put(self, municipality: Municipality) -> None:
        self.own(municipality.slug)
        self.tables.municipalities[self.m] = municipality


class _Tasks(_Scoped):
    def add(self, task: Task) -> None:
        self.own(task.municipality)
        self.tables.tasks[self.m, task.id] = task

    def get(self, task_id: UUID) -> Task:
        return _found(self.tables.tasks.get((self.m, task_id)), "TASK_UNKNOWN")

    lock = get

    def save(self, task: Task) -> None:
        self.own(task.municipality)
        _next_version(self.tables.tasks.get((self.m, task.id)), task)
        self.tables.tasks[self.m, task.id] = task

    def page(self, state: TaskState, limit: int, before: UUID | None) -> Sequence[Task]:
        found = [
            task
            for task in self.mine(self.tables.tasks)
            if task.state is state and (before is None or task.id < before)
        ]
        return sorted(found, key=lambda task: task.id, reverse=True)[:limit]

    def many(self, tasks: Sequence[UUID]) -> Mapping[UUID, Task]:
        return {task.id: task for task in self.mine(self.tables.tasks) if task.id in tasks}

    def of_promises(self) -> frozenset[str]:
        standing = [t for t in self.mine(self.tables.tasks) if t.state is not TaskState.CANCELLED]
        return frozenset(task.promise for task in standing if task.promise)


class _Slots(_Scoped):
    def add(self, slot: Slot) -> None:
        self.own(slot.municipality)
        self.tables.slots[self.m, slot.id] = slot

    def get(self, task_id: UUID, slot_id: UUID) -> Slot:
        slot = self.tables.slots.get((self.m, slot_id))
        return _found(slot if slot is not None and slot.task == task_id else None, "SLOT_UNKNOWN")

    lock = get

    def lock_all(self, task_id: UUID) -> Sequence[Slot]:
        return self.page(task_id, len(self.tables.slots), None)

    def save(self, slot: Slot) -> None:
        self.own(slot.municipality)
        before = self.tables.slots.get((self.m, slot.id))
        _next_version(before, slot)
        assert before is not None
        if slot.capacity < before.confirmed:
            raise DomainError(Code.ABORTED, "SLOT_OVERBOOKED")
        self.tables.slots[self.m, slot.id] = replace(
            slot, confirmed=before.confirmed, waiting=before.waiting, last_number=before.last_number
        )

    def move(self, slot: Slot, *, confirmed: int = 0, waiting: int = 0, arrived: int = 0) -> Slot:
        self.own(slot.municipality)
        stands = self.tables.slots[self.m, slot.id]
        moved = replace(
            stands,
            confirmed=stands.confirmed + confirmed,
            waiting=stands.waiting + waiting,
            last_number=stands.last_number + arrived,
        )
        if not 0 <= moved.confirmed <= moved.capacity or moved.waiting < 0:
            raise DomainError(Code.ABORTED, "SLOT_OVERBOOKED")
        self.tables.slots[self.m, slot.id] = moved
        return replace(
            slot,
            confirmed=slot.confirmed + confirmed,
            waiting=slot.waiting + waiting,
            last_number=slot.last_number + arrived,
        )

    def page(self, task_id: UUID, limit: int, after: UUID | None) -> Sequence[Slot]:
        found = [
            slot
            for slot in self.mine(self.tables.slots)
            if slot.task == task_id and (after is None or slot.id > after)
        ]
        return sorted(found, key=lambda slot: slot.id)[:limit]

    def coming(self, tasks: Sequence[UUID], now: datetime) -> Mapping[UUID, Sequence[Slot]]:
        found: dict[UUID, tuple[Slot, ...]] = {}
        for slot in self._soonest(slot for slot in self.mine(self.tables.slots) if slot.to_come(now)):
            if slot.task in tasks:
                found[slot.task] = (*found.get(slot.task, ()), slot)
        return found

    def places(self, tasks: Sequence[UUID], now: datetime) -> Mapping[UUID, Places]:
        coming = self.coming(tasks, now)
        return {
            task: Places(
                sum(slot.capacity for slot in coming.get(task, ())),
                sum(slot.free for slot in coming.get(task, ())),
                sum(slot.waiting for slot in coming.get(task, ())),
            )
            for task in tasks
        }

    def short(self, now: datetime, until: datetime, limit: int) -> Sequence[Slot]:
        return self._soonest(
            slot
            for slot in self.mine(self.tables.slots)
            if slot.to_come(now)
            and slot.start < until
            and slot.free
            and self.tables.tasks[self.m, slot.task].state is TaskState.OPEN
        )[:limit]

    def queued(self, now: datetime, limit: int) -> Sequence[Slot]:
        waited_for = (s for s in self.mine(self.tables.slots) if s.to_come(now) and s.waiting)
        return self._soonest(waited_for)[:limit]

    def count_coming(self, now: datetime) -> int:
        return sum(slot.to_come(now) for slot in self.mine(self.tables.slots))

    def places_of(self, task_id: UUID, now: datetime) -> Places:
        return self.places([task_id], now)[task_id]

    def taken_by(self, person_id: UUID, since: datetime, until: datetime) -> Sequence[Slot]:
        live = [s for s in self.mine(self.tables.sign_ups) if s.person == person_id and s.live]
        slots = [self.tables.slots[self.m, sign_up.slot] for sign_up in live]
        return [slot for slot in slots if slot.overlaps(since, until)]

    def many(self, slots: Sequence[UUID]) -> Mapping[UUID, Slot]:
        return {slot.id: slot for slot in self.mine(self.tables.slots) if slot.id in slots}

    def _soonest(self, slots: Iterable[Slot]) -> list[Slot]:
        return sorted(slots, key=lambda slot: (slot.start, slot.id))


class _SignUps(_Scoped):
    def add(self, sign_up: SignUp) -> None:
        self.own(sign_up.municipality)
        if any(each.person == sign_up.person for each in self.live(sign_up.slot)):
            raise DomainError(Code.ALREADY_EXISTS, "SIGNED_UP_ALREADY")
        self.tables.sign_ups[self.m, sign_up.id] = sign_up

    def get(self, slot_id: UUID, sign_up_id: UUID) -> SignUp:
        found = self.tables.sign_ups.get((self.m, sign_up_id))
        return _found(found if found is not None and found.slot == slot_id else None, "SIGN_UP_UNKNOWN")

    def save(self, sign_up: SignUp) -> None:
        self.own(sign_up.municipality)
        self.tables.sign_ups[self.m, sign_up.id] = sign_up

    def queue(self, slot_id: UUID, limit: int | None = None) -> Sequence[SignUp]:
        return [each for each in self._of(slot_id) if each.state is SignUpState.WAITLISTED][:limit]

    def live(self, slot_id: UUID) -> Sequence[SignUp]:
        return [each for each in self._of(slot_id) if each.live]

    def live_of(self, person_id: UUID) -> Sequence[SignUp]:
        found = [s for s in self.mine(self.tables.sign_ups) if s.person == person_id and s.live]
        return sorted(found, key=lambda each: (each.task, each.slot))

    def queue_numbers(self, sign_ups: Sequence[SignUp]) -> Mapping[UUID, int]:
        numbers = {
            waiting.id: number
            for slot in {sign_up.slot for sign_up in sign_ups}
            for number, waiting in enumerate(self.queue(slot), 1)
        }
        return {each.id: numbers[each.id] for each in sign_ups if each.id in numbers}

    def page(self, slot_id: UUID, limit: int, after: int | None, *, places_only: bool) -> Sequence[SignUp]:
        return [
            each
            for each in self._of(slot_id)
            if (after is None or each.number > after) and (each.holds or not places_only)
        ][:limit]

    def page_of(self, person_id: UUID, limit: int, before: tuple[datetime, UUID] | None) -> Sequence[SignUp]:
        found = [
            each
            for each in self.mine(self.tables.sign_ups)
            if each.person == person_id and (before is None or (each.create_time, each.id) < before)
        ]
        return sorted(found, key=lambda each: (each.create_time, each.id), reverse=True)[:limit]

    def had_place(self, person_id: UUID) -> bool:
        return any(s.person == person_id and s.confirm_time for s in self.mine(self.tables.sign_ups))

    def _of(self, slot_id: UUID) -> list[SignUp]:
        found = [each for each in self.mine(self.tables.sign_ups) if each.slot == slot_id]
        return sorted(found, key=lambda each: each.number)


class _People(_Scoped):
    def add(self, person: Person, contact: Contact) -> None:
        self.own(person.municipality)
        self.tables.people[self.m, person.id] = person
        self.put_contact(person.id, contact)

    def get(self, person_id: UUID) -> Person:
        found = self.tables.people.get((self.m, person_id))
        return _found(found if found is not None and not found.erase_time else None, "VOLUNTEER_UNKNOWN")

    lock = get

    def lock_any(self, person_id: UUID) -> None:
        return

    def of_subject(self, subject: str) -> Person | None:
        return next((p for p in self.mine(self.tables.people) if p.subject == subject), None)

    lock_subject = of_subject

    def lock_own(self, fresh: Person) -> Person:
        if fresh.subject is None:
            raise RuntimeError("a person without a subject is nobody's own")
        self.own(fresh.municipality)
        found = self.of_subject(fresh.subject)
        if found is None:
            self.tables.people[self.m, fresh.id] = found = fresh
        return found

    def save(self, person: Person) -> None:
        self.own(person.municipality)
        _next_version(self.tables.people.get((self.m, person.id)), person)
        self.tables.people[self.m, person.id] = person

    def contacts(self, people: Sequence[UUID]) -> Mapping[UUID, Contact]:
        found = {person: self.tables.contacts.get((self.m, person)) for person in people}
        return {person: contact for person, contact in found.items() if contact is not None}

    def reachable(self, person_id: UUID) -> bool:
        return bool(self.contacts([person_id]))

    def put_contact(self, person_id: UUID, contact: Contact) -> None:
        self.tables.contacts[self.m, person_id] = contact

    def remove_contact(self, person_id: UUID) -> None:
        self.tables.contacts.pop((self.m, person_id), None)

    def set_calendar(self, person_id: UUID, digest: str, now: datetime) -> None:
        self.tables.calendars[self.m, person_id] = digest

    def of_calendar(self, digest: str) -> UUID | None:
        mine = {kept: person for (m, person), kept in self.tables.calendars.items() if m == self.m}
        return mine.get(digest)

    def remove_calendar(self, person_id: UUID) -> None:
        self.tables.calendars.pop((self.m, person_id), None)


class _Sought(_Scoped):
    def put(self, promise: str, wanted: int) -> None:
        if wanted:
            self.tables.sought[self.m, promise] = wanted
        else:
            self.tables.sought.pop((self.m, promise), None)

    def all(self) -> Mapping[str, int]:
        mine = {promise: n for (m, promise), n in self.tables.sought.items() if m == self.m}
        return dict(sorted(mine.items()))


class _Events(_Scoped):
    def task_changed(self, task: Task, places: Places) -> None:
        self.tables.events.append((self.m, task_changed(task, places)))


class _Audit(_Scoped):
    def record(
        self, caller: Any, action: str, resource: str, details: Mapping[str, str] | None = None
    ) -> None:
        self.tables.audit.append((self.m, caller.principal.subject, action, resource, dict(details or {})))


class _Meter:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def signed_up(self, outcome: str) -> None:
        self._tables.outcomes[outcome] += 1


class MemoryPromises:
    """The port `Promises`. `away`: nobody answers."""

    def __init__(self) -> None:
        self.known: dict[str, SoughtPromise] = {}
        self.away = False

    def get(self, caller: Caller, name: str) -> SoughtPromise:
        self._come()
        return _found(self.known.get(name), "PROMISE_UNKNOWN")

    def sought(self, caller: Caller, municipality: str) -> Sequence[SoughtPromise]:
        self._come()
        below = f"municipalities/{municipality}/"
        return [p for name, p in self.known.items() if name.startswith(below) and p.wanted]

    def _come(self) -> None:
        if self.away:
            raise DomainError(Code.UNAVAILABLE, "NEIGHBOUR_UNAVAILABLE")
