"""How many seats each value, and each combination of values, should have on a panel of a given size."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from services.sortition.representation.apportion import apportion
from services.sortition.representation.cross import (
    Clash,
    Counts,
    fit,
    minimal_clash,
    product,
    round_to_margins,
)
from services.sortition.representation.errors import BadInput, Infeasible, Limit, LimitKind, Reason
from services.sortition.representation.types import (
    CellSeats,
    Cross,
    CrossSeats,
    PopulationValue,
    Seats,
    ValueSeats,
)

MOST_CELLS = 5_000


def seats(
    size: int,
    values: Sequence[PopulationValue],
    crosses: Sequence[Cross] = (),
    *,
    slack: int = 0,
    exact: bool = False,
) -> Seats:
    """Seats for a panel of `size` (0 is allowed: nobody sits) by largest remainder, and for crosses.

    Targets: from the fair share rounded down to rounded up, `slack` seats further on both sides, within
    floors and ceilings; `exact` makes minimum and maximum the seats themselves. A value never has more seats
    than people. Raises BadInput, or Infeasible with what cannot hold.
    """
    features: dict[str, list[PopulationValue]] = {}
    for value in values:
        features.setdefault(value.feature, []).append(value)
    _check(size, features, crosses, slack)
    _check_limits(size, features)
    notices: list[Reason] = []
    made: dict[str, list[ValueSeats]] = {}
    for feature, members in features.items():
        made[feature], tied = _one_feature(size, members, slack, exact)
        if len(tied) > 1:
            notices.append(Reason("TIE", {"feature": feature, "values": ", ".join(tied)}))
    bases = {feature: sum(v.population for v in members) for feature, members in features.items()}
    if len(set(bases.values())) > 1:
        shown = ", ".join(f"{feature} {base}" for feature, base in bases.items())
        notices.append(Reason("BASES_DIFFER", {"bases": shown}))
    tables = []
    for cross in crosses:
        tables.append(_one_cross(cross, made, slack, exact))
        total = sum(cell.population for cell in cross.cells)
        if any(bases[feature] != total for feature in cross.features):
            name = " × ".join(cross.features)
            notices.append(Reason("CROSS_BASE_DIFFERS", {"cross": name, "people": total}))
    return Seats(size, tuple(v for m in made.values() for v in m), tuple(tables), tuple(notices))


def _check(
    size: int, features: dict[str, list[PopulationValue]], crosses: Sequence[Cross], slack: int
) -> None:
    faults: list[Reason] = []
    if size < 0:
        faults.append(Reason("SIZE_NEGATIVE", {"size": size}))
    if slack < 0:
        faults.append(Reason("SLACK_NEGATIVE", {"slack": slack}))
    if not features:
        faults.append(Reason("NO_FEATURES"))
    for feature, members in features.items():
        seen: set[str] = set()
        for v in members:
            place = {"place": f"{feature}: {v.value}"}
            if v.value in seen:
                faults.append(Reason("VALUE_TWICE", place))
            seen.add(v.value)
            faults += _count_faults(place, v.population, v.floor, v.ceiling)
        base = sum(v.population for v in members)
        if base < size:
            faults.append(Reason("PANEL_OVER_POPULATION", {"feature": feature, "people": base, "size": size}))
    for cross in crosses:
        faults += _cross_faults(cross, features)
    if faults:
        raise BadInput(faults)


def _count_faults(place: dict[str, str], population: int, floor: int, ceiling: int | None) -> list[Reason]:
    if min(population, floor, 0 if ceiling is None else ceiling) < 0:
        return [Reason("NEGATIVE", place)]
    if ceiling is not None and floor > ceiling:
        return [Reason("FLOOR_OVER_CEILING", {**place, "floor": floor, "ceiling": ceiling})]
    return []


def _cross_faults(cross: Cross, features: dict[str, list[PopulationValue]]) -> list[Reason]:
    name = " × ".join(cross.features)
    if len(cross.features) < 2 or len(set(cross.features)) < len(cross.features):
        return [Reason("CROSS_TOO_FEW", {"cross": name})]
    unknown = [feature for feature in cross.features if feature not in features]
    if unknown:
        return [Reason("CROSS_FEATURE_UNKNOWN", {"cross": name, "feature": feature}) for feature in unknown]
    faults: list[Reason] = []
    known = [[v.value for v in features[feature]] for feature in cross.features]
    total = 1
    for column in known:
        total *= len(column)
    if total > MOST_CELLS:
        faults.append(Reason("CROSS_TOO_LARGE", {"cross": name, "cells": total, "most": MOST_CELLS}))
    seen: set[tuple[str, ...]] = set()
    for cell in cross.cells:
        place = {"place": f"{name}: {' × '.join(cell.values)}"}
        if len(cell.values) != len(known) or any(
            value not in column for value, column in zip(cell.values, known, strict=True)
        ):
            faults.append(Reason("CROSS_VALUE_UNKNOWN", place))
        elif cell.values in seen:
            faults.append(Reason("VALUE_TWICE", place))
        seen.add(cell.values)
        faults += _count_faults(place, cell.population, cell.floor, cell.ceiling)
    return faults


def _cap(value: PopulationValue) -> int:
    """The most seats there can be: the ceiling, and one for each person."""
    return value.population if value.ceiling is None else min(value.ceiling, value.population)


def _check_limits(size: int, features: dict[str, list[PopulationValue]]) -> None:
    found: list[Reason] = []
    for feature, members in features.items():
        few = [v for v in members if v.floor > v.population]
        for v in few:
            params: dict[str, str | int] = {"place": f"{feature}: {v.value}"}
            found.append(Reason("FLOOR_OVER_PEOPLE", params | {"floor": v.floor, "people": v.population}))
        if few:
            continue
        floors, caps = sum(v.floor for v in members), sum(_cap(v) for v in members)
        if floors > size:
            named = ", ".join(f"{v.value} {v.floor}" for v in members if v.floor)
            params = {"feature": feature, "floors": floors, "size": size, "over": floors - size}
            found.append(Reason("FLOORS_OVER_SIZE", params | {"values": named}))
        if caps < size:
            named = ", ".join(f"{v.value} {_cap(v)}" for v in members)
            params = {"feature": feature, "ceilings": caps, "size": size, "under": size - caps}
            found.append(Reason("CEILINGS_UNDER_SIZE", params | {"values": named}))
    if found:
        raise Infeasible(found)


def _one_feature(
    size: int, members: Sequence[PopulationValue], slack: int, exact: bool
) -> tuple[list[ValueSeats], list[str]]:
    result = apportion(
        [v.population for v in members], size, [v.floor for v in members], [_cap(v) for v in members]
    )
    base = sum(v.population for v in members)
    made = []
    for v, fair, given in zip(members, result.fair, result.seats, strict=True):
        low, high = max(v.floor, int(fair) - slack), min(_cap(v), -int(-fair // 1) + slack)
        share = Fraction(size * v.population, base) if base else Fraction(0)
        bounds = (given, given) if exact else (low, high)
        made.append(ValueSeats(v.feature, v.value, v.population, base, share, fair, given, *bounds))
    return made, [members[i].value for i in result.tied]


def _one_cross(cross: Cross, made: dict[str, list[ValueSeats]], slack: int, exact: bool) -> CrossSeats:
    names = [[v.value for v in made[feature]] for feature in cross.features]
    shape = tuple(len(column) for column in names)
    combinations = product(names)
    given = {cell.values: cell for cell in cross.cells}
    margins = [np.array([v.seats for v in made[feature]], dtype=np.int64) for feature in cross.features]

    def table(numbers: list[int]) -> Counts:
        return np.array(numbers, dtype=np.int64).reshape(shape)

    cells = [given.get(values) for values in combinations]
    people = table([cell.population if cell else 0 for cell in cells])
    floors = table([cell.floor if cell else 0 for cell in cells])
    ceilings = table([-1 if cell is None or cell.ceiling is None else cell.ceiling for cell in cells])
    upper = np.where(ceilings < 0, people, np.minimum(ceilings, people))
    order = sorted(range(people.size), key=lambda i: (-int(people.flat[i]), i))
    fitted = fit(people.astype(float), margins)
    few = [i for i in range(people.size) if floors.flat[i] > people.flat[i]]
    if few:
        raise Infeasible(
            [_over(cross, combinations[i], int(floors.flat[i]), int(people.flat[i])) for i in few]
        )
    whole = round_to_margins(fitted, margins, floors, upper, order)
    if whole is None:
        clash = minimal_clash(margins, floors, ceilings, people)
        rows = [v for feature in cross.features for v in made[feature]]
        raise Infeasible(clash=_named(cross.features, combinations, rows, clash, (people, ceilings, floors)))
    result = []
    for i, values in enumerate(combinations):
        share, seats_here = float(fitted.flat[i]), int(whole.flat[i])
        nearest = round(share)
        near = abs(share - nearest) < 1e-7
        down, up = (nearest, nearest) if near else (int(share), int(share) + 1)
        low = max(int(floors.flat[i]), min(down, seats_here) - slack)
        high = min(int(upper.flat[i]), max(up, seats_here) + slack)
        bounds = (seats_here, seats_here) if exact else (low, high)
        result.append(CellSeats(values, int(people.flat[i]), share, seats_here, *bounds))
    return CrossSeats(cross.features, tuple(result))


def _over(cross: Cross, values: tuple[str, ...], floor: int, people: int) -> Reason:
    place = f"{' × '.join(cross.features)}: {' × '.join(values)}"
    return Reason("FLOOR_OVER_PEOPLE", {"place": place, "floor": floor, "people": people})


def _named(
    features: tuple[str, ...],
    combinations: Sequence[tuple[str, ...]],
    rows: Sequence[ValueSeats],
    clash: Clash,
    figures: tuple[Counts, Counts, Counts],
) -> list[Limit]:
    people, ceilings, floors = figures

    def cells(kind: LimitKind, positions: Sequence[int], figure: Counts) -> list[Limit]:
        return [Limit(kind, features, combinations[i], int(figure.flat[i])) for i in positions]

    return [
        *cells(LimitKind.FLOOR, clash.floors, floors),
        *cells(LimitKind.CEILING, clash.ceilings, ceilings),
        *(Limit(LimitKind.SEATS, (rows[r].feature,), (rows[r].value,), rows[r].seats) for r in clash.margins),
        *cells(LimitKind.POPULATION, clash.people, people),
    ]
