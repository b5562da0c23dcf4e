"""Who may come in, and what day it is there: the first lines of every use case."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from chassis.auth.principal import Role, authorise
from chassis.context import Caller
from chassis.tenants import Municipality, known
from services.followup.app.ports import UnitOfWork
from services.followup.deadlines.dates import local_date

ANSWERING = (Role.OFFICER, Role.COUNCIL)
"""Who answers for the council, and grants more time."""

SEEKING = (*ANSWERING, Role.COORDINATOR)
"""Who may ask for volunteers."""


def admit(uow: UnitOfWork, caller: Caller, *roles: Role) -> Municipality:
    """Refuse unless the caller has one of the roles in this municipality, and it exists.

    Rights are asked first: somebody without them does not learn which municipalities there are.
    Raises DomainError UNAUTHENTICATED, PERMISSION_DENIED, NOT_FOUND MUNICIPALITY_UNKNOWN.
    """
    authorise(caller.principal, uow.municipality, *roles)
    return known(uow)


def zone_of(municipality: Municipality) -> ZoneInfo:
    return ZoneInfo(municipality.time_zone)


def today_in(municipality: Municipality, now: datetime) -> date:
    """The municipality's date."""
    return local_date(now, zone_of(municipality))
