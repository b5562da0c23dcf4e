"""What use cases need from outside: the store's repositories, events, jobs, and the neighbour's report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol
from uuid import UUID

from chassis.context import Caller
from chassis.tenants import MunicipalityRepository
from services.followup.domain.checkpoint import Answer, Checkpoint, Decision, Extension
from services.followup.domain.promise import Promise
from services.followup.domain.report import Handover, Report

READ_REPORT_JOB = "followup.read-report"
TELL_OVERDUE_JOB = "followup.tell-overdue"

Place = tuple[UUID, int]
"""Where a promise stands in every list: its assembly, and its position in the report."""


@dataclass(frozen=True, slots=True)
class PromiseQuery:
    """Which promises: of one assembly; with a checkpoint whose date lies before the day `overdue_on` and that
    has no answer; that seek volunteers.
    """

    assembly: UUID | None = None
    overdue_on: date | None = None
    seeking: bool = False


@dataclass(frozen=True, slots=True)
class Overdue:
    """A checkpoint whose date in force passed unanswered."""

    promise: UUID
    checkpoint: UUID
    due: date


class HandoverRepository(Protocol):
    def get(self, assembly: UUID) -> Handover | None: ...

    def put(self, handover: Handover) -> None:
        """Add, or replace by assembly."""

    def all(self) -> Sequence[Handover]:
        """Newest assembly first."""


class PromiseRepository(Protocol):
    def add(self, promises: Sequence[Promise]) -> None:
        """With their checkpoints, before anything was answered. An assembly's subject is promised once: a
        second time raises.
        """

    def get(self, promise_id: UUID) -> Promise:
        """Raises DomainError NOT_FOUND PROMISE_UNKNOWN."""

    def get_to_change(self, promise_id: UUID) -> Promise:
        """The same, and nobody else changes it until this unit of work ends. Raises as `get`."""

    def page(self, query: PromiseQuery, limit: int, after: Place | None = None) -> Sequence[Promise]:
        """In the order of assembly and position, those beyond the place `after`."""

    def save(self, promise: Promise) -> None:
        """The promise's own row, in place of version - 1. Raises DomainError ABORTED ETAG_STALE when that is
        not what stands.
        """

    def add_answer(self, promise: Promise, checkpoint: Checkpoint, answer: Answer) -> None: ...

    def add_extension(self, promise: Promise, checkpoint: Checkpoint, extension: Extension) -> None: ...

    def untold_overdue(self, today: date) -> Sequence[Overdue]:
        """Those overdue on `today` of whose date it has not been told."""

    def tell_overdue(self, overdue: Overdue) -> bool:
        """Note that it is told of this date; False when somebody was quicker."""


class Events(Protocol):
    def promise_made(self, promise: Promise) -> None: ...

    def promise_answered(self, promise: Promise, checkpoint: Checkpoint, answer: Answer) -> None: ...

    def promise_overdue(self, overdue: Overdue) -> None: ...

    def promise_extended(
        self, promise: Promise, checkpoint: Checkpoint, extension: Extension, before: date
    ) -> None:
        """`before` is the date that was in force."""

    def volunteers_sought(self, promise: Promise) -> None: ...


class Jobs(Protocol):
    def read_report(self, handover: Handover) -> None:
        """Queue the reading of a report, once per assembly."""


class Audit(Protocol):
    def record(
        self, caller: Caller, action: str, resource: str, details: Mapping[str, str] | None = None
    ) -> None: ...


class Meter(Protocol):
    """What is counted for those who run the platform; never who or what."""

    def answered(self, decision: Decision) -> None: ...

    def told_overdue(self, count: int) -> None: ...


class UnitOfWork(Protocol):
    """Everything that happens in one of these happens together, or not at all."""

    @property
    def municipality(self) -> str: ...
    @property
    def municipalities(self) -> MunicipalityRepository: ...
    @property
    def handovers(self) -> HandoverRepository: ...
    @property
    def promises(self) -> PromiseRepository: ...
    @property
    def events(self) -> Events: ...
    @property
    def jobs(self) -> Jobs: ...
    @property
    def audit(self) -> Audit: ...
    @property
    def meter(self) -> Meter: ...


class Reports(Protocol):
    """Deliberation, asked over the network: never inside a unit of work."""

    def read(self, municipality: str, assembly: UUID, correlation_id: str) -> Report:
        """The report that was handed over. Raises DomainError UNAVAILABLE when the neighbour is away
        (NEIGHBOUR_UNAVAILABLE) or does not give it yet (REPORT_REFUSED), FAILED_PRECONDITION REPORT_UNUSABLE
        for one that nothing can be made of.
        """
