"""Counts a question by its rule. Every figure comes with the counts it was made of."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from services.deliberation.ballots.errors import BadInput, Reason, reason
from services.deliberation.ballots.rule import MOST, Base, Choice, Counted, Outcome, Rule, Share, meets

FEW = 5  # under so many votes, a result lets people guess who voted how


@dataclass(frozen=True, slots=True)
class Counts:
    """Votes cast, by choice; each 0 or more. Raises BadInput."""

    yes: int = 0
    no: int = 0
    abstain: int = 0
    blank: int = 0

    def __post_init__(self) -> None:
        faults = [
            reason("COUNT_NOT_WHOLE", choice=choice.value)
            for choice in Choice
            if type(number := getattr(self, choice.value)) is not int or not 0 <= number <= MOST
        ]
        if faults:
            raise BadInput(faults)

    @classmethod
    def count(cls, choices: Iterable[Choice]) -> Counts:
        """The counts of single votes: one each, whoever casts it."""
        totals = dict.fromkeys(Choice, 0)
        for choice in choices:
            totals[choice] += 1
        return cls(**{choice.value: number for choice, number in totals.items()})

    def of(self, choice: Choice) -> int:
        return int(getattr(self, choice.value))

    def __add__(self, other: Counts) -> Counts:
        return Counts(**{choice.value: self.of(choice) + other.of(choice) for choice in Choice})

    @property
    def cast(self) -> int:
        return self.yes + self.no + self.abstain + self.blank


@dataclass(frozen=True, slots=True)
class QuorumFigure:
    """`counted` of `entitled` took part; `met` is None when nobody is entitled."""

    counted: int
    entitled: int
    met: bool | None


@dataclass(frozen=True, slots=True)
class Tally:
    """The result of one question.

    `base` is the number that `counts.yes` is a share of; `present` is None where it was not counted.
    `notices` say what a reader should know beside the outcome.
    """

    rule: Rule
    counts: Counts
    entitled: int
    present: int | None
    base: int
    quorum: QuorumFigure | None
    outcome: Outcome
    notices: tuple[Reason, ...]

    @property
    def percent(self) -> str | None:
        """The votes for as a percentage of the base, as `percent` prints it; None on a base of nobody."""
        return percent(self.counts.yes, self.base, self.rule.threshold)


def tally(rule: Rule, counts: Counts, *, entitled: int, present: int | None = None) -> Tally:
    """Decide a question. People in all arguments; `present` is needed where the rule uses it.

    Who votes takes part, so those present are at least those who cast, and no more than are entitled.
    Raises BadInput with every contradiction found.
    """
    faults = list(_contradictions(rule, counts, entitled, present))
    if faults:
        raise BadInput(faults)
    base = {
        Base.FOR_AGAINST: counts.yes + counts.no,
        Base.CAST: counts.cast,
        Base.ENTITLED: entitled,
        Base.PRESENT: present or 0,
    }[rule.base]
    quorum = None
    if rule.quorum is not None:
        counted = counts.cast if rule.quorum.counted is Counted.CAST else present or 0
        met = meets(counted, entitled, rule.quorum.share, rule.quorum.comparator)
        quorum = QuorumFigure(counted, entitled, met)
    passed = meets(counts.yes, base, rule.threshold, rule.comparator)
    if quorum is not None and quorum.met is not True:
        outcome = Outcome.UNDEFINED if quorum.met is None else Outcome.NO_QUORUM
    elif passed is None:
        outcome = Outcome.UNDEFINED
    else:
        outcome = Outcome.ADOPTED if passed else Outcome.NOT_ADOPTED
    return Tally(rule, counts, entitled, present, base, quorum, outcome, tuple(_notices(rule, counts)))


def _contradictions(rule: Rule, counts: Counts, entitled: int, present: int | None) -> Iterable[Reason]:
    if type(entitled) is not int or not 0 <= entitled <= MOST:
        yield reason("ENTITLED_NOT_WHOLE")
        return
    if counts.cast > entitled:
        yield reason("CAST_OVER_ENTITLED", cast=counts.cast, entitled=entitled)
    if present is None:
        if rule.needs_present:
            yield reason("PRESENT_MISSING")
    elif type(present) is not int or present < 0:
        yield reason("PRESENT_NOT_WHOLE")
    elif present > entitled:
        yield reason("PRESENT_OVER_ENTITLED", present=present, entitled=entitled)
    elif counts.cast > present:
        yield reason("CAST_OVER_PRESENT", cast=counts.cast, present=present)


def _notices(rule: Rule, counts: Counts) -> Iterable[Reason]:
    # In integers, at least 0 of anything always holds and more than all of it never does.
    if meets(0, 1, rule.threshold, rule.comparator):
        yield reason("THRESHOLD_ALWAYS_MET")
    if not meets(1, 1, rule.threshold, rule.comparator):
        yield reason("THRESHOLD_NEVER_MET")
    if counts.cast and max(counts.of(choice) for choice in Choice) == counts.cast:
        yield reason("UNANIMOUS", cast=counts.cast)
    elif 0 < counts.cast < FEW:
        yield reason("FEW_CAST", cast=counts.cast)


def percent(count: int, base: int, limit: Share) -> str | None:
    """`count` of `base` in percent, '69.6', rounded to nearest; None when the base is 0.

    It gets as many decimals as it takes to stand on the same side of `limit` as the exact share does, so that
    what is printed never contradicts what was decided: 6,999 of 10,000 is 69.99, beside a limit of 70 %.
    """
    if base == 0:
        return None
    exact = _sign(count * limit.denominator - limit.numerator * base)
    shown = digits = 0
    # A share apart from the limit is at least 1/(base * denominator) from it, so this ends; a limit that no
    # decimal fraction reaches (2/3) is shown to one decimal like its equal.
    for digits in (*range(1, len(str(base * limit.denominator)) + 5), 1):
        shown = (200 * count * 10**digits + base) // (2 * base)
        if _sign(shown * limit.denominator - 100 * limit.numerator * 10**digits) == exact:
            break
    whole, decimals = divmod(shown, 10**digits)
    return f"{whole}.{decimals:0{digits}d}"


def written(share: Share) -> str:
    """The share as it was written: 70/100 as '70 %', 667/1000 as '66.7 %', 2/3 as it is."""
    if not re.fullmatch("100+", str(share.denominator)):
        return f"{share.numerator}/{share.denominator}"
    decimals = len(str(share.denominator)) - 3
    text = f"{share.numerator:0{decimals + 1}d}"
    return f"{text[:-decimals]}.{text[-decimals:]} %" if decimals else f"{text} %"


def _sign(value: int) -> int:
    return (value > 0) - (value < 0)
