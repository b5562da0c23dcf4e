"""Several press the same button at once, on both stores; and what was handed over, attacked with raw SQL."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections import Counter
from threading import Barrier

import pytest
import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.exc import DatabaseError

from borgerting.deliberation.v1 import assembly_service_pb2 as pb
from borgerting.deliberation.v1 import report_service_pb2 as report_pb
from borgerting.deliberation.v1.events_pb2 import ReportHandedOver
from chassis.tables import outbox
from services.deliberation.adapters import tables
from services.deliberation.app.get_report_content import get_report_content
from tests.component.deliberation.rooms import AT_ONCE, Rooms, id_of, outcomes
from tests.infrastructure.stores import Stores, everything
from tests.unit.deliberation.house import ANYONE, HERE, SECRETARIAT


@pytest.fixture
def rooms(stores: Stores) -> Rooms:
    return Rooms(stores)


def handed_over_events(rooms: Rooms) -> list[tuple[str, ReportHandedOver]]:
    with everything(rooms.database) as transaction:
        rows = transaction.connection.execute(select(outbox).order_by(outbox.c.seq)).all()
    kind = ReportHandedOver.DESCRIPTOR.full_name
    return [(row.key, ReportHandedOver.FromString(row.payload)) for row in rows if row.type == kind]


def content_of(rooms: Rooms, assembly: str) -> bytes:
    return rooms.entry.read(ANYONE, HERE, lambda uow: get_report_content(uow, ANYONE, id_of(assembly)))


def test_one_handover_counts_and_one_event_leaves(rooms: Rooms) -> None:
    assembly = rooms.written().name
    etag = rooms.report(assembly).etag
    told = outcomes(lambda number: rooms.hand_over(assembly, etag))
    assert told == {"done": 1, "REPORT_HANDED_OVER": AT_ONCE - 1}
    report = rooms.report(assembly)
    assert handed_over_events(rooms) == [
        (
            f"{HERE}/assemblies/{id_of(assembly)}",
            ReportHandedOver(report=report.name, digest=report.digest),
        )
    ]
    assert hashlib.sha256(content_of(rooms, assembly)).hexdigest() == report.digest


def test_the_same_request_again_is_answered_as_before(rooms: Rooms) -> None:
    assembly = rooms.written().name
    etag, request_id = rooms.report(assembly).etag, str(uuid.uuid4())
    answers = []
    told = outcomes(lambda number: answers.append(rooms.hand_over(assembly, etag, request_id)))
    assert told == {"done": AT_ONCE}
    assert all(answer == answers[0] for answer in answers)
    assert len(handed_over_events(rooms)) == 1


def test_what_is_written_while_it_is_handed_over_is_in_it_or_refused(rooms: Rooms) -> None:
    assembly = rooms.written().name
    parent = rooms.report(assembly).recommendations[0].name

    def act(number: int) -> None:
        if number == AT_ONCE // 2:
            rooms.hand_over(assembly)
        else:
            rooms.initiate(parent, f"Nr. {number}")

    told = outcomes(act)
    if not handed_over_events(rooms):
        # Somebody wrote between reading and handing over: what was read is not what stands.
        assert told["ETAG_STALE"] == 1
        rooms.hand_over(assembly)
    content = content_of(rooms, assembly)
    report = rooms.report(assembly)
    written = [each.title for each in report.recommendations[0].initiatives]
    inside = json.loads(content)["recommendations"][0]["initiatives"]
    assert [each["title"] for each in inside] == written
    assert [each["position"] for each in inside] == list(range(1, len(written) + 1))
    assert hashlib.sha256(content).hexdigest() == report.digest
    assert set(told) <= {"done", "REPORT_HANDED_OVER", "ETAG_STALE"}


def test_initiatives_added_at_once_all_have_a_place(rooms: Rooms) -> None:
    assembly = rooms.seated().name
    parent = rooms.recommend(assembly)
    assert outcomes(lambda number: rooms.initiate(parent, str(number))) == {"done": AT_ONCE}
    (recommendation,) = rooms.report(assembly).recommendations
    assert [each.position for each in recommendation.initiatives] == list(range(1, AT_ONCE + 1))
    assert {each.title for each in recommendation.initiatives} == {str(n) for n in range(AT_ONCE)}


def test_of_changes_of_what_was_read_one_counts(rooms: Rooms) -> None:
    assembly = rooms.seated().name
    one = rooms.initiate(rooms.recommend(assembly))

    def act(number: int) -> None:
        wanted = report_pb.Initiative(name=one.name, title=str(number), etag=one.etag)
        rooms.reports.update_initiative(SECRETARIAT, report_pb.UpdateInitiativeRequest(initiative=wanted))

    assert outcomes(act) == {"done": 1, "ETAG_STALE": AT_ONCE - 1}


def test_one_selection_gives_one_assembly(rooms: Rooms) -> None:
    selection = rooms.selection()
    told = outcomes(lambda number: rooms.create(selection))
    assert told == {"done": 1, "SELECTION_TAKEN": AT_ONCE - 1}
    request = pb.CreateAssemblyRequest(
        parent=f"municipalities/{HERE}",
        assembly=pb.Assembly(title="Én gang", selection=rooms.selection()),
        request_id=str(uuid.uuid4()),
    )
    names: Counter[str] = Counter()
    told = outcomes(
        lambda number: names.update([rooms.assemblies.create_assembly(SECRETARIAT, request).name])
    )
    assert told == {"done": AT_ONCE}
    assert len(names) == 1


def test_a_panel_and_its_assembly_at_once_always_meet(rooms: Rooms) -> None:
    for _ in range(10):
        selection, both = rooms.selection(), Barrier(2)

        def act(number: int, selection: str = selection, both: Barrier = both) -> None:
            both.wait()
            if number:
                rooms.create(selection)
            else:
                rooms.confirm(selection, 5)

        assert outcomes(act, 2) == {"done": 2}
    page = rooms.assemblies.list_assemblies(
        SECRETARIAT, pb.ListAssembliesRequest(parent=f"municipalities/{HERE}")
    )
    assert [(each.state, each.members) for each in page.assemblies] == [(pb.Assembly.STATE_SEATED, 5)] * 10


# How a program or a person with the app's own rights would try to rewrite what was handed over.
ATTACKS = {
    "title": sa.update(tables.reports).values(title="Andet"),
    "content": sa.update(tables.reports).values(content=b"{}"),
    "back to a draft": sa.update(tables.reports).values(handover_time=None),
    "report away": sa.delete(tables.reports),
    "vision": sa.update(tables.recommendations).values(vision="Andet"),
    "support": sa.update(tables.initiatives).values(support={"for": 0}),
    "initiative away": sa.delete(tables.initiatives),
    "recommendation away": sa.delete(tables.recommendations),
    "member away": sa.delete(tables.members),
    "task": sa.update(tables.assemblies).values(task="Andet"),
    "state back": sa.update(tables.assemblies).values(state="SEATED"),
    "assembly away": sa.delete(tables.assemblies),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_store_itself_keeps_what_was_handed_over(rooms: Rooms, attack: str) -> None:
    assembly = rooms.written().name
    rooms.hand_over(assembly)
    before = rooms.report(assembly)
    refused = pytest.raises(DatabaseError, match="handed over does not change")
    with refused, rooms.database.writing(HERE) as transaction:
        transaction.connection.execute(ATTACKS[attack])
    assert rooms.report(assembly) == before


def test_nothing_is_slipped_in_afterwards(rooms: Rooms) -> None:
    assembly = rooms.written().name
    rooms.hand_over(assembly)
    before = rooms.report(assembly)
    parent = id_of(before.recommendations[0].name)
    common = {"municipality_id": HERE, "assembly_id": id_of(assembly), "position": 9, "version": 1}
    inserts = [
        sa.insert(tables.initiatives).values(
            **common, initiative_id=uuid.uuid4(), recommendation_id=parent, title="x", text="", support=None
        ),
        sa.insert(tables.recommendations).values(
            **common, recommendation_id=uuid.uuid4(), title="x", vision=""
        ),
        sa.insert(tables.members).values(
            municipality_id=HERE, assembly_id=id_of(assembly), seat_id=uuid.uuid4()
        ),
    ]
    for statement in inserts:
        refused = pytest.raises(DatabaseError, match="handed over does not change")
        with refused, rooms.database.writing(HERE) as transaction:
            transaction.connection.execute(statement)
    assert rooms.report(assembly) == before


def test_a_draft_beside_it_is_still_written(rooms: Rooms) -> None:
    rooms.hand_over(rooms.written().name)
    other = rooms.written().name
    rooms.initiate(rooms.recommend(other))
    assert len(rooms.report(other).recommendations) == 2
