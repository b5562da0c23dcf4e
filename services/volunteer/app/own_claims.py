"""What a volunteer has signed up for, with where and when."""

from __future__ import annotations

from chassis.context import Caller
from chassis.tenants import known
from services.volunteer.app.people import own_person
from services.volunteer.app.ports import UnitOfWork
from services.volunteer.app.present import sign_up_views
from services.volunteer.app.views import Claim

MOST = 500


def own_claims(uow: UnitOfWork, caller: Caller) -> tuple[Claim, ...]:
    """The caller's own sign-ups by start, cancelled ones too; none for who is no volunteer here."""
    known(uow)
    person = own_person(uow, caller)
    if person is None:
        return ()
    views = sign_up_views(uow, uow.sign_ups.page_of(person.id, MOST, None))
    slots = uow.slots.many([view.sign_up.slot for view in views])
    tasks = uow.tasks.many([view.sign_up.task for view in views])
    claims = (
        Claim(
            view,
            slots[view.sign_up.slot],
            tasks[view.sign_up.task],
            tasks[view.sign_up.task].fields.private_text if view.sign_up.holds else "",
        )
        for view in views
    )
    return tuple(sorted(claims, key=lambda claim: (claim.slot.start, claim.view.sign_up.create_time)))
