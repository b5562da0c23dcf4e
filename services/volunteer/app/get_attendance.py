"""Who comes to a slot, and who waits."""

from __future__ import annotations

from uuid import UUID

from chassis.auth.principal import Role
from chassis.context import Caller
from services.volunteer.app.gate import admit
from services.volunteer.app.ports import UnitOfWork
from services.volunteer.app.present import sign_up_views, slot_view
from services.volunteer.app.views import Attendance, SignUpContact, SignUpView
from services.volunteer.domain.person import NO_CONTACT


def get_attendance(uow: UnitOfWork, caller: Caller, task_id: UUID, slot_id: UUID) -> Attendance:
    """Contact details of those with a place here, and of who phoned. Audited (in a writing unit of work).

    Raises DomainError NOT_FOUND TASK_UNKNOWN, SLOT_UNKNOWN.
    """
    admit(uow, caller, Role.COORDINATOR)
    task = uow.tasks.get(task_id)
    slot = uow.slots.get(task_id, slot_id)
    views = sign_up_views(uow, uow.sign_ups.live(slot_id))
    contacts = uow.people.contacts([view.sign_up.person for view in views])

    def shown(view: SignUpView) -> SignUpContact:
        person = view.sign_up.person
        shared = view.sign_up.holds or uow.people.get(person).subject is None
        return SignUpContact(view, contacts.get(person, NO_CONTACT) if shared else NO_CONTACT)

    uow.audit.record(caller, "sign-up-contacts.list", slot.name)
    return Attendance(
        task,
        slot_view(slot),
        tuple(shown(view) for view in views if view.sign_up.holds),
        tuple(shown(view) for view in views if not view.sign_up.holds),
    )
