"""Keep what followup and volunteer told, for the front page. Only their events come in here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

from services.deliberation.app.assembly_ports import AssemblyUnitOfWork
from services.deliberation.domain.followed_up import Promise, Task


def promise_made(
    uow: AssemblyUnitOfWork, promise: UUID, assembly: UUID, subject: str, due_dates: Sequence[date]
) -> None:
    """Keeps what later events of it told, where a lost one is told again."""
    known = _known(uow, promise)
    uow.followed_up.put_promise(
        replace(known, assembly=assembly, subject=subject, due_dates=tuple(sorted(due_dates)))
    )


def promise_answered(uow: AssemblyUnitOfWork, promise: UUID, checkpoint: str) -> None:
    known = _known(uow, promise)
    uow.followed_up.put_promise(replace(known, answered=known.answered | {checkpoint}))


def promise_overdue(uow: AssemblyUnitOfWork, promise: UUID, checkpoint: str) -> None:
    known = _known(uow, promise)
    uow.followed_up.put_promise(replace(known, overdue=known.overdue | {checkpoint}))


def promise_extended(
    uow: AssemblyUnitOfWork, promise: UUID, checkpoint: str, before: date, due: date
) -> None:
    """The date now in force stands in place of the one before; the checkpoint is overdue no more."""
    known = _known(uow, promise)
    dates = list(known.due_dates)
    if before in dates:
        dates[dates.index(before)] = due
    uow.followed_up.put_promise(
        replace(known, due_dates=tuple(sorted(dates)), overdue=known.overdue - {checkpoint})
    )


def volunteers_sought(uow: AssemblyUnitOfWork, promise: UUID, wanted: int) -> None:
    uow.followed_up.put_promise(replace(_known(uow, promise), wanted=wanted))


def task_changed(uow: AssemblyUnitOfWork, task: Task) -> None:
    uow.followed_up.put_task(task)


def _known(uow: AssemblyUnitOfWork, promise: UUID) -> Promise:
    return uow.followed_up.promise(promise) or Promise(promise)
