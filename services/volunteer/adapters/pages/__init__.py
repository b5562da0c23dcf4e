"""The pages of the volunteer portal: for anyone, for volunteers, and for coordinators."""

from __future__ import annotations

from fastapi import APIRouter

from chassis.clock import Clock
from chassis.entry import Entry
from services.volunteer.adapters.pages.browse import BrowsePages
from services.volunteer.adapters.pages.desk import DeskPages
from services.volunteer.adapters.pages.house import House
from services.volunteer.adapters.pages.me import MePages
from services.volunteer.adapters.pages.people import PeoplePages
from services.volunteer.adapters.pages.sign_ups import SignUpPages
from services.volunteer.adapters.pages.slots import SlotPages
from services.volunteer.adapters.pages.task_forms import TaskFormPages
from services.volunteer.app.ports import Promises, UnitOfWork


def pages_router(entry: Entry[UnitOfWork], clock: Clock, promises: Promises, site: str = "") -> APIRouter:
    """All pages under `/volunteer`. Use cases decide who may see what; pages only show it.

    `site` is the address under which people reach us; "" is what each request says.
    """
    house = House("volunteer", entry, clock)
    router = APIRouter(include_in_schema=False)
    for pages in (
        DeskPages(house, promises),
        TaskFormPages(house, promises),
        SlotPages(house),
        PeoplePages(house),
        SignUpPages(house),
        MePages(house, site),
        BrowsePages(house),
    ):
        router.include_router(pages.router())
    return router
