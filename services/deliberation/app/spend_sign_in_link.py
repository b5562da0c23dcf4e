"""Look at a sign-in link, which spends nothing, and spend it, which works once."""

from __future__ import annotations

from chassis.clock import Clock
from chassis.context import Caller
from chassis.errors import Code, DomainError
from services.deliberation.app.ports import UnitOfWork
from services.deliberation.domain.sign_in_link import SignInLink, digest_of


def find_sign_in_link(uow: UnitOfWork, caller: Caller, secret: str, *, clock: Clock) -> SignInLink:
    """For who holds the link.

    Raises DomainError NOT_FOUND SIGN_IN_LINK_UNKNOWN, FAILED_PRECONDITION SIGN_IN_LINK_SPENT or
    SIGN_IN_LINK_EXPIRED.
    """
    link = uow.links.find(digest_of(secret))
    if link is None:
        raise DomainError(Code.NOT_FOUND, "SIGN_IN_LINK_UNKNOWN")
    link.check_spendable(clock.now())
    return link


def spend_sign_in_link(uow: UnitOfWork, caller: Caller, secret: str, *, clock: Clock) -> SignInLink:
    """For who holds the link: afterwards it signs nobody in. Raises as `find_sign_in_link`."""
    link = find_sign_in_link(uow, caller, secret, clock=clock)
    if not uow.links.spend(link, clock.now()):
        # Somebody pressed the button in the moment between.
        raise DomainError(Code.FAILED_PRECONDITION, "SIGN_IN_LINK_SPENT")
    signed_in = Caller(link.principal(), caller.correlation_id, caller.language)
    uow.audit.record(signed_in, "sign_in_link.spend", link.name)
    return link
