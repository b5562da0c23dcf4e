"""How deliberation's aggregates tell their state again."""

from __future__ import annotations

from collections.abc import Mapping

from chassis.aip.names import MUNICIPALITY
from chassis.db import Transaction
from chassis.reemission import AggregateState, Reemitter
from services.deliberation.adapters.repository import SqlMunicipalities
from services.deliberation.adapters.wire import municipality_changed
from services.deliberation.app.permissions import unknown_municipality


def municipality_state(transaction: Transaction, ids: Mapping[str, str]) -> AggregateState:
    """Raises DomainError NOT_FOUND MUNICIPALITY_UNKNOWN."""
    municipality = SqlMunicipalities(transaction.connection).get(ids["municipality"])
    if municipality is None:
        raise unknown_municipality()
    return AggregateState("municipality", municipality_changed(municipality))


REEMITTERS = (Reemitter(MUNICIPALITY, municipality_state),)
