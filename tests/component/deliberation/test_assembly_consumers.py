"""What deliberation hears: in any order to the acts, twice, behind a gap, and told again."""

from __future__ import annotations

import itertools
from uuid import uuid4

import pytest
from google.type.date_pb2 import Date
from sqlalchemy import select

from borgerting.deliberation.v1 import assembly_service_pb2 as pb
from borgerting.followup.v1.events_pb2 import (
    PromiseAnswered,
    PromiseMade,
    PromiseOverdue,
    VolunteersSought,
)
from borgerting.followup.v1.promise_service_pb2 import Answer
from borgerting.volunteer.v1.events_pb2 import TaskChanged
from chassis.commands import command_line
from chassis.errors import DomainError
from chassis.inbox import Outcome
from chassis.reemission import reemit
from chassis.tables import audit_log, outbox
from services.deliberation.adapters.measures import assembly_gauges
from services.deliberation.adapters.reemitters import REEMITTERS
from services.deliberation.app.get_front import Front, get_front
from services.deliberation.domain.followed_up import Promise
from tests.component.deliberation.rooms import Rooms, id_of
from tests.infrastructure.stores import Stores, everything
from tests.unit.deliberation.house import ANYONE, HERE, SECRETARIAT


@pytest.fixture
def rooms(stores: Stores) -> Rooms:
    return Rooms(stores)


def members(rooms: Rooms, assembly: str) -> list[str]:
    page = rooms.assemblies.list_members(SECRETARIAT, pb.ListMembersRequest(parent=assembly))
    return [each.name.rsplit("/", 1)[1] for each in page.members]


@pytest.mark.parametrize("first", ["panel", "assembly"])
def test_seats_become_members_whatever_comes_first(rooms: Rooms, first: str) -> None:
    selection = rooms.selection()
    panel = rooms.panel(selection, 5)
    event = rooms.event("sortition", f"selections/{id_of(selection)}", panel)
    if first == "panel":
        assert rooms.hear(event) is Outcome.HANDLED
        assembly = rooms.create(selection)
    else:
        assembly = rooms.create(selection)
        assert (assembly.state, assembly.members) == (pb.Assembly.STATE_PREPARING, 0)
        assert rooms.hear(event) is Outcome.HANDLED
    seated = rooms.get(assembly.name)
    assert (seated.state, seated.members) == (pb.Assembly.STATE_SEATED, 5)
    assert members(rooms, assembly.name) == sorted(panel.seats)
    # The carrier repeats it; sortition tells it again under another id.
    assert rooms.hear(event) is Outcome.DUPLICATE
    again = rooms.event("sortition", f"selections/{id_of(selection)}", panel, sequence=1, snapshot=True)
    assert rooms.hear(again) is Outcome.DUPLICATE
    assert rooms.get(assembly.name) == seated
    assert members(rooms, assembly.name) == sorted(panel.seats)


def test_a_panel_that_was_lost_is_taken_when_it_is_told_again(rooms: Rooms) -> None:
    assembly = rooms.create(rooms.selection())
    aggregate = f"selections/{id_of(assembly.selection)}"
    told = rooms.event("sortition", aggregate, rooms.panel(assembly.selection, 4), sequence=3, snapshot=True)
    assert rooms.hear(told) is Outcome.HANDLED
    assert rooms.get(assembly.name).members == 4


def test_a_panel_without_a_draw_is_taken_as_it_was_told_before(rooms: Rooms) -> None:
    assembly = rooms.create(rooms.selection())
    panel = rooms.panel(assembly.selection, 4)
    panel.ClearField("draw")
    rooms.give("sortition", f"selections/{id_of(assembly.selection)}", panel)
    assert rooms.get(assembly.name).members == 4


def front(rooms: Rooms) -> Front:
    return rooms.entry.read(ANYONE, HERE, lambda uow: get_front(uow, ANYONE, clock=rooms.clock))


def test_the_front_page_s_copy_of_promises_and_tasks(rooms: Rooms) -> None:
    assembly = rooms.written().name
    rooms.hand_over(assembly)
    bus = rooms.report(assembly).recommendations[0].initiatives[0]
    promise = f"municipalities/{HERE}/promises/{uuid4()}"
    first, second = (f"{promise}/checkpoints/{uuid4()}" for _ in range(2))
    days = [Date(year=2027, month=6, day=1), Date(year=2028, month=1, day=3)]
    events = [
        PromiseMade(promise=promise, assembly=assembly, subject=bus.name, due_dates=days),
        PromiseOverdue(promise=promise, checkpoint=first, due_date=days[0]),
        PromiseAnswered(promise=promise, checkpoint=first, decision=Answer.DECISION_FOLLOWED),
        PromiseOverdue(promise=promise, checkpoint=second, due_date=days[1]),
        VolunteersSought(promise=promise, wanted=12),
    ]
    told = [rooms.event("followup", f"promises/{id_of(promise)}", each) for each in events]
    # They arrive in the worst order, and each twice.
    for event in itertools.chain(reversed(told), told):
        rooms.hear(event)
    with everything(rooms.database) as transaction:
        held = transaction.connection.execute(select(audit_log.c.action)).scalars().all()
    assert "assembly.seat" in held
    shown = front(rooms)
    assert (shown.all.promises, shown.all.answered, shown.all.owed, shown.all.overdue) == (1, 1, 2, 1)
    assert shown.sought == 1
    task = f"municipalities/{HERE}/tasks/{uuid4()}"
    for free, is_open in ((3, True), (2, True)):
        rooms.give(
            "volunteer",
            f"tasks/{id_of(task)}",
            TaskChanged(task=task, promise=promise, open=is_open, places=3, free=free),
        )
    (help_,) = front(rooms).help
    assert (help_.title, help_.task.free) == ("Buslinje", 2)
    rooms.give("volunteer", f"tasks/{id_of(task)}", TaskChanged(task=task, open=False, places=3, free=2))
    assert front(rooms).help == ()


def test_only_a_later_event_of_a_promise_counts_as_far_as_it_goes(rooms: Rooms) -> None:
    promise = f"municipalities/{HERE}/promises/{uuid4()}"
    answered = PromiseAnswered(promise=promise, checkpoint=f"{promise}/checkpoints/{uuid4()}")
    aggregate = f"promises/{id_of(promise)}"
    rooms.give("followup", aggregate, answered, sequence=2, snapshot=True)
    kept = rooms.entry.read(ANYONE, HERE, lambda uow: uow.followed_up.promise(id_of(promise)))
    assert isinstance(kept, Promise)
    assert (kept.assembly, len(kept.answered)) == (None, 1)
    assert front(rooms).all.answered == 1


def test_a_report_is_told_again_as_it_was_handed_over(rooms: Rooms) -> None:
    assembly = rooms.written().name
    for name, reason in (
        (assembly, "REPORT_NOT_HANDED_OVER"),
        (f"municipalities/{HERE}/assemblies/{uuid4()}", "ASSEMBLY_UNKNOWN"),
        (f"municipalities/{HERE}/assemblies/no-uuid", "ASSEMBLY_UNKNOWN"),
    ):
        with pytest.raises(DomainError) as refused:
            reemit(rooms.database, "deliberation", REEMITTERS, command_line(), name)
        assert refused.value.reason == reason
    rooms.hand_over(assembly)
    reemit(rooms.database, "deliberation", REEMITTERS, command_line(), assembly)
    with everything(rooms.database) as transaction:
        rows = transaction.connection.execute(select(outbox).order_by(outbox.c.seq)).all()
    first, again = rows[-2:]
    assert [row.headers["ce_snapshot"] for row in (first, again)] == ["false", "true"]
    assert first.headers["ce_sequence"] == again.headers["ce_sequence"] == "1"
    assert (first.key, first.payload) == (again.key, again.payload)


def test_assemblies_are_counted_by_municipality(rooms: Rooms) -> None:
    rooms.create(rooms.selection())
    rooms.seated()
    rooms.hand_over(rooms.written().name)
    counted = {
        (name, labels["municipality"], labels.get("state", "")): value
        for _, _, samples in assembly_gauges(rooms.database)()
        for name, labels, value in samples
    }
    assemblies = "borgerting_deliberation_assemblies"
    assert counted == {
        (assemblies, HERE, "PREPARING"): 1,
        (assemblies, HERE, "SEATED"): 1,
        (assemblies, HERE, "HANDED_OVER"): 1,
        ("borgerting_deliberation_reports_handed_over", HERE, ""): 1,
    }
