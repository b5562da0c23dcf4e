"""Which of our own services is at the other end of a call."""

from __future__ import annotations

import grpc

from chassis.errors import Code, DomainError

LOCAL_IDENTITY = "borgerting_service"
"""The identity's key on a local channel. What a TCP peer proves of itself stands under TLS's keys."""

_CERTIFICATE = "x509_pem_cert"


def calling_service(context: grpc.ServicerContext) -> str | None:
    """The neighbour's name; None when nobody vouches for the peer being one.

    Raises DomainError PERMISSION_DENIED CERTIFICATE_NAMES_NO_SERVICE for a client certificate of our CA that
    does not say which service it is for.
    """
    if context.peer_identity_key() == LOCAL_IDENTITY:
        names = list(context.peer_identities() or ())
        return names[0].decode() if len(names) == 1 else None
    shown = context.auth_context().get(_CERTIFICATE)
    if not shown:
        return None
    from chassis.rpc.certificates import service_named_by

    found = service_named_by(bytes(shown[0]))
    if found is None:
        raise DomainError(Code.PERMISSION_DENIED, "CERTIFICATE_NAMES_NO_SERVICE")
    return found
