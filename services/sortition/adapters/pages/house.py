"""Where sortition's pages stand on the site, and the ids in their addresses."""

from __future__ import annotations

from uuid import UUID

from chassis.aip.names import identity
from chassis.text import Catalogue
from chassis.web.house import House as ChassisHouse
from chassis.web.render import Crumb
from services.sortition.app.ports import UnitOfWork

House = ChassisHouse[UnitOfWork]


def base(municipality: str) -> str:
    return f"/sortition/{municipality}"


def selection_base(municipality: str, selection: UUID | str) -> str:
    return f"/sortition/{municipality}/selections/{selection}"


def selection_crumbs(
    words: Catalogue, municipality: str, selection: UUID, title: str, *below: Crumb
) -> list[Crumb]:
    """From the list of selections down."""
    crumbs: list[Crumb] = [(words.text("selections.title"), f"{base(municipality)}/selections")]
    crumbs.append((title, selection_base(municipality, selection) if below else None))
    crumbs.extend(below)
    return crumbs


def selection_id(text: str) -> UUID:
    return identity(text, "SELECTION_UNKNOWN")


def draw_id(text: str) -> UUID:
    return identity(text, "DRAW_UNKNOWN")
