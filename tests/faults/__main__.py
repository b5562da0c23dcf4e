"""`python -m tests.faults`."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from tests.faults.faults import ALL, CannotBeMade, make
from tests.faults.house import FaultHouse, ready
from tests.faults.kills import Result, batches
from tests.faults.lines import lined_house
from tests.faults.replicas import TwinHouse, taken_over
from tests.faults.servers import SERVERS, busy
from tests.faults.steps import STEPS


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults", description="Faults made for real, and a checker of what is left."
    )
    acts = parser.add_subparsers(dest="act", required=True)
    kills = acts.add_parser("kills", help="kill services with -9 at random, under load, and check")
    kills.add_argument("--kills", type=int, default=1000, help="how many at least (1000)")
    kills.add_argument("--each", type=int, default=50, help="how many per seed, then all is checked (50)")
    kills.add_argument("--seed", type=int, default=1, help="the first seed; each batch takes the next (1)")
    replicas = acts.add_parser("replicas", help="two of each service: one killed at each step, then any")
    replicas.add_argument("--kills", type=int, default=200, help="how many at random, afterwards (200)")
    replicas.add_argument("--each", type=int, default=50, help="how many per seed, then all is checked (50)")
    replicas.add_argument("--seed", type=int, default=1, help="the first seed; each batch takes the next (1)")
    replicas.add_argument("names", nargs="*", metavar="SERVICE", help="whose steps; all when none")
    lines = acts.add_parser("lines", help="break broker, store and neighbours, and the lines between")
    lines.add_argument("names", nargs="*", metavar="FAULT", help=f"of {', '.join(ALL)}; all when none")
    servers = acts.add_parser("servers", help="three brokers, a standby, a full disk")
    servers.add_argument("names", nargs="*", metavar="FAULT", help=f"of {', '.join(SERVERS)}; all when none")
    for act in (kills, replicas, lines, servers):
        act.add_argument("--folder", type=Path, help="where logs stay; else a temporary folder")
    arguments = parser.parse_args()
    for name in getattr(arguments, "names", ()):
        if name not in (known := KNOWN[arguments.act]):
            parser.error(f"there is no fault {name!r}; there are: {', '.join(known)}")
    with tempfile.TemporaryDirectory(prefix="bt-faults-") as temporary:
        folder = arguments.folder or Path(temporary)
        match arguments.act:
            case "kills":
                return _kills(arguments, folder)
            case "replicas":
                return _replicas(arguments, folder)
            case "lines":
                return _lines(arguments.names, folder)
            case _:
                return _servers(arguments.names, folder)


KNOWN: dict[str, Collection[str]] = {"lines": ALL, "servers": SERVERS, "replicas": STEPS}


def _kills(arguments: argparse.Namespace, folder: Path) -> int:
    with ready(FaultHouse, folder) as house:
        return _at_random(arguments, house)


def _replicas(arguments: argparse.Namespace, folder: Path) -> int:
    with ready(TwinHouse, folder) as house:
        found = taken_over(house, arguments.names or list(STEPS), _say)
        return _at_random(arguments, house) or bool(found)


def _at_random(arguments: argparse.Namespace, house: FaultHouse) -> int:
    began = time.monotonic()
    count = -(-arguments.kills // arguments.each)
    seeds = range(arguments.seed, arguments.seed + count)
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


def _lines(names: Sequence[str], folder: Path) -> int:
    with lined_house(folder) as house, busy(house, "linjeby") as stream:
        return _each(names or list(ALL), lambda name: make(ALL[name], house, stream))


def _servers(names: Sequence[str], folder: Path) -> int:
    return _each(names or list(SERVERS), lambda name: SERVERS[name](folder / name.replace(" ", "-"), _say))


def _each(names: Sequence[str], act: Callable[[str], list[str]]) -> int:
    """Make each, and say how it went."""
    failed = 0
    for name in names:
        began = time.monotonic()
        try:
            found = act(name)
        except CannotBeMade as error:
            _say(f"{name}: NOT MADE, {error}")
            continue
        except Exception:
            traceback.print_exc(limit=-3)
            found = ["it was not over"]
        failed += bool(found)
        _say(f"{name}: {time.monotonic() - began:.0f} s, {len(found)} findings")
        for finding in found:
            _say(f"  {finding}")
    return 1 if failed else 0


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - a command


if __name__ == "__main__":
    sys.exit(main())
