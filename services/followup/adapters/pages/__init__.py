"""The pages of follow-up: for anyone, and for those who answer for the council."""

from __future__ import annotations

from fastapi import APIRouter

from chassis.clock import Clock
from chassis.entry import Entry
from services.followup.adapters.pages.answering import AnswerPages
from services.followup.adapters.pages.extending import ExtensionPages
from services.followup.adapters.pages.house import House
from services.followup.adapters.pages.owed import OwedPages
from services.followup.adapters.pages.promise import PromisePages
from services.followup.adapters.pages.seeking import SeekPages
from services.followup.adapters.pages.tracker import TrackerPages
from services.followup.app.ports import UnitOfWork
from services.followup.deadlines.calendar import WorkingCalendar


def pages_router(
    entry: Entry[UnitOfWork], clock: Clock, calendar: WorkingCalendar, site: str = ""
) -> APIRouter:
    """All pages under `/followup`. Use cases decide who may see what; pages only show it.

    `site` is their scheme and host, "" when it is not configured.
    """
    house = House("followup", entry, clock)
    router = APIRouter(include_in_schema=False)
    for pages in (
        TrackerPages(house, site),
        OwedPages(house),
        PromisePages(house),
        AnswerPages(house),
        ExtensionPages(house, calendar),
        SeekPages(house),
    ):
        router.include_router(pages.router())
    return router
