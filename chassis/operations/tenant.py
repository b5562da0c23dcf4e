"""One municipality as operators see it in a service: how much there is, what waits. Counts and ages only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chassis.backlog import held, parked_since, unsent, work_at_hand
from chassis.holdings.sizes import rows_by_table
from chassis.jobs import JobState
from chassis.running import RunningService


@dataclass(frozen=True, slots=True)
class Waiting:
    """`what` waits: unsent, waiting, parked, queued or running; the oldest for so many seconds."""

    what: str
    seconds: float


@dataclass(frozen=True, slots=True)
class TenantState:
    service: str
    rows: Mapping[str, int]
    waiting: tuple[Waiting, ...]

    @property
    def total(self) -> int:
        return sum(self.rows.values())


_JOBS = {JobState.QUEUED: "queued", JobState.RUNNING: "running"}


def tenant_state(service: RunningService, municipality: str) -> TenantState:
    database = service.database
    waiting = [Waiting("unsent", each.oldest_seconds) for each in unsent(database)
               if each.municipality == municipality]  # fmt: skip
    waiting += [Waiting("waiting", each.oldest_seconds) for each in held(database)
                if each.municipality == municipality and not each.parked]  # fmt: skip
    if municipality in (parked := parked_since(database)):
        waiting.append(Waiting("parked", parked[municipality]))
    waiting += [Waiting(_JOBS[each.state], each.oldest_seconds) for each in work_at_hand(database)
                if each.municipality == municipality]  # fmt: skip
    rows = {} if service.holdings is None else rows_by_table(database, service.holdings, municipality)
    return TenantState(service.name, rows, tuple(waiting))
