"""One suite for the volunteer portal's ports: what the fake does, every real adapter does too."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from chassis.context import Caller, nobody
from chassis.entry import Entry
from chassis.errors import Code, DomainError
from chassis.ids import uuid7
from chassis.tenants import Municipality
from chassis.testing.stores import NOON, noon
from services.volunteer.adapters import tables
from services.volunteer.adapters.unit_of_work import SqlUnitOfWork
from services.volunteer.app.ports import Places, UnitOfWork
from services.volunteer.domain.person import Contact, Person
from services.volunteer.domain.sign_up import CancelledBy, SignUp, SignUpState, claim
from services.volunteer.domain.slot import Slot
from services.volunteer.domain.task import Task, TaskFields, TaskState
from tests.contract.volunteer.memory import MemoryEntry
from tests.infrastructure.stores import KINDS, Stores

Run = Callable[[str, Callable[[UnitOfWork], Any]], Any]
HERE, THERE = "hjemby", "naboby"
CLOCK = noon()
SOON = NOON + timedelta(days=1, microseconds=7)
CONTACT = Contact("Åse Ærlig", "20 00 00 01", "aase@example.org")
FIELDS = TaskFields("Læseven", "Læs\nhøjt.", "Skolen", "Kontoret", "20 00 00 02", "Tålmod", "Kode 7")


@pytest.fixture(params=["memory", *KINDS])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Run]:
    """Runs a function in a writing unit of work of a municipality."""
    if request.param == "memory":
        yield MemoryEntry().run
        return
    server = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    stores = Stores(request.param, tmp_path, server)
    database = stores.new(tables.metadata, "volunteer", "services.volunteer.migrations", clock=CLOCK)
    entry: Entry[UnitOfWork] = Entry(database, SqlUnitOfWork)
    caller: Caller = nobody()
    yield lambda municipality, work: entry.write(caller, municipality, work)
    stores.close()


def a_task(municipality: str = HERE, **changes: Any) -> Task:
    made = Task(municipality, uuid7(CLOCK), FIELDS, TaskState.OPEN, NOON, NOON + timedelta(microseconds=1))
    return replace(made, **changes)


def a_slot(task: Task, **changes: Any) -> Slot:
    start = changes.pop("start", SOON)
    made = Slot(
        task.municipality,
        task.id,
        uuid7(CLOCK),
        start,
        start + timedelta(hours=2),
        "Europe/Copenhagen",
        2,
        NOON,
        NOON,
    )
    return replace(made, **changes)


def a_person(municipality: str = HERE, subject: str | None = "v-1") -> Person:
    return Person(municipality, uuid4(), subject, NOON)


def added(run: Run, *things: Any) -> None:
    def work(uow: UnitOfWork) -> None:
        for thing in things:
            if isinstance(thing, Person):
                uow.people.add(thing, CONTACT)
            else:
                repository: Any = {Task: uow.tasks, Slot: uow.slots, SignUp: uow.sign_ups}[type(thing)]
                repository.add(thing)

    run(things[0].municipality, work)


def refused(run: Run, municipality: str, work: Callable[[UnitOfWork], Any]) -> tuple[Code, str]:
    with pytest.raises(DomainError) as caught:
        run(municipality, work)
    return caught.value.code, caught.value.reason


def test_slots_to_come_are_counted_over_all_tasks_of_one_municipality(run: Run) -> None:
    first, second, elsewhere = a_task(), a_task(), a_task(THERE)
    added(run, first, second, a_slot(first), a_slot(second), a_slot(second, cancelled=True))
    added(run, a_slot(first, start=NOON - timedelta(days=1)))
    added(run, elsewhere, a_slot(elsewhere))
    assert run(HERE, lambda uow: uow.slots.count_coming(NOON)) == 2
    assert run(THERE, lambda uow: uow.slots.count_coming(NOON)) == 1
    assert run(HERE, lambda uow: uow.slots.count_coming(SOON + timedelta(days=9))) == 0


class TestTasks:
    def test_come_back_as_they_were(self, run: Run) -> None:
        task = a_task(promise="municipalities/hjemby/promises/p", promise_title="Mentorer", version=3)
        added(run, task)
        assert run(HERE, lambda uow: uow.tasks.get(task.id)) == task
        assert run(HERE, lambda uow: uow.tasks.lock(task.id)) == task
        assert run(HERE, lambda uow: uow.tasks.many([task.id, uuid4()])) == {task.id: task}

    def test_are_their_own_municipalitys(self, run: Run) -> None:
        task = a_task()
        added(run, task)
        for look in ("get", "lock"):
            unknown = refused(run, THERE, lambda uow, look=look: getattr(uow.tasks, look)(task.id))
            assert unknown == (Code.NOT_FOUND, "TASK_UNKNOWN")
        assert run(THERE, lambda uow: uow.tasks.many([task.id])) == {}
        assert run(THERE, lambda uow: uow.tasks.page(TaskState.OPEN, 9, None)) == []
        with pytest.raises(RuntimeError):
            run(THERE, lambda uow: uow.tasks.add(a_task()))

    def test_a_change_replaces_the_version_before(self, run: Run) -> None:
        task = a_task()
        added(run, task)
        changed = replace(task, state=TaskState.CLOSED, version=2)
        run(HERE, lambda uow: uow.tasks.save(changed))
        assert run(HERE, lambda uow: uow.tasks.get(task.id)) == changed
        assert refused(run, HERE, lambda uow: uow.tasks.save(changed)) == (Code.ABORTED, "ETAG_STALE")

    def test_pages_are_of_one_state_and_newest_first(self, run: Run) -> None:
        tasks = [a_task() for _ in range(3)]
        added(run, *tasks, a_task(state=TaskState.DRAFT))
        newest = sorted(tasks, key=lambda task: task.id, reverse=True)
        assert run(HERE, lambda uow: uow.tasks.page(TaskState.OPEN, 2, None)) == newest[:2]
        assert run(HERE, lambda uow: uow.tasks.page(TaskState.OPEN, 2, newest[1].id)) == newest[2:]

    def test_which_promises_have_a_task(self, run: Run) -> None:
        added(
            run,
            a_task(promise="p/1"),
            a_task(promise="p/1"),
            a_task(promise="p/2", state=TaskState.CANCELLED),
            a_task(),
        )
        assert run(HERE, lambda uow: uow.tasks.of_promises()) == {"p/1"}
        assert run(THERE, lambda uow: uow.tasks.of_promises()) == frozenset()


class TestSlots:
    def test_come_back_as_they_were(self, run: Run) -> None:
        task = a_task()
        slot = a_slot(task, sequence=4, cancelled=True, version=5)
        added(run, task, slot)
        assert run(HERE, lambda uow: uow.slots.get(task.id, slot.id)) == slot
        assert run(HERE, lambda uow: uow.slots.lock(task.id, slot.id)) == slot
        for municipality, of_task in ((THERE, task.id), (HERE, uuid4())):
            unknown = refused(run, municipality, lambda uow, t=of_task: uow.slots.lock(t, slot.id))
            assert unknown == (Code.NOT_FOUND, "SLOT_UNKNOWN")

    def test_what_a_coordinator_changes_leaves_the_counts_alone(self, run: Run) -> None:
        task = a_task()
        slot = a_slot(task)
        added(run, task, slot)
        run(HERE, lambda uow: uow.slots.move(slot, confirmed=2, waiting=1, arrived=3))
        run(HERE, lambda uow: uow.slots.save(replace(slot, capacity=5, version=2)))
        stands = run(HERE, lambda uow: uow.slots.get(task.id, slot.id))
        assert (stands.capacity, stands.confirmed, stands.waiting, stands.last_number) == (5, 2, 1, 3)
        again = refused(run, HERE, lambda uow: uow.slots.save(replace(slot, capacity=6, version=2)))
        assert again == (Code.ABORTED, "ETAG_STALE")

    def test_moves_add_up_and_say_what_stands(self, run: Run) -> None:
        task = a_task()
        slot = a_slot(task)
        added(run, task, slot)
        moved = run(HERE, lambda uow: uow.slots.move(slot, confirmed=1, arrived=1))
        moved = run(HERE, lambda uow: uow.slots.move(moved, confirmed=1, waiting=1, arrived=2))
        assert moved == replace(slot, confirmed=2, waiting=1, last_number=3)
        assert run(HERE, lambda uow: uow.slots.get(task.id, slot.id)) == moved

    @pytest.mark.parametrize("step", [{"confirmed": 3}, {"confirmed": -1}, {"waiting": -1}])
    def test_overbooking_cannot_be_stored(self, run: Run, step: dict[str, int]) -> None:
        task = a_task()
        slot = a_slot(task)
        added(run, task, slot)
        told = refused(run, HERE, lambda uow: uow.slots.move(slot, **step))
        assert told == (Code.ABORTED, "SLOT_OVERBOOKED")
        assert run(HERE, lambda uow: uow.slots.get(task.id, slot.id)) == slot

    def test_fewer_places_than_people_cannot_be_stored(self, run: Run) -> None:
        task = a_task()
        slot = a_slot(task)
        added(run, task, slot)
        run(HERE, lambda uow: uow.slots.move(slot, confirmed=2))
        told = refused(run, HERE, lambda uow: uow.slots.save(replace(slot, capacity=1, version=2)))
        assert told == (Code.ABORTED, "SLOT_OVERBOOKED")

    def test_pages_and_locks_go_by_id(self, run: Run) -> None:
        task, other = a_task(), a_task()
        slots = sorted((a_slot(task) for _ in range(3)), key=lambda slot: slot.id)
        added(run, task, other, *reversed(slots), a_slot(other))
        assert run(HERE, lambda uow: uow.slots.page(task.id, 2, None)) == slots[:2]
        assert run(HERE, lambda uow: uow.slots.page(task.id, 2, slots[1].id)) == slots[2:]
        assert run(HERE, lambda uow: uow.slots.lock_all(task.id)) == slots
        assert run(HERE, lambda uow: uow.slots.many([slots[0].id])) == {slots[0].id: slots[0]}

    def test_what_comes_and_its_places(self, run: Run) -> None:
        task, empty, draft = a_task(), a_task(), a_task(state=TaskState.DRAFT)
        late, early = a_slot(task, start=SOON + timedelta(days=1)), a_slot(task)
        over, off = a_slot(task, start=NOON), a_slot(task, cancelled=True)
        added(run, task, empty, draft, late, early, over, off, a_slot(draft))
        run(HERE, lambda uow: uow.slots.move(late, confirmed=2, waiting=3))
        late = replace(late, confirmed=2, waiting=3)
        wanted = [task.id, empty.id]
        assert run(HERE, lambda uow: uow.slots.coming(wanted, NOON)) == {task.id: (early, late)}
        places = {task.id: Places(4, 2, 3), empty.id: Places()}
        assert run(HERE, lambda uow: uow.slots.places(wanted, NOON)) == places
        for each in wanted:
            assert run(HERE, lambda uow, each=each: uow.slots.places_of(each, NOON)) == places[each]
        assert run(HERE, lambda uow: uow.slots.short(NOON, SOON + timedelta(days=9), 9)) == [early]
        assert run(HERE, lambda uow: uow.slots.short(NOON, SOON, 9)) == []
        assert run(HERE, lambda uow: uow.slots.queued(NOON, 9)) == [late]
        assert run(THERE, lambda uow: uow.slots.queued(NOON, 9)) == []

    def test_a_queue_leaves_no_place_free_even_when_one_is_vacant(self, run: Run) -> None:
        task = a_task()
        slot = a_slot(task)
        added(run, task, slot)
        run(HERE, lambda uow: uow.slots.move(slot, confirmed=1, waiting=1))
        assert run(HERE, lambda uow: uow.slots.places([task.id], NOON)) == {task.id: Places(2, 0, 1)}


class TestSignUps:
    @pytest.fixture
    def scene(self, run: Run) -> tuple[Slot, Person, Person]:
        task = a_task()
        slot, one, two = a_slot(task), a_person(), a_person(subject="v-2")
        added(run, task, slot, one, two)
        return slot, one, two

    def test_come_back_as_they_were(self, run: Run, scene: tuple[Slot, Person, Person]) -> None:
        slot, person, _ = scene
        made = claim(slot, uuid4(), person.id, NOON)
        cancelled = made.cancelled(CancelledBy.ORGANISER, NOON + timedelta(seconds=1))
        added(run, made)
        assert run(HERE, lambda uow: uow.sign_ups.get(slot.id, made.id)) == made
        run(HERE, lambda uow: uow.sign_ups.save(cancelled))
        assert run(HERE, lambda uow: uow.sign_ups.get(slot.id, made.id)) == cancelled
        for municipality, of_slot in ((THERE, slot.id), (HERE, uuid4())):
            unknown = refused(run, municipality, lambda uow, s=of_slot: uow.sign_ups.get(s, made.id))
            assert unknown == (Code.NOT_FOUND, "SIGN_UP_UNKNOWN")

    def test_one_live_sign_up_of_a_person_in_a_slot(
        self, run: Run, scene: tuple[Slot, Person, Person]
    ) -> None:
        slot, person, other = scene
        first = claim(slot, uuid4(), person.id, NOON)
        second = replace(claim(slot, uuid4(), person.id, NOON), number=2)
        added(run, first)
        taken = refused(run, HERE, lambda uow: uow.sign_ups.add(second))
        assert taken == (Code.ALREADY_EXISTS, "SIGNED_UP_ALREADY")
        added(run, replace(claim(slot, uuid4(), other.id, NOON), number=2))
        run(HERE, lambda uow: uow.sign_ups.save(first.cancelled(CancelledBy.VOLUNTEER, NOON)))
        added(run, replace(second, number=3))

    def test_the_queue(self, run: Run, scene: tuple[Slot, Person, Person]) -> None:
        slot, *_ = scene
        people = [a_person(subject=f"q-{n}") for n in range(4)]
        rows = [
            replace(
                claim(slot, uuid4(), person.id, NOON),
                number=n + 1,
                state=SignUpState.CONFIRMED if n == 0 else SignUpState.WAITLISTED,
            )
            for n, person in enumerate(people)
        ]
        added(run, *people)
        added(run, *reversed(rows))
        run(HERE, lambda uow: uow.sign_ups.save(rows[1].cancelled(CancelledBy.VOLUNTEER, NOON)))
        assert run(HERE, lambda uow: uow.sign_ups.queue(slot.id)) == rows[2:]
        assert run(HERE, lambda uow: uow.sign_ups.queue(slot.id, 1)) == [rows[2]]
        assert run(HERE, lambda uow: uow.sign_ups.live(slot.id)) == [rows[0], rows[2], rows[3]]
        numbers = run(HERE, lambda uow: uow.sign_ups.queue_numbers(rows))
        assert numbers == {rows[2].id: 1, rows[3].id: 2}
        assert run(HERE, lambda uow: uow.sign_ups.queue_numbers([])) == {}
        page = run(HERE, lambda uow: uow.sign_ups.page(slot.id, 2, 1, places_only=False))
        assert [row.number for row in page] == [2, 3]
        assert run(HERE, lambda uow: uow.sign_ups.page(slot.id, 9, None, places_only=True)) == [rows[0]]
        assert run(THERE, lambda uow: uow.sign_ups.live(slot.id)) == []

    def test_one_persons(self, run: Run, scene: tuple[Slot, Person, Person]) -> None:
        slot, person, other = scene
        task = a_task()
        slots = [slot, *(a_slot(task) for _ in range(2))]
        rows = [
            replace(claim(s, uuid4(), person.id, NOON + timedelta(seconds=n // 2)), number=9)
            for n, s in enumerate(slots)
        ]
        added(run, task, *slots[1:])
        added(run, *rows, replace(claim(slot, uuid4(), other.id, NOON), number=10))
        newest = sorted(rows, key=lambda row: (row.create_time, row.id), reverse=True)
        assert run(HERE, lambda uow: uow.sign_ups.page_of(person.id, 2, None)) == newest[:2]
        last = (newest[1].create_time, newest[1].id)
        assert run(HERE, lambda uow: uow.sign_ups.page_of(person.id, 2, last)) == newest[2:]
        in_order = sorted(rows, key=lambda row: (row.task, row.slot))
        assert run(HERE, lambda uow: uow.sign_ups.live_of(person.id)) == in_order
        assert run(THERE, lambda uow: uow.sign_ups.live_of(person.id)) == []

    def test_one_persons_time(self, run: Run, scene: tuple[Slot, Person, Person]) -> None:
        slot, person, other = scene
        task = a_task()
        before, after = (a_slot(task, start=SOON + timedelta(hours=hours)) for hours in (-2, 2))
        rows = [replace(claim(s, uuid4(), person.id, NOON), number=9) for s in (before, slot, after)]
        added(run, task, before, after)
        added(run, *rows, replace(claim(slot, uuid4(), other.id, NOON), number=10))

        def taken(municipality: str, start: datetime, end: datetime) -> set[UUID]:
            found = run(municipality, lambda uow: uow.slots.taken_by(person.id, start, end))
            return {each.id for each in found}

        assert taken(HERE, slot.start, slot.end) == {slot.id}
        instant = timedelta(microseconds=1)
        assert taken(HERE, slot.start - instant, slot.end) == {before.id, slot.id}
        assert taken(HERE, slot.start, slot.end + instant) == {slot.id, after.id}
        assert taken(THERE, slot.start, slot.end) == set()
        run(HERE, lambda uow: uow.sign_ups.save(rows[1].cancelled(CancelledBy.VOLUNTEER, NOON)))
        assert taken(HERE, slot.start, slot.end) == set()

    def test_who_has_had_a_place(self, run: Run, scene: tuple[Slot, Person, Person]) -> None:
        slot, person, other = scene
        made = claim(slot, uuid4(), person.id, NOON)
        waits = replace(
            claim(slot, uuid4(), other.id, NOON), number=2, state=SignUpState.WAITLISTED, confirm_time=None
        )
        added(run, made.cancelled(CancelledBy.VOLUNTEER, NOON), waits)
        assert run(HERE, lambda uow: uow.sign_ups.had_place(person.id))
        assert not run(HERE, lambda uow: uow.sign_ups.had_place(other.id))


class TestPeople:
    def test_come_back_as_they_were(self, run: Run) -> None:
        person, phoned = a_person(), a_person(subject=None)
        added(run, person, phoned)
        assert run(HERE, lambda uow: uow.people.get(person.id)) == person
        assert run(HERE, lambda uow: uow.people.lock(person.id)) == person
        assert run(HERE, lambda uow: uow.people.of_subject("v-1")) == person
        assert run(HERE, lambda uow: uow.people.lock_subject("v-1")) == person
        assert run(HERE, lambda uow: uow.people.of_subject("v-2")) is None
        assert run(HERE, lambda uow: uow.people.lock_subject("v-2")) is None
        both = [person.id, phoned.id, uuid4()]
        assert run(HERE, lambda uow: uow.people.contacts(both)) == dict.fromkeys(both[:2], CONTACT)
        assert run(THERE, lambda uow: uow.people.contacts(both)) == {}
        assert run(THERE, lambda uow: uow.people.of_subject("v-1")) is None

    def test_ones_own_is_made_once(self, run: Run) -> None:
        fresh, again = a_person(), a_person()
        assert run(HERE, lambda uow: uow.people.lock_own(fresh)) == fresh
        assert run(HERE, lambda uow: uow.people.lock_own(again)) == fresh
        with pytest.raises(RuntimeError):
            run(HERE, lambda uow: uow.people.lock_own(a_person(subject=None)))

    def test_a_contact_is_replaced_and_removed(self, run: Run) -> None:
        person, other = a_person(), Contact("Bo", "30 00 00 00")
        added(run, person)
        run(HERE, lambda uow: uow.people.put_contact(person.id, other))
        assert run(HERE, lambda uow: uow.people.contacts([person.id])) == {person.id: other}
        assert run(HERE, lambda uow: uow.people.reachable(person.id))
        assert not run(THERE, lambda uow: uow.people.reachable(person.id))
        run(HERE, lambda uow: uow.people.remove_contact(person.id))
        assert run(HERE, lambda uow: uow.people.contacts([person.id])) == {}
        assert not run(HERE, lambda uow: uow.people.reachable(person.id))

    def test_a_calendars_link(self, run: Run) -> None:
        person = a_person()
        added(run, person)
        run(HERE, lambda uow: uow.people.set_calendar(person.id, "a" * 64, NOON))
        run(HERE, lambda uow: uow.people.set_calendar(person.id, "b" * 64, NOON))
        assert run(HERE, lambda uow: uow.people.of_calendar("a" * 64)) is None
        assert run(HERE, lambda uow: uow.people.of_calendar("b" * 64)) == person.id
        assert run(THERE, lambda uow: uow.people.of_calendar("b" * 64)) is None
        run(HERE, lambda uow: uow.people.remove_calendar(person.id))
        assert run(HERE, lambda uow: uow.people.of_calendar("b" * 64)) is None

    def test_who_is_erased_is_unknown_and_can_come_anew(self, run: Run) -> None:
        person = a_person()
        added(run, person)
        run(HERE, lambda uow: uow.people.save(person.erased(NOON)))
        for look in ("get", "lock"):
            unknown = refused(run, HERE, lambda uow, look=look: getattr(uow.people, look)(person.id))
            assert unknown == (Code.NOT_FOUND, "VOLUNTEER_UNKNOWN")
        run(HERE, lambda uow: uow.people.lock_any(person.id))
        fresh = a_person()
        assert run(HERE, lambda uow: uow.people.lock_own(fresh)) == fresh
        stale = refused(run, HERE, lambda uow: uow.people.save(person.changed()))
        assert stale == (Code.ABORTED, "ETAG_STALE")


def test_which_promises_seek_volunteers(run: Run) -> None:
    def put(municipality: str, promise: str, wanted: int) -> None:
        run(municipality, lambda uow: uow.sought.put(promise, wanted))

    put(HERE, "p/2", 5)
    put(HERE, "p/1", 3)
    put(HERE, "p/2", 6)
    put(THERE, "p/3", 1)
    assert list(run(HERE, lambda uow: uow.sought.all()).items()) == [("p/1", 3), ("p/2", 6)]
    put(HERE, "p/1", 0)
    put(HERE, "p/9", 0)
    assert run(HERE, lambda uow: uow.sought.all()) == {"p/2": 6}


def test_the_copy_of_the_registry(run: Run) -> None:
    entry = Municipality(HERE, "Hjemby", "Europe/Copenhagen", ("da", "en"), "ACTIVE")
    assert run(HERE, lambda uow: uow.municipalities.get()) is None
    run(HERE, lambda uow: uow.municipalities.put(entry))
    assert run(HERE, lambda uow: uow.municipalities.get()) == entry


def test_what_fails_leaves_nothing(run: Run) -> None:
    task, person = a_task(), a_person()
    slot = a_slot(task, capacity=1)
    added(run, task, slot, person)

    def work(uow: UnitOfWork) -> None:
        uow.sign_ups.add(claim(slot, UUID(int=1), person.id, NOON))
        uow.slots.move(slot, confirmed=2)

    assert refused(run, HERE, work) == (Code.ABORTED, "SLOT_OVERBOOKED")
    assert run(HERE, lambda uow: uow.sign_ups.live(slot.id)) == []
