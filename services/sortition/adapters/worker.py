"""The draw's job: whatever happens to processes, one draw is drawn once.

The row and the frozen input fix everything beforehand; a worker that dies is followed by another, which
starts the same computation anew; the first result that is stored is the draw's, and ends the job in the same
transaction.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from uuid import UUID

from chassis.clock import Clock
from chassis.db import Database, Transaction
from chassis.errors import Code, DomainError
from chassis.jobs import Cancelled, Job, JobCancelled, JobState, Progress
from chassis.jobs_process import ChildProgress, run_in_child
from services.sortition.adapters.engine import EngineRequest, EngineResult, pack_request, unpack_result
from services.sortition.adapters.unit_of_work import SqlUnitOfWork
from services.sortition.app.draw_acts import JSON_TYPE, signed, stored
from services.sortition.app.ports import DRAW_JOB, UnitOfWork
from services.sortition.domain.draw import Draw, DrawState
from services.sortition.lottery import canonical

CSV_TYPE = "text/csv; charset=utf-8"
ENGINE = "services.sortition.adapters.engine:run"

# (payload, progress, cancelled) -> the packed result.
RunEngine = Callable[[bytes, ChildProgress, Cancelled], bytes]
Observe = Callable[[str, float], None]


def child_engine(memory_limit: int) -> RunEngine:
    """The engine in a spawned process of at most `memory_limit` bytes of address space."""

    def run(payload: bytes, progress: ChildProgress, cancelled: Cancelled) -> bytes:
        return run_in_child(
            ENGINE, payload, memory_limit=memory_limit, on_progress=progress, cancelled=cancelled
        )

    return run


class DrawHandler:
    """`observe(method, seconds)` hears of each draw that was computed."""

    kind = DRAW_JOB

    def __init__(
        self,
        database: Database,
        clock: Clock,
        engine: RunEngine,
        observe: Observe,
        *,
        make_uow: Callable[[Transaction], UnitOfWork] = SqlUnitOfWork,
    ) -> None:
        self._database = database
        self._clock = clock
        self._engine = engine
        self._observe = observe
        self._make_uow = make_uow

    def run(self, job: Job, progress: Progress, cancelled: Cancelled) -> None:
        request = self._begin(job)
        if request is None:
            return
        began = time.perf_counter()
        result = unpack_result(self._engine(pack_request(request), progress, cancelled))
        self._observe(request.method, time.perf_counter() - began)
        self._finish(job, result)

    def give_up(self, job: Job, state: JobState, reason: str, metadata: Mapping[str, str]) -> None:
        """The job will not be tried again: say so on the draw, and end the job with it. Raises LeaseLost."""
        with self._database.writing(job.municipality, correlation_id=job.correlation_id) as transaction:
            uow = self._make_uow(transaction)
            draw = uow.draws.get(*_ids(job))
            cancelled = state is JobState.CANCELLED
            if draw.state in (DrawState.QUEUED, DrawState.RUNNING):
                now = self._clock.now()
                uow.draws.save(draw.cancelled(now) if cancelled else draw.failed(now, reason, metadata))
            if cancelled:
                transaction.jobs.cancelled(job)
            else:
                transaction.jobs.fail(job, reason, metadata)

    def _begin(self, job: Job) -> EngineRequest | None:
        """What to compute; None when another worker has stored it already."""
        with self._database.writing(job.municipality, correlation_id=job.correlation_id) as transaction:
            transaction.jobs.require_lease(job)
            uow = self._make_uow(transaction)
            draw = self._open(uow, job)
            if draw is None:
                transaction.jobs.complete(job)
                return None
            snapshot = uow.draws.snapshot(draw.id)
            # What was asked for is what is drawn, or nothing is.
            if canonical.sha256(snapshot) != job.payload["input_digest"] or draw.seed != job.payload["seed"]:
                raise DomainError(Code.FAILED_PRECONDITION, "DRAW_INPUT_CHANGED")
            if draw.state is DrawState.QUEUED:
                uow.draws.save(draw.started(self._clock.now()))
            return EngineRequest(
                snapshot=snapshot,
                mode=draw.mode.value,
                method=draw.method.value,
                panels=draw.panels,
                seed=draw.seed,
                announced=draw.announced,
            )

    def _finish(self, job: Job, result: EngineResult) -> None:
        with self._database.writing(job.municipality, correlation_id=job.correlation_id) as transaction:
            transaction.jobs.require_lease(job)
            uow = self._make_uow(transaction)
            draw = self._open(uow, job)
            if draw is not None:
                ready = draw.ready(
                    self._clock.now(),
                    number=result.number,
                    optimal_lowest=result.optimal_lowest,
                    unreachable=result.unreachable,
                )
                uow.draws.save(ready)
                _store_files(uow, draw, result)
            transaction.jobs.complete(job)

    def _open(self, uow: UnitOfWork, job: Job) -> Draw | None:
        """The draw while it is at work, None when its result stands. Raises JobCancelled."""
        draw = uow.draws.get(*_ids(job))
        if draw.state is DrawState.CANCELLED:
            raise JobCancelled
        return draw if draw.state in (DrawState.QUEUED, DrawState.RUNNING) else None


def _store_files(uow: UnitOfWork, draw: Draw, result: EngineResult) -> None:
    uow.files.add(
        draw.id,
        [
            stored("commitment.json", JSON_TYPE, result.commitment, secret=False),
            stored("audit.json", JSON_TYPE, result.audit, secret=True),
            stored("receipts.csv", CSV_TYPE, result.receipts, secret=True),
            stored("chances.csv", CSV_TYPE, result.chances, secret=True),
            stored("panels.csv", CSV_TYPE, result.panels, secret=True),
        ],
    )
    if result.record is not None:
        uow.files.add(draw.id, signed(uow, "record.json", result.record))


def _ids(job: Job) -> tuple[UUID, UUID]:
    return UUID(job.payload["selection"]), UUID(job.payload["draw"])
