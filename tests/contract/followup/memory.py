"""Follow-up's ports in memory, for tests without a store; one suite holds them to the real ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from google.protobuf.message import Message

from borgerting.followup.v1 import events_pb2 as pb
from chassis.errors import Code, DomainError
from chassis.tenants import Municipality
from services.followup.app.ports import Overdue, Place, PromiseQuery
from services.followup.domain.checkpoint import Answer, Checkpoint, Decision, Extension
from services.followup.domain.promise import Promise
from services.followup.domain.report import Handover, Report

R = TypeVar("R")


@dataclass
class Tables:
    """Every key begins with the municipality."""

    municipalities: dict[str, Municipality] = field(default_factory=dict)
    handovers: dict[tuple[str, UUID], Handover] = field(default_factory=dict)
    promises: dict[tuple[str, UUID], Promise] = field(default_factory=dict)
    reading: list[tuple[str, UUID]] = field(default_factory=list)
    events: list[tuple[str, Message]] = field(default_factory=list)
    audit: list[tuple[str, str, str, str, dict[str, str]]] = field(default_factory=list)
    counted: Counter[str] = field(default_factory=Counter)


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
        self.handovers = _Handovers(tables, municipality)
        self.promises = _Promises(tables, municipality)
        self.events = _Events(tables, municipality)
        self.jobs = _Jobs(tables, municipality)
        self.audit = _Audit(tables, municipality)
        self.meter = _Meter(tables)


class _Scoped:
    def __init__(self, tables: Tables, municipality: str) -> None:
        self.tables = tables
        self.m = municipality

    def own(self, municipality: str) -> None:
        if municipality != self.m:
            raise RuntimeError("a unit of work writes its own municipality's rows only")


class _Municipalities(_Scoped):
    def get(self) -> Municipality | None:
        return self.tables.municipalities.get(self.m)

    def put(self, municipality: Municipality) -> None:
        self.own(municipality.slug)
        self.tables.municipalities[self.m] = municipality


class _Handovers(_Scoped):
    def get(self, assembly: UUID) -> Handover | None:
        return self.tables.handovers.get((self.m, assembly))

    def put(self, handover: Handover) -> None:
        self.own(handover.municipality)
        self.tables.handovers[self.m, handover.assembly] = handover

    def all(self) -> Sequence[Handover]:
        mine = [handover for (m, _), handover in self.tables.handovers.items() if m == self.m]
        return sorted(mine, key=lambda handover: handover.assembly, reverse=True)


class _Promises(_Scoped):
    def add(self, promises: Sequence[Promise]) -> None:
        for promise in promises:
            self.own(promise.municipality)
            if any(
                each.assembly == promise.assembly and each.subject == promise.subject for each in self._mine()
            ):
                raise ValueError("an assembly's subject is promised once")
            self.tables.promises[self.m, promise.id] = promise

    def get(self, promise_id: UUID) -> Promise:
        found = self.tables.promises.get((self.m, promise_id))
        if found is None:
            raise DomainError(Code.NOT_FOUND, "PROMISE_UNKNOWN")
        return found

    def get_to_change(self, promise_id: UUID) -> Promise:
        return self.get(promise_id)

    def page(self, query: PromiseQuery, limit: int, after: Place | None = None) -> Sequence[Promise]:
        def wanted(promise: Promise) -> bool:
            return (
                query.assembly in (None, promise.assembly)
                and (not query.seeking or promise.volunteers_wanted > 0)
                and (query.overdue_on is None or bool(self._overdue(promise, query.overdue_on)))
                and (after is None or _place(promise) > after)
            )

        return sorted((each for each in self._mine() if wanted(each)), key=_place)[:limit]

    def save(self, promise: Promise) -> None:
        self.own(promise.municipality)
        stored = self.tables.promises.get((self.m, promise.id))
        if stored is None or stored.version != promise.version - 1:
            raise DomainError(Code.ABORTED, "ETAG_STALE")
        # The promise's own row: what is below it is added by the two methods that follow.
        self.tables.promises[self.m, promise.id] = replace(promise, checkpoints=stored.checkpoints)

    def add_answer(self, promise: Promise, checkpoint: Checkpoint, answer: Answer) -> None:
        self.own(promise.municipality)
        self._change(
            promise.id, checkpoint.id, lambda stored: replace(stored, answers=(*stored.answers, answer))
        )

    def add_extension(self, promise: Promise, checkpoint: Checkpoint, extension: Extension) -> None:
        self.own(promise.municipality)
        self._change(
            promise.id,
            checkpoint.id,
            lambda stored: replace(stored, extensions=(*stored.extensions, extension)),
        )

    def untold_overdue(self, today: date) -> Sequence[Overdue]:
        found = [
            Overdue(promise.id, checkpoint.id, checkpoint.effective_due)
            for promise in self._mine()
            for checkpoint in self._overdue(promise, today)
            if checkpoint.told_due != checkpoint.effective_due
        ]
        return sorted(found, key=lambda overdue: (overdue.due, overdue.promise))

    def tell_overdue(self, overdue: Overdue) -> bool:
        promise = self.tables.promises.get((self.m, overdue.promise))
        if promise is None:
            return False
        checkpoint = promise.checkpoint(overdue.checkpoint)
        if (
            checkpoint.answers
            or checkpoint.effective_due != overdue.due
            or checkpoint.told_due == overdue.due
        ):
            return False
        self._change(overdue.promise, checkpoint.id, lambda stored: replace(stored, told_due=overdue.due))
        return True

    def _overdue(self, promise: Promise, today: date) -> list[Checkpoint]:
        return [each for each in promise.checkpoints if not each.answers and each.effective_due < today]

    def _mine(self) -> list[Promise]:
        return [promise for (m, _), promise in self.tables.promises.items() if m == self.m]

    def _change(
        self, promise_id: UUID, checkpoint_id: UUID, make: Callable[[Checkpoint], Checkpoint]
    ) -> None:
        promise = self.get(promise_id)
        changed = tuple(make(each) if each.id == checkpoint_id else each for each in promise.checkpoints)
        self.tables.promises[self.m, promise_id] = replace(promise, checkpoints=changed)


def _place(promise: Promise) -> Place:
    return promise.assembly, promise.position


class _Events(_Scoped):
    def promise_made(self, promise: Promise) -> None:
        self._add(pb.PromiseMade(promise=promise.name, subject=promise.subject))

    def promise_answered(self, promise: Promise, checkpoint: Checkpoint, answer: Answer) -> None:
        self._add(pb.PromiseAnswered(promise=promise.name, checkpoint=promise.checkpoint_name(checkpoint)))

    def promise_overdue(self, overdue: Overdue) -> None:
        name = f"municipalities/{self.m}/promises/{overdue.promise}"
        self._add(pb.PromiseOverdue(promise=name, checkpoint=f"{name}/checkpoints/{overdue.checkpoint}"))

    def promise_extended(
        self, promise: Promise, checkpoint: Checkpoint, extension: Extension, before: date
    ) -> None:
        self._add(pb.PromiseExtended(promise=promise.name, checkpoint=promise.checkpoint_name(checkpoint)))

    def volunteers_sought(self, promise: Promise) -> None:
        self._add(pb.VolunteersSought(promise=promise.name, wanted=promise.volunteers_wanted))

    def _add(self, message: Message) -> None:
        self.tables.events.append((self.m, message))


class _Jobs(_Scoped):
    def read_report(self, handover: Handover) -> None:
        if (self.m, handover.assembly) not in self.tables.reading:
            self.tables.reading.append((self.m, handover.assembly))


class _Audit(_Scoped):
    def record(
        self, caller: Any, action: str, resource: str, details: Mapping[str, str] | None = None
    ) -> None:
        self.tables.audit.append((self.m, caller.principal.subject, action, resource, dict(details or {})))


class _Meter:
    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def answered(self, decision: Decision) -> None:
        self._tables.counted[decision.value] += 1

    def told_overdue(self, count: int) -> None:
        self._tables.counted["told"] += count


@dataclass
class MemoryReports:
    """Deliberation as it would answer: `reports` by municipality and assembly, `away` while it does not."""

    reports: dict[tuple[str, UUID], Report] = field(default_factory=dict)
    away: bool = False
    asked: int = 0

    def read(self, municipality: str, assembly: UUID, correlation_id: str) -> Report:
        self.asked += 1
        if self.away:
            raise DomainError(Code.UNAVAILABLE, "NEIGHBOUR_UNAVAILABLE")
        found = self.reports.get((municipality, assembly))
        if found is None:
            raise DomainError(Code.UNAVAILABLE, "REPORT_REFUSED", {"code": "NOT_FOUND"})
        return found
