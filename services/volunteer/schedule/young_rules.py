"""The hour rules for people under 18, as dated data with their source.

A change of law is a new `RuleSet` with a later `first`; what was worked before keeps the rules of its date.
A municipality may hold its volunteers to stricter sets of its own: the check takes any.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time


@dataclass(frozen=True, slots=True)
class Band:
    """The limits of an age (`youngest` … `oldest`, in full years), in minutes of work.

    `in_school`: for those in compulsory schooling (True), those past it (False), or both (None). Work lies
    between the local times `earliest` and `latest`. `rest`: minutes in a row in each 24 hours. `free_days`:
    days in a row in each 7. More than `break_after` minutes in a day take a break of `break_minutes`.
    """

    youngest: int
    oldest: int
    in_school: bool | None
    school_day: int
    other_day: int
    school_week: int
    other_week: int
    rest: int
    earliest: time = time(6)
    latest: time = time(20)
    free_days: int = 2
    break_after: int = 270
    break_minutes: int = 30


@dataclass(frozen=True, slots=True)
class RuleSet:
    """What holds from `first` to `last` (None: until further notice). Whoever no band fits may not work,
    if they are under 18."""

    first: date
    last: date | None
    source: str
    bands: tuple[Band, ...]


_H = 60
_BANDS = (
    Band(13, 14, None, 2 * _H, 7 * _H, 12 * _H, 35 * _H, 14 * _H),
    Band(15, 17, True, 2 * _H, 8 * _H, 12 * _H, 40 * _H, 14 * _H),
    Band(15, 17, False, 8 * _H, 8 * _H, 40 * _H, 40 * _H, 12 * _H),
)

# The reform of 2025 widened what the young may do; its hours are those from before.
DANISH: tuple[RuleSet, ...] = (
    RuleSet(
        date(2005, 4, 16),
        date(2024, 12, 31),
        "Arbejdsmiljøloven §§ 59-62 a; bekendtgørelse nr. 239 af 6. april 2005 om unges arbejde",
        _BANDS,
    ),
    RuleSet(
        date(2025, 1, 1),
        None,
        "Arbejdsmiljøloven §§ 59-62 a; bekendtgørelse om unges arbejde, i kraft 1. januar 2025",
        _BANDS,
    ),
)
