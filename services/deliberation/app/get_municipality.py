"""One municipality of the registry."""

from __future__ import annotations

from chassis.context import Caller
from services.deliberation.app.permissions import unknown_municipality
from services.deliberation.app.ports import UnitOfWork
from services.deliberation.domain.municipality import Municipality, State


def get_municipality(uow: UnitOfWork, caller: Caller, slug: str) -> Municipality:
    """For anyone:

    which municipalities there are is public, and which is removed. Raises DomainError NOT_FOUND
    MUNICIPALITY_UNKNOWN, also of one that is erased.
    """
    municipality = uow.municipalities.get(slug)
    if municipality is None or municipality.state is State.ERASED:
        raise unknown_municipality()
    return municipality
