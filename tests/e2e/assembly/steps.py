"""What each sentence of the story does, and what it looks at."""

from __future__ import annotations

import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from pytest_bdd import given, parsers, then, when

from borgerting.deliberation.v1 import assembly_service_pb2 as assemblies
from borgerting.deliberation.v1 import assembly_service_pb2_grpc as assemblies_grpc
from borgerting.deliberation.v1 import municipality_service_pb2 as registry
from borgerting.deliberation.v1 import municipality_service_pb2_grpc as registry_grpc
from borgerting.deliberation.v1 import report_service_pb2 as reports
from borgerting.deliberation.v1 import report_service_pb2_grpc as reports_grpc
from borgerting.followup.v1 import promise_service_pb2 as promises
from borgerting.followup.v1 import promise_service_pb2_grpc as promises_grpc
from borgerting.sortition.v1 import draw_service_pb2 as draws
from borgerting.sortition.v1 import draw_service_pb2_grpc as draws_grpc
from borgerting.sortition.v1 import selection_service_pb2 as selections
from borgerting.sortition.v1 import selection_service_pb2_grpc as selections_grpc
from borgerting.volunteer.v1 import person_service_pb2 as people
from borgerting.volunteer.v1 import person_service_pb2_grpc as people_grpc
from borgerting.volunteer.v1 import sign_up_service_pb2 as sign_ups
from borgerting.volunteer.v1 import sign_up_service_pb2_grpc as sign_ups_grpc
from borgerting.volunteer.v1 import task_service_pb2 as tasks
from borgerting.volunteer.v1 import task_service_pb2_grpc as tasks_grpc
from chassis.events.envelope import Event, topic_of
from chassis.events.ports import Broker, Delivery
from demo.pool import DemoPool, make_pool
from tests.e2e.assembly.houses import SERVICES, Trouble
from tests.e2e.assembly.town import PATIENCE_SECONDS, Town

SELECTIONS = selections_grpc.SelectionServiceStub
DRAWS = draws_grpc.DrawServiceStub
REGISTRY = registry_grpc.MunicipalityServiceStub
ASSEMBLIES = assemblies_grpc.AssemblyServiceStub
REPORTS = reports_grpc.ReportServiceStub
PROMISES = promises_grpc.PromiseServiceStub
PEOPLE = people_grpc.PersonServiceStub
TASKS = tasks_grpc.TaskServiceStub
SIGN_UPS = sign_ups_grpc.SignUpServiceStub

CHECKPOINT = promises.Checkpoint
SUPPORT = reports.Support(
    **{"for": 11, "against": 1, "entitled": 12}, base=reports.Support.BASE_FOR_AND_AGAINST
)
INITIATIVES = (("Bus line to the metro", "Permanent citizens' council"), ("Volunteer portal",))
VOLUNTEERS = ("vol-1", "vol-2")
VOLUNTEER_NAMES = ("Tilde Havgaard", "Storm Engdal")
VOLUNTEER_PHONES = ("55 50 11 22", "55 50 33 44")


@dataclass
class Story:
    """What has come about so far, by its names in the APIs."""

    town: Town
    pool: DemoPool = field(
        default_factory=lambda: make_pool(seed=1, people=60, size=12, districts={"Nord": 0.6, "Syd": 0.4})
    )
    selection: str = ""
    assembly: str = ""
    slot: str = ""
    task: str = ""

    told: list[Event] = field(default_factory=list)

    def events(self) -> list[Event]:
        """Every event told of this municipality, as somebody new hears them; sent twice, it counts once."""
        broker = self.town.house.events()
        try:
            heard = [
                delivery.event
                for service in SERVICES
                for delivery in everything(broker, topic_of(service))
                if delivery.event is not None
            ]
        finally:
            broker.close()
        mine = {event.envelope.id: event for event in heard if event.envelope.municipality == self.town.slug}
        self.told = list(mine.values())
        return self.told

    @property
    def report(self) -> str:
        return f"{self.assembly}/report"

    def read_report(self, role: str = "") -> reports.Report:
        request = reports.GetReportRequest(name=self.report)
        found: reports.Report = self.town.ask(REPORTS, "GetReport", request, role)
        return found

    def promises(self) -> list[promises.Promise]:
        request = promises.ListPromisesRequest(parent=self.town.name, page_size=100)
        return list(self.town.ask(PROMISES, "ListPromises", request).promises)

    def promise(self, number: int) -> promises.Promise:
        """The promise of an initiative, numbered as the report has them."""
        titles = [title for group in INITIATIVES for title in group]
        [found] = [one for one in self.promises() if one.title == titles[number - 1]]
        return found

    def page(self, number: int) -> str:
        promise = self.promise(number)
        return self.town.read(f"/followup/{self.town.slug}/promises/{promise.name.rpartition('/')[2]}")

    def mine(self, who: str) -> list[sign_ups.SignUp]:
        request = sign_ups.ListPersonSignUpsRequest(parent=f"{self.town.name}/people/me", page_size=10)
        return list(self.town.ask(SIGN_UPS, "ListPersonSignUps", request, "volunteer", who).sign_ups)


def everything(broker: Broker, topic: str) -> list[Delivery]:
    """All deliveries of a topic, from the oldest on."""
    source = broker.source(f"checker-{uuid.uuid4().hex}", topic)
    seen: list[Delivery] = []
    try:
        until = time.monotonic() + PATIENCE_SECONDS
        # The first look may come before a new consumer has its share.
        while (more := source.poll(1.0)) or (not seen or source.lag()):
            seen += more
            if more:
                source.commit(more[-1])
            if time.monotonic() > until:
                raise AssertionError(f"{topic} could not be read to its end")
    finally:
        source.close()
    return seen


@pytest.fixture
def story(town: Town) -> Story:
    return Story(town)


@given("a municipality that uses Borgerting")
def a_municipality(story: Story, town: Town) -> None:
    request = registry.CreateMunicipalityRequest(
        municipality_id=town.slug, municipality=registry.Municipality(display_name="Storybæk Kommune")
    )
    town.ask(REGISTRY, "CreateMunicipality", request, "operator")


@given(parsers.parse("a selection of {seats:d} seats with a pool of {volunteers:d} volunteers"))
def a_selection(story: Story, town: Town, seats: int, volunteers: int) -> None:
    create = selections.CreateSelectionRequest(
        parent=town.name,
        selection=selections.Selection(title="Borgerting om velfærd", size=seats, per_address=1),
    )
    story.selection = town.eventually_known(
        lambda: town.ask(SELECTIONS, "CreateSelection", create, "secretariat")
    ).name
    targets = selections.ImportTargetsRequest(name=story.selection, file=story.pool.targets_csv())
    assert not town.ask(SELECTIONS, "ImportTargets", targets, "secretariat").errors
    pool = selections.ImportPoolRequest(
        name=story.selection,
        file=story.pool.respondents_csv(),
        id_column="id",
        address_columns=["adresse"],
        contact_columns=["navn", "e-mail", "telefon"],
    )
    assert town.ask(SELECTIONS, "ImportPool", pool, "secretariat").accepted_rows == volunteers


@given("an assembly whose members will be those who are drawn")
def an_assembly(story: Story, town: Town) -> None:
    request = assemblies.CreateAssemblyRequest(
        parent=town.name,
        assembly=assemblies.Assembly(
            title="Borgerting om velfærd", task="Hvad skal velfærden være i 2035?", selection=story.selection
        ),
    )
    story.assembly = town.ask(ASSEMBLIES, "CreateAssembly", request, "secretariat").name


@when(parsers.parse("{panels:d} panels are computed and published, and a number is drawn in public"))
def a_public_draw(story: Story, town: Town, panels: int) -> None:
    request = draws.CreateDrawRequest(
        parent=story.selection, draw=draws.Draw(mode=draws.Draw.MODE_PUBLIC, announced="three dice")
    )
    name = town.ask(DRAWS, "CreateDraw", request, "secretariat").name

    def state() -> draws.Draw:
        found: draws.Draw = town.ask(DRAWS, "GetDraw", draws.GetDrawRequest(name=name), "secretariat")
        return found

    ready = town.eventually(state, lambda draw: draw.state == draws.Draw.STATE_PANELS_READY)
    assert ready.panels == panels
    town.ask(DRAWS, "PublishCommitment", draws.PublishCommitmentRequest(name=name), "secretariat")
    reveal = draws.RevealDrawRequest(name=name, number=437, note="the dice showed 4, 3 and 7")
    town.ask(DRAWS, "RevealDraw", reveal, "secretariat")
    town.ask(DRAWS, "PublishDraw", draws.PublishDrawRequest(name=name), "secretariat")


@when(parsers.parse("the {seats:d} people drawn say yes, and the panel is confirmed"))
def everyone_says_yes(story: Story, town: Town, seats: int) -> None:
    listed = selections.ListSeatsRequest(parent=story.selection, page_size=100)
    drawn = town.ask(SELECTIONS, "ListSeats", listed, "secretariat").seats
    assert len(drawn) == seats
    for seat in drawn:
        answer = selections.SetSeatAnswerRequest(name=seat.name, answer=selections.Seat.ANSWER_ACCEPTED)
        town.ask(SELECTIONS, "SetSeatAnswer", answer, "secretariat")
    town.ask(SELECTIONS, "ConfirmPanel", selections.ConfirmPanelRequest(name=story.selection), "secretariat")


@then(parsers.parse("the assembly has {seats:d} members"))
def members(story: Story, town: Town, seats: int) -> None:
    request = assemblies.ListMembersRequest(parent=story.assembly, page_size=100)
    found = town.eventually(
        lambda: town.ask(ASSEMBLIES, "ListMembers", request, "secretariat").members,
        lambda all_: len(all_) > 0,
    )
    listed = selections.ListSeatsRequest(parent=story.selection, page_size=100)
    drawn = town.ask(SELECTIONS, "ListSeats", listed, "secretariat").seats
    assert sorted(one.name.rpartition("/")[2] for one in found) == sorted(
        seat.name.rpartition("/")[2] for seat in drawn
    )
    assert len(found) == seats


@when(parsers.parse("the members write a report of {groups:d} recommendations with {count:d} initiatives"))
def a_report(story: Story, town: Town, groups: int, count: int) -> None:
    assert (len(INITIATIVES), sum(map(len, INITIATIVES))) == (groups, count)
    for number, titles in enumerate(INITIATIVES, 1):
        request = reports.CreateRecommendationRequest(
            parent=story.report, recommendation=reports.Recommendation(title=f"Recommendation {number}")
        )
        recommendation = town.ask(REPORTS, "CreateRecommendation", request, "editor").name
        for title in titles:
            town.ask(
                REPORTS,
                "CreateInitiative",
                reports.CreateInitiativeRequest(
                    parent=recommendation,
                    initiative=reports.Initiative(
                        title=title,
                        text="As the members wrote it.",
                        support=reports.Support(
                            **{"for": 11, "against": 1, "entitled": 12},
                            base=reports.Support.BASE_FOR_AND_AGAINST,
                        ),
                    ),
                ),
                "editor",
            )


@when("the secretariat hands the report over to the council")
def handover(story: Story, town: Town) -> None:
    request = reports.HandOverReportRequest(name=story.report, etag=story.read_report("secretariat").etag)
    handed_over = town.ask(REPORTS, "HandOverReport", request, "secretariat")
    assert handed_over.state == reports.Report.STATE_HANDED_OVER


@then("nobody can change a word of the report any more")
def unchangeable(story: Story, town: Town) -> None:
    initiative = story.read_report().recommendations[0].initiatives[0]
    initiative.title = "Something else"
    request = reports.UpdateInitiativeRequest(initiative=initiative)
    for role in ("secretariat", "editor"):
        refused = town.refusal(REPORTS, "UpdateInitiative", request, role)
        assert refused is grpc.StatusCode.FAILED_PRECONDITION
    assert story.read_report().recommendations[0].initiatives[0].title == INITIATIVES[0][0]


@then(parsers.parse("the council owes {count:d} initiatives an answer within 3, 10 and 24 months"))
def what_is_owed(story: Story, town: Town, count: int) -> None:
    found = town.eventually(story.promises, lambda all_: len(all_) > 0)
    assert Counter(one.title for one in found) == Counter(title for group in INITIATIVES for title in group)
    assert len(found) == count
    for promise in found:
        assert [checkpoint.months for checkpoint in promise.checkpoints] == [3, 10, 24]
        assert {checkpoint.state for checkpoint in promise.checkpoints} == {CHECKPOINT.STATE_OPEN}


@then("the public page of each initiative says when the council must answer")
def due_on_pages(story: Story) -> None:
    for number in (1, 2, 3):
        due = first_due(story.promise(number))
        assert f"{due.day} {due:%B} {due.year}" in story.page(number)


def first_due(promise: promises.Promise) -> date:
    due = promise.checkpoints[0].due_date
    return date(due.year, due.month, due.day)


@when(parsers.parse("the council answers initiative {number:d} that it is {decision}"))
def an_answer(story: Story, town: Town, number: int, decision: str) -> None:
    request = promises.CreateAnswerRequest(
        parent=story.promise(number).checkpoints[0].name,
        answer=promises.Answer(
            decision=promises.Answer.Decision.Value(f"DECISION_{decision.upper().replace(' ', '_')}"),
            reason="The budget of next year says so.",
            committee="Budget committee",
            office="Secretariat of the council",
        ),
    )
    town.ask(PROMISES, "CreateAnswer", request, "officer")


@when("the day after the first due date comes")
def time_passes(story: Story, town: Town, trouble: Trouble | None) -> None:
    if trouble is not None:
        trouble.settle()
    today = town.house.clock.now().date()
    town.house.pass_days((first_due(story.promise(2)) - today + timedelta(days=2)).days)


@then(parsers.parse("initiative {number:d} was answered in time"))
def in_time(story: Story, number: int) -> None:
    assert story.promise(number).checkpoints[0].state == CHECKPOINT.STATE_ANSWERED_IN_TIME


@then('initiatives 2 and 3 are overdue, and their public pages say "no answer" by themselves')
def overdue(story: Story) -> None:
    for number in (2, 3):
        states = [checkpoint.state for checkpoint in story.promise(number).checkpoints]
        assert states == [CHECKPOINT.STATE_OVERDUE, CHECKPOINT.STATE_OPEN, CHECKPOINT.STATE_OPEN]
        assert "no answer" in story.page(number).lower()
    assert "no answer" not in story.page(1).lower()


@then(parsers.parse("the front page counts {given:d} of {owed:d} answers given, and {silent:d} overdue"))
def counted(story: Story, town: Town, given: int, owed: int, silent: int) -> None:
    words = (f"Answers given {given} of {owed}", f"Answers overdue {silent}")
    town.eventually(
        lambda: town.read(f"/deliberation/{town.slug}"), lambda text: all(each in text for each in words)
    )


@then(parsers.parse("initiative {number:d} was answered late"))
def late(story: Story, number: int) -> None:
    assert story.promise(number).checkpoints[0].state == CHECKPOINT.STATE_ANSWERED_LATE


@when(parsers.parse("the council seeks {wanted:d} volunteer for initiative {number:d}"))
def seeking(story: Story, town: Town, wanted: int, number: int) -> None:
    request = promises.SeekVolunteersRequest(
        name=story.promise(number).name, wanted=wanted, task="Counting passengers at the stops"
    )
    town.ask(PROMISES, "SeekVolunteers", request, "officer")


@when("a coordinator makes a task of it, with one slot for one person")
def a_task(story: Story, town: Town) -> None:
    request = tasks.CreateTaskRequest(
        parent=town.name,
        task=tasks.Task(
            title="Count passengers",
            text="An hour at a bus stop.",
            place="The station",
            contact_office="Volunteer office",
            contact_phone="32 00 00 00",
            promise=story.promise(1).name,
        ),
    )
    story.task = town.ask(TASKS, "CreateTask", request, "coordinator").name
    begin = town.house.clock.now() + timedelta(days=7)
    slot = tasks.Slot(start_time=stamp(begin), end_time=stamp(begin + timedelta(hours=1)), capacity=1)
    story.slot = town.ask(
        TASKS, "CreateSlot", tasks.CreateSlotRequest(parent=story.task, slot=slot), "coordinator"
    ).name
    town.ask(TASKS, "PublishTask", tasks.PublishTaskRequest(name=story.task), "coordinator")


def stamp(instant: Any) -> Timestamp:
    made = Timestamp()
    made.FromDatetime(instant)
    return made


@when("two volunteers sign up at the same moment")
def two_at_once(story: Story, town: Town) -> None:
    for who, name, phone in zip(VOLUNTEERS, VOLUNTEER_NAMES, VOLUNTEER_PHONES, strict=True):
        person = people.Person(name=f"{town.name}/people/me", display_name=name, phone=phone)
        request = people.UpdatePersonRequest(person=person)
        town.ask(PEOPLE, "UpdatePerson", request, "volunteer", who)
    together = threading.Barrier(len(VOLUNTEERS))
    failed: list[BaseException] = []

    def sign_up(who: str) -> None:
        try:
            together.wait(30)
            request = sign_ups.CreateSignUpRequest(parent=story.slot)
            town.ask(SIGN_UPS, "CreateSignUp", request, "volunteer", who)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=sign_up, args=(who,)) for who in VOLUNTEERS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed, failed


@then("one of them has the place, and the other is number 1 on the waiting list")
def one_place(story: Story) -> None:
    standings = sorted((one.state, one.queue_number) for who in VOLUNTEERS for one in story.mine(who))
    assert standings == [(sign_ups.SignUp.STATE_WAITLISTED, 1), (sign_ups.SignUp.STATE_CONFIRMED, 0)]


@then("the front page offers 1 free place")
def one_free(story: Story, town: Town) -> None:
    town.eventually(lambda: town.read(f"/deliberation/{town.slug}"), lambda text: "1 free place" in text)


@then("the front page offers no free place")
def none_free(story: Story, town: Town) -> None:
    front = f"/deliberation/{town.slug}"
    text = town.eventually(lambda: town.read(front), lambda text: "no free places just now" in text)
    assert "1 free place" not in text


@when("the one with the place cancels")
def cancelling(story: Story, town: Town) -> None:
    [(who, taken)] = [
        (who, one)
        for who in VOLUNTEERS
        for one in story.mine(who)
        if one.state == sign_ups.SignUp.STATE_CONFIRMED
    ]
    town.ask(SIGN_UPS, "CancelSignUp", sign_ups.CancelSignUpRequest(name=taken.name), "volunteer", who)


@then("the other one has it")
def moved_up(story: Story) -> None:
    states = Counter(one.state for who in VOLUNTEERS for one in story.mine(who))
    assert states == {sign_ups.SignUp.STATE_CONFIRMED: 1, sign_ups.SignUp.STATE_CANCELLED: 1}


@then("nothing happened twice, and nothing was lost")
def once(story: Story, town: Town, trouble: Trouble | None) -> None:
    if trouble is not None:
        trouble.settle()
        assert all(process.kills for process in town.house.processes)
    expected = {
        "MunicipalityChanged": 1,
        "PanelConfirmed": 1,
        "ReportHandedOver": 1,
        "PromiseMade": 3,
        "PromiseAnswered": 2,
        "PromiseOverdue": 2,
        "VolunteersSought": 1,
    }

    def told() -> Counter[str]:
        kinds = Counter(event.envelope.type.rpartition(".")[2] for event in story.events())
        # How often the places changed for others depends on who came first.
        assert kinds.pop("TaskChanged", 0) > 0
        return kinds

    assert town.eventually(told, lambda kinds: sum(kinds.values()) >= sum(expected.values())) == expected
    numbers: dict[str, list[int]] = {}
    for event in story.told:
        numbers.setdefault(f"{event.envelope.topic} {event.envelope.key}", []).append(event.envelope.sequence)
    for key, found in numbers.items():
        assert sorted(found) == list(range(1, len(found) + 1)), key


@then("no event carried a person's name, telephone or address")
def no_person(story: Story, town: Town) -> None:
    secrets = {*VOLUNTEER_NAMES, *VOLUNTEER_PHONES}
    for row in story.pool.respondents:
        secrets |= {row["navn"], row["telefon"], row["e-mail"], row["adresse"]}
    told = "\n".join(
        f"{event.value.decode('utf-8', 'replace')} {event.envelope.headers()} {event.envelope.key}"
        for event in story.told
    )
    logs = town.house.logs()
    assert [secret for secret in secrets if secret in told or secret in logs] == []
