"""What is told, told again, and heard; and that nobody's name is in any of it."""

from __future__ import annotations

from uuid import uuid4

import pytest
from sqlalchemy import inspect, select

from borgerting.followup.v1.events_pb2 import VolunteersSought
from borgerting.volunteer.v1 import person_service_pb2 as person_pb
from borgerting.volunteer.v1 import sign_up_service_pb2 as sign_up_pb
from borgerting.volunteer.v1 import task_service_pb2 as pb
from borgerting.volunteer.v1.events_pb2 import TaskChanged
from chassis.commands import command_line
from chassis.errors import DomainError
from chassis.events.envelope import Envelope, Event, schema_of, topic_of
from chassis.events.ports import Delivery
from chassis.ids import uuid7
from chassis.inbox import Inbox, Outcome, RetryPolicy
from chassis.metrics import Metrics
from chassis.reemission import reemit
from chassis.tables import outbox
from chassis.testing.stores import NOON
from services.volunteer.adapters.consumers import subscription
from services.volunteer.adapters.measures import place_gauges
from services.volunteer.adapters.reemitters import REEMITTERS
from services.volunteer.adapters.sign_up_repository import SqlSought
from tests.component.volunteer.house import House
from tests.infrastructure.stores import Stores, everything
from tests.unit.volunteer.house import COORDINATOR, HERE, THERE


@pytest.fixture
def house(stores: Stores) -> House:
    return House(stores)


def told(house: House) -> list[tuple[str, str, TaskChanged]]:
    with house.database.reading(HERE) as transaction:
        rows = transaction.connection.execute(select(outbox).order_by(outbox.c.seq)).all()
    return [
        (row.headers["ce_sequence"], row.headers["ce_snapshot"], TaskChanged.FromString(row.payload))
        for row in rows
    ]


def test_a_task_tells_when_something_changes_for_others(house: House) -> None:
    (slot,) = house.open(2)
    task = slot.split("/slots/")[0]
    first = house.sign_up(slot, house.known(1))
    for number in (2, 3):
        house.sign_up(slot, house.known(number))  # the third waits, which is nobody else's to know
    house.cancel(first.name, house.known(1))  # the third moves up: no place falls free
    house.resize(slot, 4)
    house.tasks.close_task(COORDINATOR, pb.CloseTaskRequest(name=task))
    house.tasks.cancel_task(COORDINATOR, pb.CancelTaskRequest(name=task))
    assert [(e.open, e.places, e.free) for _, _, e in told(house)] == [
        (True, 2, 2),
        (True, 2, 1),
        (True, 2, 0),
        (True, 4, 2),
        (False, 4, 2),
        (False, 0, 0),
    ]
    assert {event.task for _, _, event in told(house)} == {task}
    assert [sequence for sequence, _, _ in told(house)] == ["1", "2", "3", "4", "5", "6"]


def test_it_is_told_again_as_it_stands(house: House) -> None:
    (slot,) = house.open(2)
    house.sign_up(slot, house.known(1))
    task = slot.split("/slots/")[0]
    reemit(house.database, "volunteer", REEMITTERS, command_line(), task)
    sequence, snapshot, event = told(house)[-1]
    assert (sequence, snapshot, event.open, event.places, event.free) == ("2", "true", True, 2, 1)


def test_a_task_that_a_restore_lost_is_gone_for_others_too(house: House) -> None:
    """Once a person has decided so; else a mistyped name would tell of a task that never was."""
    task = f"municipalities/{HERE}/tasks/{uuid7(house.clock)}"
    reemit(house.database, "volunteer", REEMITTERS, command_line(), task, anew=True)
    [(_, snapshot, event)] = told(house)
    assert (snapshot, event) == ("true", TaskChanged(task=task))


def test_nothing_is_told_before_it_is_published(house: House) -> None:
    wanted = pb.Task(title="T", text="t", place="p", contact_office="o", contact_phone="200")
    request = pb.CreateTaskRequest(parent=f"municipalities/{HERE}", task=wanted)
    draft = house.tasks.create_task(COORDINATOR, request).name
    for name, reason in (
        (draft, "TASK_NOT_PUBLISHED"),
        (f"municipalities/{HERE}/tasks/{uuid7(house.clock)}", "TASK_UNKNOWN"),
        (draft.replace(HERE, THERE), "TASK_UNKNOWN"),
        (f"municipalities/{HERE}/people/{uuid4()}", "NOT_REEMITTED"),
    ):
        with pytest.raises(DomainError) as refused:
            reemit(house.database, "volunteer", REEMITTERS, command_line(), name)
        assert refused.value.reason == reason
    assert told(house) == []


def heard(sequence: int, promise: str, wanted: int, municipality: str = HERE) -> Delivery:
    message = VolunteersSought(promise=promise, wanted=wanted)
    name = message.DESCRIPTOR.full_name
    envelope = Envelope(
        id=uuid4(),
        source="/followup",
        type=name,
        time=NOON,
        topic=topic_of("followup"),
        key=f"{municipality}/promises/1",
        municipality=municipality,
        sequence=sequence,
        snapshot=False,
        correlation_id="c-1",
        causation_id="",
        data_schema=schema_of(name),
    )
    event = Event(envelope, message.SerializeToString())
    return Delivery(envelope.topic, 0, sequence, envelope.key, event)


def sought(house: House, municipality: str = HERE) -> dict[str, int]:
    with house.database.reading(municipality) as transaction:
        return dict(SqlSought(transaction).all())


class TestVolunteersSought:
    promise = f"municipalities/{HERE}/promises/{uuid4()}"

    @pytest.fixture
    def inbox(self, house: House) -> Inbox:
        return Inbox(house.database, subscription(), RetryPolicy(attempts=1))

    def test_the_last_one_counts_once_and_in_order(self, house: House, inbox: Inbox) -> None:
        second = heard(2, self.promise, 7)
        assert inbox.receive(second) is Outcome.HELD
        assert sought(house) == {}
        first = heard(1, self.promise, 5)
        assert inbox.receive(first) is Outcome.HANDLED
        assert sought(house) == {self.promise: 7}
        assert inbox.receive(first) is Outcome.DUPLICATE
        assert inbox.receive(heard(3, self.promise, 0)) is Outcome.HANDLED
        assert sought(house) == {}
        assert sought(house, THERE) == {}

    def test_a_name_that_is_none_is_parked(self, house: House, inbox: Inbox) -> None:
        assert inbox.receive(heard(1, "nonsense", 5)) is Outcome.PARKED
        assert inbox.receive(heard(2, self.promise, 5)) is Outcome.HELD
        assert sought(house) == {}


MARKS = ("NAMEMARK", "20 99 99 99", "mailmark", "volunteer-1")


def test_a_name_stands_in_its_own_table_alone(house: House, capfd: pytest.CaptureFixture[str]) -> None:
    """All that a person does, and then a search for the person in every table but theirs, log and answer."""
    metrics = Metrics()
    metrics.at_scrape(place_gauges(house.database))
    (slot,) = house.open(1)
    who, other = house.known(1), house.known(2)
    sign_up = house.sign_up(slot, who)
    house.sign_up(slot, other)
    refusals = []
    for act in (
        lambda: house.sign_up(slot, who),
        lambda: house.cancel(sign_up.name, other),
        lambda: house.people.update_person(
            who,
            person_pb.UpdatePersonRequest(
                person=person_pb.Person(name=f"municipalities/{HERE}/people/me", display_name="NAMEMARK" * 99)
            ),
        ),
    ):
        with pytest.raises(DomainError) as refused:
            act()
        refusals.append(f"{refused.value} {refused.value.metadata} {refused.value.violations}")
    request = sign_up_pb.ListSignUpContactsRequest(parent=slot)
    assert house.sign_ups.list_sign_up_contacts(COORDINATOR, request).sign_up_contacts
    house.cancel(sign_up.name, who)
    house.people.delete_person(other, person_pb.DeletePersonRequest(name=f"municipalities/{HERE}/people/me"))
    found = []
    with everything(house.database) as whole:
        for table in inspect(whole.connection).get_table_names():
            rows = whole.connection.exec_driver_sql(f'SELECT * FROM "{table}"').all()  # noqa: S608
            text = " ".join(str(value) for row in rows for value in row)
            found += [(table, mark) for mark in MARKS if mark in text]
    # A sign-in's subject ties a person to their record; the audit trail must not, for it never forgets.
    expected = {("person_contacts", mark) for mark in MARKS[:2]} | {("people", "volunteer-1")}
    assert set(found) == expected
    out, err = capfd.readouterr()
    everywhere = [out, err, metrics.exposition().decode(), *refusals]
    assert [mark for mark in MARKS for text in everywhere if mark in text] == []


def test_erasing_keeps_the_totals(house: House) -> None:
    (slot,) = house.open(3)
    who = house.known(1)
    house.sign_up(slot, who)
    house.clock.instant = house.slot(slot).start_time.ToDatetime(tzinfo=NOON.tzinfo)
    me = f"municipalities/{HERE}/people/me"
    kept = house.people.export_person(who, person_pb.ExportPersonRequest(name=me))
    assert (kept.subject, len(kept.sign_ups), kept.sign_ups[0].task_title) == (
        "volunteer-1",
        1,
        "Reading friends",
    )
    house.people.delete_person(who, person_pb.DeletePersonRequest(name=me))
    assert house.slot(slot).confirmed == 1
    assert [each.state for each in house.all(slot)] == [sign_up_pb.SignUp.STATE_CONFIRMED]
    assert (
        not house.sign_ups.list_sign_up_contacts(
            COORDINATOR, sign_up_pb.ListSignUpContactsRequest(parent=slot)
        )
        .sign_up_contacts[0]
        .phone
    )
    with pytest.raises(DomainError):
        house.people.export_person(who, person_pb.ExportPersonRequest(name=me))


def test_who_looked_at_whom_is_audited(house: House) -> None:
    (slot,) = house.open(1)
    who, waiting = house.known(1), house.known(2)
    person = house.sign_up(slot, who).person
    other = house.sign_up(slot, waiting).person
    shown = house.people.get_person(COORDINATOR, person_pb.GetPersonRequest(name=person))
    hidden = house.people.get_person(COORDINATOR, person_pb.GetPersonRequest(name=other))
    # Who waits has not been accepted yet: only an id.
    assert (shown.phone, hidden.phone, hidden.display_name) == ("20 99 99 99", "", "")
    house.people.export_person(COORDINATOR, person_pb.ExportPersonRequest(name=person))
    house.sign_ups.list_person_sign_ups(COORDINATOR, sign_up_pb.ListPersonSignUpsRequest(parent=person))
    house.sign_ups.list_sign_up_contacts(COORDINATOR, sign_up_pb.ListSignUpContactsRequest(parent=slot))
    house.all(slot)
    with house.database.reading(HERE) as transaction:
        acts = [(e.action, e.resource) for _, e in transaction.audit.entries() if e.subject == "staff-7"]
    assert acts[:6] == [
        ("sign-ups.list", slot),
        ("sign-up-contacts.list", slot),
        ("person.sign-ups.list", person),
        ("person.export", person),
        ("person.read", other),
        ("person.read", person),
    ]
