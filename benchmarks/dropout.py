"""Drop-out beside its baselines, in one run: alternates, replacements, over-draws.

Usage: python -m benchmarks.dropout [--pools DIR]

Pools that the project makes itself (240 people for 36 seats, 1,700 for 110), or those of a folder as
`benchmarks.pools` lays them out whose names end in the panel's size. Rates by two features, 0.70 to 0.95.
Alternates: as many as a fifth of the panel; expected loss on fresh scenarios beside the practitioners' choice
and nobody. Replacement: a sixth of the panel drops out; from the remaining pool and from the alternates.
Over-draw: beside the plain draw. Prints Markdown tables and the goals; exits 1 if one is missed. The engine
uses one processor, so the limits are held against processor seconds, which a busy machine does not stretch.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from benchmarks.pools import DISTRICTS
from demo.pool import make_pool
from services.sortition.dropout.alternates import Alternates, choose
from services.sortition.dropout.errors import DropoutError
from services.sortition.dropout.estimates import Estimate
from services.sortition.dropout.overdraw import overdraw
from services.sortition.dropout.rates import Rates
from services.sortition.dropout.replacement import draw, plan
from services.sortition.lottery.draw import solve
from services.sortition.lottery.errors import Infeasible
from services.sortition.lottery.problem import Problem
from services.sortition.spreadsheet.assemble import to_problem
from services.sortition.spreadsheet.respondents import read_respondents
from services.sortition.spreadsheet.targets import read_targets

OWN = ((240, 36), (1_700, 110))
CHOICE_LIMIT, REPLACEMENT_LIMIT = 30.0, 1.0
SEED = "benchmark"

T = TypeVar("T")
Goal = tuple[str, bool]


def pools(folder: Path | None) -> Iterator[tuple[str, Problem]]:
    if folder is None:
        for people, size in OWN:
            made = make_pool(seed=people, people=people, size=size, districts=DISTRICTS)
            yield f"invented_{people}_{size}", problem_of(made.respondents_csv(), made.targets_csv(), size)
        return
    for place in sorted(folder.iterdir()):
        seats = place.name.rpartition("_")[2]
        if place.is_dir() and seats.isdigit():
            pool, targets = place / "respondents.csv", place / "categories.csv"
            yield place.name, problem_of(pool.read_bytes(), targets.read_bytes(), int(seats))


def problem_of(respondents: bytes, targets: bytes, size: int) -> Problem:
    table = read_targets(targets)
    problem = to_problem(table, read_respondents(respondents, table), size)
    assert isinstance(problem, Problem), problem
    return problem


def rates_of(problem: Problem) -> Rates:
    """A rate per combination of the second and the last feature, from 0.70 to 0.95."""
    rng = random.Random(1)
    places = sorted({min(1, len(problem.features) - 1), len(problem.features) - 1})
    kinds = sorted({tuple(person.values[place] for place in places) for person in problem.people})
    features = tuple(problem.features[place] for place in places)
    return Rates(features, {kind: round(rng.uniform(0.70, 0.95), 2) for kind in kinds})


def timed(work: Callable[[], T]) -> tuple[T, float, float]:
    """(result, seconds by the clock, seconds of processor)."""
    clock, processor = time.perf_counter(), time.process_time()
    result = work()
    return result, time.perf_counter() - clock, time.process_time() - processor


def shown(estimate: Estimate) -> str:
    return f"{estimate.mean:.3f} ({estimate.low:.3f}–{estimate.high:.3f})"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pools", type=Path)
    goals: list[Goal] = []
    alternates, replacements, overdraws = [], [], []
    for name, problem in pools(parser.parse_args().pools):
        try:
            _, uniform = solve(problem, seed=SEED, panels=10)
        except Infeasible as error:
            print(f"{name}: {type(error).__name__}, left out")
            continue
        panel, rates = uniform.panels[0], rates_of(problem)
        made, row, met = of_alternates(name, problem, panel, rates)
        alternates.append(row)
        goals += met
        rows, met = of_replacements(name, problem, panel, made)
        replacements += rows
        goals += met
        overdraws.append(of_overdraw(name, problem, rates))
    print("\n| alternates for | of | s | processor s | gap | ours | usual choice | nobody | saved |")
    print("|---|---|---|---|---|---|---|---|---|")
    print("\n".join(alternates))
    print("\n| replacement | gone | candidates | s | processor s | limit | restored |")
    print("|---|---|---|---|---|---|---|")
    print("\n".join(replacements))
    print("\n| over-draw | drawn | expected to stay, before / after | expected loss, before / after | s |")
    print("|---|---|---|---|---|")
    print("\n".join(overdraws))
    print("\nGoals:")
    for text, reached in goals:
        print(f"- {'reached' if reached else 'MISSED'}: {text}")
    sys.exit(0 if all(reached for _, reached in goals) else 1)


def of_alternates(
    name: str, problem: Problem, panel: tuple[str, ...], rates: Rates
) -> tuple[Alternates, str, list[Goal]]:
    count = min(len(panel) // 5, len(problem.people) - len(panel))
    made, clock, processor = timed(lambda: choose(problem, panel, rates, count, SEED))
    row = (
        f"| {name} | {count} | {clock:.1f} | {processor:.1f} | {100 * made.gap:.1f} % "
        f"| {shown(made.optimal.loss)} | {shown(made.naive.loss)} | {shown(made.nobody.loss)} "
        f"| {shown(made.saved)} |"
    )
    goals = [
        (
            f"{name}: alternates within {CHOICE_LIMIT:.0f} s ({processor:.1f})",
            processor <= CHOICE_LIMIT,
        ),
        (
            f"{name}: less expected loss than the usual choice",
            made.saved.low > 0,
        ),
    ]
    return made, row, goals


def of_replacements(
    name: str, problem: Problem, panel: tuple[str, ...], made: Alternates
) -> tuple[list[str], list[Goal]]:
    gone = random.Random(2).sample(sorted(panel), max(1, len(panel) // 6))
    rest = {person.id for person in problem.people} - set(panel)
    rows, goals = [], []
    for source, candidates in (("remaining pool", rest), ("alternates", set(made.ids))):

        def replacement(candidates: set[str] = candidates) -> bool:
            planned = plan(problem, panel, gone, candidates)
            draw(planned, SEED)
            return planned.restores

        restored, clock, processor = timed(replacement)
        rows.append(
            f"| {name}, {source} | {len(gone)} | {len(candidates)} | {clock:.2f} | {processor:.2f} "
            f"| {REPLACEMENT_LIMIT:.0f} s | {'yes' if restored else 'least violation'} |"
        )
        text = f"{name}: replacement from the {source} within {REPLACEMENT_LIMIT:.0f} s ({processor:.2f})"
        goals.append((text, processor <= REPLACEMENT_LIMIT))
    return rows, goals


def of_overdraw(name: str, problem: Problem, rates: Rates) -> str:
    try:
        made, clock, _ = timed(lambda: overdraw(problem, rates, SEED))
    except DropoutError as error:
        return f"| {name} | {error} | | | |"
    assert made.plain is not None
    return (
        f"| {name} | {problem.size} → {made.size} "
        f"| {made.plain.expected_size:.1f} / {made.enlarged.expected_size:.1f} "
        f"| {shown(made.plain.expected_loss)} / {shown(made.enlarged.expected_loss)} | {clock:.1f} |"
    )


if __name__ == "__main__":
    main()
