"""Exhaustive search over people, written apart from the engine: which draws still lead to kept quotas.

Rotations and cooling-off are counted in numbers here; no dates, no programme, no kinds.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

from services.sortition.rotation.question import Question

Draw = tuple[tuple[tuple[str, int], ...], ...]
"""A draw as sorted (id, cohort) pairs, wrapped so that it can be a key."""


@dataclass(frozen=True)
class State:
    """Just before the draw of rotation `number`: who sits (id → cohort), from when on others may be drawn."""

    number: int
    sitting: tuple[tuple[str, int], ...]
    free: tuple[tuple[str, int], ...]


class Oracle:
    def __init__(self, question: Question) -> None:
        self.question = question
        self.values = {p.id: p.values for p in question.members}
        self.values |= {p.id: p.values for p in question.candidates}
        self.count = len(question.cohorts)
        self.memo: dict[State, bool] = {}

    def start(self) -> State:
        question = self.question
        return State(
            question.now,
            tuple(sorted((m.id, m.cohort) for m in question.members)),
            tuple(sorted((c.id, c.free) for c in question.candidates if c.free is not None)),
        )

    def draws(self, state: State) -> Iterator[tuple[tuple[str, int], ...]]:
        """Every way to fill the vacant seats now, quotas aside."""
        taken = [cohort for _, cohort in state.sitting]
        vacant = {
            cohort: seats - taken.count(cohort)
            for cohort, seats in enumerate(self.question.cohorts, start=1)
            if seats > taken.count(cohort)
        }
        pool = [person for person, free in state.free if free <= state.number]

        def fill(cohorts: list[int], left: list[str]) -> Iterator[tuple[tuple[str, int], ...]]:
            if not cohorts:
                yield ()
                return
            for chosen in itertools.combinations(left, vacant[cohorts[0]]):
                rest = [person for person in left if person not in chosen]
                for more in fill(cohorts[1:], rest):
                    yield (*((person, cohorts[0]) for person in chosen), *more)

        yield from fill(sorted(vacant), pool)

    def kept(self, body: list[str]) -> bool:
        for target in self.question.targets:
            f = self.question.features.index(target.feature)
            count = sum(self.values[person][f] == target.value for person in body)
            if not target.minimum <= count <= target.maximum:
                return False
        return True

    def next(self, state: State, draw: tuple[tuple[str, int], ...]) -> State | None:
        """The state before the next rotation, or None when the body breaks a quota now."""
        body = (*state.sitting, *draw)
        if not self.kept([person for person, _ in body]):
            return None
        number = state.number + 1
        leaving = (number - 1) % self.count + 1
        cooling = self.question.cooling
        free = dict(state.free)
        for person, cohort in draw:
            free.pop(person)
            end = next(n for n in range(number, number + self.count) if (n - 1) % self.count + 1 == cohort)
            if not cooling.forever:
                free[person] = end + cooling.rotations
        sitting = tuple(sorted(pair for pair in body if pair[1] != leaving))
        return State(number, sitting, tuple(sorted(free.items())))

    def feasible(self, state: State) -> bool:
        """Whether some sequence of draws keeps every quota from here to the last rotation."""
        if state.number > self.question.last:
            return True
        if state not in self.memo:
            self.memo[state] = any(
                after is not None and self.feasible(self._renewed(after))
                for after in (self.next(state, draw) for draw in self.draws(state))
            )
        return self.memo[state]

    def _renewed(self, state: State) -> State:
        """With new pools the pool of the next rotation is fresh people of the kinds assumed."""
        if self.question.later is None:
            return state
        fresh = []
        for values, people in sorted(self.question.later.items()):
            for i in range(people):
                name = f"new {state.number} {values} {i}"
                self.values[name] = values
                fresh.append((name, state.number))
        return replace(state, free=tuple(fresh))

    def safe(self) -> set[tuple[tuple[str, int], ...]]:
        """The draws now after which everything later can be kept."""
        state = self.start()
        found = set()
        for draw in self.draws(state):
            after = self.next(state, draw)
            if after is not None and self.feasible(self._renewed(after)):
                found.add(tuple(sorted(draw)))
        return found
