"""Simulated annealing over swaps of two people (or of two sets of people who belong together) in one round.

Kirkpatrick, Gelatt and Vecchi 1983, in whole numbers throughout: temperatures are thousandths, and the
acceptance test compares a change with floor(temperature · -ln u) from a table, so that every platform takes
the same steps. It stops after a number of steps, never by time.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Context, Decimal
from functools import cache

from services.deliberation.grouping.randomness import Stream
from services.deliberation.grouping.state import Groups, State

STAGES = 60
_TABLE = 1024
# What a quota cell off by one costs while the tolerance lasts, and beyond it; a repeat costs 10.
MISS_TOLERATED = 5
MISS_BEYOND = 12
# Beyond the tolerance it rises to this in the second half of the search, which keeps the promise in the end.
MISS_BEYOND_AT_LAST = 30
# Of the swaps of several people at once that chance proposes, so many are tried.
UNIT_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Cooling:
    """Temperatures in thousandths of a price, from `start` geometrically down to `end` in STAGES stages."""

    start: int
    end: int

    def temperatures(self) -> list[int]:
        steps = STAGES - 1
        ratio = (Decimal(self.end) / Decimal(self.start)).ln(_CONTEXT)
        return [
            int(Decimal(self.start) * _CONTEXT.exp(_CONTEXT.divide(_CONTEXT.multiply(ratio, stage), steps)))
            for stage in range(STAGES)
        ]


_CONTEXT = Context(prec=18)

HOT = Cooling(8_000, 1_500)
WARM = Cooling(3_000, 1_500)


@dataclass(frozen=True, slots=True)
class Found:
    """The best groups of a search: `total` is the price it minimised, `misses` are those of State."""

    total: int
    seating: Groups
    misses: int


@cache
def _logarithms() -> tuple[int, ...]:
    """-ln of 1024 evenly spread probabilities, in thousandths, correctly rounded by `decimal`."""
    probabilities = (Decimal(2 * k + 1) / Decimal(2 * _TABLE) for k in range(_TABLE))
    return tuple(int(-1000 * _CONTEXT.ln(p)) for p in probabilities)


def limits_at(temperature: int) -> list[int]:
    """The greatest acceptable changes at a temperature, one of which is picked at random for each step."""
    return [temperature * value // 1_000_000 for value in _logarithms()]


def price_of_misses(misses: int, tolerated: int, beyond: int = MISS_BEYOND_AT_LAST) -> int:
    """What this many misses cost when the first `tolerated` are cheap and each other costs `beyond`."""
    return MISS_TOLERATED * misses + (beyond - MISS_TOLERATED) * max(misses - tolerated, 0)


def beyond_at(stage: int) -> int:
    """The price of a miss beyond the tolerance, by stage."""
    rise = max(2 * stage - STAGES, 0)
    return MISS_BEYOND + (MISS_BEYOND_AT_LAST - MISS_BEYOND) * rise // STAGES


def anneal(state: State, steps: int, tolerated: int, stream: Stream, cooling: Cooling) -> Found:
    """Improves `state` for `steps` steps; the best state at the end of a stage is returned.

    `tolerated`: how many quota cells may be off by one at the low price. Stops early when nobody meets twice
    and no cell is off.
    """
    cost = state.cost()
    start = cost + price_of_misses(state.misses, tolerated)
    best = Found(start, state.copy_seating(), state.misses)
    rounds = [
        r for r, people in enumerate(state.model.present) if state.model.groups[r] > 1 and len(people) > 1
    ]
    if not rounds:
        return best
    per_stage = max(steps // STAGES, 1)
    for stage, temperature in enumerate(cooling.temperatures()):
        if stage * per_stage >= steps or (best.total == 0 and best.misses == 0):
            break
        # The last stage only improves, so that no easy gain is left.
        limits = limits_at(0 if stage == STAGES - 1 else temperature)
        cost += _stage(state, per_stage, rounds, limits, (tolerated, beyond_at(stage)), stream)
        total = cost + price_of_misses(state.misses, tolerated)
        if total < best.total:
            best = Found(total, state.copy_seating(), state.misses)
    return best


def _stage(
    state: State,
    steps: int,
    rounds: list[int],
    limits: list[int],
    missing: tuple[int, int],
    stream: Stream,
) -> int:
    """One temperature; returns the change of the meetings' price. `State.change` of two is written out.

    `missing`: how many misses are tolerated, and the price of those beyond.
    """
    tolerated, dear = missing
    random, prices, met = stream.random, state.prices, state.met
    differs, kind, needs = state.differs, state.kind, state.needs
    all_alone = state.all_alone
    beyond = dear - MISS_TOLERATED
    misses = state.misses
    over = max(misses - tolerated, 0)
    gained = 0
    per_round = [
        (r, state.model.present[r], len(state.model.present[r]), state.group[r], state.pull[r], state.rise[r],
         state.fall[r], state.alone[r])
        for r in rounds
    ]  # fmt: skip
    places = len(per_round)
    for step in range(steps):
        r, people, n, group, pull, rise, fall, alone = per_round[step % places]
        a = people[int(random() * n)]
        b = people[int(random() * n)]
        g = group[a]
        h = group[b]
        if g == h:
            continue
        limit = limits[int(random() * _TABLE)]
        if not (all_alone or (alone[a] and alone[b])):
            # These take several times as long, so they are tried less often.
            if random() >= UNIT_SHARE:
                continue
            moved = _units(state, r, a, b, limit, missing, stream)
            if moved is not None:
                gained += moved
                misses = state.misses
                over = max(misses - tolerated, 0)
            continue
        to_a = pull[a]
        to_b = pull[b]
        cost = to_a[h] - to_a[g] + to_b[g] - to_b[h] - 2 * prices[met[a][b]]
        more = 0
        rise_g, rise_h, fall_g, fall_h = rise[g], rise[h], fall[g], fall[h]
        for p, q in differs[kind[a]][kind[b]]:
            more += fall_g[p] + rise_g[q] + rise_h[p] + fall_h[q]
        price = cost
        if more:
            excess = misses + more - tolerated
            price += MISS_TOLERATED * more + beyond * ((excess if excess > 0 else 0) - over)
        if price > limit or ((needs[a] or needs[b]) and state.needs_change(r, (a,), (b,)) > 0):
            continue
        state.swap(r, a, b)
        gained += cost
        if more:
            misses = state.misses
            over = max(misses - tolerated, 0)
    return gained


def _units(
    state: State, r: int, a: int, b: int, limit: int, missing: tuple[int, int], stream: Stream
) -> int | None:
    """Swaps those who move with a against as many who move with b; None if impossible or too dear."""
    sides = [list(state.unit[r][a]), list(state.unit[r][b])]
    for shorter, longer in ((0, 1), (1, 0)):
        lacking = len(sides[longer]) - len(sides[shorter])
        if lacking > 0:
            first = sides[shorter][0]
            pool = list(state.seating[r][state.group[r][first]])
            stream.shuffle(pool)
            for person in pool:
                unit = state.unit[r][person]
                if person not in sides[shorter] and len(unit) <= lacking:
                    sides[shorter].extend(unit)
                    lacking -= len(unit)
            if lacking:
                return None
    cost, more = state.change(r, *sides)
    price = cost + price_of_misses(state.misses + more, *missing) - price_of_misses(state.misses, *missing)
    if price > limit or state.needs_change(r, *sides) > 0:
        return None
    for one, other in zip(*sides, strict=True):
        state.swap(r, one, other)
    return cost
