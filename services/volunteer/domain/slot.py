"""A slot: when a task takes place, and for how many.

`confirmed` and `waiting` count its sign-ups and change only under the slot's lock. `version` counts what a
coordinator changes, so that a sign-up makes no form of theirs stale.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from chassis.errors import Code, DomainError, FieldViolation

MAX_CAPACITY = 1000
LONGEST = timedelta(hours=24)
FARTHEST = timedelta(days=3 * 366)

EDITABLE = frozenset({"start_time", "end_time", "time_zone", "capacity"})
_TIMES = frozenset({"start_time", "end_time", "time_zone"})


@dataclass(frozen=True, slots=True)
class SlotFields:
    """What a coordinator decides about a slot. None: left out."""

    start_time: datetime | None
    end_time: datetime | None
    time_zone: str
    capacity: int

    def checked(self, now: datetime) -> Timing:
        """Raises DomainError SLOT_INVALID with every wrong field."""
        found = []
        for field, instant in (("start_time", self.start_time), ("end_time", self.end_time)):
            if instant is None:
                found.append(FieldViolation(field, "REQUIRED"))
        if self.start_time is not None:
            if self.start_time <= now:
                found.append(FieldViolation("start_time", "SLOT_IN_THE_PAST"))
            elif self.start_time > now + FARTHEST:
                found.append(FieldViolation("start_time", "SLOT_TOO_FAR"))
        if self.start_time is not None and self.end_time is not None:
            if self.end_time <= self.start_time:
                found.append(FieldViolation("end_time", "ENDS_BEFORE_START"))
            elif self.end_time - self.start_time > LONGEST:
                found.append(FieldViolation("end_time", "SLOT_TOO_LONG"))
        if not _is_zone(self.time_zone):
            found.append(FieldViolation("time_zone", "TIME_ZONE_UNKNOWN"))
        if not 1 <= self.capacity <= MAX_CAPACITY:
            found.append(FieldViolation("capacity", "CAPACITY_OUT_OF_RANGE", {"limit": str(MAX_CAPACITY)}))
        if found or self.start_time is None or self.end_time is None:
            raise DomainError(Code.INVALID_ARGUMENT, "SLOT_INVALID", {}, tuple(found))
        return Timing(self.start_time, self.end_time, self.time_zone, self.capacity)


@dataclass(frozen=True, slots=True)
class Timing:
    """The same, found to be sound."""

    start: datetime
    end: datetime
    time_zone: str
    capacity: int


@dataclass(frozen=True, slots=True)
class Slot:
    """`last_number` is the queue's last ticket; tickets only grow, so they keep the order of arrival."""

    municipality: str
    task: UUID
    id: UUID
    start: datetime
    end: datetime
    time_zone: str
    capacity: int
    create_time: datetime
    update_time: datetime
    sequence: int = 0
    cancelled: bool = False
    confirmed: int = 0
    waiting: int = 0
    last_number: int = 0
    version: int = 1

    @property
    def name(self) -> str:
        return f"municipalities/{self.municipality}/tasks/{self.task}/slots/{self.id}"

    @property
    def vacant(self) -> int:
        """Places that nobody has."""
        return self.capacity - self.confirmed

    @property
    def free(self) -> int:
        """Places for somebody who comes now: who waits comes first."""
        return 0 if self.waiting or self.cancelled else self.vacant

    def to_come(self, now: datetime) -> bool:
        return not self.cancelled and self.start > now

    def overlaps(self, start: datetime, end: datetime) -> bool:
        """Back to back is no overlap."""
        return self.start < end and start < self.end

    def require_to_come(self, now: datetime) -> None:
        """Raises DomainError FAILED_PRECONDITION SLOT_CANCELLED or SLOT_OVER (it has begun)."""
        if self.cancelled:
            raise self._refusal("SLOT_CANCELLED")
        if self.start <= now:
            raise self._refusal("SLOT_OVER")

    def edited(self, fields: frozenset[str], wanted: SlotFields, now: datetime) -> Slot:
        """With `fields` taken from `wanted`. Raises DomainError SLOT_INVALID, SLOT_HAS_SIGN_UPS,
        CAPACITY_BELOW_CONFIRMED, and as `require_to_come`.
        """
        self.require_to_come(now)
        merged = SlotFields(
            wanted.start_time if "start_time" in fields else self.start,
            wanted.end_time if "end_time" in fields else self.end,
            wanted.time_zone if "time_zone" in fields else self.time_zone,
            wanted.capacity if "capacity" in fields else self.capacity,
        ).checked(now)
        times = (merged.start, merged.end, merged.time_zone)
        if times != (self.start, self.end, self.time_zone) and (self.confirmed or self.waiting):
            raise self._refusal("SLOT_HAS_SIGN_UPS", fields=sorted(fields & _TIMES))
        if merged.capacity < self.confirmed:
            raise self._refusal("CAPACITY_BELOW_CONFIRMED", fields=["capacity"])
        return replace(
            self,
            start=merged.start,
            end=merged.end,
            time_zone=merged.time_zone,
            capacity=merged.capacity,
            sequence=self.sequence + 1,
            version=self.version + 1,
            update_time=now,
        )

    def called_off(self, now: datetime) -> Slot:
        """Raises as `require_to_come`."""
        self.require_to_come(now)
        return replace(
            self, cancelled=True, sequence=self.sequence + 1, version=self.version + 1, update_time=now
        )

    def _refusal(self, reason: str, fields: list[str] | None = None) -> DomainError:
        metadata = {"slot": self.name, "confirmed": str(self.confirmed)}
        violations = tuple(FieldViolation(field, reason, metadata) for field in fields or ())
        return DomainError(Code.FAILED_PRECONDITION, reason, metadata, violations)


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError
        return False
    except KeyError:
        return False
    return True
