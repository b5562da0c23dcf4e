"""Counting: exact at every threshold, undefined on nobody, each contradiction named."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.deliberation.ballots.errors import BadInput
from services.deliberation.ballots.rule import (
    Base,
    Choice,
    Comparator,
    Counted,
    Outcome,
    Quorum,
    Rule,
    Secrecy,
    Share,
)
from services.deliberation.ballots.tally import Counts, percent, tally, written

SEVENTY = Share(70, 100)


def decide(rule: Rule, counts: Counts, entitled: int = 100, present: int | None = None) -> Outcome:
    return tally(rule, counts, entitled=entitled, present=present).outcome


def test_sixteen_of_twenty_three_is_not_seventy_percent() -> None:
    result = tally(Rule(Base.FOR_AGAINST, SEVENTY), Counts(yes=16, no=7), entitled=36)
    assert (result.outcome, result.base, result.percent) == (Outcome.NOT_ADOPTED, 23, "69.6")


def test_exactly_seventy_passes_at_least_and_fails_more_than() -> None:
    counts = Counts(yes=7, no=3)
    assert decide(Rule(Base.FOR_AGAINST, SEVENTY, Comparator.AT_LEAST), counts) is Outcome.ADOPTED
    assert decide(Rule(Base.FOR_AGAINST, SEVENTY, Comparator.MORE_THAN), counts) is Outcome.NOT_ADOPTED


def test_two_thirds_is_two_thirds() -> None:
    rule = Rule(Base.FOR_AGAINST, Share.parse("2/3"))
    assert decide(rule, Counts(yes=2, no=1)) is Outcome.ADOPTED
    # 66.7 %, as some write it, is more than two thirds.
    assert decide(Rule(Base.FOR_AGAINST, Share.parse("66.7 %")), Counts(yes=2, no=1)) is Outcome.NOT_ADOPTED


@pytest.mark.parametrize(
    ("base", "number"), [(Base.FOR_AGAINST, 30), (Base.CAST, 36), (Base.PRESENT, 38), (Base.ENTITLED, 40)]
)
def test_the_base_decides(base: Base, number: int) -> None:
    counts = Counts(yes=21, no=9, abstain=4, blank=2)
    result = tally(Rule(base, SEVENTY), counts, entitled=40, present=38)
    assert result.base == number
    assert result.outcome is (Outcome.ADOPTED if base is Base.FOR_AGAINST else Outcome.NOT_ADOPTED)


def test_abstentions_and_blanks_count_for_the_quorum_only() -> None:
    rule = Rule(Base.FOR_AGAINST, Share(1, 2), Comparator.MORE_THAN, Quorum(Share(1, 2)))
    assert decide(rule, Counts(yes=2, no=1, abstain=10, blank=7), entitled=40) is Outcome.ADOPTED
    assert decide(rule, Counts(yes=2, no=1, abstain=10, blank=6), entitled=40) is Outcome.NO_QUORUM


def test_a_quorum_of_those_present() -> None:
    quorum = Quorum(Share(1, 2), Counted.PRESENT, Comparator.MORE_THAN)
    rule = Rule(Base.CAST, Share(1, 2), quorum=quorum)
    assert decide(rule, Counts(yes=3), entitled=40, present=21) is Outcome.ADOPTED
    assert decide(rule, Counts(yes=3), entitled=40, present=20) is Outcome.NO_QUORUM
    assert tally(rule, Counts(), entitled=40, present=0).quorum is not None


@pytest.mark.parametrize("base", Base)
def test_nobody_is_undefined_never_zero_percent(base: Base) -> None:
    result = tally(Rule(base, Share(0, 100)), Counts(), entitled=0, present=0)
    assert (result.outcome, result.percent, result.base) == (Outcome.UNDEFINED, None, 0)


def test_a_quorum_of_nobody_is_undefined() -> None:
    rule = Rule(Base.FOR_AGAINST, Share(1, 2), quorum=Quorum(Share(0, 100)))
    result = tally(rule, Counts(), entitled=0)
    assert result.outcome is Outcome.UNDEFINED
    assert result.quorum is not None
    assert result.quorum.met is None


def test_no_votes_of_people_entitled() -> None:
    assert decide(Rule(Base.FOR_AGAINST, Share(1, 2)), Counts()) is Outcome.UNDEFINED
    assert decide(Rule(Base.ENTITLED, Share(1, 2)), Counts()) is Outcome.NOT_ADOPTED
    assert decide(Rule(Base.CAST, Share(1, 2), quorum=Quorum(Share(1, 2))), Counts()) is Outcome.NO_QUORUM


def test_all_blank() -> None:
    counts = Counts(blank=12)
    assert decide(Rule(Base.FOR_AGAINST, Share(1, 2)), counts) is Outcome.UNDEFINED
    assert decide(Rule(Base.CAST, Share(1, 2)), counts) is Outcome.NOT_ADOPTED


def test_one_vote() -> None:
    result = tally(Rule(Base.CAST, Share(100, 100)), Counts(yes=1), entitled=1)
    assert (result.outcome, result.percent) == (Outcome.ADOPTED, "100.0")


@pytest.mark.parametrize(
    ("comparator", "outcome"),
    [(Comparator.AT_LEAST, Outcome.ADOPTED), (Comparator.MORE_THAN, Outcome.NOT_ADOPTED)],
)
def test_a_tie(comparator: Comparator, outcome: Outcome) -> None:
    assert decide(Rule(Base.FOR_AGAINST, Share(1, 2), comparator), Counts(yes=18, no=18)) is outcome


@pytest.mark.parametrize(
    ("share", "comparator", "notice"),
    [
        (Share(0, 100), Comparator.AT_LEAST, "THRESHOLD_ALWAYS_MET"),
        (Share(100, 100), Comparator.MORE_THAN, "THRESHOLD_NEVER_MET"),
        (Share(0, 100), Comparator.MORE_THAN, None),
        (Share(100, 100), Comparator.AT_LEAST, None),
    ],
)
def test_thresholds_of_nothing_and_of_all(share: Share, comparator: Comparator, notice: str | None) -> None:
    rule = Rule(Base.FOR_AGAINST, share, comparator)
    codes = [n.code for n in tally(rule, Counts(yes=5, no=5), entitled=10).notices]
    assert codes == ([notice] if notice else [])
    none, some, all_ = (decide(rule, Counts(yes=y, no=6 - y)) for y in (0, 3, 6))
    at_least = comparator is Comparator.AT_LEAST
    if share.numerator == 0:
        assert [none, some, all_] == [Outcome.ADOPTED if at_least else Outcome.NOT_ADOPTED] + [
            Outcome.ADOPTED
        ] * 2
    else:
        assert [none, some, all_] == [Outcome.NOT_ADOPTED] * 2 + [
            Outcome.ADOPTED if at_least else Outcome.NOT_ADOPTED
        ]


def test_results_that_give_votes_away_are_pointed_out() -> None:
    rule = Rule(Base.CAST, Share(1, 2))

    def codes(counts: Counts) -> list[str]:
        return [notice.code for notice in tally(rule, counts, entitled=30).notices]

    assert codes(Counts(yes=20)) == ["UNANIMOUS"]
    assert codes(Counts(yes=2, no=2)) == ["FEW_CAST"]
    assert codes(Counts(yes=4, no=1)) == []
    assert codes(Counts()) == []


@pytest.mark.parametrize(
    ("counts", "entitled", "present", "codes"),
    [
        (Counts(yes=5), 4, 4, {"CAST_OVER_ENTITLED", "CAST_OVER_PRESENT"}),
        (Counts(yes=5), 9, 4, {"CAST_OVER_PRESENT"}),
        (Counts(yes=5), 9, 10, {"PRESENT_OVER_ENTITLED"}),
        (Counts(yes=5), 9, None, {"PRESENT_MISSING"}),
        (Counts(yes=5), 9, -1, {"PRESENT_NOT_WHOLE"}),
        (Counts(yes=5), -9, 5, {"ENTITLED_NOT_WHOLE"}),
        (Counts(yes=5), 10**7, 5, {"ENTITLED_NOT_WHOLE"}),
    ],
)
def test_contradictions(counts: Counts, entitled: int, present: int | None, codes: set[str]) -> None:
    with pytest.raises(BadInput) as caught:
        tally(Rule(Base.PRESENT, Share(1, 2)), counts, entitled=entitled, present=present)
    assert {reason.code for reason in caught.value.reasons} == codes


def test_counts_are_whole_and_not_negative() -> None:
    with pytest.raises(BadInput) as caught:
        Counts(yes=-1, no=1.5, blank=True)  # type: ignore[arg-type]
    assert {reason.params["choice"] for reason in caught.value.reasons} == {"yes", "no", "blank"}
    assert Counts.count([Choice.YES, Choice.NO, Choice.YES]) == Counts(yes=2, no=1)
    assert Counts(1, 2, 3, 4) + Counts(4, 3, 2, 1) == Counts(5, 5, 5, 5)


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("70 %", Share(70, 100)),
        ("70%", Share(70, 100)),
        ("66.7 %", Share(667, 1000)),
        (" 66,70% ", Share(6670, 10000)),
        ("2/3", Share(2, 3)),
        ("0 %", Share(0, 100)),
        ("100 %", Share(100, 100)),
    ],
)
def test_shares_are_kept_as_written(text: str, share: Share) -> None:
    assert Share.parse(text) == share
    assert written(share).replace(" ", "") == text.replace(" ", "").replace(",", ".")


@pytest.mark.parametrize(
    "text", ["", "70", "0.7", "7e1 %", "-1 %", "two thirds", "101 %", "3/2", "1/0", "٧٠ %"]
)
def test_other_shares_are_refused(text: str) -> None:
    with pytest.raises(BadInput):
        Share.parse(text)


@pytest.mark.parametrize("share", [(0.7, 1), (7, 10.0), (True, 1), (1, 10**7)])
def test_shares_are_whole_numbers(share: tuple[int, int]) -> None:
    with pytest.raises(BadInput):
        Share(*share)


def test_there_are_three_honest_labels() -> None:
    assert [label.value for label in Secrecy] == ["named", "hidden_from_members", "secret_from_operator"]


shares = st.integers(1, 1000).flatmap(lambda d: st.builds(Share, st.integers(0, d), st.just(d)))
votes = st.integers(0, 300)
counts = st.builds(Counts, votes, votes, votes, votes)


@given(counts, shares, st.sampled_from(Base), st.sampled_from(Comparator), votes, votes)
def test_no_rounding_passes_a_threshold(
    cast: Counts, share: Share, base: Base, comparator: Comparator, away: int, elsewhere: int
) -> None:
    """Against exact fractions; and what is printed stands on the side where the votes stand."""
    present, entitled = cast.cast + elsewhere, cast.cast + elsewhere + away
    result = tally(Rule(base, share, comparator), cast, entitled=entitled, present=present)
    of = {
        Base.FOR_AGAINST: cast.yes + cast.no,
        Base.CAST: cast.cast,
        Base.PRESENT: present,
        Base.ENTITLED: entitled,
    }[base]
    if of == 0:
        assert (result.outcome, result.percent) == (Outcome.UNDEFINED, None)
        return
    exact, limit = Fraction(cast.yes, of), Fraction(share.numerator, share.denominator)
    passes = exact >= limit if comparator is Comparator.AT_LEAST else exact > limit
    assert result.outcome is (Outcome.ADOPTED if passes else Outcome.NOT_ADOPTED)
    assert result.percent is not None
    shown = Fraction(Decimal(result.percent)) / 100
    assert abs(shown - exact) <= Fraction(1, 2000)
    if exact < limit:
        assert shown < limit
    if exact > limit:
        assert shown > limit


@given(st.integers(0, 5000), st.integers(1, 5000), shares)
@example(16, 23, SEVENTY)
@example(6999, 10000, SEVENTY)
@example(7001, 10000, SEVENTY)
def test_a_limit_that_decimals_reach_is_shown_when_met_exactly(count: int, base: int, share: Share) -> None:
    count = min(count, base)
    shown = Fraction(Decimal(percent(count, base, share) or "")) / 100
    exact, limit = Fraction(count, base), Fraction(share.numerator, share.denominator)
    terminates = not {p for p in range(3, 1001, 2) if p % 5 and limit.denominator % p == 0}
    if exact == limit and terminates:
        assert shown == limit


@given(counts, shares, st.sampled_from(Comparator), st.sampled_from(Counted), votes, votes)
def test_a_quorum_is_exact_too(
    cast: Counts, share: Share, comparator: Comparator, counted: Counted, away: int, elsewhere: int
) -> None:
    present, entitled = cast.cast + elsewhere, cast.cast + elsewhere + away
    rule = Rule(Base.CAST, Share(1, 2), quorum=Quorum(share, counted, comparator))
    result = tally(rule, cast, entitled=entitled, present=present)
    if entitled == 0:
        assert result.outcome is Outcome.UNDEFINED
        return
    part = Fraction(cast.cast if counted is Counted.CAST else present, entitled)
    limit = Fraction(share.numerator, share.denominator)
    met = part >= limit if comparator is Comparator.AT_LEAST else part > limit
    assert (result.outcome is Outcome.NO_QUORUM) == (not met)


@given(counts, shares)
def test_more_votes_for_never_lose(cast: Counts, share: Share) -> None:
    """Monotone: one who turns from against to for cannot undo an adoption."""
    rule = Rule(Base.FOR_AGAINST, share)
    if cast.no and decide(rule, cast, 2000) is Outcome.ADOPTED:
        turned = Counts(cast.yes + 1, cast.no - 1, cast.abstain, cast.blank)
        assert decide(rule, turned, 2000) is Outcome.ADOPTED
