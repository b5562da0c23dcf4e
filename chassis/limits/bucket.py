"""A token bucket, kept as one instant: the generic cell rate algorithm (ITU-T I.371, annex A)."""

from __future__ import annotations

_ROUNDING = 1e-6
"""Seconds; of a clock that counts from the machine's start as well as of the sums here."""


class Bucket:
    """`rate` requests a second, and `burst` (at least 1) at once after a rest. Not for several threads."""

    __slots__ = ("_depth", "_full_at", "_interval")

    def __init__(self, rate: float, burst: int) -> None:
        self._interval = 1.0 / rate
        self._depth = self._interval * (burst - 1)
        # When it will be full again if nothing more is taken.
        self._full_at = float("-inf")

    def take(self, now: float, patience: float = 0.0) -> float:
        """After how many seconds one more may go on: 0.0 is at once. Where that is more than `patience`,
        nothing was taken; else the turn is the caller's. `now` in seconds, never falling.
        """
        full_at = self._full_at
        if full_at < now:
            full_at = now
        wait = full_at - self._depth - now
        if wait < _ROUNDING:
            wait = 0.0
        if wait > patience:
            return wait
        self._full_at = full_at + self._interval
        return wait

    def lately(self, now: float) -> float:
        """How many of the latest it still remembers: above 1, they came faster than the rate."""
        return (self._full_at - now) / self._interval
