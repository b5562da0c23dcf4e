"""The makers of UUIDv7 (RFC 9562). Use uuid.uuid4 for people and all that is anonymous: v7 shows time."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from uuid import UUID

from chassis.clock import Clock


def uuid7(clock: Clock) -> UUID:
    """48 bits of Unix milliseconds, the version, 12 random bits, the variant, 62 random bits."""
    milliseconds = int(clock.now().timestamp() * 1000)
    value = (milliseconds & ((1 << 48) - 1)) << 80 | 0x7 << 76
    value |= secrets.randbits(12) << 64 | 0b10 << 62 | secrets.randbits(62)
    return UUID(int=value)


def derived_uuid7(time: datetime, purpose: str) -> UUID:
    """The same id for the same purpose and time, however often it is made: what is made anew after a loss is
    then the same thing to those who know it. Its other bits are of the purpose's SHA-256.
    """
    milliseconds = int(time.timestamp() * 1000)
    bits = int.from_bytes(hashlib.sha256(purpose.encode()).digest(), "big")
    value = (milliseconds & ((1 << 48) - 1)) << 80 | 0x7 << 76
    value |= (bits & 0xFFF) << 64 | 0b10 << 62 | (bits >> 12) & ((1 << 62) - 1)
    return UUID(int=value)
