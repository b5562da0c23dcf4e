"""Batches of random kills under a stream of commands, each batch checked, and all of them at the end."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.e2e.assembly.town import Town
from tests.faults.checker import findings
from tests.faults.evidence import read, superusers, unsettled
from tests.faults.house import FaultHouse
from tests.faults.killer import Killer
from tests.faults.ledger import Ledger
from tests.faults.stream import Stream

# The machines' clocks are apart by a minute.
APART = {"deliberation": -30, "followup": 30, "sortition": 15, "volunteer": -15}
DAYS_BETWEEN = 100
"""By which time first answers of the batch before are overdue."""
SETTLED_SECONDS = 300.0
PATIENCE = 300.0

Say = Callable[[str], None]


@dataclass
class Result:
    deaths: Counter[tuple[str, str]] = field(default_factory=Counter)
    ledgers: list[Ledger] = field(default_factory=list)
    found: list[str] = field(default_factory=list)
    told: int = 0
    effects: int = 0

    @property
    def kills(self) -> int:
        return self.deaths.total()


def batches(house: FaultHouse, seeds: Sequence[int], each: int, say: Say) -> Result:
    """`each` kills per seed, which is for one batch's plan: who dies when, in what disorder events come."""
    result = Result()
    for seed in seeds:
        began = time.monotonic()
        say(f"seed {seed}: {each} kills")
        house.clocks_apart(APART if seed % 2 else dict.fromkeys(APART, 0))
        house.disorder(str(seed) if seed % 3 else "")
        house.pass_days(DAYS_BETWEEN)
        town = Town(house, f"seed-{seed}", PATIENCE)
        try:
            stream = Stream(town, str(seed))
            killer = Killer(house, str(seed))
            stream.start()
            killer.kill(each)
            stream.stop()
        finally:
            town.close()
        result.deaths += killer.deaths
        result.ledgers.append(stream.ledger)
        found = [*stream.problems, *settled(house, result.ledgers)]
        result.found += found
        told, effects = _count(house)
        say(
            f"seed {seed}: {stream.ledger.commands} commands, {told - result.told} events with "
            f"{effects - result.effects} effects, {time.monotonic() - began:.0f} s, {len(found)} findings"
        )
        result.told, result.effects = told, effects
        for finding in found:
            say(f"  {finding}")
    return result


def settled(house: FaultHouse, ledgers: Sequence[Ledger]) -> list[str]:
    """What is wrong once nothing is under way any more; that something still is, is wrong itself."""
    until = time.monotonic() + SETTLED_SECONDS
    while True:
        with superusers(house.urls) as connections:
            waiting = unsettled(connections)
            if not waiting or time.monotonic() > until:
                return [*waiting, *findings(read(connections), ledgers)]
        time.sleep(0.2)


def _count(house: FaultHouse) -> tuple[int, int]:
    """How many events were told, and how many effects they had, in all."""
    with superusers(house.urls) as connections:
        counts = [
            connection.execute(
                "SELECT (SELECT count(*) FROM outbox) AS told,"
                " (SELECT count(*) FROM fault_effects) AS effects"
            ).fetchone()
            for connection in connections.values()
        ]
    return (
        sum(row["told"] for row in counts if row is not None),
        sum(row["effects"] for row in counts if row is not None),
    )
