"""What a ballot may be asked and how it is decided: choices, bases, thresholds, quorum. Integers only.

A share is numerator and denominator as they were written (70/100, 2/3), never a float: 16 of 23 shows as 70 %
and must fail a threshold of 70 %.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from services.deliberation.ballots.errors import bad

MOST = 10**6  # the largest denominator, and the largest number of people a ballot is made for


class Choice(StrEnum):
    """What a vote can say. `ABSTAIN` is meant; `BLANK` is an empty or unclear paper. Both are cast."""

    YES = "yes"
    NO = "no"
    ABSTAIN = "abstain"
    BLANK = "blank"


class Base(StrEnum):
    """Of whom the threshold is a share: chosen before a ballot opens, printed with the result."""

    FOR_AGAINST = "for_against"
    CAST = "cast"
    ENTITLED = "entitled"
    PRESENT = "present"


class Comparator(StrEnum):
    """`AT_LEAST` is ≥, `MORE_THAN` is >."""

    AT_LEAST = "at_least"
    MORE_THAN = "more_than"


class Counted(StrEnum):
    """Who counts towards a quorum: those who cast a vote (abstentions and blanks too), or those present."""

    CAST = "cast"
    PRESENT = "present"


class Secrecy(StrEnum):
    """The three honest labels. Only credentials that the operator cannot link give the third."""

    NAMED = "named"
    HIDDEN_FROM_MEMBERS = "hidden_from_members"
    SECRET_FROM_OPERATOR = "secret_from_operator"  # noqa: S105 - a label


class Outcome(StrEnum):
    """What a ballot decided. `UNDEFINED`: a share of nobody is no share, neither 0 % nor 100 %."""

    ADOPTED = "adopted"
    NOT_ADOPTED = "not_adopted"
    NO_QUORUM = "no_quorum"
    UNDEFINED = "undefined"


_PERCENT = re.compile(r"(\d{1,3})(?:[.,](\d{1,4}))?\s*%", re.ASCII)
_FRACTION = re.compile(r"(\d{1,7})\s*/\s*(\d{1,7})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Share:
    """`numerator`/`denominator`, from 0 to 1, kept as written. Raises BadInput."""

    numerator: int
    denominator: int

    def __post_init__(self) -> None:
        for value in (self.numerator, self.denominator):
            if type(value) is not int:
                raise bad("SHARE_NOT_WHOLE")
        if not (1 <= self.denominator <= MOST and 0 <= self.numerator <= self.denominator):
            raise bad("SHARE_OUT_OF_RANGE", numerator=self.numerator, denominator=self.denominator)

    @classmethod
    def parse(cls, text: str) -> Share:
        """From '70 %', '66.7%', '66,7 %' or '2/3'. Raises BadInput for anything else, a bare number too."""
        text = text.strip()
        if match := _FRACTION.fullmatch(text):
            return cls(int(match[1]), int(match[2]))
        if match := _PERCENT.fullmatch(text):
            decimals = match[2] or ""
            return cls(int(match[1] + decimals), 100 * 10 ** len(decimals))
        raise bad("SHARE_UNREADABLE", text=text[:40])


@dataclass(frozen=True, slots=True)
class Quorum:
    """How many must take part: `counted` compared with `share` of those entitled."""

    share: Share
    counted: Counted = Counted.CAST
    comparator: Comparator = Comparator.AT_LEAST


@dataclass(frozen=True, slots=True)
class Rule:
    """Adopted if the votes for are `comparator` `threshold` of `base`, and the quorum, if any, is met."""

    base: Base
    threshold: Share
    comparator: Comparator = Comparator.AT_LEAST
    quorum: Quorum | None = None

    @property
    def needs_present(self) -> bool:
        """Whether the number present decides anything."""
        by_quorum = self.quorum is not None and self.quorum.counted is Counted.PRESENT
        return self.base is Base.PRESENT or by_quorum


def meets(count: int, base: int, share: Share, comparator: Comparator) -> bool | None:
    """Whether `count` of `base` is `comparator` `share`, in integers; None when the base is nobody."""
    if base == 0:
        return None
    left, right = count * share.denominator, share.numerator * base
    return left >= right if comparator is Comparator.AT_LEAST else left > right
