"""The municipality that a unit of work is for, as a service knows it: its copy of the registry's entry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from chassis.errors import Code, DomainError

ACTIVE, SUSPENDED, REMOVED, ERASED = "ACTIVE", "SUSPENDED", "REMOVED", "ERASED"
"""The registry's states. Only in the first a municipality may be changed, in the last two nobody sees it."""

GONE = (REMOVED, ERASED)


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
    """For what anyone may see. Raises DomainError NOT_FOUND MUNICIPALITY_UNKNOWN, also of a removed one."""
    municipality = uow.municipalities.get()
    if municipality is None or municipality.state in GONE:
        raise _unknown(uow.municipality)
    return municipality


def entered(uow: TenantUnitOfWork) -> Municipality:
    """For work that goes on whatever state it is in: it may be had back. Raises as `known`."""
    municipality = uow.municipalities.get()
    if municipality is None:
        raise _unknown(uow.municipality)
    return municipality


def refuse_unless_served(municipality: Municipality | None, *, while_suspended: bool = False) -> None:
    """Raises DomainError FAILED_PRECONDITION MUNICIPALITY_SUSPENDED; NOT_FOUND MUNICIPALITY_UNKNOWN of one
    that was removed. One that was never entered has its use cases' own refusals.
    """
    if municipality is None or municipality.active:
        return
    if municipality.state in GONE:
        raise _unknown(municipality.slug)
    if not while_suspended:
        metadata = {"municipality": municipality.slug}
        raise DomainError(Code.FAILED_PRECONDITION, "MUNICIPALITY_SUSPENDED", metadata)


def _unknown(slug: str) -> DomainError:
    return DomainError(Code.NOT_FOUND, "MUNICIPALITY_UNKNOWN", {"municipality": slug})
