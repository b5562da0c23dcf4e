"""Draw one pool with Borgerting in a process of its own. Prints one JSON object.

Usage: python -m benchmarks.lottery_run POOL_FOLDER SIZE
Seconds cover what a draw does after reading: the exact lottery with its proof, and 1,000 panels of people.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from services.sortition.lottery.draw import solve
from services.sortition.lottery.errors import LotteryError
from services.sortition.lottery.lottery import Method
from services.sortition.lottery.problem import Problem
from services.sortition.spreadsheet.assemble import to_problem
from services.sortition.spreadsheet.respondents import read_respondents
from services.sortition.spreadsheet.targets import read_targets

PANELS = 1_000


def read_problem(folder: Path, size: int) -> Problem:
    targets = read_targets(folder / "categories.csv")
    respondents = read_respondents(folder / "respondents.csv", targets)
    problem = to_problem(targets, respondents, size)
    if not isinstance(problem, Problem):
        raise SystemExit(f"{folder.name}: {[str(finding.reason) for finding in problem]}")
    return problem


def main() -> None:
    problem = read_problem(Path(sys.argv[1]), int(sys.argv[2]))
    started = time.perf_counter()
    try:
        exact, uniform = solve(problem, Method.LEXIMIN, "benchmark", PANELS)
    except LotteryError as error:
        seconds = time.perf_counter() - started
        print(json.dumps({"infeasible": type(error).__name__, "seconds": seconds}))
        return
    seconds = time.perf_counter() - started
    chances = {person.id: 0.0 for person in problem.people}
    for person_type, chance in zip(exact.types, exact.chances, strict=True):
        for member in person_type.members:
            chances[member] = float(chance)
    print(
        json.dumps(
            {
                "seconds": seconds,
                "people": len(problem.people),
                "types": len(exact.types),
                "chances": chances,
                "residual": float(exact.residual),
                "deviation": max(abs(float(uniform.chances[person]) - chances[person]) for person in chances),
                "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
        )
    )


if __name__ == "__main__":
    main()
