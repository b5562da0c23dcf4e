"""How likely each type is to stay: participation rates, given or estimated from earlier assemblies.

A rate is the probability that somebody of a type who was drawn takes part to the end. People stay or drop
out independently of one another (the model of Assos, Baharav, Flanigan and Procaccia, 'Alternates,
assemble!', EC 2025, section 2).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.sortition.dropout.errors import BadInput, Reason
from services.sortition.lottery.problem import Person

# An earlier assembly's type counts as much as this many people of the overall rate weigh against it.
PRIOR_STRENGTH = 10.0


@dataclass(frozen=True, slots=True)
class Rates:
    """Participation rates, 0 … 1, per combination of values of `features`; `default` for all others.

    No `features` and one entry `()` is one rate for everybody.
    """

    features: tuple[str, ...]
    table: Mapping[tuple[str, ...], float]
    default: float | None = None

    def __post_init__(self) -> None:
        rates = [*self.table.items(), *([((), self.default)] if self.default is not None else [])]
        faults = [
            Reason("RATE_OUT_OF_RANGE", {"place": " × ".join(values) or "–", "rate": f"{rate:g}"})
            for values, rate in rates
            if not 0.0 <= rate <= 1.0
        ]
        if faults:
            raise BadInput(faults)

    def per_person(self, features: Sequence[str], people: Iterable[Person]) -> dict[str, float]:
        """Everyone's rate by id. Raises BadInput: each combination without a rate, an unknown feature."""
        unknown = [feature for feature in self.features if feature not in features]
        if unknown:
            raise BadInput([Reason("RATE_FEATURE_UNKNOWN", {"feature": feature}) for feature in unknown])
        places = [list(features).index(feature) for feature in self.features]
        rates: dict[str, float] = {}
        missing: set[tuple[str, ...]] = set()
        for person in people:
            values = tuple(person.values[place] for place in places)
            rate = self.table.get(values, self.default)
            if rate is None:
                missing.add(values)
            else:
                rates[person.id] = rate
        if missing:
            raise BadInput(
                [Reason("RATE_MISSING", {"place": " × ".join(values) or "–"}) for values in sorted(missing)]
            )
        return rates


@dataclass(frozen=True, slots=True)
class Earlier:
    """One type in earlier assemblies: how many of its people `started`, and how many of those `stayed`."""

    values: tuple[str, ...]
    started: int
    stayed: int


def estimate(
    features: tuple[str, ...], earlier: Sequence[Earlier], strength: float = PRIOR_STRENGTH
) -> Rates:
    """Rates from earlier assemblies, drawn towards the overall rate where a type had few people.

    Posterior mean under a beta prior of `strength` people at the overall rate (stayed + 1) / (started + 2),
    Laplace's rule of succession: (stayed + strength · overall) / (started + strength) per type. Types that
    never started get the overall rate. Raises BadInput when more stayed than started, or a count is negative.
    """
    faults = [
        Reason("STAYED_OVER_STARTED", {"place": " × ".join(row.values) or "–"})
        for row in earlier
        if not 0 <= row.stayed <= row.started
    ]
    if faults:
        raise BadInput(faults)
    started, stayed = sum(row.started for row in earlier), sum(row.stayed for row in earlier)
    overall = (stayed + 1) / (started + 2)
    sums: dict[tuple[str, ...], tuple[int, int]] = {}
    for row in earlier:
        before = sums.get(row.values, (0, 0))
        sums[row.values] = (before[0] + row.started, before[1] + row.stayed)
    table = {
        values: (there + strength * overall) / (n + strength) if n + strength else overall
        for values, (n, there) in sums.items()
    }
    return Rates(features, table, overall)
