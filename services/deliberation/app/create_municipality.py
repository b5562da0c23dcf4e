"""Enter a municipality in the registry."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from chassis.auth.principal import Role, authorise
from chassis.clock import Clock
from chassis.context import Caller
from chassis.errors import Code, DomainError, FieldViolation
from services.deliberation.app.ports import UnitOfWork
from services.deliberation.domain.municipality import Municipality, Particulars, enter


@dataclass(frozen=True, slots=True)
class CreateMunicipality:
    slug: str
    particulars: Particulars


def create_municipality(
    uow: UnitOfWork,
    caller: Caller,
    command: CreateMunicipality,
    *,
    clock: Clock,
    known_time_zones: Container[str],
) -> Municipality:
    """For operators of the platform.

    Raises DomainError MUNICIPALITY_INVALID, ALREADY_EXISTS MUNICIPALITY_EXISTS.
    """
    authorise(caller.principal, None, Role.OPERATOR)
    municipality = enter(command.slug, command.particulars, known_time_zones, clock.now())
    if not uow.municipalities.add(municipality):
        metadata = {"slug": municipality.slug}
        violation = FieldViolation("municipality_id", "MUNICIPALITY_EXISTS", metadata)
        raise DomainError(Code.ALREADY_EXISTS, "MUNICIPALITY_EXISTS", metadata, (violation,))
    uow.events.municipality_changed(municipality)
    uow.audit.record(caller, "municipality.create", municipality.name)
    return municipality
