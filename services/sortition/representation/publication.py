"""The part of an account that may be published: figures under 5 hidden, and nothing that gives them away.

What is computed from hidden figures can undo their hiding, so shares and differences go with them, and an
index is taken with the hidden values as one: a lower bound that anybody could compute from what is
published.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from services.sortition.representation.account import dissimilarity, mean
from services.sortition.representation.suppression import Suppression
from services.sortition.representation.types import Account, Figure, Index, Key, Stage


@dataclass(frozen=True, slots=True)
class PublicFigure:
    """A figure as published: `count`, `share` and `difference` are None where hidden or undefined."""

    key: Key
    hidden: bool
    count: int | None
    base: int
    share: Fraction | None
    difference: Fraction | None


@dataclass(frozen=True, slots=True)
class PublicIndex:
    """`index` without what hidden figures would add; `at_least` says that it is such a lower bound."""

    index: Index
    at_least: bool


@dataclass(frozen=True, slots=True)
class Publication:
    """In the order of the account. `means`: the mean index per stage, and whether it is a lower bound."""

    figures: tuple[PublicFigure, ...]
    indices: tuple[PublicIndex, ...]
    means: Mapping[Stage, tuple[Fraction | None, bool]]


def publish(made: Account, suppression: Suppression) -> Publication:
    """The account without what is to be hidden."""
    secret = suppression.hidden
    figures = tuple(_figure(figure, made.reference, secret) for figure in made.figures)
    tables = {table.features: table for table in made.tables}
    indices = []
    for index in made.indices:
        table = tables[index.features]
        merged = [
            i
            for i, cell in enumerate(table.cells)
            if {Key(index.stage, table.features, cell), Key(made.reference, table.features, cell)} & secret
        ]
        value = dissimilarity(table.counts[index.stage], table.counts[made.reference], merged)
        open_reference = not any(Key(made.reference, table.features, cell) in secret for cell in table.cells)
        least = index.attainable if open_reference else None
        # One value alone hides nothing of the sum of differences, nor does a stage held against itself.
        bound = len(merged) > 1 and index.stage != made.reference
        indices.append(PublicIndex(Index(index.stage, index.features, index.base, value, least), bound))
    means = {}
    for stage in made.stages:
        own = [each for each in indices if each.index.stage == stage]
        bound = any(each.at_least for each in own if len(each.index.features) == 1)
        means[stage] = (mean([each.index for each in own]), bound)
    return Publication(figures, tuple(indices), means)


def _figure(figure: Figure, reference: Stage, secret: frozenset[Key]) -> PublicFigure:
    key = figure.key
    if key in secret:
        return PublicFigure(key, True, None, figure.base, None, None)
    compared = Key(reference, key.features, key.values) not in secret
    difference = figure.difference if compared else None
    return PublicFigure(key, False, figure.count, figure.base, figure.share, difference)
