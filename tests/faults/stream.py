"""A steady stream of small commands over many aggregates, by people who ask until they are answered.

A request keeps its id through every repetition, which is what a careful program does; what was acknowledged
goes into the ledger. A refusal that nothing explains is a finding.
"""

from __future__ import annotations

import random
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import grpc
from google.protobuf.field_mask_pb2 import FieldMask
from google.type import date_pb2

from borgerting.deliberation.v1 import assembly_service_pb2 as assemblies
from borgerting.deliberation.v1 import municipality_service_pb2 as registry
from borgerting.deliberation.v1 import report_service_pb2 as reports
from borgerting.followup.v1 import promise_service_pb2 as promises
from borgerting.sortition.v1 import draw_service_pb2 as draws
from borgerting.sortition.v1 import selection_service_pb2 as selections
from borgerting.volunteer.v1 import person_service_pb2 as people
from borgerting.volunteer.v1 import sign_up_service_pb2 as sign_ups
from borgerting.volunteer.v1 import task_service_pb2 as tasks
from demo.pool import DemoPool, make_pool
from tests.e2e.assembly.steps import (
    ASSEMBLIES,
    DRAWS,
    PEOPLE,
    PROMISES,
    REGISTRY,
    REPORTS,
    SELECTIONS,
    SIGN_UPS,
    SUPPORT,
    TASKS,
    stamp,
)
from tests.e2e.assembly.town import Town
from tests.faults.ledger import Ledger

SEATS, VOLUNTEERS, INITIATIVES = 6, 24, 8
CROWDS, CROWD = 3, 4


class Stream:
    """One municipality's. `start` it, `stop` it; `problems` are findings of its own.

    With `again`, one assembly after another is drawn, reports and is answered; without, only the first.
    `promised` is set once its council has promises to keep.
    """

    def __init__(self, town: Town, seed: str, *, again: bool = True, pause: float = 0.15) -> None:
        self.town = town
        self.ledger = Ledger(town.slug)
        self.problems: list[str] = []
        self._seed = seed
        self._again = again
        self._pause = pause
        self.promised = threading.Event()
        self.kept: list[str] = []
        self._stopping = threading.Event()
        self._pool = make_pool(seed=1, people=VOLUNTEERS, size=SEATS, districts={"Nord": 0.6, "Syd": 0.4})
        works: list[tuple[str, Callable[[random.Random], None]]] = [("registry", self._rename)]
        works.append(("story", self._stories))
        works += [(f"crowd {number}", self._crowd) for number in range(CROWDS)]
        self._slots: list[str] = []
        self._turn = threading.Condition()
        self._pausing = False
        self._busy: set[threading.Thread] = set()
        self._threads = [
            threading.Thread(target=self._work, args=(name, work), name=f"stream-{name}")
            for name, work in works
        ]

    def start(self) -> None:
        """Returns once the municipality is known to all."""
        town = self.town
        request = registry.CreateMunicipalityRequest(
            municipality_id=town.slug, municipality=registry.Municipality(display_name="Navn 0")
        )
        self._ask(REGISTRY, "CreateMunicipality", request, "operator")
        self.ledger.display_name = "Navn 0"
        self._slots = [slot for number in range(2) for slot in self._a_task(number)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Everybody finishes what is begun."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Nobody begins anything, and what was begun is done."""
        with self._turn:
            self._pausing = True
            assert self._turn.wait_for(lambda: not self._busy, 300), "what was begun did not end"
        try:
            yield
        finally:
            with self._turn:
                self._pausing = False
                self._turn.notify_all()

    def _work(self, name: str, work: Callable[[random.Random], None]) -> None:
        try:
            work(random.Random(f"{self._seed} {name}"))
        except Exception as error:
            said = f"{error.code()} {error.details()}" if isinstance(error, grpc.RpcError) else str(error)
            where = traceback.extract_tb(error.__traceback__)[-3:]
            frames = ", ".join(f"{frame.name}:{frame.lineno}" for frame in where)
            self.problems.append(f"{self.town.slug}: {name} was refused: {said} ({frames})")
            self.promised.set()
        finally:
            with self._turn:
                self._busy.discard(threading.current_thread())
                self._turn.notify_all()

    def _ask(self, stub: Any, method: str, request: Any, role: str, who: str = "") -> Any:
        answer = self.town.ask(stub, method, request, role, who)
        self.ledger.commands += 1
        return answer

    def _rest(self, chance: random.Random) -> bool:
        """A pause; whether to go on."""
        me = threading.current_thread()
        with self._turn:
            self._busy.discard(me)
            self._turn.notify_all()
            self._turn.wait_for(lambda: not self._pausing)
        stopped = self._stopping.wait(chance.uniform(0, 2 * self._pause))
        with self._turn:
            self._turn.wait_for(lambda: not self._pausing)
            self._busy.add(me)
        return not stopped

    # The registry.

    def _rename(self, chance: random.Random) -> None:
        number = 0
        while self._rest(chance):
            number += 1
            name = f"Navn {number}"
            request = registry.UpdateMunicipalityRequest(
                municipality=registry.Municipality(name=self.town.name, display_name=name),
                update_mask=FieldMask(paths=["display_name"]),
            )
            self._ask(REGISTRY, "UpdateMunicipality", request, "operator")
            self.ledger.display_name = name

    # From a pool to what becomes of its assembly's promises.

    def _stories(self, chance: random.Random) -> None:
        while True:
            selection = self._a_selection()
            assembly = self._an_assembly(selection)
            self._a_draw(selection)
            self._a_report(assembly)
            kept = self._promises_of(assembly)
            self.kept = [one.name for one in kept]
            self.promised.set()
            happened = 0
            while not self._again or happened < 3 * len(kept):
                self._happens_to(chance.choice(kept), chance)
                happened += 1
                if not self._rest(chance):
                    return

    def _a_selection(self) -> str:
        town, pool = self.town, self._pool
        create = selections.CreateSelectionRequest(
            parent=town.name,
            selection=selections.Selection(title="Borgerting", size=SEATS, per_address=1),
        )
        name = self.ledger.done(
            self.ledger.selections,
            town.eventually_known(
                lambda: self._ask(SELECTIONS, "CreateSelection", create, "secretariat")
            ).name,
        )
        self._import(name, pool)
        return name

    def _import(self, selection: str, pool: DemoPool) -> None:
        targets = selections.ImportTargetsRequest(name=selection, file=pool.targets_csv())
        self._ask(SELECTIONS, "ImportTargets", targets, "secretariat")
        request = selections.ImportPoolRequest(
            name=selection,
            file=pool.respondents_csv(),
            id_column="id",
            address_columns=["adresse"],
            contact_columns=["navn", "e-mail", "telefon"],
        )
        self._ask(SELECTIONS, "ImportPool", request, "secretariat")

    def _a_draw(self, selection: str) -> None:
        """A draw whose worker was killed too often says that it failed, and is asked for again."""
        town = self.town
        ready = draws.Draw.STATE_PANELS_READY
        while True:
            request = draws.CreateDrawRequest(
                parent=selection,
                draw=draws.Draw(mode=draws.Draw.MODE_PUBLIC, announced="three dice", panels=10),
            )
            name = self.ledger.done(
                self.ledger.draws, self._ask(DRAWS, "CreateDraw", request, "secretariat").name
            )
            get = draws.GetDrawRequest(name=name)
            draw = town.eventually(
                lambda get=get: town.ask(DRAWS, "GetDraw", get, "secretariat"),
                lambda found: found.state in (ready, draws.Draw.STATE_FAILED),
                seconds=400,
            )
            if draw.state == ready:
                break
        self._ask(DRAWS, "PublishCommitment", draws.PublishCommitmentRequest(name=name), "secretariat")
        reveal = draws.RevealDrawRequest(name=name, number=7, note="the dice showed 7")
        self._ask(DRAWS, "RevealDraw", reveal, "secretariat")
        self._ask(DRAWS, "PublishDraw", draws.PublishDrawRequest(name=name), "secretariat")
        listed = selections.ListSeatsRequest(parent=selection, page_size=100)
        for seat in town.ask(SELECTIONS, "ListSeats", listed, "secretariat").seats:
            answer = selections.SetSeatAnswerRequest(name=seat.name, answer=selections.Seat.ANSWER_ACCEPTED)
            self._ask(SELECTIONS, "SetSeatAnswer", answer, "secretariat")
        self._ask(SELECTIONS, "ConfirmPanel", selections.ConfirmPanelRequest(name=selection), "secretariat")

    def _an_assembly(self, selection: str) -> str:
        request = assemblies.CreateAssemblyRequest(
            parent=self.town.name,
            assembly=assemblies.Assembly(title="Borgerting", task="Hvad nu?", selection=selection),
        )
        return self.ledger.done(
            self.ledger.assemblies, self._ask(ASSEMBLIES, "CreateAssembly", request, "secretariat").name
        )

    def _a_report(self, assembly: str) -> None:
        town, report = self.town, f"{assembly}/report"
        members = assemblies.ListMembersRequest(parent=assembly, page_size=100)
        town.eventually(
            lambda: town.ask(ASSEMBLIES, "ListMembers", members, "secretariat").members,
            lambda found: len(found) == SEATS,
        )
        create = reports.CreateRecommendationRequest(
            parent=report, recommendation=reports.Recommendation(title="Recommendation")
        )
        recommendation = self._ask(REPORTS, "CreateRecommendation", create, "editor").name
        for number in range(INITIATIVES):
            initiative = reports.Initiative(title=f"Initiative {number}", text="A text.", support=SUPPORT)
            add = reports.CreateInitiativeRequest(parent=recommendation, initiative=initiative)
            self.ledger.done(
                self.ledger.initiatives, self._ask(REPORTS, "CreateInitiative", add, "editor").name
            )
        etag = town.ask(REPORTS, "GetReport", reports.GetReportRequest(name=report), "secretariat").etag
        self._ask(
            REPORTS, "HandOverReport", reports.HandOverReportRequest(name=report, etag=etag), "secretariat"
        )

    def _promises_of(self, assembly: str) -> list[promises.Promise]:
        town = self.town

        def mine() -> list[promises.Promise]:
            request = promises.ListPromisesRequest(parent=town.name, page_size=1000)
            listed = town.ask(PROMISES, "ListPromises", request).promises
            return [one for one in listed if one.assembly == assembly]

        return town.eventually(mine, lambda found: len(found) >= INITIATIVES)

    def _happens_to(self, promise: promises.Promise, chance: random.Random) -> None:
        key = promise.name.rpartition("/")[2]
        what = chance.choice(("answer", "extend", "seek", "seek", "nothing"))
        if what == "answer" or (what == "seek" and key not in self.ledger.wanted):
            answer = promises.Answer(
                decision=promises.Answer.DECISION_FOLLOWED,
                reason="It is in the budget.",
                committee="Budget committee",
                office="Secretariat",
            )
            request = promises.CreateAnswerRequest(parent=promise.checkpoints[0].name, answer=answer)
            self.ledger.done(
                self.ledger.answers, self._ask(PROMISES, "CreateAnswer", request, "officer").name
            )
            self.ledger.wanted.setdefault(key, 0)
        elif what == "seek":
            wanted = chance.randrange(1, 100)
            seek = promises.SeekVolunteersRequest(name=promise.name, wanted=wanted, task="To help")
            self._ask(PROMISES, "SeekVolunteers", seek, "officer")
            self.ledger.wanted[key] = wanted
        elif what == "extend":
            checkpoint = promise.checkpoints[2]
            due = checkpoint.effective_due_date
            until = date(due.year, due.month, due.day) + timedelta(days=7)
            extension = promises.Extension(
                until_date=date_pb2.Date(year=until.year, month=until.month, day=until.day),
                office="Secretariat",
                reason="It takes longer.",
            )
            extend = promises.CreateExtensionRequest(parent=checkpoint.name, extension=extension)
            made = self._ask(PROMISES, "CreateExtension", extend, "officer")
            self.ledger.done(self.ledger.extensions, made.name)
            checkpoint.effective_due_date.CopyFrom(made.due_date)

    # Volunteers.

    def task_request(self, title: str, promise: str = "") -> tasks.CreateTaskRequest:
        return tasks.CreateTaskRequest(
            parent=self.town.name,
            task=tasks.Task(
                title=title,
                text="An hour of work.",
                place="The station",
                contact_office="Volunteer office",
                contact_phone="32 00 00 00",
                promise=promise,
            ),
        )

    def _a_task(self, number: int) -> list[str]:
        """Its slots, each at an hour of its own."""
        town = self.town
        create = self.task_request(f"Task {number}")
        task = self.ledger.done(
            self.ledger.tasks,
            town.eventually_known(lambda: self._ask(TASKS, "CreateTask", create, "coordinator")).name,
        )
        slots = []
        for hour in range(3):
            begin = town.house.clock.now() + timedelta(days=7, hours=4 * number + hour)
            slot = tasks.Slot(
                start_time=stamp(begin), end_time=stamp(begin + timedelta(minutes=50)), capacity=2 + hour
            )
            add = tasks.CreateSlotRequest(parent=task, slot=slot)
            slots.append(self._ask(TASKS, "CreateSlot", add, "coordinator").name)
        self._ask(TASKS, "PublishTask", tasks.PublishTaskRequest(name=task), "coordinator")
        return slots

    def _crowd(self, chance: random.Random) -> None:
        """Some people who sign up and think better of it."""
        crowd = chance.getrandbits(32)
        taken: dict[tuple[str, str], str] = {}
        subjects = [f"vol-{crowd}-{number}" for number in range(CROWD)]
        for number, who in enumerate(subjects):
            person = people.Person(
                name=f"{self.town.name}/people/me", display_name=f"Person {number}", phone="55 50 11 22"
            )
            self._ask(PEOPLE, "UpdatePerson", people.UpdatePersonRequest(person=person), "volunteer", who)
        while self._rest(chance):
            who, slot = chance.choice(subjects), chance.choice(self._slots)
            if (who, slot) in taken:
                name = taken.pop((who, slot))
                self._ask(SIGN_UPS, "CancelSignUp", sign_ups.CancelSignUpRequest(name=name), "volunteer", who)
                self.ledger.sign_ups[name.rpartition("/")[2]] = True
            else:
                request = sign_ups.CreateSignUpRequest(parent=slot)
                name = self._ask(SIGN_UPS, "CreateSignUp", request, "volunteer", who).name
                taken[who, slot] = name
                self.ledger.sign_ups[name.rpartition("/")[2]] = False
