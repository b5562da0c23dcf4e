"""Open tasks with their slots to come: what anyone looks through."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chassis.clock import Clock
from chassis.context import Caller
from services.volunteer.app.get_task import get_task
from services.volunteer.app.list_tasks import ListTasks, list_tasks
from services.volunteer.app.ports import UnitOfWork
from services.volunteer.app.views import TaskView
from services.volunteer.domain.slot import Slot


@dataclass(frozen=True, slots=True)
class Offer:
    """A task with its slots to come, the soonest first."""

    view: TaskView
    slots: tuple[Slot, ...]


def browse_tasks(
    uow: UnitOfWork, caller: Caller, page_size: int = 0, page_token: str = "", *, clock: Clock
) -> tuple[tuple[Offer, ...], str]:
    """A page of open tasks, the soonest first in it, and the next page's token."""
    page = list_tasks(uow, caller, ListTasks(page_size=page_size, page_token=page_token), clock=clock)
    coming = uow.slots.coming([view.task.id for view in page.items], clock.now())
    offers = [Offer(view, tuple(coming.get(view.task.id, ()))) for view in page.items]
    # What has no slot to come goes last.
    offers.sort(key=lambda offer: (not offer.slots, offer.slots[0].start if offer.slots else clock.now()))
    return tuple(offers), page.next_page_token


def look_at_task(uow: UnitOfWork, caller: Caller, task_id: UUID, *, clock: Clock) -> Offer:
    """One of them. Raises DomainError NOT_FOUND TASK_UNKNOWN."""
    view = get_task(uow, caller, task_id, clock=clock)
    return Offer(view, tuple(uow.slots.coming([task_id], clock.now()).get(task_id, ())))
