"""Sortition's unit of work on a transaction of the store."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from borgerting.sortition.v1.events_pb2 import PanelConfirmed
from chassis.audit import AuditTrail
from chassis.db import Transaction
from chassis.lazily import lazily
from chassis.memory import own_memory
from chassis.tenant_copy import SqlMunicipalities
from services.sortition.adapters.draw_repository import SqlDraws, SqlFiles, SqlSigning
from services.sortition.adapters.repository import (
    SqlContacts,
    SqlImports,
    SqlPool,
    SqlSeats,
    SqlSelections,
)
from services.sortition.app.ports import DRAW_JOB, JobView, Meter
from services.sortition.app.quotas import Quotas
from services.sortition.domain.draw import Draw
from services.sortition.domain.selection import Selection

SERVICE = "sortition"


def selection_aggregate(selection_id: UUID) -> str:
    """What a selection is called in the keys of its events."""
    return f"selections/{selection_id}"


def panel_confirmed(selection: Selection, seats: Sequence[UUID]) -> PanelConfirmed:
    return PanelConfirmed(
        selection=selection.name,
        seats=[str(seat) for seat in seats],
        draw=f"{selection.name}/draws/{selection.require_drawn()}",
    )


class OutboxEvents:
    def __init__(self, transaction: Transaction) -> None:
        self._outbox = transaction.outbox

    def panel_confirmed(self, selection: Selection, seats: Sequence[UUID]) -> None:
        self._outbox.add(SERVICE, selection_aggregate(selection.id), panel_confirmed(selection, seats))


class DrawJobs:
    """The job of a draw, under the draw's own id."""

    def __init__(self, transaction: Transaction) -> None:
        self._jobs = transaction.jobs

    def start_draw(self, draw: Draw) -> None:
        payload = {
            "selection": str(draw.selection),
            "draw": str(draw.id),
            "input_digest": draw.input_digest,
            "seed": draw.seed,
        }
        self._jobs.enqueue(DRAW_JOB, payload, key=str(draw.id))

    def cancel_draw(self, draw: Draw) -> None:
        job = self._jobs.find(DRAW_JOB, str(draw.id))
        if job is not None:
            self._jobs.cancel(job.id)

    def draw_job(self, draw_id: UUID) -> JobView | None:
        job = self._jobs.find(DRAW_JOB, str(draw_id))
        return None if job is None else JobView(job.stage, job.progress, job.attempts)


class NoMeter:
    """Counts nothing."""

    def pool_checked(self, outcome: str) -> None:
        return


_NO_METER = NoMeter()
_USUAL = Quotas()


class SqlUnitOfWork:
    """All repositories of one municipality over one transaction; whoever opened it commits."""

    selections = lazily(SqlSelections)
    pool = lazily(SqlPool)
    contacts = lazily(SqlContacts)
    imports = lazily(SqlImports)
    draws = lazily(SqlDraws)
    files = lazily(SqlFiles)
    seats = lazily(SqlSeats)
    municipalities = lazily(SqlMunicipalities)
    signing = lazily(SqlSigning)
    events = lazily(OutboxEvents)
    audit = lazily(AuditTrail)
    jobs = lazily(DrawJobs)
    memory = lazily(own_memory)

    def __init__(self, transaction: Transaction, meter: Meter = _NO_METER, quotas: Quotas = _USUAL) -> None:
        self.transaction = transaction
        self.municipality = transaction.municipality
        self.meter = meter
        self.quotas = quotas
