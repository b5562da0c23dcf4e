"""How much a municipality may have of sortition at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from chassis.quotas import require_room
from services.sortition.domain.draw import DrawState

if TYPE_CHECKING:
    from services.sortition.app.ports import UnitOfWork


@dataclass(frozen=True, slots=True)
class Quotas:
    """`open_draws`: queued or under way. `people`: in the pools of all selections together."""

    open_draws: int = 50
    people: int = 1_000_000


def require_room_for_a_draw(uow: UnitOfWork) -> None:
    """Raises DomainError RESOURCE_EXHAUSTED OPEN_DRAWS_QUOTA_REACHED."""
    states = uow.draws.count_by_state()
    have = states.get(DrawState.QUEUED, 0) + states.get(DrawState.RUNNING, 0)
    require_room("OPEN_DRAWS_QUOTA_REACHED", uow.quotas.open_draws, have)


def require_room_for_people(uow: UnitOfWork, selection: UUID, people: int) -> None:
    """For so many in this selection's pool, instead of those who are in it.

    Raises DomainError RESOURCE_EXHAUSTED PEOPLE_QUOTA_REACHED.
    """
    elsewhere = uow.pool.total() - uow.pool.count(selection)
    require_room("PEOPLE_QUOTA_REACHED", uow.quotas.people, elsewhere, people)
