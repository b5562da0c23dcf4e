"""Where the volunteer portal's pages stand on the site, and how they tell a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeVar
from uuid import UUID

from fastapi import Depends, Request

from chassis.aip.names import identity
from chassis.auth.principal import Role
from chassis.context import Caller
from chassis.tenants import known
from chassis.web import HeaderMunicipality, Posted, caller, posted
from chassis.web.house import House as ChassisHouse
from chassis.web.house import header_of
from chassis.web.render import Crumb, formats
from services.volunteer.app.ports import UnitOfWork
from services.volunteer.domain.slot import Slot

R = TypeVar("R")
Sent = Annotated[Posted, Depends(posted)]


class House(ChassisHouse[UnitOfWork]):
    def look(
        self, request: Request, municipality: str, use_case: Callable[[UnitOfWork, Caller], R]
    ) -> tuple[HeaderMunicipality, R]:
        """As `read`, for what is audited and therefore writes."""

        def work(uow: UnitOfWork, who: Caller) -> tuple[HeaderMunicipality, R]:
            answer = use_case(uow, who)
            entry = known(uow)
            return header_of(entry), answer

        return self.write(request, municipality, work, while_suspended=True)

    def when(self, request: Request, slot: Slot, *, capital: bool = True) -> str:
        """'Tirsdag 6. april 2027 kl. 14.00–16.00', in the slot's own zone."""
        f = formats(caller(request).language, slot.time_zone)
        start, end = f.local(slot.start), f.local(slot.end)
        until = f.clock(slot.end) if start.date() == end.date() else f.moment(slot.end)
        return f"{f.moment(slot.start, capital=capital)}–{until}"

    def crumbs(self, request: Request, municipality: str, *below: Crumb) -> list[Crumb]:
        """From the list of tasks down."""
        title = self.words(request).text("vol_tasks.title")
        return [(title, base(municipality) if below else None), *below]

    def desk_crumbs(self, request: Request, municipality: str, *below: Crumb) -> list[Crumb]:
        """From the coordinator's desk down."""
        title = self.words(request).text("vol_desk.title")
        return [(title, f"{base(municipality)}/desk" if below else None), *below]


def is_(request: Request, municipality: str, role: Role) -> bool:
    """What to offer; what is allowed is the use cases' to say."""
    return caller(request).principal.has(municipality, role)


def base(municipality: str) -> str:
    return f"/volunteer/{municipality}"


def task_base(municipality: str, task: UUID) -> str:
    return f"{base(municipality)}/tasks/{task}"


def slot_base(slot: Slot) -> str:
    return f"{task_base(slot.municipality, slot.task)}/slots/{slot.id}"


def task_id(text: str) -> UUID:
    return identity(text, "TASK_UNKNOWN")


def slot_id(text: str) -> UUID:
    return identity(text, "SLOT_UNKNOWN")
