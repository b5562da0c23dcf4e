"""What people write stands on the public page alone: in no event, audit entry, job, log, metric or error."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from borgerting.followup.v1 import promise_service_pb2 as pb
from chassis import log
from chassis.auth.principal import Role
from chassis.errors import DomainError
from chassis.tables import audit_log, jobs, outbox
from tests.component.followup.house import HERE, OFFICER, House, a_report
from tests.infrastructure.stores import Stores, everything
from tests.unit.followup.house import who

MARK = "MARKmette.hansen@example.dk"


@pytest.fixture
def house(stores: Stores) -> Iterator[House]:
    made = House(stores)
    yield made
    made.database.close()


@pytest.fixture
def lines() -> io.StringIO:
    stream = io.StringIO()
    log.configure("info", stream)
    return stream


def test_free_text_goes_nowhere_else(house: House, lines: io.StringIO) -> None:
    report = a_report(title=MARK)
    house.hand_over(report)
    checkpoint = house.promises()[0].checkpoints[0]
    uri = f"https://x.dk/{MARK}".replace("@", "%40")
    house.answer(checkpoint, reason=MARK, committee=MARK, office=MARK, actions=MARK, evidence_uris=[uri])
    second = house.promises()[1].checkpoints[0]
    more = pb.Extension(office=MARK, reason=MARK)
    more.until_date.year, more.until_date.month, more.until_date.day = 2026, 1, 30
    house.desk.create_extension(OFFICER, pb.CreateExtensionRequest(parent=second.name, extension=more))
    seek = pb.SeekVolunteersRequest(name=house.promises()[0].name, wanted=3, task=MARK)
    house.desk.seek_volunteers(who(Role.COORDINATOR), seek)
    house.go("2026-03-01")
    house.tell()
    with pytest.raises(DomainError) as caught:
        house.answer(checkpoint, reason=MARK, office=f"{MARK}\x00", evidence_uris=[MARK])
    error = caught.value
    told = [str(error), repr(error.metadata), repr(error.violations)]
    with everything(house.database) as whole:
        for table in (outbox, audit_log, jobs):
            rows = whole.connection.execute(select(table)).all()
            assert rows
            told += [repr(tuple(row)) for row in rows]
    told += [lines.getvalue(), house.metrics.exposition().decode()]
    assert "promises made" in lines.getvalue()
    assert not [text for text in told if "MARK" in text]
    # It is where it belongs, so the search could have found it.
    assert MARK in str(house.promises(at=HERE)[0])
