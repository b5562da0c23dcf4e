"""How much a municipality may have of the volunteer portal at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from chassis.quotas import require_room

if TYPE_CHECKING:
    from services.volunteer.app.ports import UnitOfWork


@dataclass(frozen=True, slots=True)
class Quotas:
    """`coming_slots`: that have not begun and are not cancelled."""

    coming_slots: int = 20_000


def require_room_for_a_slot(uow: UnitOfWork, now: datetime) -> None:
    """Raises DomainError RESOURCE_EXHAUSTED SLOTS_QUOTA_REACHED. Those who ask in the very same moment may
    pass it together: nobody waits here for another's slot.
    """
    require_room("SLOTS_QUOTA_REACHED", uow.quotas.coming_slots, uow.slots.count_coming(now))
