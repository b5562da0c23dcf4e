"""Where time comes from. Nothing below the command line asks the system for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The present instant, timezone-aware, in UTC."""


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's clock, moved by `shift` (scenarios must pass years)."""

    shift: timedelta = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.shift


@dataclass(slots=True)
class FixedClock:
    """A clock that stands still until it is set."""

    instant: datetime

    def now(self) -> datetime:
        return self.instant
