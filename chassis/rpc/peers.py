"""Which of our own services is at the other end of a call."""

from __future__ import annotations

import grpc

LOCAL_IDENTITY = "borgerting_service"
"""The identity's key on a local channel. What a TCP peer proves of itself stands under TLS's keys."""


def calling_service(context: grpc.ServicerContext) -> str | None:
    """The neighbour's name; None when nobody vouches for the peer being one."""
    if context.peer_identity_key() != LOCAL_IDENTITY:
        return None
    names = list(context.peer_identities() or ())
    return names[0].decode() if len(names) == 1 else None
