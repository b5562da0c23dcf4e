"""The ports of assemblies and reports in memory; one suite holds them to the real ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from uuid import UUID

from chassis.context import Caller
from chassis.errors import Code, DomainError
from chassis.tenants import Municipality
from services.deliberation.app.assembly_ports import Panel, SelectionInfo
from services.deliberation.app.selections import taken_selection
from services.deliberation.domain.assembly import Assembly
from services.deliberation.domain.followed_up import Promise, Task
from services.deliberation.domain.report import Initiative, Recommendation, Report

R = TypeVar("R")


@dataclass
class Tables:
    """Every key begins with the municipality."""

    municipalities: dict[str, Municipality] = field(default_factory=dict)
    assemblies: dict[tuple[str, UUID], Assembly] = field(default_factory=dict)
    panels: dict[tuple[str, UUID], Panel] = field(default_factory=dict)
    members: dict[tuple[str, UUID], list[UUID]] = field(default_factory=dict)
    reports: dict[tuple[str, UUID], Report] = field(default_factory=dict)
    recommendations: dict[tuple[str, UUID], tuple[UUID, Recommendation]] = field(default_factory=dict)
    initiatives: dict[tuple[str, UUID], tuple[UUID, Initiative]] = field(default_factory=dict)
    promises: dict[tuple[str, UUID], Promise] = field(default_factory=dict)
    tasks: dict[tuple[str, UUID], Task] = field(default_factory=dict)
    events: list[tuple[str, Report]] = field(default_factory=list)
    audit: list[tuple[str, str, str, str, dict[str, str]]] = field(default_factory=list)


class MemoryEntry:
    """As chassis.entry.Entry, without idempotency: what a use case did counts only when it ends normally."""

    def __init__(self) -> None:
        self.tables = Tables()

    def run(self, municipality: str, use_case: Callable[[MemoryUnitOfWork], R]) -> R:
        draft = deepcopy(self.tables)
        result = use_case(MemoryUnitOfWork(draft, municipality))
        self.tables = draft
        return result


class MemoryUnitOfWork:
    def __init__(self, tables: Tables, municipality: str) -> None:
        self.municipality = municipality
        self.municipalities = _Municipalities(tables, municipality)
        self.assemblies = _Assemblies(tables, municipality)
        self.panels = _Panels(tables, municipality)
        self.members = _Members(tables, municipality)
        self.reports = _Reports(tables, municipality)
        self.followed_up = _FollowedUp(tables, municipality)
        self.events = _Events(tables, municipality)
        self.audit = _Audit(tables, municipality)


class MemorySelections:
    """Sortition's selections: `titles` by municipality and id; `away` gives no answer."""

    def __init__(self) -> None:
        self.titles: dict[tuple[str, UUID], str] = {}
        self.away = False

    def find(self, caller: Caller, municipality: str, selection: UUID) -> SelectionInfo | None:
        if self.away:
            raise DomainError(Code.UNAVAILABLE, "SORTITION_AWAY")
        title = self.titles.get((municipality, selection))
        return None if title is None else SelectionInfo(title)


class _Scoped:
    def __init__(self, tables: Tables, municipality: str) -> None:
        self.tables = tables
        self.m = municipality

    def own(self, municipality: str) -> None:
        if municipality != self.m:
            raise RuntimeError("a unit of work writes its own municipality's rows only")

    def mine(self, table: dict[tuple[str, UUID], R]) -> dict[UUID, R]:
        return {key: value for (slug, key), value in table.items() if slug == self.m}


class _Municipalities(_Scoped):
    def get(self) -> Municipality | None:
        return self.tables.municipalities.get(self.m)

    def put(self, municipality: Municipality) -> None:
        raise RuntimeError("the registry is no copy")


class _Assemblies(_Scoped):
    def add(self, assembly: Assembly) -> None:
        self.own(assembly.municipality)
        self._untaken(assembly)
        self.tables.assemblies[self.m, assembly.id] = assembly

    def get(self, assembly_id: UUID) -> Assembly:
        found = self.tables.assemblies.get((self.m, assembly_id))
        if found is None:
            raise DomainError(Code.NOT_FOUND, "ASSEMBLY_UNKNOWN")
        return found

    lock = get

    def of_selection(self, selection: UUID) -> Assembly | None:
        own = self.mine(self.tables.assemblies).values()
        return next((each for each in own if each.selection == selection), None)

    def save(self, assembly: Assembly) -> None:
        self.own(assembly.municipality)
        _next_version(self.tables.assemblies.get((self.m, assembly.id)), assembly)
        self._untaken(assembly)
        self.tables.assemblies[self.m, assembly.id] = assembly

    def _untaken(self, assembly: Assembly) -> None:
        other = self.of_selection(assembly.selection)
        if other is not None and other.id != assembly.id:
            raise taken_selection()

    def page(self, limit: int, before: UUID | None) -> Sequence[Assembly]:
        newest = sorted(self.mine(self.tables.assemblies).values(), key=lambda each: each.id, reverse=True)
        return [each for each in newest if before is None or each.id < before][:limit]


class _Panels(_Scoped):
    def lock(self, selection: UUID) -> Panel | None:
        return self.tables.panels.get((self.m, selection))

    def put(self, panel: Panel) -> None:
        self.tables.panels[self.m, panel.selection] = panel

    def waiting(self, limit: int) -> Sequence[Panel]:
        taken = {each.selection for each in self.mine(self.tables.assemblies).values()}
        newest = sorted(self.mine(self.tables.panels).values(), key=lambda p: p.selection, reverse=True)
        return [panel for panel in newest if panel.selection not in taken][:limit]


class _Members(_Scoped):
    def add(self, assembly_id: UUID, seats: Sequence[UUID]) -> None:
        self.tables.members.setdefault((self.m, assembly_id), []).extend(seats)

    def page(self, assembly_id: UUID, limit: int, after: UUID | None) -> Sequence[UUID]:
        own = sorted(self.tables.members.get((self.m, assembly_id), ()))
        return [seat for seat in own if after is None or seat > after][:limit]


class _Reports(_Scoped):
    def add(self, report: Report) -> None:
        self.own(report.municipality)
        self.tables.reports[self.m, report.assembly] = report

    def get(self, assembly_id: UUID) -> Report:
        found = self.tables.reports.get((self.m, assembly_id))
        if found is None:
            raise DomainError(Code.NOT_FOUND, "REPORT_UNKNOWN")
        return found

    lock = get

    def save(self, report: Report) -> None:
        self.own(report.municipality)
        _next_version(self.tables.reports.get((self.m, report.assembly)), report)
        self.tables.reports[self.m, report.assembly] = report

    def recommendations(self, assembly_id: UUID) -> Sequence[Recommendation]:
        inside = [each for owner, each in self.mine(self.tables.initiatives).values() if owner == assembly_id]
        inside.sort(key=lambda each: each.position)
        found = [
            replace(each, initiatives=tuple(one for one in inside if one.recommendation == each.id))
            for owner, each in self.mine(self.tables.recommendations).values()
            if owner == assembly_id
        ]
        return sorted(found, key=lambda each: each.position)

    def titles(self, ids: Sequence[UUID]) -> Mapping[UUID, str]:
        found: dict[UUID, str] = {}
        for table in (self.tables.recommendations, self.tables.initiatives):
            own: dict[UUID, tuple[UUID, Any]] = self.mine(table)  # type: ignore[arg-type]
            found |= {key: each.title for key, (_, each) in own.items() if key in ids}
        return found

    def put_recommendation(self, assembly_id: UUID, recommendation: Recommendation) -> None:
        stored = replace(recommendation, initiatives=())
        self.tables.recommendations[self.m, recommendation.id] = (assembly_id, stored)

    def remove_recommendation(self, assembly_id: UUID, recommendation: UUID) -> None:
        owner, _ = self.tables.recommendations.get((self.m, recommendation), (None, None))
        if owner != assembly_id:
            return
        del self.tables.recommendations[self.m, recommendation]
        for key, (_, each) in self.mine(self.tables.initiatives).items():
            if each.recommendation == recommendation:
                del self.tables.initiatives[self.m, key]

    def put_initiative(self, assembly_id: UUID, initiative: Initiative) -> None:
        self.tables.initiatives[self.m, initiative.id] = (assembly_id, initiative)

    def remove_initiative(self, assembly_id: UUID, initiative: UUID) -> None:
        owner, _ = self.tables.initiatives.get((self.m, initiative), (None, None))
        if owner == assembly_id:
            del self.tables.initiatives[self.m, initiative]


class _FollowedUp(_Scoped):
    def promise(self, promise: UUID) -> Promise | None:
        return self.tables.promises.get((self.m, promise))

    def put_promise(self, promise: Promise) -> None:
        self.tables.promises[self.m, promise.id] = promise

    def promises(self) -> Sequence[Promise]:
        return sorted(self.mine(self.tables.promises).values(), key=lambda each: each.id)

    def put_task(self, task: Task) -> None:
        self.tables.tasks[self.m, task.id] = task

    def open_tasks(self) -> Sequence[Task]:
        own = [task for task in self.mine(self.tables.tasks).values() if task.open and task.free > 0]
        return sorted(own, key=lambda task: (-task.free, task.id))


class _Events(_Scoped):
    def report_handed_over(self, report: Report) -> None:
        self.tables.events.append((self.m, report))


class _Audit(_Scoped):
    def record(
        self, caller: Caller, action: str, resource: str, details: Mapping[str, str] | None = None
    ) -> None:
        entry = (self.m, caller.principal.subject, action, resource, dict(details or {}))
        self.tables.audit.append(entry)


def _next_version(before: Any, after: Any) -> None:
    if before is None or before.version != after.version - 1:
        raise DomainError(Code.ABORTED, "ETAG_STALE")
