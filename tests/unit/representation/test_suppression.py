"""Hidden figures stay hidden: solved for by an independent linear programme, and by listing every table."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from services.sortition.lottery.problem import Target
from services.sortition.lottery.suppression import hidden as hidden_in_record
from services.sortition.representation.errors import BadInput
from services.sortition.representation.suppression import Suppression, suppress, target_limits
from services.sortition.representation.system import intervals
from services.sortition.representation.tables import complete
from services.sortition.representation.types import Key, Stage, Table

POOL, PANEL, END = Stage.POOL, Stage.PANEL, Stage.END
GENDERS, AGES = ("f", "m"), ("young", "middle", "old")


def single(feature: str, **counts: Sequence[int]) -> Table:
    """A feature with values v0, v1, …; `counts` by stage."""
    length = len(next(iter(counts.values())))
    cells = tuple((f"v{i}",) for i in range(length))
    return Table((feature,), cells, {Stage(name): tuple(c) for name, c in counts.items()})


def cross(**counts: Sequence[int]) -> Table:
    """gender × age, six figures a stage."""
    cells = tuple(itertools.product(GENDERS, AGES))
    return Table(("gender", "age"), cells, {Stage(name): tuple(c) for name, c in counts.items()})


def figures(tables: Sequence[Table]) -> dict[Key, int]:
    return {
        Key(stage, table.features, cell): count
        for table in tables
        for stage, counts in table.counts.items()
        for cell, count in zip(table.cells, counts, strict=True)
    }


def solved(tables: Sequence[Table], secret: frozenset[Key]) -> dict[Key, tuple[float, float]]:
    """What an outsider works out: totals, additions and the order of stages, written anew for scipy."""
    known = figures(tables)
    keys = sorted(known)
    place = {key: i for i, key in enumerate(keys)}
    equal, right, less, most = [], [], [], []

    def row(plus: Sequence[Key], minus: Sequence[Key]) -> np.ndarray:
        line = np.zeros(len(keys))
        line[[place[key] for key in plus]] += 1
        line[[place[key] for key in minus]] -= 1
        return line

    stages = [stage for stage in Stage if stage in tables[0].counts]
    for stage in stages:
        for table in tables:
            own = [Key(stage, table.features, cell) for cell in table.cells]
            if len(table.features) == 1:
                equal.append(row(own, []))
                right.append(sum(known[key] for key in own))
                continue
            for axis, feature in enumerate(table.features):
                for value in sorted({cell[axis] for cell in table.cells}):
                    part = [key for key in own if key.values[axis] == value]
                    equal.append(row(part, [Key(stage, (feature,), (value,))]))
                    right.append(0)
    for earlier, later in itertools.pairwise(stages):
        pairs = [(key, Key(earlier, key.features, key.values)) for key in keys if key.stage == later]
        if all(known[a] <= known[b] for a, b in pairs):
            for a, b in pairs:
                less.append(row([a], [b]))
                most.append(0)
    bounds = [(0, None) if key in secret else (known[key], known[key]) for key in keys]
    answers = {}
    for key in sorted(secret):
        ends = []
        for sense in (1, -1):
            costs = np.zeros(len(keys))
            costs[place[key]] = sense
            done = linprog(
                costs,
                A_ub=np.array(less) if less else None,
                b_ub=most or None,
                A_eq=np.array(equal),
                b_eq=right,
                bounds=bounds,
                method="highs",
            )
            assert done.status == 0
            ends.append(sense * float(done.fun or 0.0))
        answers[key] = (ends[0], ends[1])
    return answers


def check(tables: Sequence[Table], found: Suppression) -> None:
    """Nothing small is shown that could be hidden, and nothing hidden that is small can be worked out."""
    known = figures(tables)
    small = {key for key, count in known.items() if count < 5 and key.stage != Stage.POPULATION}
    assert small == {key for key in found.hidden if known[key] < 5} | found.implied
    assert found.secondary == {key for key in found.hidden if known[key] >= 5}
    everything = frozenset(key for key in known if key.stage != Stage.POPULATION)
    widest = solved(tables, everything)
    for key in found.implied:
        assert widest[key] == pytest.approx((known[key], known[key]), abs=1e-6)
    now = solved(tables, found.hidden)
    own = intervals(tables, found.hidden, {})
    for key in small - found.implied:
        low, high = now[key]
        assert high - low > 1 - 1e-6
        assert low <= widest[key][0] + 1e-6
        assert high >= min(5, widest[key][1]) - 1e-6
        assert own[key] == (np.ceil(low - 1e-6), np.floor(high + 1e-6))


counts_6 = st.lists(st.integers(0, 12), min_size=6, max_size=6)


@settings(max_examples=30, deadline=None)
@given(counts_6, st.lists(st.integers(0, 12), min_size=6, max_size=6))
def test_a_cross_in_two_stages_cannot_be_undone(pool: list[int], fewer: list[int]) -> None:
    panel = [min(a, b) for a, b in zip(pool, fewer, strict=True)]
    tables = complete([cross(pool=pool, panel=panel)])
    check(tables, suppress(tables))


@settings(max_examples=12, deadline=None)
@given(counts_6, st.lists(st.integers(0, 9), min_size=4, max_size=4), st.data())
def test_linked_crosses_cannot_be_undone(first: list[int], shares: list[int], data: st.DataObject) -> None:
    """gender × age and age × district share a margin; three features together are linked to both."""
    split = [data.draw(st.integers(0, count)) for count in first]
    cells = tuple(itertools.product(GENDERS, AGES, ("east", "west")))
    whole = Table(
        ("gender", "age", "district"),
        cells,
        {END: tuple(n for count, part in zip(first, split, strict=True) for n in (part, count - part))},
    )
    second: dict[tuple[str, ...], int] = {}
    for cell, count in zip(cells, whole.counts[END], strict=True):
        second[cell[1:]] = second.get(cell[1:], 0) + count
    tables = complete(
        [
            cross(end=first),
            Table(("age", "district"), tuple(second), {END: tuple(second.values())}),
            single("other", end=shares),
        ]
    )
    check(tables, suppress(tables))
    three = complete([whole])
    check(three, suppress(three))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=1, max_size=6))
def test_a_feature_alone_is_hidden_as_in_the_record(counts: list[int]) -> None:
    tables = complete([single("age", pool=counts)])
    found = suppress(tables)
    check(tables, found)
    record = {Key(POOL, ("age",), (f"v{i}",)) for i in hidden_in_record(counts, [0] * len(counts))}
    assert found.hidden | found.implied == record


def every_table(total: int, cells: int) -> Iterator[tuple[int, ...]]:
    if cells == 1:
        yield (total,)
        return
    for first in range(total + 1):
        for rest in every_table(total - first, cells - 1):
            yield first, *rest


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 7), min_size=4, max_size=4))
def test_listing_every_table_that_fits_tells_no_small_figure(counts: list[int]) -> None:
    cells = tuple(itertools.product(GENDERS, ("young", "old")))
    tables = complete([Table(("gender", "age"), cells, {END: tuple(counts)})])
    found = suppress(tables)
    known = figures(tables)
    others = [
        figures(complete([Table(("gender", "age"), cells, {END: other})]))
        for other in every_table(sum(counts), 4)
    ]
    fitting = [o for o in others if all(o[key] == n for key, n in known.items() if key not in found.hidden)]
    # One who knows which figures are small, as things are and if the whole table were hidden.
    aware = [o for o in fitting if all((o[key] < 5) == (known[key] < 5) for key in known)]
    at_best = [o for o in others if all((o[key] < 5) == (known[key] < 5) for key in known)]
    for key, count in known.items():
        if count < 5 and key not in found.implied:
            possible = {o[key] for o in fitting}
            assert min(possible) == 0
            assert max(possible) >= min(5, sum(counts))
            assert len({o[key] for o in aware}) > 1 or len({o[key] for o in at_best}) == 1


def test_a_margin_gives_away_a_figure_hidden_alone() -> None:
    """The naive way, hiding only what is under 5: solving finds it; ours does not."""
    tables = complete([cross(panel=[2, 9, 9, 9, 9, 9])])
    naive = frozenset(key for key, count in figures(tables).items() if count < 5)
    assert solved(tables, naive) == {Key(PANEL, ("gender", "age"), ("f", "young")): pytest.approx((2, 2))}
    found = suppress(tables)
    check(tables, found)
    assert len(found.secondary) == 3
    assert all(len(key.features) == 2 for key in found.hidden)


def test_an_earlier_stage_that_is_public_can_give_a_figure_away() -> None:
    population = [900, 1, 0, 99]
    tables = complete([single("place", population=population, panel=[30, 1, 0, 5])])
    found = suppress(tables)
    check(tables, found)
    # Nobody lives in v2, and everyone knows; one person lives in v1, and may or may not sit.
    assert found.implied == {Key(PANEL, ("place",), ("v2",))}
    assert Key(PANEL, ("place",), ("v1",)) in found.hidden
    assert not any(key.stage == Stage.POPULATION for key in found.hidden)
    strict = suppress(tables, public=())
    assert Key(Stage.POPULATION, ("place",), ("v1",)) in strict.hidden


@pytest.mark.parametrize("counts", [[0, 0, 0], [3], [0], [40]])
def test_what_the_base_tells_anyway_is_shown(counts: list[int]) -> None:
    found = suppress([single("age", panel=counts)])
    assert found.hidden == frozenset()
    assert len(found.implied) == sum(count < 5 for count in counts)


@pytest.mark.parametrize("counts", [[1, 0], [4, 4, 4, 4], [0, 0, 0, 1], [5, 0], [4, 40]])
def test_one_person_and_ties_everywhere(counts: list[int]) -> None:
    tables = complete([single("age", panel=counts)])
    found = suppress(tables)
    check(tables, found)
    assert all(key in found.hidden for key, count in figures(tables).items() if count < 5)


def test_targets_that_are_public_are_part_of_what_is_known() -> None:
    tables = complete([single("age", pool=[50, 60, 70], panel=[4, 6, 9])])
    targets = [Target("age", "v0", 4, 4), Target("age", "v1", 5, 7), Target("age", "v2", 8, 10)]
    limits = target_limits(tables, targets)
    assert limits[Key(PANEL, ("age",), ("v1",))] == (5, 7)
    assert limits[Key(POOL, ("age",), ("v1",))] == (5, None)
    found = suppress(tables, limits=limits)
    # The target fixes the figure: hiding it would hide nothing.
    assert found.implied == {Key(PANEL, ("age",), ("v0",))}
    wide = [Target("age", "v0", 2, 6), *targets[1:]]
    limits = target_limits(tables, wide)
    found = suppress(tables, limits=limits)
    own = intervals(tables, found.hidden, limits)
    assert own[Key(PANEL, ("age",), ("v0",))] == (2, 6)
    # A panel that is no longer as its targets say is not held to them.
    assert all(key.stage == POOL for key in target_limits(tables, [Target("age", "v0", 9, 9)]))
    with pytest.raises(ValueError, match="limits"):
        suppress(tables, limits={Key(PANEL, ("age",), ("v0",)): (9, None)})


def bad(*tables: Table) -> list[str]:
    with pytest.raises(BadInput) as refusal:
        complete(tables)
    return sorted({reason.code for reason in refusal.value.reasons})


def test_tables_that_contradict_are_named() -> None:
    age = single("age", pool=[1, 2])
    assert bad() == ["NO_TABLES"]
    assert bad(Table(("age",), (("x",),), {})) == ["NO_TABLES"]
    assert bad(age, age) == ["TABLE_TWICE"]
    assert bad(Table((), (), {POOL: ()})) == ["TABLE_EMPTY", "TABLE_TWICE"]
    assert bad(age, single("gender", panel=[1, 2])) == ["STAGES_DIFFER"]
    assert bad(Table(("age",), (("x",), ("x",)), {POOL: (1, 2)})) == ["VALUE_TWICE"]
    assert bad(single("age", pool=[1, -2])) == ["NEGATIVE"]
    known = Table(("age",), (("young",), ("old",)), {POOL: (5, 5)})
    assert bad(known, cross(pool=[1, 1, 1, 1, 1, 1])) == ["CROSS_VALUE_UNKNOWN"]
    off = Table(("gender",), (("f",), ("m",)), {POOL: (4, 2)})
    assert bad(off, cross(pool=[1, 1, 1, 1, 1, 1])) == ["TABLES_DISAGREE"]


def test_the_same_every_time() -> None:
    tables: Mapping[int, Sequence[Table]] = {
        i: [cross(pool=[4, 3, 9, 8, 7, 6], panel=[1, 3, 2, 5, 6, 1])] for i in range(2)
    }
    assert suppress(tables[0]) == suppress(tables[1])
