"""What members' ballots said of an initiative: counts, the base, and the share that follows.

Shares are compared in integers and never rounded up: 16 of 23 is less than 70 percent, and is shown as less.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from chassis.errors import FieldViolation

MOST = 1_000_000


class Base(StrEnum):
    """What the share is of."""

    FOR_AND_AGAINST = "FOR_AND_AGAINST"
    CAST = "CAST"
    ENTITLED = "ENTITLED"
    PRESENT = "PRESENT"


@dataclass(frozen=True, slots=True)
class Support:
    """Ballots by what they say, members who could vote, members who were there (0 when nobody counted).

    `base` None is one that was not said; `violations` refuses it.
    """

    in_favour: int
    against: int
    abstain: int
    entitled: int
    present: int
    base: Base | None

    @property
    def cast(self) -> int:
        return self.in_favour + self.against + self.abstain

    @property
    def denominator(self) -> int:
        """How many the share is of; 0 makes the share undefined."""
        if self.base is Base.FOR_AND_AGAINST:
            return self.in_favour + self.against
        if self.base is Base.CAST:
            return self.cast
        return self.present if self.base is Base.PRESENT else self.entitled

    @property
    def per_mille(self) -> int | None:
        """Thousandths of the base, rounded down; None, never 0, when there is no base."""
        return self.in_favour * 1000 // self.denominator if self.denominator else None

    @property
    def is_majority(self) -> bool:
        """More than half of the base."""
        return 2 * self.in_favour > self.denominator

    def violations(self, field: str = "support") -> list[FieldViolation]:
        """Every count that cannot be, and sums that do not add up."""
        counts = {
            "for": self.in_favour,
            "against": self.against,
            "abstain": self.abstain,
            "entitled": self.entitled,
            "present": self.present,
        }
        found = [
            FieldViolation(f"{field}.{name}", "COUNT_INVALID", {"limit": str(MOST)})
            for name, count in counts.items()
            if not 0 <= count <= MOST
        ]
        if self.base is None:
            found.append(FieldViolation(f"{field}.base", "BASE_REQUIRED"))
        if found:
            return found
        entitled = {"cast": str(self.cast), "entitled": str(self.entitled)}
        if self.cast > self.entitled:
            found.append(FieldViolation(f"{field}.entitled", "BALLOTS_EXCEED_ENTITLED", entitled))
        if self.present > self.entitled:
            exceeding = {"present": str(self.present), "entitled": str(self.entitled)}
            found.append(FieldViolation(f"{field}.present", "PRESENT_EXCEED_ENTITLED", exceeding))
        if self.base is Base.PRESENT and self.present < self.cast:
            counted = {"cast": str(self.cast), "present": str(self.present)}
            found.append(FieldViolation(f"{field}.present", "BALLOTS_EXCEED_PRESENT", counted))
        return found
