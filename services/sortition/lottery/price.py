"""What each quota costs in worst chance, from the first stage's duals ('what does this quota cost?').

The first stage bounds the worst chance by (sum of multiplier x bound it stands on + …) / sum of weights, so
moving a quota's bound by one seat moves that bound by |multiplier| / sum of weights. The optimum is concave
in the bounds, so this is the most that one seat can give, and exact as long as the same quotas bind. (Where
the proof rests on inequalities taken on trust, which need not hold under other bounds, it is an estimate.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from services.sortition.lottery.lottery import ExactLottery, Row, RowKind, Stage
from services.sortition.lottery.reach import Bound


@dataclass(frozen=True, slots=True)
class Price:
    """What loosening one bound by one seat adds, at most, to the worst chance.

    A quota has `feature` and `value`; the limit per address and the panel's size have neither. `bound` is
    the side to loosen: a minimum to lower, a maximum to raise. `count` is where it stands.
    """

    kind: RowKind
    feature: str
    value: str
    bound: Bound
    count: int
    gain: Fraction


def price(lottery: ExactLottery) -> tuple[Price, ...]:
    """The bounds that hold the worst chance down, the dearest first; those not listed cost nothing.

    Empty for a method without a proof (legacy). Inequalities taken on trust are no one's quota and are left
    out. Household rows of different patterns of households are separate prices of one limit.
    """
    return price_of(lottery.rows, lottery.stages[0]) if lottery.stages else ()


def price_of(rows: Sequence[Row], stage: Stage) -> tuple[Price, ...]:
    """The same from a lottery's rows and its first stage, as the audit file has them."""
    weight = sum((y for _, y in stage.weights), Fraction(0))
    if not weight:
        return ()
    prices = []
    for index, multiplier in stage.multipliers:
        row = rows[index]
        if not multiplier or row.kind is RowKind.TRUSTED:
            continue
        prices.append(_priced(row, multiplier, abs(multiplier) / weight))
    return tuple(sorted(prices, key=lambda p: (-p.gain, p.kind.value, p.feature, p.value, p.bound.value)))


def _priced(row: Row, multiplier: Fraction, gain: Fraction) -> Price:
    # A positive multiplier stands on the upper bound: raising it raises what the chances are bounded by.
    bound, count = (Bound.MAXIMUM, row.upper) if multiplier > 0 else (Bound.MINIMUM, row.lower)
    if count is None:
        raise ValueError(f"a multiplier of {row.kind} stands on a bound that the row has not")
    return Price(row.kind, row.feature, row.value, bound, count, gain)
