"""For anyone: the tasks that need people, and one of them."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from chassis.auth.principal import Role
from chassis.context import Caller
from services.volunteer.adapters.pages.house import House, base, is_, slot_base, task_base, task_id
from services.volunteer.app.browse_tasks import Offer, browse_tasks, look_at_task
from services.volunteer.app.own_claims import own_claims
from services.volunteer.app.ports import UnitOfWork
from services.volunteer.app.views import Claim
from services.volunteer.domain.slot import Slot
from services.volunteer.domain.task import TaskState

TASKS_A_PAGE = 50


class BrowsePages:
    def __init__(self, house: House) -> None:
        self._house = house

    def router(self) -> APIRouter:
        router = APIRouter()
        router.get("/{municipality}")(self.listing)
        router.get("/{municipality}/tasks/{task}")(self.show)
        return router

    def listing(self, request: Request, municipality: str, page_token: str = "") -> Response:
        def work(uow: UnitOfWork, who: Caller) -> tuple[tuple[Offer, ...], str]:
            return browse_tasks(uow, who, TASKS_A_PAGE, page_token, clock=self._house.clock)

        header, (offers, older) = self._house.read(request, municipality, work)
        return self._house.page(
            request,
            "tasks",
            header,
            self._house.crumbs(request, municipality),
            public=True,
            offers=[self._line(request, offer) for offer in offers],
            older=older,
            mine=f"{base(municipality)}/mine" if is_(request, municipality, Role.VOLUNTEER) else "",
            desk=f"{base(municipality)}/desk" if is_(request, municipality, Role.COORDINATOR) else "",
        )

    def show(self, request: Request, municipality: str, task: str) -> Response:
        wanted = task_id(task)

        def work(uow: UnitOfWork, who: Caller) -> tuple[Offer, tuple[Claim, ...]]:
            return look_at_task(uow, who, wanted, clock=self._house.clock), own_claims(uow, who)

        header, (offer, claims) = self._house.read(request, municipality, work)
        found = offer.view.task
        mine = {claim.slot.id: claim for claim in claims if claim.view.sign_up.live}
        coordinates = is_(request, municipality, Role.COORDINATOR)
        return self._house.page(
            request,
            "task",
            header,
            self._house.crumbs(request, municipality, (found.fields.title, None)),
            public=True,
            task=found.fields,
            open=found.state is TaskState.OPEN,
            state=found.state.value,
            private_text=offer.view.private_text,
            promise_title=found.promise_title,
            promise_address=_promise_address(municipality, found.promise),
            slots=[self._slot(request, slot, mine.get(slot.id)) for slot in offer.slots],
            manage=f"{task_base(municipality, found.id)}/manage" if coordinates else "",
            changed=found.update_time if found.public else None,
        )

    def _line(self, request: Request, offer: Offer) -> dict[str, Any]:
        words, view = self._house.words(request), offer.view
        return {
            "address": task_base(view.task.municipality, view.task.id),
            "title": view.task.fields.title,
            "place": view.task.fields.place,
            "when": self._house.when(request, offer.slots[0]) if offer.slots else "",
            "more": len(offer.slots) - 1,
            "standing": words.plural("vol_tasks.free", view.places.free, places=view.places.places)
            if view.places.free
            else words.text("vol_tasks.full" if offer.slots else "vol_tasks.no_slot"),
        }

    def _slot(self, request: Request, slot: Slot, claim: Claim | None) -> dict[str, Any]:
        return {
            "when": self._house.when(request, slot),
            "capacity": slot.capacity,
            "free": slot.free,
            "next_number": slot.waiting + 1,
            "address": f"{slot_base(slot)}/sign-up",
            "claim": claim.view.sign_up.state.value if claim else "",
            "queue_number": claim.view.queue_number if claim else 0,
        }


def _promise_address(municipality: str, promise: str) -> str:
    """Followup's public page of the promise, where it runs on the same site."""
    return f"/followup/{municipality}/promises/{promise.rsplit('/', 1)[-1]}" if promise else ""
