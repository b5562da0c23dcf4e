"""The pages of assemblies and their reports: for anyone, and for who writes them."""

from __future__ import annotations

from fastapi import APIRouter

from chassis.clock import Clock
from chassis.entry import Entry
from services.deliberation.adapters.assembly_desk import AssemblyDesk
from services.deliberation.adapters.assembly_pages.editor import EditorPages
from services.deliberation.adapters.assembly_pages.handover import HandoverPages
from services.deliberation.adapters.assembly_pages.house import House
from services.deliberation.adapters.assembly_pages.initiatives import InitiativePages
from services.deliberation.adapters.assembly_pages.public import FrontPage, PublicPages
from services.deliberation.adapters.assembly_pages.setting_up import SettingUpPages
from services.deliberation.adapters.assembly_pages.tasks import TaskPages
from services.deliberation.app.assembly_ports import AssemblyUnitOfWork, Selections

__all__ = ["FrontPage", "House", "assembly_router"]


def assembly_router(house: House, desk: AssemblyDesk, selections: Selections) -> APIRouter:
    """All below `/deliberation/{municipality}/assemblies`. Use cases decide who may see what."""
    router = APIRouter(include_in_schema=False)
    for pages in (
        SettingUpPages(house, desk, selections),
        TaskPages(house),
        EditorPages(house),
        InitiativePages(house),
        HandoverPages(house),
        PublicPages(house),
    ):
        router.include_router(pages.router())
    return router


def make_house(entry: Entry[AssemblyUnitOfWork], clock: Clock) -> House:
    return House("deliberation", entry, clock)
