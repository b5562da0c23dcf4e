"""The pages of sortition: for anyone, and for the secretariat."""

from __future__ import annotations

from fastapi import APIRouter

from chassis.clock import Clock
from chassis.entry import Entry
from services.sortition.adapters.pages.draws import DrawPages
from services.sortition.adapters.pages.house import House
from services.sortition.adapters.pages.panel import PanelPages
from services.sortition.adapters.pages.people import PeoplePages
from services.sortition.adapters.pages.pool import PoolPages
from services.sortition.adapters.pages.public import PublicPages
from services.sortition.adapters.pages.selections import SelectionPages
from services.sortition.adapters.pages.targets import TargetPages
from services.sortition.app.ports import UnitOfWork


def pages_router(entry: Entry[UnitOfWork], clock: Clock) -> APIRouter:
    """All pages under `/sortition`. Use cases decide who may see what; pages only show it."""
    house = House("sortition", entry, clock)
    router = APIRouter(include_in_schema=False)
    for pages in (
        PublicPages(house),  # first, since most requests are for these
        SelectionPages(house),
        TargetPages(house),
        PoolPages(house),
        PeoplePages(house),
        DrawPages(house),
        PanelPages(house),
    ):
        router.include_router(pages.router())
    return router
