"""The exact lottery against sortition-algorithms, on every pool of a folder, in one run.

Each side runs in its own process on one core; imports and reading are not counted. Ours finds the exact
leximin lottery with its proof AND 1,000 panels of people; the peer finds its lottery only. Pools wait in one
queue for two lanes, a core each, so that both sides see the same machine. The peer is stopped at 600 s.
Prints a Markdown table and the goals; exits 1 when one is missed.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import queue
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.peers.environment import ROOT, peer_python

PEER_LIMIT_S = 600
OURS_LIMIT_S = 900
# Leximin compares sorted chances at their first difference; over 1e-6 is the coarse look. The peer stops
# short of its levels by up to about 1e-6, on many people at once, and what they lose lands on a few higher
# up: the fine look, over 1e-9, sees where the loss begins.
COARSE, FINE = 1e-6, 1e-9
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass
class Run:
    """What one side did on one pool. `chances` by id; `refused` says that the peer's licence stopped it."""

    seconds: float
    chances: dict[str, float] = field(default_factory=dict)
    stopped: bool = False
    refused: str = ""
    method: str = "leximin"
    facts: dict[str, float] = field(default_factory=dict)
    infeasible: str = ""


@dataclass
class Pool:
    folder: Path
    size: int
    people: int
    ours: Run | None = None
    peer: Run | None = None

    @property
    def peer_is_leximin(self) -> bool:
        return self.peer is not None and self.peer.method == "leximin"

    @property
    def ratio(self) -> float:
        assert self.ours is not None
        assert self.peer is not None
        return self.peer.seconds / self.ours.seconds


def pools_of(folder: Path) -> list[Pool]:
    """Every sub-folder with respondents.csv and categories.csv; its name ends with the panel's size."""
    found = []
    for respondents in sorted(folder.glob("*/respondents.csv")):
        size = respondents.parent.name.rpartition("_")[2]
        if not size.isdigit() or not respondents.with_name("categories.csv").is_file():
            raise SystemExit(
                f"{respondents.parent.name}: a pool needs categories.csv and a name ending in _SIZE"
            )
        people = sum(1 for _ in respondents.open(encoding="utf-8")) - 1
        found.append(Pool(respondents.parent, int(size), people))
    if not found:
        raise SystemExit(f"no pool in {folder}: expected folders with respondents.csv and categories.csv")
    return found


def run_process(command: Sequence[str], core: int, limit: float) -> tuple[dict[str, Any] | None, float]:
    """One JSON object from a process tied to one core, or None when it was stopped at the limit (seconds)."""
    started = time.perf_counter()
    process = subprocess.Popen(
        ["taskset", "--cpu-list", str(core), *command],
        cwd=ROOT,
        env={**os.environ, **ONE_THREAD},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        output, errors = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return None, limit
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{errors[-2000:]}")
    # A solver may write lines of its own to stdout before ours.
    return json.loads(output.strip().splitlines()[-1]), time.perf_counter() - started


def run_ours(pool: Pool, core: int) -> Run:
    command = [sys.executable, "-m", "benchmarks.lottery_run", str(pool.folder.resolve()), str(pool.size)]
    runs: list[dict[str, Any]] = []
    # The short ones are repeated: on a shared machine a single second says little.
    while not runs or (len(runs) < 3 and runs[0]["seconds"] < 5):
        answer, _ = run_process(command, core, OURS_LIMIT_S)
        if answer is None:
            return Run(OURS_LIMIT_S, stopped=True)
        runs.append(answer)
    seconds = statistics.median(run["seconds"] for run in runs)
    answer = runs[0]
    if "infeasible" in answer:
        return Run(seconds, infeasible=answer["infeasible"])
    facts = {key: float(answer[key]) for key in ("types", "residual", "deviation", "peak_mib")}
    return Run(seconds, answer["chances"], facts=facts)


def run_peer(pool: Pool, core: int, python: Path) -> Run:
    """Its leximin with CBC; where the bundled licence refuses the size, its maximin, labelled."""
    script = Path(__file__).parent / "peers" / "sortition_algorithms_run.py"
    refused = ""
    for method in ("leximin", "maximin"):
        command = [str(python), str(script), str(pool.folder.resolve()), str(pool.size), method, "mip-cbc"]
        answer, seconds = run_process(command, core, PEER_LIMIT_S)
        if answer is None:
            return Run(seconds, stopped=True, method=method, refused=refused)
        if "refused" not in answer:
            return Run(answer["seconds"], answer["chances"], method=method, refused=refused)
        refused = str(answer["refused"])
    raise SystemExit(f"{pool.folder.name}: the peer's maximin was refused too: {refused}")


def lane(core: int, work: queue.Queue[Pool], python: Path, failures: list[BaseException]) -> None:
    while True:
        try:
            pool = work.get_nowait()
        except queue.Empty:
            return
        try:
            pool.ours = run_ours(pool, core)
            print(f"{pool.folder.name}: ours {pool.ours.seconds:.2f} s", file=sys.stderr, flush=True)
            if not pool.ours.infeasible:
                pool.peer = run_peer(pool, core, python)
                print(f"{pool.folder.name}: peer {time_of(pool.peer)}", file=sys.stderr, flush=True)
        except BaseException as error:  # a thread's SystemExit would vanish: the main thread raises it
            failures.append(error)
            return


def gini(values: Iterable[float]) -> float:
    """Gini coefficient of non-negative numbers: 0 when all are equal."""
    ordered = sorted(values)
    total = sum(ordered)
    weighted = sum((2 * i - len(ordered) + 1) * value for i, value in enumerate(ordered))
    return weighted / (len(ordered) * total)


def first_difference(ours: Run, peer: Run, threshold: float) -> str:
    """Whose chance is larger where the two sorted vectors first differ by over `threshold`."""
    for mine, theirs in zip(sorted(ours.chances.values()), sorted(peer.chances.values()), strict=True):
        if abs(mine - theirs) > threshold:
            return "ours" if mine > theirs else "peer"
    return "equal"


def ours_is_smaller(ours: Run, peer: Run) -> bool:
    """Whether the peer's lottery is the better one by leximin: its own shortfall below does not count."""
    return first_difference(ours, peer, COARSE) == first_difference(ours, peer, FINE) == "peer"


def time_of(run: Run) -> str:
    text = f"> {run.seconds:.0f} s" if run.stopped else f"{run.seconds:.2f} s"
    return text if run.method == "leximin" else f"{text} ({run.method})"


def table(pools: Sequence[Pool]) -> str:
    lines = [
        "| pool | n, k, types | ours | peer | ratio | worst chance, ours / peer | Gini, ours / peer "
        "| residual | m panels off by | larger at the first difference over 1e-6 | over 1e-9 |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for pool in pools:
        assert pool.ours is not None
        if pool.ours.infeasible:
            lines.append(
                f"| {pool.folder.name} | {pool.people}, {pool.size}, – | {pool.ours.seconds:.2f} s "
                f"| – | – | {pool.ours.infeasible} | – | – | – | – | – |"
            )
            continue
        assert pool.peer is not None
        done = not pool.peer.stopped
        chances, theirs = pool.ours.chances.values(), pool.peer.chances.values()
        lines.append(
            f"| {pool.folder.name} | {pool.people}, {pool.size}, {pool.ours.facts['types']:.0f} "
            f"| {pool.ours.seconds:.2f} s | {time_of(pool.peer)} "
            f"| {'' if done else '> '}{pool.ratio:.{0 if pool.ratio >= 10 else 1}f} "
            f"| {min(chances):.5f} / {f'{min(theirs):.5f}' if done else '–'} "
            f"| {gini(chances):.3f} / {f'{gini(theirs):.3f}' if done else '–'} "
            f"| {pool.ours.facts['residual']:.1e} | {pool.ours.facts['deviation']:.4f} "
            f"| {first_difference(pool.ours, pool.peer, COARSE) if done else '–'} "
            f"| {first_difference(pool.ours, pool.peer, FINE) if done else '–'} |"
        )
    return "\n".join(lines)


def goals(pools: Sequence[Pool], minutes: float) -> list[tuple[str, bool]]:
    """Each goal with its figure, and whether it is met."""
    solved = [pool for pool in pools if pool.ours is not None and not pool.ours.infeasible]
    leximin = [pool for pool in solved if pool.peer_is_leximin]
    slow = [pool.ratio for pool in leximin if pool.peer is not None and pool.peer.seconds > 3]
    slower = [pool.ratio for pool in leximin if pool.peer is not None and pool.peer.seconds > 10]
    compared = [pool for pool in solved if pool.peer is not None and not pool.peer.stopped]
    smaller = [p.folder.name for p in compared if p.ours and p.peer and ours_is_smaller(p.ours, p.peer)]
    runs = [pool.ours for pool in solved if pool.ours is not None]
    residual = max(run.facts["residual"] for run in runs)
    deviation = max(run.facts["deviation"] for run in runs)
    median = statistics.median(slow) if slow else math.inf
    result = [
        (f"median ratio where the peer's leximin needs over 3 s: {median:.0f} (at least 20)", median >= 20),
        (
            f"lowest ratio where it needs over 10 s: {min(slower, default=math.inf):.0f} (at least 10)",
            min(slower, default=math.inf) >= 10,
        ),
        (f"pools on which ours is the smaller: {', '.join(smaller) or 'none'} (none)", not smaller),
        (f"largest residual: {residual:.1e} (at most 1e-6)", residual <= 1e-6),
        (f"largest deviation of the m panels: {deviation:.4f} (at most 0.002)", deviation <= 0.002),
        (f"the whole run: {minutes:.0f} minutes (under 50)", minutes < 50),
    ]
    for pool in solved:
        if pool.folder.name == "nation_20000_200" and pool.ours is not None:
            seconds, mib = pool.ours.seconds, pool.ours.facts["peak_mib"]
            text = f"nation_20000_200: {seconds:.1f} s, {mib:.0f} MiB (10 s, 1024 MiB)"
            result.append((text, seconds <= 10 and mib <= 1024))
    return result


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.lottery", description=__doc__)
    parser.add_argument("--pools", type=Path, required=True, help="folder with a sub-folder per pool")
    folder: Path = parser.parse_args().pools
    started = time.perf_counter()
    pools = pools_of(folder)
    python = peer_python()
    work: queue.Queue[Pool] = queue.Queue()
    for pool in sorted(
        pools, key=lambda pool: -pool.people
    ):  # the longest first, so that the lanes end together
        work.put(pool)
    failures: list[BaseException] = []
    cores = sorted(os.sched_getaffinity(0))[:2]
    lanes = [threading.Thread(target=lane, args=(core, work, python, failures)) for core in cores]
    for thread in lanes:
        thread.start()
    for thread in lanes:
        thread.join()
    if failures:
        raise failures[0]
    print(table(pools))
    print()
    outcome = goals(pools, (time.perf_counter() - started) / 60)
    for text, met in outcome:
        print(f"- {'met' if met else 'MISSED'}: {text}")
    return 0 if all(met for _, met in outcome) else 1


if __name__ == "__main__":
    sys.exit(main())
