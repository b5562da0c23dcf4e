"""Between which parts of a service it can be made to die, and how that is told to its process.

Each step lies between something that is durable and the acknowledgement of it: where a program that is not
careful loses an effect or has it twice.
"""

from __future__ import annotations

import os
import random
import signal
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

# Read by the tests' own entry (tests.faults.composition), never by the suite.
STEP_VARIABLE = "BORGERTING_TEST_FAULT_STEP"
SHUFFLE_VARIABLE = "BORGERTING_TEST_FAULT_SHUFFLE"
CLOCK_VARIABLE = "BORGERTING_TEST_FAULT_MACHINE_CLOCK"


class Step(StrEnum):
    """Where a process kills itself."""

    COMMAND_COMMITTED = "command-committed"
    """A command's unit of work is committed; whoever asked has no answer."""
    EVENT_COMMITTED = "event-committed"
    """An event is in the outbox; nothing of it has been handed to the carrier."""
    EVENT_HANDED_OVER = "event-handed-over"
    """The carrier's client has it; whether the carrier has is anybody's guess."""
    EVENT_ACKNOWLEDGED = "event-acknowledged"
    """The carrier has it for good; the outbox says that it has not been sent."""
    DELIVERY_FETCHED = "delivery-fetched"
    """A consumer has fetched it, and done nothing."""
    EFFECT_MADE = "effect-made"
    """The handler has run; its transaction is not committed."""
    EFFECT_COMMITTED = "effect-committed"
    """The effect is committed; the carrier has not been told."""
    OFFSET_COMMITTED = "offset-committed"
    """The carrier has been told; the consumer's loop has not gone on."""
    JOB_CLAIMED = "job-claimed"
    """A worker has taken a job, and not begun."""
    JOB_DONE = "job-done"
    """A job's handler has ended; its row may not say so yet."""
    NEIGHBOUR_ANSWERED = "neighbour-answered"
    """A neighbour has answered a question; nothing is made of the answer yet."""


@dataclass(frozen=True, slots=True)
class Death:
    """At the `count`-th time that `step` is reached, `delay` seconds later."""

    step: Step
    count: int = 1
    delay: float = 0.0

    def variable(self) -> str:
        return f"{self.step} {self.count} {self.delay}"

    @classmethod
    def read(cls, text: str) -> Death:
        step, count, delay = text.split()
        return cls(Step(step), int(count), float(delay))


class Steps:
    """Counts the steps of this process, and ends it at the one that its environment names."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        text = environment.get(STEP_VARIABLE, "")
        self._death = Death.read(text) if text else None
        self._reached = 0
        self._lock = threading.Lock()

    def reach(self, step: Step) -> None:
        if self._death is None or step is not self._death.step:
            return
        with self._lock:
            self._reached += 1
            if self._reached != self._death.count:
                return
        if self._death.delay:
            threading.Timer(self._death.delay, _die).start()
        else:
            _die()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


# What happens in which service: a step that it never reaches would kill nobody.
_EVERYWHERE = (
    Step.COMMAND_COMMITTED,
    Step.EVENT_COMMITTED,
    Step.EVENT_HANDED_OVER,
    Step.EVENT_ACKNOWLEDGED,
    Step.DELIVERY_FETCHED,
    Step.EFFECT_MADE,
    Step.EFFECT_COMMITTED,
    Step.OFFSET_COMMITTED,
)
STEPS: Mapping[str, tuple[Step, ...]] = {
    "deliberation": (*_EVERYWHERE, Step.NEIGHBOUR_ANSWERED),
    "followup": (*_EVERYWHERE, Step.JOB_CLAIMED, Step.JOB_DONE, Step.NEIGHBOUR_ANSWERED),
    "sortition": (*_EVERYWHERE, Step.JOB_CLAIMED, Step.JOB_DONE),
    "volunteer": (*_EVERYWHERE, Step.NEIGHBOUR_ANSWERED),
}


def a_death(chance: random.Random, service: str) -> Death:
    """Some step of the service, soon."""
    step = chance.choice(STEPS[service])
    delay = chance.uniform(0, 0.01) if step is Step.EVENT_HANDED_OVER else 0.0
    return Death(step, chance.choice((1, 1, 2, 3)), delay)
