"""A task's slots."""

from __future__ import annotations

from uuid import UUID

from chassis.aip.pages import Page
from chassis.context import Caller
from chassis.tenants import known
from services.volunteer.app.gate import visible_task
from services.volunteer.app.paging import uuid_page
from services.volunteer.app.ports import UnitOfWork
from services.volunteer.app.present import slot_view
from services.volunteer.app.views import SlotPage


def list_slots(
    uow: UnitOfWork, caller: Caller, task_id: UUID, page_size: int = 0, page_token: str = ""
) -> SlotPage:
    """By id: as they were made. Raises DomainError NOT_FOUND TASK_UNKNOWN, INVALID_ARGUMENT
    PAGE_SIZE_INVALID or PAGE_TOKEN_INVALID.
    """
    known(uow)
    task = visible_task(uow, caller, uow.tasks.get(task_id))
    page = uuid_page(
        page_size,
        page_token,
        ("list_slots", task.name),
        lambda limit, after: uow.slots.page(task.id, limit, after),
        lambda slot: slot.id,
    )
    return Page(tuple(map(slot_view, page.items)), page.next_page_token)
