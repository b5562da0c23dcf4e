"""Change a municipality's particulars."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from chassis.aip.updates import check_etag, make_etag
from chassis.clock import Clock
from chassis.context import Caller
from chassis.errors import Code, DomainError
from services.deliberation.app.permissions import authorise_administration, unknown_municipality
from services.deliberation.app.ports import UnitOfWork
from services.deliberation.domain.municipality import Municipality, Particulars, change


@dataclass(frozen=True, slots=True)
class UpdateMunicipality:
    """`fields` of `UPDATABLE` are taken from `particulars`; `etag` None asks for no check."""

    slug: str
    particulars: Particulars
    fields: frozenset[str]
    etag: str | None


def etag_of(municipality: Municipality) -> str:
    return make_etag(municipality.name, municipality.version)


def update_municipality(
    uow: UnitOfWork,
    caller: Caller,
    command: UpdateMunicipality,
    *,
    clock: Clock,
    known_time_zones: Container[str],
) -> Municipality:
    """For operators and for its own secretariat.

    Raises DomainError MUNICIPALITY_UNKNOWN, ETAG_STALE, MUNICIPALITY_INVALID. An update that changes
    nothing tells nobody.
    """
    authorise_administration(caller.principal, command.slug)
    before = uow.municipalities.get(command.slug)
    if before is None:
        raise unknown_municipality()
    check_etag(command.etag, etag_of(before))
    after = change(before, command.particulars, command.fields, known_time_zones, clock.now())
    if after is before:
        return before
    if not uow.municipalities.replace(after, before.version):
        raise DomainError(Code.ABORTED, "ETAG_STALE")
    uow.events.municipality_changed(after)
    uow.audit.record(caller, "municipality.update", after.name, {"version": str(after.version)})
    return after
