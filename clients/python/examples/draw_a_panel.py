"""Draw a panel from a file of targets and a file of volunteers, for a trial.

    BORGERTING_TOKEN=… python draw_a_panel.py --suite 127.0.0.1:9090 --plain \\
      --municipality havnsted --targets targets.csv --pool pool.csv --size 36
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from borgerting.sortition.v1 import draw_service_pb2 as draws
from borgerting.sortition.v1 import selection_service_pb2 as selections
from borgerting_client import Borgerting, BorgertingError

UNDER_WAY = (draws.Draw.STATE_QUEUED, draws.Draw.STATE_RUNNING)


def draw(suite: Borgerting, municipality: str, targets: bytes, pool: bytes, size: int) -> draws.Draw:
    """A draw with a seed, for a trial: a real one is made in public (MODE_PUBLIC)."""
    selection = suite.selections.CreateSelection(
        selections.CreateSelectionRequest(
            parent=f"municipalities/{municipality}",
            selection=selections.Selection(title="A trial", size=size),
        )
    )
    # A pool may have a million rows: give the upload its time.
    read = suite.selections.ImportTargets(
        selections.ImportTargetsRequest(name=selection.name, file=targets), timeout=120
    )
    imported = suite.selections.ImportPool(
        selections.ImportPoolRequest(name=selection.name, file=pool), timeout=120
    )
    for error in (*read.errors, *imported.errors):
        print(f"row {error.row}, {error.column}: {error.message}", file=sys.stderr)
    drawn = suite.draws.CreateDraw(
        draws.CreateDrawRequest(
            parent=selection.name, draw=draws.Draw(mode=draws.Draw.MODE_SEEDED, seed="a trial")
        )
    )
    while drawn.state in UNDER_WAY:
        time.sleep(0.5)
        drawn = suite.draws.GetDraw(draws.GetDrawRequest(name=drawn.name))
    return drawn


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--suite", required=True, help="host:port of the suite's gRPC")
    parser.add_argument("--plain", action="store_true", help="the suite is a trial without certificates")
    parser.add_argument("--municipality", required=True)
    parser.add_argument("--targets", required=True, type=Path)
    parser.add_argument("--pool", required=True, type=Path)
    parser.add_argument("--size", required=True, type=int)
    given = parser.parse_args()
    token = os.environ["BORGERTING_TOKEN"]
    with Borgerting(given.suite, token=token, tls=not given.plain, language="en") as suite:
        try:
            drawn = draw(
                suite, given.municipality, given.targets.read_bytes(), given.pool.read_bytes(), given.size
            )
        except BorgertingError as error:
            for wrong in error.violations:
                print(f"{wrong.field}: {wrong.message}", file=sys.stderr)
            raise SystemExit(f"{error} (correlation id {error.correlation_id})") from None
    print(f"{draws.Draw.State.Name(drawn.state)}: {drawn.failure.message or f'a panel of {drawn.size}'}")


if __name__ == "__main__":
    main()
