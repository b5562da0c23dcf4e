"""Small standing panels for the tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from hypothesis import strategies as st

from services.sortition.lottery.problem import Target
from services.sortition.rotation.calendar import CoolingOff, rotations
from services.sortition.rotation.question import Candidate, Member, Question

FOUNDING = date(2026, 9, 1)


def question(
    pool: Sequence[str],
    targets: Mapping[str, tuple[int, int]],
    cohorts: Sequence[int],
    ahead: int,
    *,
    now: int = 0,
    members: Sequence[tuple[str, int]] = (),
    free: Mapping[int, int | None] | None = None,
    cooling: CoolingOff = CoolingOff(),
    later: Mapping[str, int] | None = None,
) -> Question:
    """People and targets by letters: 'ax' is somebody with a in feature 0 and x in feature 1.

    `free`: by position in the pool. Targets are by letter; letters of the pool without one may be any number.
    """
    kinds = [*pool, *(kind for kind, _ in members), *(later or {})]
    width = len(kinds[0]) if kinds else 1
    letters = {(f"f{f}", kind[f]) for kind in kinds for f in range(width)}
    size = sum(cohorts)
    made = [Target(f, v, *targets.get(v, (0, size))) for f, v in sorted(letters)]
    found = {t.value for t in made}
    made += [Target("f0", v, *bounds) for v, bounds in targets.items() if v not in found]
    return Question(
        features=tuple(f"f{f}" for f in range(width)),
        targets=tuple(made),
        cohorts=tuple(cohorts),
        dates=rotations(FOUNDING, 6, now + ahead + 1),
        now=now,
        members=tuple(Member(f"m{i}", tuple(kind), cohort) for i, (kind, cohort) in enumerate(members)),
        candidates=tuple(
            Candidate(f"p{i}", tuple(kind), (free or {}).get(i, 0)) for i, kind in enumerate(pool)
        ),
        cooling=cooling,
        later=None if later is None else {tuple(kind): people for kind, people in later.items()},
    )


@st.composite
def questions(draw: st.DrawFn, *, wide: bool = False) -> Question:
    """Tiny standing panels: up to 3 seats, 6 people, 3 later rotations. `wide`: quotas often can be kept."""
    kinds = st.sampled_from(["ax", "ay", "bx", "by"])
    cohorts = draw(st.sampled_from([(1,), (2,), (1, 1), (2, 1), (1, 1, 1)]))
    size = sum(cohorts)
    pool = draw(st.lists(kinds, min_size=size + 1 if wide else 1, max_size=6))
    ahead = draw(st.integers(0, 3))
    now = draw(st.integers(0, 3))
    members = []
    if now:
        leaves = (now - 1) % len(cohorts) + 1
        for cohort, seats in enumerate(cohorts, start=1):
            if cohort != leaves:
                kept = seats - draw(st.integers(0, 4)) // 4
                members += [(draw(kinds), cohort) for _ in range(kept)]
    targets = {}
    for value in "abxy":
        low, high = draw(st.integers(0, size)), draw(st.integers(0, size))
        if wide:
            low, high = low // size, max(high, size - 1)
        targets[value] = (draw(st.sampled_from([0, low])), max(low, high))
    cooling = draw(
        st.sampled_from(
            [CoolingOff(), CoolingOff(rotations=1), CoolingOff(rotations=2), CoolingOff(forever=True)]
        )
    )
    later = draw(st.none() | st.dictionaries(kinds, st.integers(1, 2), min_size=2, max_size=3))
    times = [0, 0, 0, 0, now, now + 1] if wide else [0, 0, now, now + 1, None]
    free = {i: draw(st.sampled_from(times)) for i in range(len(pool))}
    return question(
        pool, targets, cohorts, ahead, now=now, members=members, free=free, cooling=cooling, later=later
    )
