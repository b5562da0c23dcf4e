"""The municipality that a unit of work is for, as a service knows it: its copy of the registry's entry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from chassis.errors import Code, DomainError

ACTIVE = "ACTIVE"
"""The one of the registry's states in which a municipality may be changed."""


@dataclass(frozen=True, slots=True)
class Municipality:
    """The copy of the registry's entry."""

    slug: str
    display_name: str
    time_zone: str
    languages: tuple[str, ...]
    state: str

    @property
    def active(self) -> bool:
        return self.state == ACTIVE


class MunicipalityRepository(Protocol):
    def get(self) -> Municipality | None:
        """The unit of work's own."""

    def put(self, municipality: Municipality) -> None: ...


class TenantUnitOfWork(Protocol):
    """What every service's unit of work has."""

    @property
    def municipality(self) -> str: ...

    @property
    def municipalities(self) -> MunicipalityRepository: ...


def known(uow: TenantUnitOfWork) -> Municipality:
    """For what anyone may see. Raises DomainError NOT_FOUND MUNICIPALITY_UNKNOWN."""
    municipality = uow.municipalities.get()
    if municipality is None:
        metadata = {"municipality": uow.municipality}
        raise DomainError(Code.NOT_FOUND, "MUNICIPALITY_UNKNOWN", metadata)
    return municipality


def refuse_unless_active(municipality: Municipality | None) -> None:
    """Raises DomainError FAILED_PRECONDITION MUNICIPALITY_SUSPENDED. What is not known has other errors."""
    if municipality is not None and not municipality.active:
        metadata = {"municipality": municipality.slug}
        raise DomainError(Code.FAILED_PRECONDITION, "MUNICIPALITY_SUSPENDED", metadata)
