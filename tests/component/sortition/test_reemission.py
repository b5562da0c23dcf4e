"""A confirmed panel is told again as it stands, and nothing before."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from borgerting.sortition.v1 import selection_service_pb2 as pb
from borgerting.sortition.v1.events_pb2 import PanelConfirmed
from chassis.audit import AuditEntry
from chassis.commands import command_line
from chassis.errors import DomainError
from chassis.ids import uuid7
from chassis.reemission import reemit
from chassis.tables import outbox
from services.sortition.adapters.reemitters import REEMITTERS
from tests.component.sortition.house import HERE, SECRETARIAT, House
from tests.component.sortition.test_races import drawn, everyone_accepts
from tests.infrastructure.stores import Stores


@pytest.fixture
def house(stores: Stores) -> House:
    return House(stores)


def told(house: House) -> list[tuple[str, str, PanelConfirmed]]:
    with house.database.reading(HERE) as transaction:
        rows = transaction.connection.execute(select(outbox).order_by(outbox.c.seq)).all()
    return [
        (row.headers["ce_sequence"], row.headers["ce_snapshot"], PanelConfirmed.FromString(row.payload))
        for row in rows
    ]


def last_act(house: House) -> AuditEntry:
    with house.database.reading(HERE) as transaction:
        return transaction.audit.entries(limit=1)[0][1]


def test_the_panel_is_told_again_under_the_number_at_which_it_stands(house: House) -> None:
    selection = drawn(house)
    everyone_accepts(house, selection)
    house.selections.confirm_panel(SECRETARIAT, pb.ConfirmPanelRequest(name=selection))
    event_id = reemit(house.database, "sortition", REEMITTERS, command_line(), selection)
    (first, again) = told(house)
    assert first[:2] == ("1", "false")
    assert again == ("1", "true", first[2])
    assert len(first[2].seats) == 8
    act = last_act(house)
    assert (act.action, act.resource, act.subject) == ("events.re-emit", selection, "command-line")
    assert act.details == {"event": str(event_id)}
    house.close()


def test_nothing_is_told_before_the_panel_is_confirmed(house: House) -> None:
    selection = drawn(house)
    for name, reason in (
        (selection, "PANEL_NOT_CONFIRMED"),
        (f"municipalities/{HERE}/selections/{uuid7(house.clock)}", "SELECTION_UNKNOWN"),
        (selection.replace(HERE, "naboby"), "SELECTION_UNKNOWN"),
        (f"municipalities/{HERE}/selections/no-uuid", "SELECTION_UNKNOWN"),
        (f"municipalities/{HERE}", "NOT_REEMITTED"),
    ):
        with pytest.raises(DomainError) as refused:
            reemit(house.database, "sortition", REEMITTERS, command_line(), name)
        assert refused.value.reason == reason
    assert told(house) == []
    house.close()
