"""`python -m tests.faults`."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.house import fault_house
from tests.faults.kills import Result, batches


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults", description="Faults made for real, and a checker of what is left."
    )
    acts = parser.add_subparsers(dest="act", required=True)
    kills = acts.add_parser("kills", help="kill services with -9 at random, under load, and check")
    kills.add_argument("--kills", type=int, default=1000, help="how many at least (1000)")
    kills.add_argument("--each", type=int, default=50, help="how many per seed, then all is checked (50)")
    kills.add_argument("--seed", type=int, default=1, help="the first seed; each batch takes the next (1)")
    kills.add_argument("--folder", type=Path, help="where logs stay; else a temporary folder")
    arguments = parser.parse_args()
    return _kills(arguments)


def _kills(arguments: argparse.Namespace) -> int:
    began = time.monotonic()
    count = -(-arguments.kills // arguments.each)
    seeds = range(arguments.seed, arguments.seed + count)
    with tempfile.TemporaryDirectory(prefix="bt-faults-") as temporary:
        folder = arguments.folder or Path(temporary)
        with fault_house(folder) as house:
            result = batches(house, seeds, arguments.each, _say)
    for (service, step), number in sorted(result.deaths.items()):
        _say(f"{service:14}{step:22}{number:6}")
    for what, number in _totals(result).items():
        _say(f"{what:36}{number:6}")
    seconds = time.monotonic() - began
    _say(
        f"{result.kills} kills with seeds {seeds.start} to {seeds.stop - 1}, "
        f"{seconds:.0f} s: {len(result.found)} findings"
    )
    return 1 if result.found else 0


def _totals(result: Result) -> dict[str, int]:
    """How much there was that could have been lost or doubled."""
    ledgers = result.ledgers
    return {
        "commands acknowledged": sum(one.commands for one in ledgers),
        "draws": sum(len(one.draws) for one in ledgers),
        "promises": sum(len(one.initiatives) for one in ledgers if one.answers or one.wanted),
        "answers": sum(len(one.answers) for one in ledgers),
        "sign-ups": sum(len(one.sign_ups) for one in ledgers),
        "events told": result.told,
        "effects of events": result.effects,
    }


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a command


if __name__ == "__main__":
    sys.exit(main())
