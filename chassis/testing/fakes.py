"""A unit of work in memory, for tests of use cases without a store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from google.protobuf.message import Message

from chassis.audit import AuditEntry
from chassis.clock import Clock
from chassis.context import Caller
from chassis.events.envelope import Envelope, Event, schema_of, topic_of
from chassis.ids import uuid7
from chassis.jobs import DEFAULT_ATTEMPTS, Job, JobState


@dataclass
class FakeStore:
    """What committed units of work left behind."""

    clock: Clock
    events: list[Event] = field(default_factory=list)
    sequences: dict[tuple[str, str], int] = field(default_factory=dict)
    audit: list[AuditEntry] = field(default_factory=list)
    jobs: dict[UUID, Job] = field(default_factory=dict)

    @contextmanager
    def writing(self, municipality: str, *, correlation_id: str = "") -> Iterator[FakeWork]:
        """As Database.writing: what the block did counts only when it ends normally."""
        draft = replace(
            self,
            events=list(self.events),
            sequences=dict(self.sequences),
            audit=list(self.audit),
            jobs=deepcopy(self.jobs),
        )
        yield FakeWork(draft, municipality, correlation_id)
        self.events, self.sequences = draft.events, draft.sequences
        self.audit, self.jobs = draft.audit, draft.jobs


class FakeWork:
    """Has outbox, audit trail and jobs as chassis.db.Transaction does."""

    def __init__(self, store: FakeStore, municipality: str, correlation_id: str) -> None:
        self.store = store
        self.clock = store.clock
        self.municipality = municipality
        self.correlation_id = correlation_id
        self.outbox = FakeOutbox(self)
        self.audit = FakeAudit(self)
        self.jobs = FakeJobs(self)


class FakeOutbox:
    def __init__(self, work: FakeWork) -> None:
        self._work = work

    def add(
        self,
        topic_service: str,
        aggregate: str,
        message: Message,
        *,
        snapshot: bool = False,
        municipality: str | None = None,
    ) -> UUID:
        work, store = self._work, self._work.store
        tenant = work.municipality if municipality is None else municipality
        place = (topic_of(topic_service), f"{tenant}/{aggregate}")
        sequence = max(store.sequences.get(place, 0) + (0 if snapshot else 1), 1)
        store.sequences[place] = sequence
        message_type = message.DESCRIPTOR.full_name
        envelope = Envelope(
            id=uuid7(work.clock),
            source=f"/{topic_service}",
            type=message_type,
            time=work.clock.now(),
            topic=place[0],
            key=place[1],
            municipality=tenant,
            sequence=sequence,
            snapshot=snapshot,
            correlation_id=work.correlation_id,
            causation_id="",
            data_schema=schema_of(message_type),
        )
        store.events.append(Event(envelope, message.SerializeToString()))
        return envelope.id


class FakeAudit:
    def __init__(self, work: FakeWork) -> None:
        self._work = work

    def record(
        self, caller: Caller, action: str, resource: str, details: Mapping[str, str] | None = None
    ) -> None:
        work = self._work
        work.store.audit.append(
            AuditEntry(
                id=uuid7(work.clock),
                time=work.clock.now(),
                municipality=work.municipality,
                subject=caller.principal.subject,
                roles=" ".join(sorted(caller.principal.roles)),
                action=action,
                resource=resource,
                details=dict(details or {}),
                correlation_id=caller.correlation_id,
            )
        )

    def entries(
        self, *, resource: str | None = None, before: int | None = None, limit: int = 100
    ) -> Sequence[tuple[int, AuditEntry]]:
        found = [
            (number, entry)
            for number, entry in enumerate(self._work.store.audit, 1)
            if entry.municipality == self._work.municipality
            and resource in (None, entry.resource)
            and (before is None or number < before)
        ]
        return found[::-1][:limit]


class FakeJobs:
    def __init__(self, work: FakeWork) -> None:
        self._work = work

    def enqueue(
        self, kind: str, payload: Mapping[str, Any], *, key: str, max_attempts: int = DEFAULT_ATTEMPTS
    ) -> UUID:
        found = self.find(kind, key)
        if found is not None:
            return found.id
        work = self._work
        job = Job(
            id=uuid7(work.clock),
            kind=kind,
            municipality=work.municipality,
            key=key,
            payload=dict(payload),
            state=JobState.QUEUED,
            attempts=0,
            max_attempts=max_attempts,
            fence=0,
            cancel_requested=False,
            stage="",
            progress={},
            reason="",
            reason_metadata={},
            correlation_id=work.correlation_id,
            created=work.clock.now(),
            started=None,
            finished=None,
        )
        work.store.jobs[job.id] = job
        return job.id

    def get(self, job_id: UUID) -> Job | None:
        job = self._work.store.jobs.get(job_id)
        return job if job is not None and self._mine(job) else None

    def find(self, kind: str, key: str) -> Job | None:
        for job in self._work.store.jobs.values():
            if job.kind == kind and job.key == key and self._mine(job):
                return job
        return None

    def cancel(self, job_id: UUID) -> bool:
        job = self.get(job_id)
        if job is None or job.state.over:
            return False
        self._work.store.jobs[job_id] = replace(job, cancel_requested=True)
        return True

    def _mine(self, job: Job) -> bool:
        return self._work.municipality in ("", job.municipality)
