"""Make a link that signs one person in once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from chassis.auth.principal import Role
from chassis.clock import Clock
from chassis.context import Caller
from services.deliberation.app.permissions import authorise_administration, unknown_municipality
from services.deliberation.app.ports import UnitOfWork
from services.deliberation.domain.sign_in_link import (
    KEPT_AFTER,
    LOCAL_LINK_ROLES,
    LinkWish,
    SignInLink,
    make,
)


@dataclass(frozen=True, slots=True)
class NewLink:
    """The link, and its secret, which is nowhere else."""

    link: SignInLink
    secret: str


def create_sign_in_link(
    uow: UnitOfWork,
    caller: Caller,
    wish: LinkWish,
    *,
    clock: Clock,
    new_id: Callable[[], UUID],
    new_secret: Callable[[], str],
    given: Sequence[Role] = LOCAL_LINK_ROLES,
) -> NewLink:
    """For operators, and for the municipality's own secretariat. `given` are the roles that links give.

    Raises DomainError SIGN_IN_LINK_INVALID, or MUNICIPALITY_UNKNOWN. The audit trail tells who made a link
    for whom.
    """
    authorise_administration(caller.principal, wish.municipality)
    if wish.municipality is not None and uow.municipalities.get(wish.municipality) is None:
        raise unknown_municipality()
    now, secret = clock.now(), new_secret()
    link = make(wish, new_id(), secret, now, given)
    uow.links.forget_expired(now - KEPT_AFTER)
    uow.links.add(link)
    uow.audit.record(
        caller, "sign_in_link.create", link.name, {"role": link.role.value, "subject": link.subject}
    )
    return NewLink(link, secret)
