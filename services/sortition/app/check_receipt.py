"""What a receipt says."""

from __future__ import annotations

from uuid import UUID

from chassis.context import Caller
from chassis.errors import Code, DomainError
from chassis.tenants import known
from services.sortition.app.ports import UnitOfWork
from services.sortition.app.published_views import public_draw, public_file
from services.sortition.app.views import (
    ReceiptCheck,
)


def check_receipt(
    uow: UnitOfWork, caller: Caller, selection_id: UUID, draw_id: UUID, random_id: str
) -> ReceiptCheck:
    """For whoever holds a receipt: how many of the panels their random id is on.

    Nothing is told that the published file does not say. Raises DomainError NOT_FOUND RECEIPT_UNKNOWN.
    """
    known(uow)
    draw = public_draw(uow, selection_id, draw_id)
    file = public_file(uow, draw)
    # As people type it: read from paper, perhaps in small letters and with blanks.
    wanted = "".join(random_id.split()).upper()
    commitment = file["commitments"].get(wanted)
    if commitment is None:
        raise DomainError(Code.NOT_FOUND, "RECEIPT_UNKNOWN")
    outcome = file.get("outcome")
    return ReceiptCheck(
        random_id=wanted,
        commitment=commitment,
        panels_with=sum(wanted in panel for panel in file["panels"]),
        panels=len(file["panels"]),
        drawn=None if outcome is None else wanted in outcome,
    )
