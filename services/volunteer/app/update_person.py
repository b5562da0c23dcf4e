"""Change how one is reached."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from chassis.aip.updates import check_etag, masked_fields
from chassis.auth.principal import Role
from chassis.clock import Clock
from chassis.context import Caller
from services.volunteer.app.gate import admit, nameless
from services.volunteer.app.people import fresh_person, unknown
from services.volunteer.app.ports import UnitOfWork
from services.volunteer.app.present import person_view
from services.volunteer.app.views import PersonView
from services.volunteer.domain.person import EDITABLE, NO_CONTACT, Contact


@dataclass(frozen=True, slots=True)
class UpdatePerson:
    """`person` None: the caller's own, made when it is new. `mask` names the fields that change; empty:
    those in `populated`.
    """

    person: UUID | None
    contact: Contact
    mask: tuple[str, ...] = ()
    populated: tuple[str, ...] = ()
    etag: str = ""


def update_person(uow: UnitOfWork, caller: Caller, command: UpdatePerson, *, clock: Clock) -> PersonView:
    """Raises DomainError INVALID_ARGUMENT (FIELD_MASK_INVALID, VOLUNTEER_INVALID), ABORTED ETAG_STALE,
    NOT_FOUND VOLUNTEER_UNKNOWN for anybody else's record.
    """
    admit(uow, caller, Role.VOLUNTEER)
    fields = masked_fields(command.mask, command.populated, EDITABLE)
    subject = caller.principal.subject
    if command.person is not None:
        own = uow.people.of_subject(subject)
        if own is None or own.id != command.person:
            raise unknown()
    person = uow.people.lock_own(fresh_person(uow, clock, subject))
    check_etag(command.etag, person_view(person, None).etag)
    contact = uow.people.contacts([person.id]).get(person.id)
    changed = (contact or NO_CONTACT).edited(fields, command.contact)
    if changed != contact:
        person = person.changed()
        uow.people.save(person)
        uow.people.put_contact(person.id, changed)
        uow.audit.record(nameless(caller), "person.update", person.name, {"fields": ",".join(sorted(fields))})
    return person_view(person, changed)
