"""What is remembered between requests is never late, nobody else's, and not what was undone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from borgerting.sortition.v1 import selection_service_pb2 as pb
from chassis.context import Caller
from chassis.errors import Code, DomainError
from chassis.tenant_copy import SqlMunicipalities
from chassis.tenants import Municipality, known
from services.sortition.adapters.unit_of_work import SqlUnitOfWork
from services.sortition.app.ports import UnitOfWork
from tests.component.sortition.house import HERE, SECRETARIAT, THERE, House, Role, who
from tests.infrastructure.stores import Stores


@pytest.fixture
def house(stores: Stores) -> Iterator[House]:
    made = House(stores)
    yield made
    made.close()


def get(house: House, name: str, by: Caller = SECRETARIAT) -> pb.Selection:
    return house.selections.get_selection(by, pb.GetSelectionRequest(name=name))


def test_a_selection_is_answered_as_it_stands_after_every_change(house: House) -> None:
    made = house.selection()
    assert get(house, made.name) == get(house, made.name) == made
    update = pb.UpdateSelectionRequest(selection=pb.Selection(name=made.name, title="Schools"))
    changed = house.selections.update_selection(SECRETARIAT, update)
    assert get(house, made.name) == get(house, made.name) == changed
    assert changed.title == "Schools"


def test_the_size_of_the_pool_is_the_one_that_stands(house: House) -> None:
    name = house.filled()
    size = get(house, name).pool_size
    assert size > 1
    person = house.selections.list_people(SECRETARIAT, pb.ListPeopleRequest(parent=name)).people[0]
    house.selections.delete_person(SECRETARIAT, pb.DeletePersonRequest(name=person.name))
    assert get(house, name).pool_size == size - 1


def test_another_municipality_recalls_nothing(house: House) -> None:
    made = house.selection()
    get(house, made.name)
    there = made.name.replace(f"municipalities/{HERE}/", f"municipalities/{THERE}/")
    with pytest.raises(DomainError, match="SELECTION_UNKNOWN"):
        get(house, there, who(Role.SECRETARIAT, THERE))


def test_what_was_undone_is_not_remembered(house: House) -> None:
    made = house.selection()

    def change(uow: UnitOfWork) -> None:
        selection = uow.selections.page(1, None)[0]
        uow.selections.save(replace(selection, title="Never", version=selection.version + 1))
        assert uow.selections.sized(selection.id)[0].title == "Never"
        raise DomainError(Code.ABORTED, "ETAG_STALE")

    with pytest.raises(DomainError, match="ETAG_STALE"):
        house.entry.write(SECRETARIAT, HERE, change)
    assert get(house, made.name).title == made.title


def test_a_municipality_that_was_renamed_here_is_known_by_its_new_name_at_once(house: House) -> None:
    def name() -> str:
        with house.database.reading(HERE) as transaction:
            return known(SqlUnitOfWork(transaction)).display_name

    assert name() == name()
    with house.database.writing(HERE) as transaction:
        renamed = Municipality(HERE, "New name", "Europe/Copenhagen", ("da",), "ACTIVE")
        SqlMunicipalities(transaction).put(renamed)
        assert SqlMunicipalities(transaction).get() == renamed
        assert known(SqlUnitOfWork(transaction)).display_name == "New name"
    assert name() == "New name"


def test_a_new_name_that_is_undone_is_never_known(house: House) -> None:
    def name(*, writing: bool) -> str:
        opened = house.database.writing(HERE) if writing else house.database.reading(HERE)
        with opened as transaction:
            return known(SqlUnitOfWork(transaction)).display_name

    before = name(writing=True)

    def undone() -> None:
        with house.database.writing(HERE) as transaction:
            SqlMunicipalities(transaction).put(Municipality(HERE, "Never", "UTC", ("da",), "ACTIVE"))
            assert known(SqlUnitOfWork(transaction)).display_name == "Never"
            raise DomainError(Code.ABORTED, "ETAG_STALE")

    with pytest.raises(DomainError, match="ETAG_STALE"):
        undone()
    assert name(writing=True) == name(writing=False) == before
