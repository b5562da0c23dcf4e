"""Say how many volunteers an initiative needs that the council follows, or that it needs no more."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chassis.aip.updates import check_etag
from chassis.clock import Clock
from chassis.context import Caller
from services.followup.app.gate import SEEKING, admit
from services.followup.app.ports import UnitOfWork
from services.followup.app.views import PromiseView, promise_etag, promise_view
from services.followup.domain.fields import SeekFields


@dataclass(frozen=True, slots=True)
class SeekVolunteers:
    promise: UUID
    fields: SeekFields
    etag: str = ""


def seek_volunteers(uow: UnitOfWork, caller: Caller, command: SeekVolunteers, *, clock: Clock) -> PromiseView:
    """Raises DomainError NOT_FOUND PROMISE_UNKNOWN, INVALID_ARGUMENT SEEK_INVALID with every wrong field,
    ABORTED ETAG_STALE, FAILED_PRECONDITION PROMISE_NOT_FOLLOWED.
    """
    municipality = admit(uow, caller, *SEEKING)
    promise = uow.promises.get_to_change(command.promise)
    check_etag(command.etag, promise_etag(promise))
    now = clock.now()
    changed = promise.seeking(command.fields, now)
    uow.promises.save(changed)
    if changed.volunteers_wanted != promise.volunteers_wanted:
        uow.events.volunteers_sought(changed)
    uow.audit.record(caller, "volunteers.seek", changed.name, {"wanted": str(changed.volunteers_wanted)})
    return promise_view(changed, municipality, now)
