"""How follow-up's aggregates tell their state again."""

from __future__ import annotations

from collections.abc import Mapping

from chassis.db import Transaction
from chassis.reemission import AggregateState, Reemitter
from services.followup.adapters import names
from services.followup.adapters.repository import SqlPromises
from services.followup.adapters.unit_of_work import promise_aggregate, promise_made


def promise_state(transaction: Transaction, ids: Mapping[str, str]) -> AggregateState:
    """That the promise was made, with its dates: answers and the rest are read by GetPromise.

    Raises DomainError NOT_FOUND PROMISE_UNKNOWN.
    """
    _, promise_id = names.promise(names.PROMISE.format(**ids))
    promise = SqlPromises(transaction).get(promise_id)
    return AggregateState(promise_aggregate(promise.id), promise_made(promise))


REEMITTERS = (Reemitter(names.PROMISE, promise_state),)
