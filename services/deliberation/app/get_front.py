"""What a municipality's front page tells: assemblies, what the council owes, where volunteers are needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from chassis.aip.pages import Page
from chassis.clock import Clock
from chassis.context import Caller
from chassis.tenants import known
from services.deliberation.app.assembly_ports import AssemblyUnitOfWork
from services.deliberation.app.list_assemblies import list_assemblies
from services.deliberation.app.views import AssemblyView
from services.deliberation.domain.followed_up import Promise, Standing, Task, standing

ASSEMBLIES = 20
TASKS = 6


@dataclass(frozen=True, slots=True)
class SoughtHelp:
    """A task with free places; `title` is the initiative's that it came from, "" for others."""

    task: Task
    title: str


@dataclass(frozen=True, slots=True)
class Front:
    """`standings` by assembly, for those whose promises are known. `sought` is how many promises seek
    volunteers, tasks or not; `more_tasks` how many tasks stand on volunteer's own page only.
    """

    assemblies: Page[AssemblyView]
    all: Standing
    standings: Mapping[UUID, Standing]
    help: tuple[SoughtHelp, ...]
    more_tasks: int
    sought: int


def get_front(uow: AssemblyUnitOfWork, caller: Caller, page_token: str = "", *, clock: Clock) -> Front:
    """For anyone. Raises DomainError NOT_FOUND MUNICIPALITY_UNKNOWN, INVALID_ARGUMENT PAGE_TOKEN_INVALID."""
    today = clock.now().astimezone(ZoneInfo(known(uow).time_zone)).date()
    assemblies = list_assemblies(uow, caller, ASSEMBLIES, page_token)
    promises = uow.followed_up.promises()
    tasks = uow.followed_up.open_tasks()
    return Front(
        assemblies=assemblies,
        all=standing(promises, today),
        standings=standings_of(promises, today),
        help=tuple(_help(uow, promises, tasks[:TASKS])),
        more_tasks=max(len(tasks) - TASKS, 0),
        sought=sum(1 for promise in promises if promise.wanted),
    )


def standings_of(promises: Sequence[Promise], today: date) -> Mapping[UUID, Standing]:
    """By assembly."""
    by_assembly: dict[UUID, list[Promise]] = {}
    for promise in promises:
        if promise.assembly is not None:
            by_assembly.setdefault(promise.assembly, []).append(promise)
    return {assembly: standing(own, today) for assembly, own in by_assembly.items()}


def _help(uow: AssemblyUnitOfWork, promises: Sequence[Promise], tasks: Sequence[Task]) -> list[SoughtHelp]:
    subjects = {promise.id: promise.subject.rsplit("/", 1)[-1] for promise in promises}
    wanted = [subjects.get(task.promise, "") if task.promise else "" for task in tasks]
    titles = {str(key): title for key, title in uow.reports.titles([UUID(s) for s in wanted if s]).items()}
    return [SoughtHelp(task, titles.get(subject, "")) for task, subject in zip(tasks, wanted, strict=True)]
