"""Kills services with -9, at steps and at moments that a seed names, and starts them again; and again."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.faults.house import FaultHouse, Mortal
from tests.faults.steps import Death, Step, a_death

# How long a life of each lasts on average, in seconds: a draw takes some, and has its tries.
LIVES = {"deliberation": 2.0, "followup": 2.0, "volunteer": 2.0, "sortition": 8.0}
STEP_SECONDS = 12.0
TAKEN_OVER = (4.0, 7.0)
"""Seconds of rest in which another replica has taken up its share of the events."""
MOMENT = "any moment"


@dataclass
class _Life:
    """One service's present life: when it is killed, and the step at which it does so itself before."""

    process: Mortal
    chance: random.Random
    mean: float
    others: bool = False  # whether there are, to take over what it leaves
    death: Death | None = None
    until: float = 0.0
    born: bool = True

    def begin(self, now: float) -> None:
        """Most of them die at a step; one that is not reached is replaced by a kill."""
        self.death = a_death(self.chance, self.process.name) if self.chance.random() < 0.6 else None
        span = self.chance.uniform(0.05, 2 * self.mean)
        self.until = now + (STEP_SECONDS if self.death else span)
        self.process.start_to_die(self.death)
        self.born = True

    def rest(self, now: float) -> None:
        self.born = False
        long = self.others and self.chance.random() < 0.4
        self.until = now + (self.chance.uniform(*TAKEN_OVER) if long else self.chance.uniform(0, 0.3))


class Killer:
    """`deaths` counts, by service and step (or MOMENT), what happened."""

    def __init__(self, house: FaultHouse, seed: str) -> None:
        self._lives = [
            _Life(one, random.Random(f"{seed} {name} {number}"), mean, others=len(replicas) > 1)
            for name, mean in LIVES.items()
            for replicas in [house.replicas(name)]
            for number, one in enumerate(replicas)
        ]
        self.deaths: Counter[tuple[str, str]] = Counter()

    @property
    def kills(self) -> int:
        return self.deaths.total()

    def kill(self, kills: int) -> None:
        """So many, and then all are there again, and stay."""
        now = time.monotonic()
        for life in self._lives:  # those that run now have no step to die at
            life.until = now + life.chance.uniform(0, life.mean)
        while self.kills < kills:
            now = time.monotonic()
            for life in self._lives:
                self._look(life, now)
            time.sleep(0.01)
        for life in self._lives:
            if not (life.born and life.death is None and life.process.alive):
                life.process.stop()
                life.process.start_to_die(None)
        for life in self._lives:
            life.process.wait_until_ready()

    def kill_at(self, steps: Mapping[str, Sequence[Step]], seconds: float = 90.0) -> None:
        """Each service at each of its steps, one after another; all are there again at the end.

        Raises AssertionError for a step that is not reached within the time.
        """
        failed: list[str] = []

        def go_through(process: Mortal, mine: Sequence[Step]) -> None:
            process.kill()
            for step in mine:
                process.start_to_die(Death(step))
                if not process.wait_until_dead(seconds):
                    failed.append(f"{process.name} never came to {step}")
                    process.kill()
                self.deaths[process.name, step] += 1
            process.start_to_die(None)
            process.wait_until_ready()

        threads = [
            threading.Thread(target=go_through, args=(life.process, steps.get(life.process.name, ())))
            for life in self._lives
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failed, failed

    def _look(self, life: _Life, now: float) -> None:
        if life.born and not life.process.alive:
            if life.death is None:
                raise AssertionError(f"{life.process.name} ended by itself:\n{life.process.log[-4000:]}")
            self.deaths[life.process.name, life.death.step] += 1
            life.rest(now)
        elif life.born and now >= life.until:
            life.process.kill()
            self.deaths[life.process.name, MOMENT] += 1
            life.rest(now)
        elif not life.born and now >= life.until:
            life.begin(now)
