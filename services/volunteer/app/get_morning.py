"""What a coordinator has to look at this morning."""

from __future__ import annotations

from datetime import timedelta

from chassis.auth.principal import Role
from chassis.clock import Clock
from chassis.context import Caller
from services.volunteer.app.gate import admit
from services.volunteer.app.ports import UnitOfWork
from services.volunteer.app.views import Morning
from services.volunteer.domain.task import TaskState

SOON = timedelta(days=14)
MOST = 50


def get_morning(uow: UnitOfWork, caller: Caller, *, clock: Clock) -> Morning:
    """What begins within 14 days and lacks people, who waits, drafts, initiatives without a task."""
    admit(uow, caller, Role.COORDINATOR)
    now = clock.now()
    short = uow.slots.short(now, now + SOON, MOST)
    queued = uow.slots.queued(now, MOST)
    tasks = uow.tasks.many([slot.task for slot in (*short, *queued)])
    served = uow.tasks.of_promises()
    return Morning(
        short=tuple((slot, tasks[slot.task]) for slot in short),
        queued=tuple((slot, tasks[slot.task]) for slot in queued),
        drafts=tuple(uow.tasks.page(TaskState.DRAFT, MOST, None)),
        sought={name: wanted for name, wanted in uow.sought.all().items() if name not in served},
    )
