"""What the use cases of assemblies and reports ask of the world.

Every repository works for the unit of work's municipality alone. The in-memory fakes and the real adapters
pass one conformance suite (tests/contract/deliberation).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from chassis.context import Caller
from chassis.tenants import MunicipalityRepository
from services.deliberation.domain.assembly import Assembly
from services.deliberation.domain.followed_up import Promise, Task
from services.deliberation.domain.report import Initiative, Recommendation, Report


@dataclass(frozen=True, slots=True)
class Panel:
    """A selection's panel as sortition confirmed it: seats, and the public draw that gave them."""

    selection: UUID
    seats: tuple[UUID, ...]
    draw: UUID | None


@dataclass(frozen=True, slots=True)
class SelectionInfo:
    """What sortition says of a selection."""

    title: str


class Selections(Protocol):
    """Sortition's selections. Never asked inside a unit of work."""

    def find(self, caller: Caller, municipality: str, selection: UUID) -> SelectionInfo | None:
        """None when this municipality has no such selection. Raises DomainError UNAVAILABLE SORTITION_AWAY
        when there is no answer.
        """


class AssemblyRepository(Protocol):
    def add(self, assembly: Assembly) -> None:
        """Raises DomainError ALREADY_EXISTS SELECTION_TAKEN when another assembly has its selection."""

    def get(self, assembly_id: UUID) -> Assembly:
        """Raises DomainError NOT_FOUND ASSEMBLY_UNKNOWN."""

    def lock(self, assembly_id: UUID) -> Assembly:
        """As `get`; whoever else would write it waits until this unit of work is over."""

    def of_selection(self, selection: UUID) -> Assembly | None: ...

    def save(self, assembly: Assembly) -> None:
        """Replace version - 1 by this. Raises DomainError ABORTED ETAG_STALE when that is not what stands,
        ALREADY_EXISTS SELECTION_TAKEN as `add`.
        """

    def page(self, limit: int, before: UUID | None) -> Sequence[Assembly]:
        """Newest first, those older than `before`."""


class PanelRepository(Protocol):
    def lock(self, selection: UUID) -> Panel | None:
        """The panel, None before it is confirmed. Whoever else asks for it waits until this unit of work is
        over: of an assembly that is set up and a panel that is confirmed at once, the later sees the other.
        """

    def put(self, panel: Panel) -> None: ...

    def waiting(self, limit: int) -> Sequence[Panel]:
        """Confirmed panels whose selection no assembly has, newest selection first."""


class MemberRepository(Protocol):
    def add(self, assembly_id: UUID, seats: Sequence[UUID]) -> None: ...

    def page(self, assembly_id: UUID, limit: int, after: UUID | None) -> Sequence[UUID]:
        """By seat id, which is random: the order tells nothing."""


class ReportRepository(Protocol):
    def add(self, report: Report) -> None: ...

    def get(self, assembly_id: UUID) -> Report:
        """Raises DomainError NOT_FOUND REPORT_UNKNOWN."""

    def lock(self, assembly_id: UUID) -> Report:
        """As `get`; whoever else would write any of it waits until this unit of work is over."""

    def save(self, report: Report) -> None:
        """Replace version - 1 by this. Raises DomainError ABORTED ETAG_STALE when that is not what stands."""

    def recommendations(self, assembly_id: UUID) -> Sequence[Recommendation]:
        """With their initiatives, all in the order of their positions."""

    def titles(self, ids: Sequence[UUID]) -> Mapping[UUID, str]:
        """Of recommendations and initiatives, by their ids; those that are unknown are left out."""

    def put_recommendation(self, assembly_id: UUID, recommendation: Recommendation) -> None:
        """Add or replace it, without its initiatives."""

    def remove_recommendation(self, assembly_id: UUID, recommendation: UUID) -> None:
        """With its initiatives."""

    def put_initiative(self, assembly_id: UUID, initiative: Initiative) -> None: ...

    def remove_initiative(self, assembly_id: UUID, initiative: UUID) -> None: ...


class FollowUpRepository(Protocol):
    """What followup and volunteer told, for the front page."""

    def promise(self, promise: UUID) -> Promise | None: ...

    def put_promise(self, promise: Promise) -> None: ...

    def promises(self) -> Sequence[Promise]:
        """All of them, by id."""

    def put_task(self, task: Task) -> None: ...

    def open_tasks(self) -> Sequence[Task]:
        """Those with a free place, most free places first."""


class AssemblyEvents(Protocol):
    def report_handed_over(self, report: Report) -> None: ...


class Audit(Protocol):
    def record(
        self, caller: Caller, action: str, resource: str, details: Mapping[str, str] | None = None
    ) -> None: ...


class AssemblyUnitOfWork(Protocol):
    """Everything that happens in one of these happens together, or not at all."""

    @property
    def municipality(self) -> str: ...
    @property
    def municipalities(self) -> MunicipalityRepository: ...
    @property
    def assemblies(self) -> AssemblyRepository: ...
    @property
    def panels(self) -> PanelRepository: ...
    @property
    def members(self) -> MemberRepository: ...
    @property
    def reports(self) -> ReportRepository: ...
    @property
    def followed_up(self) -> FollowUpRepository: ...
    @property
    def events(self) -> AssemblyEvents: ...
    @property
    def audit(self) -> Audit: ...
