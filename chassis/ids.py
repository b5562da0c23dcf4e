"""The one maker of UUIDv7 (RFC 9562). Use uuid.uuid4 for people and all that is anonymous: v7 shows time."""

from __future__ import annotations

import secrets
from uuid import UUID

from chassis.clock import Clock


def uuid7(clock: Clock) -> UUID:
    """48 bits of Unix milliseconds, the version, 12 random bits, the variant, 62 random bits."""
    milliseconds = int(clock.now().timestamp() * 1000)
    value = (milliseconds & ((1 << 48) - 1)) << 80 | 0x7 << 76
    value |= secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    return UUID(int=value)
