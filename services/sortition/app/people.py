"""The pool's people one by one: list, include or exclude, erase, export."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from chassis.aip.pages import cut_page, page_request
from chassis.aip.updates import check_etag
from chassis.auth.principal import Role
from chassis.clock import Clock
from chassis.context import Caller
from chassis.errors import Code, DomainError, FieldViolation
from services.sortition.app.gate import admit
from services.sortition.app.import_pool import dismiss
from services.sortition.app.ports import UnitOfWork
from services.sortition.app.present import person_etag, person_view, seat_view
from services.sortition.app.views import PeoplePage, PersonExport, PersonView
from services.sortition.domain.pool import Inclusion, Person
from services.sortition.domain.seat import Answer
from services.sortition.domain.selection import SelectionState


@dataclass(frozen=True, slots=True)
class SetInclusion:
    selection: UUID
    person: UUID
    inclusion: Inclusion | None
    etag: str = ""


@dataclass(frozen=True, slots=True)
class DeletePerson:
    selection: UUID
    person: UUID


def list_people(
    uow: UnitOfWork, caller: Caller, selection_id: UUID, page_size: int = 0, page_token: str = ""
) -> PeoplePage:
    """By pool id. Raises DomainError NOT_FOUND SELECTION_UNKNOWN, INVALID_ARGUMENT PAGE_TOKEN_INVALID."""
    admit(uow, caller, Role.SECRETARIAT)
    selection = uow.selections.get(selection_id)
    request = page_request(page_size, page_token, bound_to=("list_people", selection.name))
    after = request.after[0] if request.after else None
    found = uow.pool.page(selection_id, request.size + 1, after)
    page = cut_page(found, request, lambda person: (person.pool_id,))
    return PeoplePage(tuple(_views(uow, selection_id, page.items)), page.next_page_token)


def set_inclusion(uow: UnitOfWork, caller: Caller, command: SetInclusion, *, clock: Clock) -> PersonView:
    """Who must, or must not, be on the panel of later draws.

    Raises DomainError NOT_FOUND PERSON_UNKNOWN, ABORTED ETAG_STALE, FAILED_PRECONDITION SELECTION_DRAWN or
    PERSON_LEFT_POOL, INVALID_ARGUMENT INCLUSION_INVALID.
    """
    admit(uow, caller, Role.SECRETARIAT)
    selection = uow.selections.get(command.selection)
    selection.require_preparing()
    if command.inclusion is None:
        violation = FieldViolation("inclusion", "REQUIRED")
        raise DomainError(Code.INVALID_ARGUMENT, "INCLUSION_INVALID", {}, (violation,))
    person = uow.pool.get(command.selection, command.person)
    check_etag(command.etag, person_etag(person))
    changed = person.with_inclusion(command.inclusion)
    uow.pool.put([changed])
    uow.audit.record(caller, "person.set_inclusion", person.name, {"inclusion": command.inclusion.value})
    return _views(uow, selection.id, [changed])[0]


def delete_person(uow: UnitOfWork, caller: Caller, command: DeletePerson, *, clock: Clock) -> None:
    """Erase a person: name, address, contact, and any upload that still waits, at once.

    Whom a draw has taken in stays there as an id with values: the record stands and can be checked. A seat
    that they have not accepted is declined, for nobody can be asked now. Raises NOT_FOUND PERSON_UNKNOWN.
    """
    admit(uow, caller, Role.SECRETARIAT)
    selection = uow.selections.get(command.selection)
    person = uow.pool.get(command.selection, command.person)
    dismiss(uow, selection.id, [person])
    stored = uow.imports.get(selection.id)
    if stored is not None and stored.upload:
        from dataclasses import replace

        from services.sortition.app.views import ImportState

        uow.imports.put(replace(stored, state=ImportState.REFUSED.value, upload=b""))
    seat = uow.seats.of_person(selection.id, person.id)
    if seat is not None and selection.state is SelectionState.DRAWN and seat.answer is not Answer.ACCEPTED:
        uow.seats.save(seat.answered(Answer.DECLINED, clock.now()))
    uow.audit.record(caller, "person.delete", person.name)


def export_person(uow: UnitOfWork, caller: Caller, selection_id: UUID, person_id: UUID) -> PersonExport:
    """All that is kept about a person. Raises DomainError NOT_FOUND PERSON_UNKNOWN."""
    admit(uow, caller, Role.SECRETARIAT)
    selection = uow.selections.get(selection_id)
    person = uow.pool.get(selection_id, person_id)
    contact = uow.contacts.get(selection_id, [person_id]).get(person_id)
    draws = uow.draws.draws_of_person(selection_id, person_id)
    seat = uow.seats.of_person(selection_id, person_id)
    return PersonExport(
        person=_views(uow, selection_id, [person])[0],
        contact=dict(contact.fields) if contact else {},
        draws=tuple(f"{selection.name}/draws/{draw}" for draw in draws),
        seat=seat_view(seat, {person_id: person}) if seat else None,
    )


def _views(uow: UnitOfWork, selection_id: UUID, people: Sequence[Person]) -> list[PersonView]:
    homes: Counter[str] = Counter()
    if any(person.household for person in people):
        homes.update(person.household for person in uow.pool.people(selection_id))
    return [person_view(person, homes[person.household] - 1 if person.household else 0) for person in people]
