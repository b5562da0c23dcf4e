"""The key that signs a municipality's commitments and records."""

from __future__ import annotations

from chassis.context import Caller
from chassis.errors import Code, DomainError
from chassis.tenants import known
from services.sortition.app.ports import UnitOfWork
from services.sortition.app.views import (
    SigningKeyView,
)


def get_signing_key(uow: UnitOfWork, caller: Caller) -> SigningKeyView:
    """Raises DomainError NOT_FOUND SIGNING_KEY_UNKNOWN before the municipality's first draw."""
    known(uow)
    key = uow.signing.public()
    if key is None:
        raise DomainError(Code.NOT_FOUND, "SIGNING_KEY_UNKNOWN")
    return SigningKeyView(key.pem, key.fingerprint, key.create_time)
