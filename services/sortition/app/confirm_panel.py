"""Those drawn have been asked: the accepted seats become the panel. Only this act tells other services."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chassis.aip.updates import check_etag
from chassis.auth.principal import Role
from chassis.clock import Clock
from chassis.context import Caller
from services.sortition.app.gate import admit
from services.sortition.app.panel_views import panel_view
from services.sortition.app.ports import UnitOfWork
from services.sortition.app.views import PanelView
from services.sortition.domain.seat import panel_of


@dataclass(frozen=True, slots=True)
class ConfirmPanel:
    """`etag` is the panel's: it refuses when an answer has changed since it was looked at."""

    selection: UUID
    etag: str = ""


def confirm_panel(uow: UnitOfWork, caller: Caller, command: ConfirmPanel, *, clock: Clock) -> PanelView:
    """Raises DomainError FAILED_PRECONDITION SELECTION_NOT_DRAWN, PANEL_CONFIRMED, SEATS_UNANSWERED or
    NO_SEAT_ACCEPTED, ABORTED ETAG_STALE.
    """
    admit(uow, caller, Role.SECRETARIAT)
    selection = uow.selections.get(command.selection)
    confirmed = selection.confirmed(clock.now())
    seats = uow.seats.all(selection.id)
    check_etag(command.etag, panel_view(selection, seats).etag)
    accepted = panel_of(seats)
    uow.selections.save(confirmed)
    uow.events.panel_confirmed(confirmed, [seat.id for seat in accepted])
    uow.audit.record(caller, "panel.confirm", selection.name, {"seats": str(len(accepted))})
    return panel_view(confirmed, seats)
