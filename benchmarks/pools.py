"""Pools for benchmarks.lottery that anyone may make: invented people, from small to a nation.

Usage: python -m benchmarks.pools FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

from demo.pool import make_pool

SIZES = ((100, 20), (240, 36), (500, 45), (1_700, 110), (20_000, 200))
DISTRICTS = {"nord": 0.30, "havnen": 0.25, "syd": 0.20, "marken": 0.15, "øen": 0.10}


def main() -> None:
    for people, size in SIZES:
        folder = Path(sys.argv[1]) / f"invented_{people}_{size}"
        folder.mkdir(parents=True, exist_ok=True)
        pool = make_pool(seed=people, people=people, size=size, districts=DISTRICTS)
        # Contact details are no part of a lottery.
        contact = {"navn", "adresse", "e-mail", "telefon"}
        pool.respondents[:] = [{k: v for k, v in row.items() if k not in contact} for row in pool.respondents]
        (folder / "respondents.csv").write_bytes(pool.respondents_csv())
        (folder / "categories.csv").write_bytes(pool.targets_csv())


if __name__ == "__main__":
    main()
