"""An aggregate's state told again, for a consumer that lost an event of it or came too late for it.

The event is marked `snapshot` and bears the sequence at which the aggregate stands: a consumer that waits
behind a gap takes it across, one that is up to date drops it as a duplicate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from chassis.errors import Code, DomainError

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from chassis.aip.names import ResourcePattern
    from chassis.context import Caller
    from chassis.db import Database, Transaction


@dataclass(frozen=True, slots=True)
class AggregateState:
    """`aggregate` as the service's events have it ("selections/0192…"), and the event that tells it all."""

    aggregate: str
    message: Message


@dataclass(frozen=True, slots=True)
class Reemitter:
    """How the state of one kind of aggregate is told.

    `resource` names it and begins with `municipalities/{municipality}`. `state` gets a unit of work of that
    municipality and the ids in the name, reads, and raises DomainError NOT_FOUND, or FAILED_PRECONDITION
    where the aggregate has told nothing yet. `gone`, where there is such an event, tells of the ids in a name
    that the store has no such thing any more: others were told of it, and a restore lost it.

        Reemitter(SELECTION, panel_state)       # in the service's adapters/reemitters.py
    """

    resource: ResourcePattern
    state: Callable[[Transaction, Mapping[str, str]], AggregateState]
    gone: Callable[[Mapping[str, str]], AggregateState] | None = None


def reemit(
    database: Database,
    service: str,
    reemitters: Sequence[Reemitter],
    caller: Caller,
    name: str,
    *,
    anew: bool = False,
) -> UUID:
    """Tell the state of the resource `name` again; the event's id. Audited in the same transaction.

    `anew`: under the next number, and so to those as well who are up to date; who was told of a thing that
    is not there any more is told that it is gone.

    Raises DomainError INVALID_ARGUMENT NOT_REEMITTED for a name of no kind that the service tells, and what
    the service raises.
    """
    found = next((each for each in reemitters if each.resource.matches(name)), None)
    if found is None:
        raise _not_reemitted(service, reemitters)
    ids = found.resource.parse(name)
    with database.writing(ids["municipality"], correlation_id=caller.correlation_id) as transaction:
        try:
            told = found.state(transaction, ids)
        except DomainError as error:
            if not (anew and found.gone and error.code is Code.NOT_FOUND):
                raise
            told = found.gone(ids)
        event_id = transaction.outbox.add(service, told.aggregate, told.message, snapshot=True, anew=anew)
        transaction.audit.record(caller, "events.re-emit", name, {"event": str(event_id)})
    return event_id


def resource_of(reemitters: Sequence[Reemitter], municipality: str, key: str) -> str | None:
    """The resource whose state the aggregate of this key is; None where nobody can tell it."""
    below = f"municipalities/{key}"
    for name in (below, f"municipalities/{municipality}"):
        if any(each.resource.matches(name) for each in reemitters):
            return name
    return None


def retell(
    database: Database,
    service: str,
    reemitters: Sequence[Reemitter],
    caller: Caller,
    municipality: str,
    key: str,
    *,
    anew: bool = False,
) -> UUID:
    """`reemit`, for the aggregate of a key. `anew` as there."""
    name = resource_of(reemitters, municipality, key)
    if name is None:
        raise _not_reemitted(service, reemitters)
    return reemit(database, service, reemitters, caller, name, anew=anew)


def _not_reemitted(service: str, reemitters: Sequence[Reemitter]) -> DomainError:
    patterns = ", ".join(each.resource.pattern for each in reemitters) or "-"
    return DomainError(Code.INVALID_ARGUMENT, "NOT_REEMITTED", {"service": service, "patterns": patterns})
