"""How well each stage mirrors the people: shares, differences in percentage points, and an index.

The index is the index of dissimilarity (Duncan and Duncan, 'A methodological analysis of segregation
indexes', American Sociological Review 1955), which is the total variation distance of the two
distributions: half the sum over the values of |share in the stage - share in the reference|. It is the part
of the stage that would have to be other people for it to be like the reference: 0 alike, 1 nothing in
common. It is taken per feature; the mean over the features weighs each alike.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from fractions import Fraction

from services.sortition.representation.apportion import apportion
from services.sortition.representation.errors import Reason
from services.sortition.representation.tables import complete, within
from services.sortition.representation.types import Account, Figure, Index, Key, Stage, Table


def account(tables: Sequence[Table]) -> Account:
    """The account over all stages that the tables have; the first one is the reference.

    Raises BadInput (see `tables.complete`). A stage of nobody has no shares and no index.
    """
    whole = complete(tables)
    stages = tuple(stage for stage in Stage if stage in whole[0].counts)
    reference = stages[0]
    figures, indices, notices = [], [], list(_notices(whole, stages))
    for table in whole:
        base = sum(table.counts[reference])
        for i, cell in enumerate(table.cells):
            for stage in stages:
                count, people = table.counts[stage][i], sum(table.counts[stage])
                share = Fraction(count, people) if people else None
                difference = None
                if share is not None and base:
                    difference = 100 * (share - Fraction(table.counts[reference][i], base))
                figures.append(Figure(Key(stage, table.features, cell), count, people, share, difference))
        for stage in stages:
            counts = table.counts[stage]
            value = dissimilarity(counts, table.counts[reference])
            least = attainable(sum(counts), table.counts[reference])
            indices.append(Index(stage, table.features, sum(counts), value, least))
    means = {stage: mean([i for i in indices if i.stage == stage]) for stage in stages}
    return Account(reference, stages, whole, tuple(figures), tuple(indices), means, tuple(notices))


def dissimilarity(
    counts: Sequence[int], reference: Sequence[int], merged: Collection[int] = ()
) -> Fraction | None:
    """Half the sum of the differences of shares; None when either counts nobody.

    `merged` positions count as one: then it is a lower bound that needs only their sum.
    """
    people, base = sum(counts), sum(reference)
    if not people or not base:
        return None
    differences = [Fraction(a, people) - Fraction(b, base) for a, b in zip(counts, reference, strict=True)]
    together = sum((differences[i] for i in merged), Fraction(0))
    apart = (abs(d) for i, d in enumerate(differences) if i not in merged)
    return (abs(together) + sum(apart, Fraction(0))) / 2


def attainable(people: int, reference: Sequence[int]) -> Fraction | None:
    """The least dissimilarity that so many people can have: that of seats by largest remainder."""
    if not people or not sum(reference):
        return None
    most = [people if count else 0 for count in reference]
    return dissimilarity(apportion(reference, people, [0] * len(reference), most).seats, reference)


def mean(indices: Sequence[Index]) -> Fraction | None:
    """The mean over single features, None where any of them has no index."""
    values = [index.value for index in indices if len(index.features) == 1]
    known = [value for value in values if value is not None]
    return sum(known, Fraction(0)) / len(known) if known and len(known) == len(values) else None


def _notices(tables: Sequence[Table], stages: Sequence[Stage]) -> list[Reason]:
    notices = []
    for earlier, later in itertools.pairwise(stages):
        if not within(tables, later, earlier):
            notices.append(Reason("STAGE_NOT_WITHIN", {"later": str(later), "earlier": str(earlier)}))
    for stage in stages:
        bases = {t.features[0]: sum(t.counts[stage]) for t in tables if len(t.features) == 1}
        if len(set(bases.values())) > 1:
            shown = ", ".join(f"{feature} {base}" for feature, base in bases.items())
            notices.append(Reason("STAGE_BASES_DIFFER", {"stage": str(stage), "bases": shown}))
    return notices
