"""One municipality as operators see it in a service: how much there is, what waits, whether it was exported
and how far its erasure is. Counts, sizes and times only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from chassis.backlog import held, parked_since, unsent, work_at_hand
from chassis.erasures import Erasure, erasures_in
from chassis.holdings.export import last_export
from chassis.holdings.sizes import Size, sizes_by_table
from chassis.jobs import JobState
from chassis.running import RunningService


@dataclass(frozen=True, slots=True)
class Waiting:
    """`what` waits: unsent, waiting, parked, lost, queued, running or erasing; the oldest for so long."""

    what: str
    seconds: float


@dataclass(frozen=True, slots=True)
class TenantState:
    """`exported` is when all that the service holds was last fetched; None: never, or that was erased too."""

    service: str
    sizes: Mapping[str, Size]
    waiting: tuple[Waiting, ...]
    exported: datetime | None = None
    erasure: Erasure | None = None

    @property
    def rows(self) -> int:
        return sum(each.rows for each in self.sizes.values())

    @property
    def octets(self) -> int:
        return sum(each.octets for each in self.sizes.values())


_JOBS = {JobState.QUEUED: "queued", JobState.RUNNING: "running"}


def tenant_state(service: RunningService, municipality: str) -> TenantState:
    database = service.database
    waiting = [Waiting("unsent", each.oldest_seconds) for each in unsent(database)
               if each.municipality == municipality]  # fmt: skip
    waiting += [Waiting("waiting", each.oldest_seconds) for each in held(database)
                if each.municipality == municipality and not each.parked]  # fmt: skip
    if municipality in (parked := parked_since(database)):
        waiting.append(Waiting("parked", parked[municipality]))
    if municipality in (lost := parked_since(database, lost=True)):
        waiting.append(Waiting("lost", lost[municipality]))
    waiting += [Waiting(_JOBS[each.state], each.oldest_seconds) for each in work_at_hand(database)
                if each.municipality == municipality]  # fmt: skip
    erasure = next((each for each in erasures_in(database) if each.municipality == municipality), None)
    if erasure is not None and erasure.done is None:
        waiting.append(Waiting("erasing", erasure.seconds))
    sizes = {} if service.holdings is None else sizes_by_table(database, service.holdings, municipality)
    return TenantState(service.name, sizes, tuple(waiting), last_export(database, municipality), erasure)
