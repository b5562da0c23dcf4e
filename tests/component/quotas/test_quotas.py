"""Quotas on a real store: what is over one is refused, nothing of it done, and nobody told to wait."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from borgerting.sortition.v1 import draw_service_pb2 as draw_pb
from borgerting.sortition.v1 import selection_service_pb2 as pb
from borgerting.volunteer.v1 import task_service_pb2 as task_pb
from chassis.auth.principal import Role
from chassis.clock import FixedClock
from chassis.entry import Entry
from chassis.errors import Code, DomainError
from services.sortition.adapters.draw_desk import DrawDesk
from services.sortition.adapters.selection_desk import SelectionDesk
from services.sortition.adapters.unit_of_work import SqlUnitOfWork as SortitionUnitOfWork
from services.sortition.app.quotas import Quotas as SortitionQuotas
from services.sortition.settings import SortitionSettings
from services.volunteer.adapters.unit_of_work import SqlUnitOfWork as VolunteerUnitOfWork
from services.volunteer.app.quotas import Quotas as VolunteerQuotas
from services.volunteer.settings import VolunteerSettings
from tests.component.sortition.house import SECRETARIAT, THERE, House, who
from tests.component.volunteer.house import House as VolunteerHouse
from tests.infrastructure.stores import Stores
from tests.unit.sortition.house import TARGETS, pool_csv
from tests.unit.volunteer.house import COORDINATOR, START

PEOPLE = len(pool_csv().splitlines()) - 1


def allow(house: House, quotas: SortitionQuotas) -> None:
    house.entry = Entry(house.database, lambda transaction: SortitionUnitOfWork(transaction, quotas=quotas))
    house.selections = SelectionDesk(house.entry, house.clock)
    house.draws = DrawDesk(house.entry, house.clock)


def refused(act: Callable[[], Any], reason: str, limit: int) -> None:
    with pytest.raises(DomainError) as caught:
        act()
    error = caught.value
    assert (error.code, error.reason) == (Code.RESOURCE_EXHAUSTED, reason)
    assert error.metadata == {"limit": str(limit)}
    assert error.retry_after is None


def test_draws_that_wait_are_bounded_and_make_room_when_they_end(stores: Stores) -> None:
    with closing(House(stores)) as house:
        allow(house, SortitionQuotas(open_draws=1))
        first, second = house.filled(), house.filled()
        draw = house.draw(first)
        refused(lambda: house.draw(second), "OPEN_DRAWS_QUOTA_REACHED", 1)
        listed = house.draws.list_draws(SECRETARIAT, draw_pb.ListDrawsRequest(parent=second))
        assert not listed.draws
        house.draws.cancel_draw(SECRETARIAT, draw_pb.CancelDrawRequest(name=draw.name))
        assert house.draw(second).state == draw_pb.Draw.STATE_QUEUED


def test_pools_are_bounded_over_all_selections_of_one_municipality(stores: Stores) -> None:
    with closing(House(stores)) as house:
        allow(house, SortitionQuotas(people=PEOPLE))
        house.filled()
        empty = house.selection().name
        again = pb.ImportPoolRequest(name=empty, file=pool_csv(), address_columns=["street"])
        refused(lambda: house.selections.import_pool(SECRETARIAT, again), "PEOPLE_QUOTA_REACHED", PEOPLE)
        assert house.selections.get_pool(SECRETARIAT, pb.GetPoolRequest(name=empty)).people == 0
        # Another municipality has its own, and the same people again are no more than they were.
        there = other_municipality_s(house)
        assert there.state == pb.PoolImport.STATE_APPLIED


def other_municipality_s(house: House) -> pb.PoolImport:
    by = who(Role.SECRETARIAT, THERE)
    targets = [
        pb.Target(feature=t.feature, value=t.value, minimum=t.minimum, maximum=t.maximum) for t in TARGETS
    ]
    made = house.selections.create_selection(
        by,
        pb.CreateSelectionRequest(
            parent=f"municipalities/{THERE}",
            selection=pb.Selection(title="Elsewhere", size=8, targets=targets),
        ),
    )
    request = pb.ImportPoolRequest(name=made.name, file=pool_csv(), address_columns=["street"])
    house.selections.import_pool(by, request)
    return house.selections.import_pool(by, request)


def test_slots_to_come_are_bounded_and_those_that_are_over_count_no_more(stores: Stores) -> None:
    house = VolunteerHouse(stores)
    with closing(house.database):
        house.use(
            lambda transaction: VolunteerUnitOfWork(transaction, quotas=VolunteerQuotas(coming_slots=1))
        )
        (slot,) = house.open(3)
        task = slot.rpartition("/slots/")[0]
        first = house.tasks.get_slot(COORDINATOR, task_pb.GetSlotRequest(name=slot))
        wanted = task_pb.Slot(start_time=first.start_time, end_time=first.end_time, capacity=2)
        request = task_pb.CreateSlotRequest(parent=task, slot=wanted)
        refused(lambda: house.tasks.create_slot(COORDINATOR, request), "SLOTS_QUOTA_REACHED", 1)
        house.tasks.cancel_slot(COORDINATOR, task_pb.CancelSlotRequest(name=slot))
        again = house.tasks.create_slot(COORDINATOR, request)
        house.clock = FixedClock(START)
        house.use(
            lambda transaction: VolunteerUnitOfWork(transaction, quotas=VolunteerQuotas(coming_slots=1))
        )
        later = task_pb.Slot(capacity=2)
        later.start_time.FromSeconds(again.start_time.seconds + 86_400)
        later.end_time.FromSeconds(again.end_time.seconds + 86_400)
        made = house.tasks.create_slot(COORDINATOR, task_pb.CreateSlotRequest(parent=task, slot=later))
        assert made.capacity == 2


def test_quotas_are_settings_with_defaults_that_nobody_meets() -> None:
    assert SortitionSettings.read("sortition", {}).quotas == SortitionQuotas()
    assert SortitionSettings.read("sortition", {"quota_open_draws": "3"}).quotas.open_draws == 3
    assert VolunteerSettings.read("volunteer", {}).quotas == VolunteerQuotas()
    assert VolunteerSettings.read("volunteer", {"quota_coming_slots": "7"}).quotas.coming_slots == 7
