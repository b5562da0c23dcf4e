"""A municipality in memory with an assembly and a report, for tests of use cases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID, uuid4

from chassis.auth.principal import NOBODY, Principal, Role, service_principal
from chassis.clock import FixedClock
from chassis.context import Caller, system
from chassis.errors import DomainError
from chassis.ids import uuid7
from chassis.tenants import Municipality
from chassis.testing.stores import noon
from services.deliberation.app.assembly_ports import Panel
from services.deliberation.app.create_assembly import CreateAssembly, create_assembly
from services.deliberation.app.create_initiative import CreateInitiative, create_initiative
from services.deliberation.app.create_recommendation import CreateRecommendation, create_recommendation
from services.deliberation.app.get_report import get_report
from services.deliberation.app.hand_over_report import HandOverReport, hand_over_report
from services.deliberation.app.seat_assembly import panel_confirmed
from services.deliberation.app.views import ReportView
from services.deliberation.domain.assembly import Assembly, AssemblyFields
from services.deliberation.domain.support import Base, Support
from tests.contract.deliberation.memory import MemoryEntry, MemoryUnitOfWork

R = TypeVar("R")

HERE, THERE = "hjemby", "naboby"
SUPPORT = Support(23, 1, 3, 27, 27, Base.FOR_AND_AGAINST)


def who(role: Role | None, municipality: str | None = HERE) -> Caller:
    """None is nobody signed in."""
    if role is Role.SERVICE:
        return Caller(service_principal("followup"), "correlation-1", "en")
    principal = NOBODY if role is None else Principal("staff-7", municipality, frozenset({role}))
    return Caller(principal, "correlation-1", "en")


SECRETARIAT, EDITOR, ANYONE = who(Role.SECRETARIAT), who(Role.EDITOR), who(None)


class House:
    """`run(f, *args)` gives `f(uow, caller, *args)`; `act` hands the clock in too."""

    def __init__(self) -> None:
        self.clock: FixedClock = noon()
        self.entry = MemoryEntry()
        for slug in (HERE, THERE):
            entry = Municipality(slug, slug.title(), "Europe/Copenhagen", ("da", "en"), "ACTIVE")
            self.entry.tables.municipalities[slug] = entry

    def run(self, use_case: Callable[..., R], *arguments: Any, by: Caller = SECRETARIAT, at: str = HERE) -> R:
        return self.entry.run(at, lambda uow: use_case(uow, by, *arguments))

    def act(self, use_case: Callable[..., R], *arguments: Any, by: Caller = SECRETARIAT, at: str = HERE) -> R:
        return self.entry.run(at, lambda uow: use_case(uow, by, *arguments, clock=self.clock))

    def direct(self, work: Callable[[MemoryUnitOfWork], R], *, at: str = HERE) -> R:
        return self.entry.run(at, work)

    def fields(self, **changes: Any) -> AssemblyFields:
        wanted = {"title": "Velfærd 2035", "task": "", "outside": "", "selection": uuid7(self.clock)}
        return AssemblyFields(**(wanted | changes))

    def assembly(self, **fields: Any) -> Assembly:
        return self.act(create_assembly, CreateAssembly(self.fields(**fields))).assembly

    def confirm(self, selection: UUID, seats: int = 36, *, at: str = HERE) -> Panel:
        panel = Panel(selection, tuple(sorted(uuid4() for _ in range(seats))), uuid7(self.clock))
        by = system("deliberation.panels")
        self.direct(lambda uow: panel_confirmed(uow, panel, by=by, clock=self.clock), at=at)
        return panel

    def seated(self, **fields: Any) -> Assembly:
        assembly = self.assembly(**fields)
        self.confirm(assembly.selection)
        return self.direct(lambda uow: uow.assemblies.get(assembly.id))

    def recommend(self, assembly: Assembly, title: str = "Økonomi 2035") -> UUID:
        made = self.act(create_recommendation, CreateRecommendation(assembly.id, title))
        return made.recommendation.id

    def initiate(self, assembly: Assembly, recommendation: UUID, title: str = "Buslinje") -> UUID:
        command = CreateInitiative(assembly.id, recommendation, title, "Hver time", SUPPORT)
        return self.act(create_initiative, command).initiative.id

    def written(self, **fields: Any) -> Assembly:
        """A seated assembly whose report can be handed over."""
        assembly = self.seated(**fields)
        recommendation = self.recommend(assembly)
        self.initiate(assembly, recommendation)
        self.initiate(assembly, recommendation, "Frivilligfond")
        return assembly

    def report(self, assembly: Assembly, *, by: Caller = SECRETARIAT) -> ReportView:
        return self.run(get_report, assembly.id, by=by)

    def hand_over(self, assembly: Assembly) -> ReportView:
        return self.act(hand_over_report, HandOverReport(assembly.id, self.report(assembly).etag))

    def handed_over(self) -> Assembly:
        assembly = self.written()
        self.hand_over(assembly)
        return self.direct(lambda uow: uow.assemblies.get(assembly.id))


def refusal(act: Callable[[], object]) -> tuple[str, dict[str, str]]:
    """The reason, and reasons by field; ("", {}) when nothing was refused."""
    try:
        act()
    except DomainError as error:
        return error.reason, {each.field: each.reason for each in error.violations}
    return "", {}
