"""Seats and small figures beside baselines and bounds, in one run.

Seats: random populations of 2 to 12 values; how far largest remainder is from the unrounded shares, against
its bound (less than one seat) and against rounding each share to the nearest whole, which need not add up.
Crosses: random tables of two features, both margins. Small figures: an invented municipality's pool of 240, a
panel of 36 and the 27 who stayed, five features, then two crosses more; how many figures are hidden, against
hiding only those under 5 (the least there can be, and how many of those anyone can then solve for) and
against leaving out every table that has one. Prints Markdown tables and the goals; exits 1 if one is missed.
"""

from __future__ import annotations

import itertools
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

from benchmarks.pools import DISTRICTS
from demo.pool import make_pool
from services.sortition.lottery.suppression import SMALL
from services.sortition.representation.apportion import apportion
from services.sortition.representation.seats import seats
from services.sortition.representation.suppression import suppress
from services.sortition.representation.system import intervals
from services.sortition.representation.tables import complete
from services.sortition.representation.types import Cross, Key, PopulationCell, PopulationValue, Stage, Table

FEATURES = ("køn", "alder", "uddannelse", "bolig", "bydel")
CROSSES = (("køn", "alder"), ("alder", "bydel"))
POPULATIONS = 2_000
SEEDS = range(1, 11)
PANEL, STAYED = 36, 27

Goal = tuple[str, bool]


def seats_of_one_feature() -> list[Goal]:
    """Largest remainder and nearest rounding on the same populations."""
    rng = random.Random(1)
    most = {"largest remainder": Fraction(0), "nearest rounding": Fraction(0)}
    sums = dict.fromkeys(most, 0)
    started = time.perf_counter()
    for _ in range(POPULATIONS):
        people = [int(10 ** rng.uniform(1, 5)) + 1 for _ in range(rng.randint(2, 12))]
        size = rng.randint(10, min(200, sum(people)))
        shares = [Fraction(size * count, sum(people)) for count in people]
        made = apportion(people, size, [0] * len(people), people).seats
        nearest = [round(share) for share in shares]
        for name, given in (("largest remainder", made), ("nearest rounding", nearest)):
            furthest = max(abs(s - share) for s, share in zip(given, shares, strict=True))
            most[name] = max(most[name], furthest)
            sums[name] += sum(given) == size
    seconds = time.perf_counter() - started
    print(f"{POPULATIONS} populations, {seconds:.1f} s.\n")
    print("| seats | furthest from the share | bound | adds up to the panel |\n|---|---|---|---|")
    for name, bound in (("largest remainder", "< 1"), ("nearest rounding", "≤ 0.5")):
        print(f"| {name} | {float(most[name]):.3f} | {bound} | {100 * sums[name] / POPULATIONS:.1f} % |")
    return [
        ("largest remainder always adds up", sums["largest remainder"] == POPULATIONS),
        ("no value is a whole seat from its share", most["largest remainder"] < 1),
    ]


def seats_of_crosses() -> list[Goal]:
    """Crosses of invented populations: cells a whole seat or more from the fitted table, margins missed."""
    rows: dict[str, list[int]] = {"controlled rounding": [0, 0, 0], "nearest rounding": [0, 0, 0]}
    slowest = 0.0
    for seed in SEEDS:
        rng = random.Random(seed)
        sides = [[f"a{i}" for i in range(rng.randint(2, 6))], [f"b{i}" for i in range(rng.randint(3, 10))]]
        cells = {cell: int(10 ** rng.uniform(1.5, 4)) for cell in itertools.product(*sides)}
        values = [
            PopulationValue(feature, v, sum(n for cell, n in cells.items() if cell[axis] == v))
            for axis, feature in enumerate("ab")
            for v in sides[axis]
        ]
        cross = Cross(("a", "b"), tuple(PopulationCell(cell, count) for cell, count in cells.items()))
        started = time.perf_counter()
        made = seats(60, values, [cross])
        slowest = max(slowest, time.perf_counter() - started)
        margins = {v.value: v.seats for v in made.values}
        table = made.crosses[0].cells
        for name, given in (
            ("controlled rounding", [cell.seats for cell in table]),
            ("nearest rounding", [round(cell.fitted) for cell in table]),
        ):
            found: Counter[str] = Counter()
            for cell, count in zip(table, given, strict=True):
                rows[name][1] += abs(count - cell.fitted) >= 1
                for value in cell.values:
                    found[value] += count
            rows[name][0] += sum(found[value] != count for value, count in margins.items())
            rows[name][2] += len(margins)
    print(f"\n{len(SEEDS)} crosses, 60 seats, slowest {slowest:.2f} s.\n")
    print("| crosses | margins missed | cells a seat or more off |\n|---|---|---|")
    for name, (missed, off, of) in rows.items():
        print(f"| {name} | {missed} of {of} | {off} |")
    ours = rows["controlled rounding"]
    return [("every margin of every cross is met", ours[0] == 0), ("no cell is a seat off", ours[1] == 0)]


def _tables(seed: int, crosses: Sequence[tuple[str, ...]]) -> tuple[Table, ...]:
    """Pool, panel and the end of an invented municipality: whoever is drawn here is drawn by chance alone."""
    pool = make_pool(seed=seed, people=240, size=PANEL, districts=DISTRICTS).respondents
    panel = random.Random(seed).sample(pool, PANEL)
    stages = {Stage.POOL: pool, Stage.PANEL: panel, Stage.END: panel[:STAYED]}
    tables = []
    for features in (*((feature,) for feature in FEATURES), *crosses):
        cells = tuple(itertools.product(*(sorted({row[f] for row in pool}) for f in features)))
        counted = {s: Counter(tuple(row[f] for f in features) for row in rows) for s, rows in stages.items()}
        counts = {stage: tuple(found[cell] for cell in cells) for stage, found in counted.items()}
        tables.append(Table(tuple(features), cells, counts))
    return complete(tables)


def _solved_for(tables: Sequence[Table], secret: frozenset[Key], under: frozenset[Key]) -> int:
    """How many of the small figures the published ones pin."""
    return sum(low == high for key, (low, high) in intervals(tables, secret, {}).items() if key in under)


def small_figures(crosses: Sequence[tuple[str, ...]]) -> list[Goal]:
    """Shares of all figures hidden, over the seeds; and what solving for them finds."""
    total, small, ours, whole, naive_found, ours_found = 0, 0, 0, 0, 0, 0
    slowest = 0.0
    for seed in SEEDS:
        tables = _tables(seed, crosses)
        known = {
            Key(stage, table.features, cell): count
            for table in tables
            for stage, counts in table.counts.items()
            for cell, count in zip(table.cells, counts, strict=True)
        }
        under = frozenset(key for key, count in known.items() if count < SMALL)
        started = time.perf_counter()
        found = suppress(tables)
        slowest = max(slowest, time.perf_counter() - started)
        total, small, ours = total + len(known), small + len(under), ours + len(found.hidden)
        whole += sum(
            len(table.cells) for table in tables for counts in table.counts.values() if min(counts) < SMALL
        )
        naive_found += _solved_for(tables, under, under)
        ours_found += _solved_for(tables, found.hidden, under) + len(found.implied)
    name = f"{len(FEATURES)} features" + (f", {len(crosses)} crosses" if crosses else "")
    print(f"| {name} | only those under 5 | {100 * small / total:.1f} % | {naive_found} of {small} | |")
    print(f"| {name} | ours | {100 * ours / total:.1f} % | {ours_found} of {small} | {slowest:.1f} s |")
    print(f"| {name} | every table with one | {100 * whole / total:.1f} % | | |", flush=True)
    return [
        (f"{name}: no small figure can be solved for", ours_found == 0),
        (f"{name}: fewer figures hidden than by leaving tables out", ours < whole),
    ]


def main() -> int:
    print("# Representativeness\n")
    goals = seats_of_one_feature() + seats_of_crosses()
    print(f"\nSmall figures, seeds {SEEDS[0]} to {SEEDS[-1]}; pool 240, panel {PANEL}, end {STAYED}.\n")
    print("| tables | way | figures hidden | small figures solved for | slowest |\n|---|---|---|---|---|")
    goals += small_figures(()) + small_figures(CROSSES)
    print()
    for text, met in goals:
        print(f"{'met   ' if met else 'MISSED'} {text}")
    return 0 if all(met for _, met in goals) else 1


if __name__ == "__main__":
    sys.exit(main())
