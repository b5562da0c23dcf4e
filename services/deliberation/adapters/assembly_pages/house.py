"""Where the pages of assemblies stand on the site, and the ids in their addresses."""

from __future__ import annotations

from uuid import UUID

from fastapi import Request

from chassis.auth.principal import Role
from chassis.text import Catalogue
from chassis.web import caller
from chassis.web.house import House as ChassisHouse
from chassis.web.render import Crumb
from services.deliberation.adapters.names import identity
from services.deliberation.app.assembly_ports import AssemblyUnitOfWork
from services.deliberation.app.gate import WRITERS
from services.deliberation.domain.assembly import Assembly

House = ChassisHouse[AssemblyUnitOfWork]

_LONGEST_CRUMB = 60


def listing(municipality: str) -> str:
    return f"/deliberation/{municipality}/assemblies"


def base(municipality: str, assembly: UUID | str) -> str:
    return f"{listing(municipality)}/{assembly}"


def staff_crumbs(words: Catalogue, assembly: Assembly, *below: Crumb) -> list[Crumb]:
    """From the list of assemblies down, over the assembly's tasks."""
    here = f"{base(assembly.municipality, assembly.id)}/tasks"
    own: Crumb = (short(assembly.title), here if below else None)
    return [(words.text("assemblies.title"), listing(assembly.municipality)), own, *below]


def report_crumbs(words: Catalogue, assembly: Assembly, *below: Crumb) -> list[Crumb]:
    """From the list of assemblies down, over the report that is written."""
    here = f"{base(assembly.municipality, assembly.id)}/report/edit"
    return staff_crumbs(words, assembly, (words.text("report_edit.crumb"), here if below else None), *below)


def short(title: str) -> str:
    return title if len(title) <= _LONGEST_CRUMB else f"{title[: _LONGEST_CRUMB - 1].rstrip()}…"


def assembly_id(text: str) -> UUID:
    return identity(text, "ASSEMBLY_UNKNOWN")


def recommendation_id(text: str) -> UUID:
    return identity(text, "RECOMMENDATION_UNKNOWN")


def initiative_id(text: str) -> UUID:
    return identity(text, "INITIATIVE_UNKNOWN")


def writes(request: Request, municipality: str) -> bool:
    """Whether to offer the way to the desk. The use case decides what is allowed."""
    return caller(request).principal.has(municipality, *WRITERS)


def is_secretariat(request: Request, municipality: str) -> bool:
    return caller(request).principal.has(municipality, Role.SECRETARIAT)
