"""Tables of counts made whole: every combination listed, every feature a table, and all in agreement."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from services.sortition.representation.errors import BadInput, Reason
from services.sortition.representation.types import Stage, Table


def complete(tables: Sequence[Table]) -> tuple[Table, ...]:
    """The tables, single features first, with full grids; a feature of a cross gets its own table by adding
    up.

    Values keep the order in which they first appear. Raises BadInput with every fault: no tables, stages
    that differ, a table or cell twice, unknown values, negative counts, and crosses that do not add up.
    """
    faults = list(_faults(tables))
    if faults:
        raise BadInput(faults)
    stages = [stage for stage in Stage if stage in tables[0].counts]
    singles = {table.features[0]: table for table in tables if len(table.features) == 1}
    crosses = [table for table in tables if len(table.features) > 1]
    for cross in crosses:
        for axis, feature in enumerate(cross.features):
            if feature not in singles:
                singles[feature] = _added_up(cross, axis, stages)
    values = {feature: [cell[0] for cell in table.cells] for feature, table in singles.items()}
    whole = []
    for cross in crosses:
        name = " × ".join(cross.features)
        unknown = [
            " × ".join(cell)
            for cell in cross.cells
            if any(v not in values[f] for v, f in zip(cell, cross.features, strict=True))
        ]
        faults += [Reason("CROSS_VALUE_UNKNOWN", {"place": f"{name}: {cell}"}) for cell in unknown]
        if not unknown:
            whole.append(_grid(cross, [values[feature] for feature in cross.features], stages))
    made = (*singles.values(), *whole)
    faults += _disagreements(made, stages)
    if faults:
        raise BadInput(faults)
    return made


def _faults(tables: Sequence[Table]) -> Iterator[Reason]:
    if not tables or not tables[0].counts:
        yield Reason("NO_TABLES")
        return
    seen: set[frozenset[str]] = set()
    for table in tables:
        name = " × ".join(table.features)
        key = frozenset(table.features)
        if not table.features or len(key) < len(table.features) or key in seen:
            yield Reason("TABLE_TWICE", {"table": name})
        seen.add(key)
        if not table.cells:
            yield Reason("TABLE_EMPTY", {"table": name})
        if table.counts.keys() != tables[0].counts.keys():
            yield Reason("STAGES_DIFFER", {"table": name, "first": " × ".join(tables[0].features)})
        if len(set(table.cells)) < len(table.cells) or any(
            len(cell) != len(table.features) for cell in table.cells
        ):
            yield Reason("VALUE_TWICE", {"place": name})
        for stage, counts in table.counts.items():
            if len(counts) != len(table.cells) or any(count < 0 for count in counts):
                yield Reason("NEGATIVE", {"place": f"{name}: {stage}"})


def _added_up(cross: Table, axis: int, stages: Sequence[Stage]) -> Table:
    values = list(dict.fromkeys(cell[axis] for cell in cross.cells))
    return Table(
        (cross.features[axis],),
        tuple((value,) for value in values),
        {
            stage: tuple(margin(cross, stage, (axis,)).get((value,), 0) for value in values)
            for stage in stages
        },
    )


def _grid(cross: Table, values: Sequence[Sequence[str]], stages: Sequence[Stage]) -> Table:
    cells = tuple(itertools.product(*values))
    place = {cell: i for i, cell in enumerate(cross.cells)}
    return Table(
        cross.features,
        cells,
        {
            stage: tuple(cross.counts[stage][place[cell]] if cell in place else 0 for cell in cells)
            for stage in stages
        },
    )


def margin(table: Table, stage: Stage, axes: Sequence[int]) -> dict[tuple[str, ...], int]:
    """The table added up over all but these axes (positions of its features)."""
    sums: dict[tuple[str, ...], int] = {}
    for cell, count in zip(table.cells, table.counts[stage], strict=True):
        key = tuple(cell[axis] for axis in axes)
        sums[key] = sums.get(key, 0) + count
    return sums


def shared(first: Table, second: Table) -> tuple[str, ...]:
    """The features that two tables have in common, in the first one's order."""
    return tuple(feature for feature in first.features if feature in second.features)


def within(tables: Sequence[Table], later: Stage, earlier: Stage) -> bool:
    """Whether no figure of the later stage is over that of the earlier one."""
    return all(
        a <= b for table in tables for a, b in zip(table.counts[later], table.counts[earlier], strict=True)
    )


def _disagreements(tables: Sequence[Table], stages: Sequence[Stage]) -> Iterator[Reason]:
    for first, second in itertools.combinations(tables, 2):
        common = shared(first, second)
        if not common:
            continue
        for stage in stages:
            one = margin(first, stage, [first.features.index(f) for f in common])
            other = margin(second, stage, [second.features.index(f) for f in common])
            for values in sorted(one.keys() | other.keys()):
                a, b = one.get(values, 0), other.get(values, 0)
                if a != b:
                    names = {"first": " × ".join(first.features), "second": " × ".join(second.features)}
                    place = {"place": f"{' × '.join(common)}: {' × '.join(values)}", "stage": str(stage)}
                    yield Reason("TABLES_DISAGREE", {**names, **place, "one": a, "other": b})
