"""Places and the queue: who gets the place, who waits, and what moves them; then any order of all of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
)

from chassis.errors import Code, DomainError
from services.volunteer.app.cancel_sign_up import CancelSignUp, cancel_sign_up
from services.volunteer.app.cancel_slot import CancelSlot, cancel_slot
from services.volunteer.app.create_sign_up import CreateSignUp, create_sign_up
from services.volunteer.app.delete_person import delete_person
from services.volunteer.app.get_attendance import get_attendance
from services.volunteer.app.publish_task import publish_task
from services.volunteer.app.task_acts import TaskAct
from services.volunteer.app.update_slot import UpdateSlot, update_slot
from services.volunteer.domain.person import NO_CONTACT
from services.volunteer.domain.sign_up import CancelledBy, SignUp, SignUpState
from services.volunteer.domain.slot import Slot, SlotFields
from tests.unit.volunteer.house import START, House, volunteer


def refused(call: Any, *arguments: Any, **options: Any) -> tuple[Code, str]:
    with pytest.raises(DomainError) as caught:
        call(*arguments, **options)
    return caught.value.code, caught.value.reason


def states(house: House, slot: Slot) -> list[SignUpState]:
    return [each.state for each in house.direct(lambda uow: uow.sign_ups.live(slot.id))]


def resize(house: House, slot: Slot, capacity: int) -> Slot:
    fields = SlotFields(None, None, "", capacity)
    return house.act(update_slot, UpdateSlot(slot.task, slot.id, fields, ("capacity",))).slot


def cancel(house: House, sign_up: SignUp, number: int) -> None:
    command = CancelSignUp(sign_up.task, sign_up.slot, sign_up.id)
    house.act(cancel_sign_up, command, by=volunteer(number))


class TestPlaces:
    def test_places_first_then_the_queue_in_order(self) -> None:
        house = House()
        slot = house.open(capacity=2)
        got = [house.sign_up(slot, number) for number in (1, 2, 3, 4)]
        assert [view.sign_up.state.value for view in got] == [
            "CONFIRMED",
            "CONFIRMED",
            "WAITLISTED",
            "WAITLISTED",
        ]
        assert [view.queue_number for view in got] == [0, 0, 1, 2]
        stands = house.stands(slot)
        assert (stands.confirmed, stands.waiting, stands.free) == (2, 2, 0)

    def test_who_cancels_moves_the_queue_by_one(self) -> None:
        house = House()
        slot = house.open(capacity=1)
        first, second, third = (house.sign_up(slot, number).sign_up for number in (1, 2, 3))
        cancel(house, first, 1)
        told = house.direct(lambda uow: [uow.sign_ups.get(slot.id, s.id) for s in (first, second, third)])
        assert [each.state.value for each in told] == ["CANCELLED", "CONFIRMED", "WAITLISTED"]
        assert told[0].cancelled_by is CancelledBy.VOLUNTEER
        assert house.entry.tables.outcomes == {
            "confirmed": 1,
            "waitlisted": 2,
            "cancelled": 1,
            "promoted": 1,
        }

    def test_who_leaves_the_queue_moves_those_behind(self) -> None:
        house = House()
        slot = house.open(capacity=1)
        _, second, third = (house.sign_up(slot, number).sign_up for number in (1, 2, 3))
        cancel(house, second, 2)
        assert house.direct(lambda uow: uow.sign_ups.queue_numbers([third])) == {third.id: 1}
        assert house.stands(slot).confirmed == 1

    def test_more_places_go_to_those_who_wait(self) -> None:
        house = House()
        slot = house.open(capacity=1)
        for number in (1, 2, 3, 4):
            house.sign_up(slot, number)
        assert resize(house, slot, 3).confirmed == 3
        assert states(house, slot) == [SignUpState.CONFIRMED] * 3 + [SignUpState.WAITLISTED]

    def test_fewer_places_than_people_are_refused(self) -> None:
        house = House()
        slot = house.open(capacity=2)
        house.sign_up(slot, 1)
        house.sign_up(slot, 2)
        assert refused(resize, house, slot, 1) == (Code.FAILED_PRECONDITION, "CAPACITY_BELOW_CONFIRMED")
        assert house.stands(slot).capacity == 2

    def test_nobody_signs_up_twice(self) -> None:
        house = House()
        slot = house.open()
        first = house.sign_up(slot, 1).sign_up
        assert refused(house.sign_up, slot, 1) == (Code.ALREADY_EXISTS, "SIGNED_UP_ALREADY")
        cancel(house, first, 1)
        assert house.sign_up(slot, 1).sign_up.holds

    def test_a_cancelled_sign_up_is_not_cancelled_again(self) -> None:
        house = House()
        sign_up = house.sign_up(house.open(), 1).sign_up
        cancel(house, sign_up, 1)
        assert refused(cancel, house, sign_up, 1) == (Code.FAILED_PRECONDITION, "SIGN_UP_CANCELLED")

    def test_a_slot_called_off_ends_all_its_sign_ups(self) -> None:
        house = House()
        slot = house.open(capacity=1)
        first, second = house.sign_up(slot, 1).sign_up, house.sign_up(slot, 2).sign_up
        house.act(cancel_slot, CancelSlot(slot.task, slot.id))
        told = house.direct(lambda uow: [uow.sign_ups.get(slot.id, each.id) for each in (first, second)])
        assert {each.cancelled_by for each in told} == {CancelledBy.ORGANISER}
        stands = house.stands(slot)
        assert (stands.confirmed, stands.waiting, stands.free, stands.sequence) == (0, 0, 0, 1)
        assert refused(house.sign_up, slot, 3) == (Code.FAILED_PRECONDITION, "SLOT_CANCELLED")

    def test_what_has_begun_stays_as_it_is(self) -> None:
        house = House()
        slot = house.open()
        sign_up = house.sign_up(slot, 1).sign_up
        house.clock.instant = START
        assert refused(cancel, house, sign_up, 1) == (Code.FAILED_PRECONDITION, "SLOT_OVER")
        assert refused(house.sign_up, slot, 2) == (Code.FAILED_PRECONDITION, "SLOT_OVER")
        assert refused(resize, house, slot, 9) == (Code.FAILED_PRECONDITION, "SLOT_OVER")


class TestErasing:
    def test_what_is_to_come_is_given_on_and_what_was_counts(self) -> None:
        house = House()
        past, coming = house.open(capacity=1), house.open(capacity=1, start=START + timedelta(days=2))
        house.sign_up(past, 1)
        house.sign_up(coming, 1)
        house.sign_up(past, 2)
        waits = house.sign_up(coming, 2).sign_up
        house.clock.instant = START + timedelta(days=1)
        house.act(delete_person, None, by=volunteer(1))
        assert house.direct(lambda uow: uow.sign_ups.get(coming.id, waits.id)).holds
        # Who waited in vain is in no total; who had the place stays in it, as an id.
        house.act(delete_person, None, by=volunteer(2))
        assert (house.stands(past).confirmed, house.stands(past).waiting) == (1, 0)
        assert (house.stands(coming).confirmed, house.stands(coming).waiting) == (0, 0)
        assert house.entry.tables.contacts == {}
        shown = house.run(get_attendance, past.task, past.id)
        assert [item.contact for item in shown.coming] == [NO_CONTACT]
        assert shown.queue == ()

    def test_the_next_sign_in_begins_anew(self) -> None:
        house = House()
        slot = house.open()
        first = house.sign_up(slot, 1).sign_up
        house.act(delete_person, None, by=volunteer(1))
        again = house.sign_up(slot, 1).sign_up
        assert again.person != first.person
        assert refused(house.act, delete_person, first.person, by=volunteer(1))[1] == "VOLUNTEER_UNKNOWN"


class TestOverlaps:
    @pytest.mark.parametrize(
        ("start", "hours", "clashes"),
        [
            (START + timedelta(hours=2), 2, False),  # back to back
            (START - timedelta(hours=2), 2, False),
            (START + timedelta(hours=1), 2, True),
            (START - timedelta(hours=1), 4, True),  # all around it
            (START + timedelta(minutes=30), 1, True),  # within it
            (START, 2, True),
            (START + timedelta(hours=1, minutes=59, seconds=59), 1, True),
        ],
    )
    def test_two_slots_at_one_time(self, start: Any, hours: float, clashes: bool) -> None:
        house = House()
        first = house.open()
        other = house.open(start=start, hours=hours)
        house.sign_up(first, 1)
        if clashes:
            assert refused(house.sign_up, other, 1) == (Code.FAILED_PRECONDITION, "SLOT_OVERLAPS")
            assert house.stands(other).confirmed == 0
        else:
            assert house.sign_up(other, 1).sign_up.holds

    def test_who_waits_is_taken_too_so_that_a_promotion_clashes_with_nothing(self) -> None:
        house = House()
        full, other = house.open(capacity=1), house.open()
        house.sign_up(full, 1)
        assert not house.sign_up(full, 2).sign_up.holds
        assert refused(house.sign_up, other, 2) == (Code.FAILED_PRECONDITION, "SLOT_OVERLAPS")

    def test_times_stand_once_somebody_has_signed_up(self) -> None:
        house = House()
        slot = house.open()
        later = SlotFields(START + timedelta(hours=1), START + timedelta(hours=3), "", 2)
        moved = UpdateSlot(slot.task, slot.id, later, ("start_time", "end_time"))
        assert house.act(update_slot, moved).slot.start == later.start_time
        house.sign_up(slot, 1)
        again = UpdateSlot(
            slot.task,
            slot.id,
            SlotFields(START, START + timedelta(hours=1), "", 2),
            ("start_time", "end_time"),
        )
        assert refused(house.act, update_slot, again) == (Code.FAILED_PRECONDITION, "SLOT_HAS_SIGN_UPS")


class Portal(RuleBasedStateMachine):
    """Signing up, cancelling, resizing and erasing in any order, on two slots that overlap and one apart."""

    sign_ups: Bundle[tuple[SignUp, int]] = Bundle("sign_ups")

    def __init__(self) -> None:
        super().__init__()
        self.house = House()
        task = self.house.task().id
        times = (START, START + timedelta(hours=1), START + timedelta(days=1))
        self.slots = [self.house.slot(task, 1, start=start) for start in times]
        self.house.act(publish_task, TaskAct(task))
        # What the store ought to say, kept in the simplest way there is: who is live in which slot, in order.
        self.live: list[list[UUID]] = [[], [], []]
        self.capacity = [1, 1, 1]
        self.people: dict[int, set[int]] = {}

    @initialize(target=sign_ups)
    def some_wait_already(self) -> Any:
        return multiple(*(self.sign_up(2, number) for number in (1, 2, 3, 4)))

    @rule(target=sign_ups, slot=st.integers(0, 2), number=st.integers(1, 7))
    def sign_up(self, slot: int, number: int) -> Any:
        self.house.known(number)
        taken = self.people.setdefault(number, set())
        wanted = CreateSignUp(self.slots[slot].task, self.slots[slot].id)
        clash = slot in taken or (slot in (0, 1) and taken & {0, 1})
        if clash:
            refused(self.house.act, create_sign_up, wanted, by=volunteer(number))
            return (None, number)
        made = self.house.act(create_sign_up, wanted, by=volunteer(number)).sign_up
        taken.add(slot)
        self.live[slot].append(made.id)
        return (made, number)

    @rule(found=consumes(sign_ups))
    def cancel(self, found: Any) -> None:
        made, number = found
        if made is None or made.id not in self.live[self.index(made)]:
            return
        cancel(self.house, made, number)
        slot = self.index(made)
        self.live[slot].remove(made.id)
        self.people[number].discard(slot)

    @rule(slot=st.integers(0, 2), capacity=st.integers(1, 5))
    def resize(self, slot: int, capacity: int) -> None:
        confirmed = min(len(self.live[slot]), self.capacity[slot])
        if capacity < confirmed:
            told = refused(resize, self.house, self.slots[slot], capacity)
            assert told[1] == "CAPACITY_BELOW_CONFIRMED"
            return
        resize(self.house, self.slots[slot], capacity)
        self.capacity[slot] = capacity

    @rule(number=st.integers(1, 7))
    def erase(self, number: int) -> None:
        if number not in self.people:
            return
        person = self.house.person(number)
        self.house.act(delete_person, None, by=volunteer(number))
        tables = self.house.entry.tables
        gone = {each.id for each in tables.sign_ups.values() if each.person == person}
        self.live = [[each for each in slot if each not in gone] for slot in self.live]
        del self.people[number]

    def index(self, sign_up: SignUp) -> int:
        return [slot.id for slot in self.slots].index(sign_up.slot)

    @invariant()
    def never_overbooked_the_order_kept_and_nobody_lost(self) -> None:
        for index, slot in enumerate(self.slots):
            live = self.house.direct(lambda uow, slot=slot: uow.sign_ups.live(slot.id))
            places = min(len(live), self.capacity[index])
            assert [each.id for each in live] == self.live[index]
            # The first have places, the others wait: in the order in which they came.
            assert [each.holds for each in live] == [True] * places + [False] * (len(live) - places)
            stands = self.house.stands(slot)
            assert (stands.confirmed, stands.waiting) == (places, len(live) - places)
            assert stands.confirmed <= stands.capacity

    @invariant()
    def the_last_event_tells_what_stands(self) -> None:
        _, told = self.house.entry.tables.events[-1]
        slots = [self.house.stands(slot) for slot in self.slots]
        assert (told.places, told.free) == (
            sum(slot.capacity for slot in slots),
            sum(slot.free for slot in slots),
        )


Portal.TestCase.settings = settings(max_examples=40, stateful_step_count=25)
TestAnyOrder = Portal.TestCase
