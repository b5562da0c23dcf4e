"""How sortition's aggregates tell their state again."""

from __future__ import annotations

from collections.abc import Mapping

from chassis.db import Transaction
from chassis.errors import Code, DomainError
from chassis.reemission import AggregateState, Reemitter
from services.sortition.adapters import names
from services.sortition.adapters.repository import SqlSeats, SqlSelections
from services.sortition.adapters.unit_of_work import panel_confirmed, selection_aggregate
from services.sortition.domain.seat import panel_of
from services.sortition.domain.selection import SelectionState


def panel_state(transaction: Transaction, ids: Mapping[str, str]) -> AggregateState:
    """Raises DomainError NOT_FOUND SELECTION_UNKNOWN, FAILED_PRECONDITION PANEL_NOT_CONFIRMED: a selection
    tells nothing before its panel is confirmed.
    """
    _, selection_id = names.selection(names.SELECTION.format(**ids))
    selection = SqlSelections(transaction).get(selection_id)
    if selection.state is not SelectionState.CONFIRMED:
        raise DomainError(Code.FAILED_PRECONDITION, "PANEL_NOT_CONFIRMED")
    seats = panel_of(SqlSeats(transaction).all(selection.id))
    return AggregateState(
        selection_aggregate(selection.id), panel_confirmed(selection, [seat.id for seat in seats])
    )


REEMITTERS = (Reemitter(names.SELECTION, panel_state),)
