"""Run sortition-algorithms on one pool, in its own process and environment. Prints one JSON object.

Usage: python sortition_algorithms_run.py POOL_FOLDER SIZE leximin|maximin BACKEND
Seconds cover the search for the lottery only: neither imports nor reading the files.
"""

from __future__ import annotations

import csv
import json
import sys
import time
from pathlib import Path


def _rows(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        rows = list(reader)
        return list(reader.fieldnames or ()), rows


def main() -> None:
    folder, size, method, backend = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
    import gurobipy
    from sortition_algorithms.committee_generation import find_distribution_leximin, find_distribution_maximin
    from sortition_algorithms.features import read_in_features
    from sortition_algorithms.people import read_in_people
    from sortition_algorithms.settings import Settings

    head, body = _rows(folder / "categories.csv")
    features, _, _ = read_in_features(head, body, number_to_select=size)
    head, body = _rows(folder / "respondents.csv")
    settings = Settings(id_column=head[0], columns_to_keep=[], solver_backend=backend)
    people, _ = read_in_people(head, body, features, settings)
    find = {"leximin": find_distribution_leximin, "maximin": find_distribution_maximin}[method]

    started = time.perf_counter()
    try:
        panels, probabilities, report = find(features, people, size, [], backend)
    except gurobipy.GurobiError as error:
        # The bundled licence refuses models above a size: say so, the caller runs maximin instead.
        print(json.dumps({"refused": str(error), "seconds": time.perf_counter() - started}))
        return
    seconds = time.perf_counter() - started
    text = report.as_text()
    if "Switching" in text or f"Using {method}" not in text:
        raise SystemExit(f"the peer did not run {method}: {text[:400]}")
    chances = dict.fromkeys((row[head[0]] for row in body), 0.0)
    total = sum(probabilities)
    for panel, probability in zip(panels, probabilities, strict=True):
        for person in panel:
            chances[person] += probability / total
    print(json.dumps({"seconds": seconds, "chances": chances}))


if __name__ == "__main__":
    main()
