"""Deliberation's desks for assemblies and reports on a real store, with sortition's answers given."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

from google.protobuf.message import Message

from borgerting.deliberation.v1 import assembly_service_pb2 as pb
from borgerting.deliberation.v1 import report_service_pb2 as report_pb
from borgerting.sortition.v1.events_pb2 import PanelConfirmed
from chassis.entry import Entry
from chassis.errors import DomainError
from chassis.events.envelope import Envelope, Event, schema_of, topic_of
from chassis.events.ports import Delivery
from chassis.ids import uuid7
from chassis.inbox import Inbox, Outcome
from chassis.testing.stores import NOON, noon
from services.deliberation.adapters import consumers, tables
from services.deliberation.adapters.assembly_desk import AssemblyDesk
from services.deliberation.adapters.assembly_unit_of_work import SqlAssemblyUnitOfWork
from services.deliberation.adapters.report_desk import ReportDesk
from services.deliberation.adapters.repository import SqlUnitOfWork
from services.deliberation.app.assembly_ports import AssemblyUnitOfWork
from services.deliberation.domain.municipality import Particulars, enter
from tests.contract.deliberation.memory import MemorySelections
from tests.infrastructure.stores import Stores
from tests.unit.deliberation.house import HERE, SECRETARIAT, THERE

AT_ONCE = 8
BALLOTS = report_pb.Support(
    against=1, abstain=3, entitled=27, present=27, base=report_pb.Support.BASE_FOR_AND_AGAINST
)
setattr(BALLOTS, "for", 23)


class Rooms:
    def __init__(self, stores: Stores) -> None:
        self.clock = noon()
        self.database = stores.new(
            tables.metadata, "deliberation", "services.deliberation.migrations", clock=self.clock
        )
        self.selections = MemorySelections()
        self.entry: Entry[AssemblyUnitOfWork] = Entry(self.database, SqlAssemblyUnitOfWork)
        self.assemblies = AssemblyDesk(self.entry, self.clock, self.selections)
        self.reports = ReportDesk(self.entry, self.clock)
        self.inboxes = {
            each.topic: Inbox(self.database, each) for each in consumers.subscriptions(self.clock)
        }
        self._sequences: Counter[str] = Counter()
        for slug in (HERE, THERE):
            with self.database.writing(slug) as transaction:
                made = enter(slug, Particulars(slug.title(), "", ()), {"Europe/Copenhagen"}, NOON)
                SqlUnitOfWork(transaction).municipalities.add(made)

    def selection(self) -> str:
        """A selection that sortition knows."""
        made = uuid7(self.clock)
        self.selections.titles[HERE, made] = "Velfærd"
        return f"municipalities/{HERE}/selections/{made}"

    def create(self, selection: str, **fields: Any) -> pb.Assembly:
        wish = pb.Assembly(**({"title": "Velfærd 2035", "selection": selection} | fields))
        request = pb.CreateAssemblyRequest(parent=f"municipalities/{HERE}", assembly=wish)
        return self.assemblies.create_assembly(SECRETARIAT, request)

    def get(self, name: str) -> pb.Assembly:
        return self.assemblies.get_assembly(SECRETARIAT, pb.GetAssemblyRequest(name=name))

    def report(self, assembly: str) -> report_pb.Report:
        return self.reports.get_report(SECRETARIAT, report_pb.GetReportRequest(name=f"{assembly}/report"))

    def seated(self, seats: int = 8) -> pb.Assembly:
        assembly = self.create(self.selection())
        self.confirm(assembly.selection, seats)
        return self.get(assembly.name)

    def written(self) -> pb.Assembly:
        """A seated assembly whose report can be handed over."""
        assembly = self.seated()
        recommendation = self.recommend(assembly.name)
        for title in ("Buslinje", "Frivilligfond"):
            self.initiate(recommendation, title)
        return assembly

    def recommend(self, assembly: str, title: str = "Økonomi 2035") -> str:
        request = report_pb.CreateRecommendationRequest(
            parent=f"{assembly}/report", recommendation=report_pb.Recommendation(title=title)
        )
        return self.reports.create_recommendation(SECRETARIAT, request).name

    def initiate(self, recommendation: str, title: str = "Buslinje") -> report_pb.Initiative:
        request = report_pb.CreateInitiativeRequest(
            parent=recommendation, initiative=report_pb.Initiative(title=title, support=BALLOTS)
        )
        return self.reports.create_initiative(SECRETARIAT, request)

    def hand_over(self, assembly: str, etag: str = "", request_id: str = "") -> report_pb.Report:
        request = report_pb.HandOverReportRequest(
            name=f"{assembly}/report", etag=etag or self.report(assembly).etag, request_id=request_id
        )
        return self.reports.hand_over_report(SECRETARIAT, request)

    def panel(self, selection: str, seats: int = 8) -> PanelConfirmed:
        return PanelConfirmed(
            selection=selection,
            seats=[str(uuid4()) for _ in range(seats)],
            draw=f"{selection}/draws/{uuid7(self.clock)}",
        )

    def confirm(self, selection: str, seats: int = 8) -> Outcome:
        aggregate = f"selections/{selection.rsplit('/', 1)[1]}"
        return self.give("sortition", aggregate, self.panel(selection, seats))

    def event(
        self, service: str, aggregate: str, message: Message, sequence: int = 0, **changes: Any
    ) -> Event:
        """As the service tells it: each aggregate's events are numbered, unless a number is given."""
        key = f"{HERE}/{aggregate}"
        self._sequences[key] += 1
        message_type = message.DESCRIPTOR.full_name
        fields: dict[str, Any] = {
            "id": uuid.uuid4(),
            "source": f"/{service}",
            "type": message_type,
            "time": NOON,
            "topic": topic_of(service),
            "key": key,
            "municipality": HERE,
            "sequence": sequence or self._sequences[key],
            "snapshot": False,
            "correlation_id": "c-1",
            "causation_id": "",
            "data_schema": schema_of(message_type),
        }
        return Event(Envelope(**(fields | changes)), message.SerializeToString())

    def give(self, service: str, aggregate: str, message: Message, **changes: Any) -> Outcome:
        return self.hear(self.event(service, aggregate, message, **changes))

    def hear(self, event: Event) -> Outcome:
        envelope = event.envelope
        return self.inboxes[envelope.topic].receive(Delivery(envelope.topic, 0, 1, envelope.key, event))


def outcomes(act: Callable[[int], object], at_once: int = AT_ONCE) -> Counter[str]:
    """What each of many at once was told: "done", or the reason of the refusal."""

    def one(number: int) -> str:
        try:
            act(number)
        except DomainError as error:
            return error.reason
        return "done"

    with ThreadPoolExecutor(at_once) as pool:
        return Counter(pool.map(one, range(at_once)))


def id_of(name: str) -> UUID:
    return UUID(name.rsplit("/", 1)[1])
