"""The registry's part of a removal, on both kinds of store: what comes first, its grace, the erasure."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from borgerting.deliberation.v1 import municipality_service_pb2 as pb
from borgerting.deliberation.v1.events_pb2 import MunicipalityChanged
from chassis.auth.keys import FileKeys, Sealer
from chassis.auth.principal import Principal, Role
from chassis.context import Caller
from chassis.errors import Code, DomainError
from chassis.holdings.erase import Eraser
from chassis.holdings.export import export
from chassis.tables import audit_log, erasures, outbox
from chassis.testing.stores import noon
from services.deliberation.adapters import tables
from services.deliberation.adapters.holdings import HOLDINGS
from services.deliberation.adapters.registry import Registry
from tests.infrastructure.stores import Stores, everything

OPERATOR = Caller(Principal("op-1", None, frozenset({Role.OPERATOR})), "c-1", "en")
GRACE = timedelta(days=30)
NAME, OTHER = "municipalities/dragoer", "municipalities/koege"


class House:
    def __init__(self, stores: Stores, folder: Path) -> None:
        self.clock = noon()
        self.database = stores.new(
            tables.metadata, "deliberation", "services.deliberation.migrations", clock=self.clock
        )
        self.registry = Registry(
            self.database,
            self.clock,
            Sealer(FileKeys(folder, self.clock), "sign-in links"),
            base_url="",
            known_time_zones={"Europe/Copenhagen"},
            default_ttl=timedelta(minutes=15),
            grace=GRACE,
        )
        for name in (NAME, OTHER):
            self.registry.create(
                OPERATOR,
                pb.CreateMunicipalityRequest(
                    municipality_id=name.removeprefix("municipalities/"),
                    municipality=pb.Municipality(display_name="Et Navn"),
                ),
            )

    def suspend(self) -> None:
        self.registry.suspend(OPERATOR, pb.SuspendMunicipalityRequest(name=NAME, reason="case 7"))

    def delete(self, **fields: object) -> pb.Municipality:
        given = {"name": NAME, "confirmation": "dragoer", "reason": "case 8", **fields}
        return self.registry.delete(OPERATOR, pb.DeleteMunicipalityRequest(**given))  # type: ignore[arg-type]

    def refused(self, **fields: object) -> tuple[Code, str]:
        with pytest.raises(DomainError) as error:
            self.delete(**fields)
        return error.value.code, error.value.reason

    def export(self) -> None:
        export(self.database, "deliberation", HOLDINGS, "dragoer", OPERATOR, io.BytesIO())


@pytest.fixture
def house(stores: Stores, tmp_path: Path) -> House:
    return House(stores, tmp_path)


def test_what_must_come_before_it(house: House) -> None:
    assert house.refused() == (Code.FAILED_PRECONDITION, "MUNICIPALITY_NOT_SUSPENDED")
    house.export()
    house.clock.instant += timedelta(minutes=1)
    house.suspend()
    # What was exported before it was held still may lack what came in between.
    assert house.refused() == (Code.FAILED_PRECONDITION, "MUNICIPALITY_NOT_EXPORTED")
    assert house.refused(confirmation="Dragoer") == (Code.INVALID_ARGUMENT, "CONFIRMATION_WRONG")
    assert house.refused(reason="") == (Code.INVALID_ARGUMENT, "OPERATOR_REASON_INVALID")
    assert house.refused(name="municipalities/nowhere", confirmation="nowhere") == (
        Code.NOT_FOUND,
        "MUNICIPALITY_UNKNOWN",
    )
    house.export()
    removed = house.delete(request_id="3f6f4a0e-6f0c-4c55-9a51-4f0f5c1d2a11")
    assert removed.state == pb.Municipality.STATE_REMOVED
    assert removed.purge_time.ToDatetime() - removed.state_time.ToDatetime() == GRACE
    assert house.delete(request_id="3f6f4a0e-6f0c-4c55-9a51-4f0f5c1d2a11") == removed
    assert house.refused() == (Code.FAILED_PRECONDITION, "MUNICIPALITY_NOT_SUSPENDED")


def test_who_removed_it_outlives_its_own_trail(house: House) -> None:
    house.suspend()
    house.delete(without_export=True)
    with everything(house.database) as whole:
        query = select(audit_log).where(audit_log.c.action == "municipality.delete")
        (entry,) = whole.connection.execute(query).all()
    assert (entry.municipality, entry.subject, entry.resource) == ("", "op-1", NAME)
    assert entry.details == {"reason": "case 8", "without_export": "true"}


def test_in_its_grace_it_is_had_back_and_nobody_else_sees_it(house: House) -> None:
    house.suspend()
    house.delete(without_export=True)
    listed = house.registry.list(OPERATOR, pb.ListMunicipalitiesRequest())
    assert [each.name for each in listed.municipalities] == [OTHER]
    shown = house.registry.list(OPERATOR, pb.ListMunicipalitiesRequest(show_deleted=True))
    assert [each.name for each in shown.municipalities] == [NAME, OTHER]
    house.clock.instant += GRACE - timedelta(seconds=1)
    assert house.registry.purge_due() == 0
    undelete = pb.UndeleteMunicipalityRequest(name=NAME, reason="by mistake")
    assert house.registry.undelete(OPERATOR, undelete).state == pb.Municipality.STATE_SUSPENDED
    house.clock.instant += GRACE
    assert house.registry.purge_due() == 0


def test_when_its_time_has_come_all_are_told_and_it_is_erased(house: House) -> None:
    house.suspend()
    house.delete(without_export=True)
    house.clock.instant += GRACE
    undelete = pb.UndeleteMunicipalityRequest(name=NAME, reason="too late")
    with pytest.raises(DomainError, match="MUNICIPALITY_NOT_REMOVED"):
        house.registry.undelete(OPERATOR, undelete)
    assert (house.registry.purge_due(), house.registry.purge_due()) == (1, 0)
    with everything(house.database) as whole:
        assert list(whole.connection.execute(select(erasures.c.municipality)).scalars()) == ["dragoer"]
        told = whole.connection.execute(
            select(outbox).where(outbox.c.municipality == "dragoer").order_by(outbox.c.seq.desc())
        ).first()
        assert told is not None
        message = MunicipalityChanged.FromString(told.payload)
        assert (message.state, message.display_name) == (pb.Municipality.STATE_ERASED, "")
        assert told.headers["ce_snapshot"] == "true"
        whole.connection.execute(update(outbox).values(published=outbox.c.created))
    assert Eraser("deliberation", house.database, HOLDINGS).look() == 1
    with pytest.raises(DomainError, match="MUNICIPALITY_UNKNOWN"):
        house.registry.get(OPERATOR, NAME)
    again = pb.CreateMunicipalityRequest(
        municipality_id="dragoer", municipality=pb.Municipality(display_name="Et andet")
    )
    with pytest.raises(DomainError, match="MUNICIPALITY_EXISTS"):
        house.registry.create(OPERATOR, again)
    assert house.registry.get(OPERATOR, OTHER).display_name == "Et Navn"
