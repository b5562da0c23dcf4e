"""A newer release of deliberation tells of a municipality's state that this release does not know."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import update

from borgerting.deliberation.v1.events_pb2 import MunicipalityChanged
from borgerting.deliberation.v1.municipality_service_pb2 import Municipality as RegistryEntry
from borgerting.sortition.v1 import selection_service_pb2 as pb
from chassis.errors import DomainError
from chassis.events.envelope import Event, topic_of
from chassis.events.ports import Delivery
from chassis.inbox import Inbox, Outcome
from chassis.tenant_copy import SqlMunicipalities, municipalities, subscription
from chassis.testing.stores import an_event
from tests.component.sortition.house import HERE, SECRETARIAT, House
from tests.infrastructure.stores import Stores, everything

NEWER = max(RegistryEntry.State.values()) + 1


@pytest.fixture
def house(stores: Stores) -> Iterator[House]:
    made = House(stores)
    yield made
    made.close()


def told(house: House, sequence: int, state: int) -> Outcome:
    message = MunicipalityChanged(
        municipality=f"municipalities/{HERE}",
        display_name=f"Navn {sequence}",
        time_zone="Europe/Copenhagen",
        languages=["da", "en"],
        state=state,  # type: ignore[arg-type] # an open enum: any number travels
    )
    topic = topic_of("deliberation")
    envelope = replace(
        an_event(1).envelope,
        id=UUID(int=sequence),
        type=MunicipalityChanged.DESCRIPTOR.full_name,
        topic=topic,
        key=f"{HERE}/municipality",
        municipality=HERE,
        sequence=sequence,
    )
    event = Event(envelope, message.SerializeToString())
    inbox = Inbox(house.database, subscription("sortition"))
    return inbox.receive(Delivery(topic, 0, sequence, envelope.key, event))


def entry(house: House) -> tuple[str, str]:
    with house.database.reading(HERE) as transaction:
        found = SqlMunicipalities(transaction).get()
        assert found is not None
        return found.display_name, found.state


def rename(house: House, selection: str) -> pb.Selection:
    changed = pb.UpdateSelectionRequest(selection=pb.Selection(name=selection, title="Schools"))
    return house.selections.update_selection(SECRETARIAT, changed)


def test_the_municipality_holds_still_is_read_and_what_is_told_next_is_taken(house: House) -> None:
    selection = house.selection().name
    assert told(house, 1, NEWER) is Outcome.HANDLED
    assert entry(house) == ("Navn 1", str(NEWER))
    with pytest.raises(DomainError, match="MUNICIPALITY_SUSPENDED"):
        rename(house, selection)
    get = pb.GetSelectionRequest(name=selection)
    assert house.selections.get_selection(SECRETARIAT, get).name == selection
    assert told(house, 2, RegistryEntry.STATE_ACTIVE) is Outcome.HANDLED
    assert entry(house) == ("Navn 2", "ACTIVE")
    assert rename(house, selection).title == "Schools"


def test_a_release_that_knows_the_state_reads_it_where_an_older_one_left_its_number(house: House) -> None:
    told(house, 1, NEWER)
    with everything(house.database) as whole:
        suspended = str(int(RegistryEntry.STATE_SUSPENDED))
        of_here = municipalities.c.municipality_id == HERE
        whole.connection.execute(update(municipalities).where(of_here).values(state=suspended))
    assert entry(house)[1] == "SUSPENDED"
