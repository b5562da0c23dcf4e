"""Take a place in a slot, or the end of its queue."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid4

from chassis.auth.principal import Role
from chassis.clock import Clock
from chassis.context import Caller
from chassis.errors import Code, DomainError, FieldViolation
from services.volunteer.app.gate import admit, coordinates, nameless, visible_task, volunteers
from services.volunteer.app.moves import tell_change
from services.volunteer.app.people import own_person, unknown
from services.volunteer.app.ports import UnitOfWork
from services.volunteer.app.views import SignUpView
from services.volunteer.domain.person import Person
from services.volunteer.domain.sign_up import SignUp, claim, require_no_overlap


@dataclass(frozen=True, slots=True)
class CreateSignUp:
    """`person` None: the volunteer's own. A coordinator signs up somebody who phoned, and says whom."""

    task: UUID
    slot: UUID
    person: UUID | None = None


def create_sign_up(uow: UnitOfWork, caller: Caller, command: CreateSignUp, *, clock: Clock) -> SignUpView:
    """The person is locked, then the task and the slot: of those who press at once, one is first, and nobody
    takes two slots at one time.

    Raises DomainError FAILED_PRECONDITION TASK_NOT_OPEN, SLOT_CANCELLED, SLOT_OVER, SLOT_OVERLAPS,
    CONTACT_MISSING, ALREADY_EXISTS SIGNED_UP_ALREADY, NOT_FOUND, INVALID_ARGUMENT SIGN_UP_INVALID.
    """
    admit(uow, caller, Role.VOLUNTEER, Role.COORDINATOR)
    person, own = _whose(uow, caller, command.person)
    if not uow.people.reachable(person.id):
        raise DomainError(Code.FAILED_PRECONDITION, "CONTACT_MISSING")
    task = visible_task(uow, caller, uow.tasks.lock(command.task))
    slot = uow.slots.lock(task.id, command.slot)
    now = clock.now()
    task.require_open()
    slot.require_to_come(now)
    require_no_overlap(slot, uow.slots.taken_by(person.id, slot.start, slot.end))
    sign_up: SignUp = claim(slot, uuid4(), person.id, now)
    uow.sign_ups.add(sign_up)
    holds = sign_up.holds
    taken = uow.slots.move(slot, confirmed=int(holds), waiting=int(not holds), arrived=1)
    uow.meter.signed_up("confirmed" if holds else "waitlisted")
    tell_change(uow, task, slot, taken, now)
    uow.audit.record(nameless(caller) if own else caller, "sign-up.create", sign_up.name)
    # Whoever came last is the queue's last: under the slot's lock its number is how many wait.
    return SignUpView(sign_up, 0 if holds else taken.waiting)


def _whose(uow: UnitOfWork, caller: Caller, person_id: UUID | None) -> tuple[Person, bool]:
    """The person, locked, and whether it is the caller."""
    if person_id is None:
        locked = uow.people.lock_subject(caller.principal.subject) if volunteers(uow, caller) else None
        if locked is not None:
            return locked, True
    else:
        own = own_person(uow, caller)
        if own is not None and own.id == person_id:
            return uow.people.lock(own.id), True
        if not coordinates(uow, caller):
            raise unknown()
        return uow.people.lock(person_id), False
    if volunteers(uow, caller):
        raise DomainError(Code.FAILED_PRECONDITION, "CONTACT_MISSING")
    violation = FieldViolation("person", "REQUIRED")
    raise DomainError(Code.INVALID_ARGUMENT, "SIGN_UP_INVALID", {}, (violation,))
