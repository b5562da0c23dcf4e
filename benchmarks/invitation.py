"""Invitations beside baselines, in one run: a million rows streamed, and weighted letters beside simple.

Stream: a register of 1,000,000 invented people (the generator is `register_csv` below; seed 1), of whom
20,000 get a letter, at most one per address, by the command itself in a process of its own; beside it the
plain way, `csv.DictReader` into a list and `random.sample`. Seconds and memory include starting Python. Both
are one thread, so the goal is for processor time: where the machine has other things to do, the clock says
more.

Weighted: a register of 11,752 that would answer at 2.04 % in all, more eagerly in some types than in others
(`demo.pool.FEATURES`). The rates assumed are these; the true ones differ from them by a factor from 0.5 to 2,
log-uniform, either for every type on its own, or for the values of one feature chosen at random. In 1,000
simulations each, both samples are drawn anew and answered, with the same rates, and the pool is held against
the targets for a panel of 36: a panel exists (the lottery's own check), and each value has so many
volunteers per seat of its minimum. The difference is over pairs, with a 95 % interval.

Prints Markdown tables and the goals; exits 1 if one is missed.
Usage: python -m benchmarks.invitation [SIMULATIONS]
"""

from __future__ import annotations

import csv
import dataclasses
import itertools
import math
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.pools import DISTRICTS
from demo.pool import FEATURES, Feature
from services.sortition.invitation.choice import choose
from services.sortition.invitation.pool import Panels
from services.sortition.invitation.rates import WEIGHT
from services.sortition.invitation.register import Register, read
from services.sortition.invitation.sample import draw
from services.sortition.invitation.types import Design, Entry, Integers, Question, Rates, Reals
from services.sortition.lottery.problem import Target

ROWS, LETTERS = 1_000_000, 20_000
SECONDS, MEBIBYTES = 20.0, 500.0
PEOPLE, RATE, SIZE = 11_752, 0.0204, 36
SIMULATIONS = 1000
# Letters, and volunteers wanted per seat of a minimum; the last is the one that counts.
CASES = ((6_000, 1.0), (8_000, 2.0), (10_000, 3.0))
ALL_FEATURES = (*FEATURES, Feature("bydel", DISTRICTS, dict.fromkeys(DISTRICTS, 1.0)))

Goal = tuple[str, bool]


def register_csv(path: Path, people: int, seed: int) -> None:
    """Invented people: an id, five features by the population's shares, an address that two or so share."""
    rng = random.Random(seed)
    picks = [list(itertools.accumulate(f.population.values())) for f in ALL_FEATURES]
    values = [list(f.population) for f in ALL_FEATURES]
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["id", *(f.name for f in ALL_FEATURES), "adresse"])
        for number in range(people):
            own = [rng.choices(v, cum_weights=w)[0] for v, w in zip(values, picks, strict=True)]
            writer.writerow([f"P{number:07d}", *own, f"Møllestien {rng.randrange(people // 2)}"])


def targets() -> tuple[Target, ...]:
    """Every value's share of the panel, rounded down and up."""
    return tuple(
        Target(f.name, value, int(share * SIZE), int(share * SIZE) + 1)
        for f in ALL_FEATURES
        for value, share in f.population.items()
    )


def timed(command: Sequence[str]) -> tuple[float, float, float]:
    """(seconds, processor seconds, MiB at most) of a process that must succeed."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, command
    return time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


PLAIN = (
    "import csv, random, sys; rows = list(csv.DictReader(open(sys.argv[1], encoding='utf-8')));"
    "print([row['id'] for row in random.Random(1).sample(rows, int(sys.argv[2]))])"
)


def stream(folder: Path) -> list[Goal]:
    register_csv(folder / "register.csv", ROWS, 1)
    lines = [f"{t.feature},{t.value},{t.minimum},{t.maximum}" for t in targets()]
    (folder / "targets.csv").write_text("\n".join(["feature,value,min,max", *lines]), encoding="utf-8")
    command = [sys.executable, "-m", "services.sortition.commands.invitation", "sample"]
    command += ["--register", str(folder / "register.csv"), "--targets", str(folder / "targets.csv")]
    command += ["--size", str(SIZE), "--letters", str(LETTERS), "--rate", str(RATE), "--address", "adresse"]
    command += ["--seed", "bench", "--out", str(folder / "out")]
    ours = timed(command)
    plain = timed([sys.executable, "-c", PLAIN, str(folder / "register.csv"), str(LETTERS)])
    with (folder / "out" / "invited.csv").open(encoding="utf-8") as stream:
        invited = {row["id"] for row in csv.DictReader(stream)}
    print(f"{ROWS:,} rows, {LETTERS:,} letters, one per address, weighted, with the forecast.\n")
    print("| | seconds | processor | MiB at most | limit |\n|---|---|---|---|---|")
    for name, (wall, processor, memory), limit in (
        ("ours", ours, f"{SECONDS:.0f} s, {MEBIBYTES:.0f} MiB"),
        ("plain: all rows in a list, simple, addresses ignored", plain, ""),
    ):
        print(f"| {name} | {wall:.1f} | {processor:.1f} | {memory:.0f} | {limit} |", flush=True)
    return [
        (f"{ROWS:,} rows within {SECONDS:.0f} s of processor time", ours[1] <= SECONDS),
        (f"{ROWS:,} rows within {MEBIBYTES:.0f} MiB", ours[2] <= MEBIBYTES),
        ("as many letters as asked for", len(invited) == LETTERS),
    ]


def people_of_the_case() -> list[Entry]:
    rng = random.Random(PEOPLE)
    return [
        Entry(
            f"P{i:05d}",
            tuple(rng.choices(list(f.population), list(f.population.values()))[0] for f in ALL_FEATURES),
            "",
            i + 2,
        )
        for i in range(PEOPLE)
    ]


def assumed(register: Register) -> Reals:
    """Rates in proportion to the types' eagerness, 2.04 % in all."""
    eager = np.array(
        [
            math.prod(f.eagerness[value] for f, value in zip(ALL_FEATURES, cell, strict=True))
            for cell in register.cells
        ]
    )
    result: Reals = eager * RATE * len(register) / float(eager @ register.people)
    return result


def deviations(rng: np.random.Generator, panels: Panels, by_feature: bool) -> Reals:
    """True over assumed rates, per type: 0.5 to 2, log-uniform."""
    if not by_feature:
        free: Reals = np.exp(rng.uniform(math.log(0.5), math.log(2), len(panels.codes[0])))
        return free
    code = panels.codes[rng.integers(len(panels.codes))]
    shared: Reals = np.exp(rng.uniform(math.log(0.5), math.log(2), len(panels.minimum)))[code]
    return shared


def compare(simulations: int) -> list[Goal]:
    entries = people_of_the_case()
    first = read(entries, "0")
    rates = assumed(first)
    believed = Rates(WEIGHT * rates, WEIGHT * (1 - rates))
    asked = Question(tuple(f.name for f in ALL_FEATURES), targets(), SIZE)
    questions = [Panels(dataclasses.replace(asked, per_seat=per_seat), first.cells) for _, per_seat in CASES]
    weights = [
        choose(panels, first.people, believed, letters, "bench").chances
        for panels, (letters, _) in zip(questions, CASES, strict=True)
    ]
    equal = np.ones(len(first.cells))
    met = np.zeros((2, len(CASES), 2, simulations), dtype=bool)
    exists = met.copy()
    pools = np.zeros((2, len(CASES), 2))
    for s in range(simulations):
        register = read(entries, str(s))
        rng = np.random.default_rng(s)
        factors = [deviations(rng, questions[0], by_feature) for by_feature in (False, True)]
        for c, (panels, (letters, _)) in enumerate(zip(questions, CASES, strict=True)):
            for way, (weight, design) in enumerate(((equal, Design.SIMPLE), (weights[c], Design.WEIGHTED))):
                drawn = draw(register, weight, letters, str(s), design, one_per_address=False)
                sent = np.bincount(register.types[drawn.invited], minlength=len(rates))
                for scenario, factor in enumerate(factors):
                    pool: Integers = rng.binomial(sent, np.minimum(rates * factor, 1)).astype(np.int64)
                    pools[scenario, c, way] += pool.sum() / simulations
                    exists[scenario, c, way, s] = panels.exists(pool)
                    met[scenario, c, way, s] = exists[scenario, c, way, s] and panels.covered(pool).all()
    print(f"\nA register of {PEOPLE:,}, {simulations:,} simulated responses each, a panel of {SIZE}.\n")
    print("| true rates differ | letters | per seat | pool, simple / weighted | a panel exists "
          "| meets the targets | difference, 95 % interval |\n|---|---|---|---|---|---|---|")  # fmt: skip
    goals = []
    for scenario, name in enumerate(("by type", "by one feature's values")):
        for c, (letters, per_seat) in enumerate(CASES):
            low, mean, high = paired(met[scenario, c, 1], met[scenario, c, 0])
            size = " / ".join(f"{p:.0f}" for p in pools[scenario, c])
            there = " / ".join(f"{100 * e.mean():.1f} %" for e in exists[scenario, c])
            meets = " / ".join(f"{100 * m.mean():.1f} %" for m in met[scenario, c])
            difference = f"{100 * mean:+.1f} ({100 * low:+.1f} to {100 * high:+.1f}) points"
            print(f"| {name} | {letters:,} | {per_seat:g} | {size} | {there} | {meets} | {difference} |")
            goals.append(
                (f"weighted meets the targets more often: {name}, {letters:,}, {per_seat:g}", low > 0)
            )
    return goals


def paired(one: np.ndarray, other: np.ndarray) -> tuple[float, float, float]:
    """(low, mean, high) of the difference of two shares over the same simulations."""
    difference = one.astype(float) - other.astype(float)
    half = 1.96 * float(difference.std(ddof=1)) / math.sqrt(len(difference))
    mean = float(difference.mean())
    return mean - half, mean, mean + half


def main() -> int:
    simulations = int(sys.argv[1]) if len(sys.argv) > 1 else SIMULATIONS
    print("# Invitation\n")
    with tempfile.TemporaryDirectory() as folder:
        goals = stream(Path(folder))
    goals += compare(simulations)
    print()
    for text, reached in goals:
        print(f"{'met   ' if reached else 'MISSED'} {text}")
    return 0 if all(reached for _, reached in goals) else 1


if __name__ == "__main__":
    sys.exit(main())
