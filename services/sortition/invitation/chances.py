"""Each type's chance end to end: of a letter, of volunteering, of a seat; and why a type has none.

End-to-end chances from invitation to panel are what Flanigan, Gölz, Gupta and Procaccia ask to equalise
('Neutralizing self-selection bias in sampling for sortition', NeurIPS 2020). The last step is computed on the
*expected* pool: the lottery's leximin over its linear relaxation, with the expected volunteers of each type
(people x letter x rate) as the most that it can seat. That is the limit for large pools; in a small one a
rare type's own chance scatters around it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from services.sortition.invitation.pool import Panels
from services.sortition.invitation.types import Integers, Reals
from services.sortition.lottery.errors import InfeasibleTargets
from services.sortition.lottery.relaxation import relaxed_leximin

# A chance under this is the solver's rounding, not a chance.
_NOTHING = 1e-9


class NoChance(StrEnum):
    """Why a type has no chance of a seat."""

    NO_LETTER = "NO_LETTER"
    NO_REPLY = "NO_REPLY"
    NO_SEAT = "NO_SEAT"


@dataclass(frozen=True, slots=True)
class EndToEnd:
    """Per type: expected volunteers, chance of a seat of one person of the register, why it is 0 (or None).

    `seats` is None where the expected pool holds no panel at all: then no chance can be told.
    """

    expected: Reals
    seats: Reals | None
    why: tuple[NoChance | None, ...]


def end_to_end(panels: Panels, people: Integers, letters: Reals, rates: Reals) -> EndToEnd:
    """`letters` and `rates` per type are chances, 0 … 1; `people` (T) those in the register."""
    expected = people * letters * rates
    why: list[NoChance | None] = [
        NoChance.NO_LETTER if not letter else NoChance.NO_REPLY if not rate else None
        for letter, rate in zip(letters.tolist(), rates.tolist(), strict=True)
    ]
    present = np.flatnonzero(expected > 0)
    if not len(present):
        return EndToEnd(expected, None, tuple(why))
    try:
        _, counts = relaxed_leximin(panels.polytope(present, expected[present]), np.zeros(0, dtype=np.int32))
    except InfeasibleTargets:
        return EndToEnd(expected, None, tuple(why))
    seats = np.zeros(len(people))
    seats[present] = np.where(counts / expected[present] > _NOTHING, counts / people[present], 0.0)
    for t in present.tolist():
        if not seats[t]:
            why[t] = NoChance.NO_SEAT
    return EndToEnd(expected, seats, tuple(why))
