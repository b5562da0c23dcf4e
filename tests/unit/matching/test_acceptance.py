"""Deferred acceptance against every matching there is, the PyPI package `matching`, and at the edges."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.volunteer.matching.acceptance import assign
from services.volunteer.matching.acceptance_types import Applicant, Host, Match
from services.volunteer.matching.errors import BadInput
from services.volunteer.matching.stability import blocking_pairs, broken_rules

Sides = tuple[list[Applicant], list[Host]]


@st.composite
def sides(draw: st.DrawFn, most_rank: int = 3, people: int = 5, houses: int = 3) -> Sides:
    names = [f"a{n}" for n in range(draw(st.integers(0, people)))]
    hosts = [f"h{n}" for n in range(draw(st.integers(0, houses)))]
    rank = st.none() | st.integers(1, most_rank)

    def ranks(others: Sequence[str]) -> dict[str, int]:
        return {name: r for name in others if (r := draw(rank)) is not None}

    schools = st.sampled_from(["x", "y", None])
    quotas = st.dictionaries(st.sampled_from(["x", "y"]), st.integers(0, 2))
    return (
        [Applicant(name, ranks(hosts), draw(schools)) for name in names],
        [Host(name, ranks(names), draw(st.integers(0, 3)), draw(quotas)) for name in hosts],
    )


def _strict(each: Sides) -> Sides:
    """The same with no two ranks alike."""

    def strict(ranks: dict[str, int]) -> dict[str, int]:
        return {name: at for at, name in enumerate(sorted(ranks, key=lambda n: (ranks[n], n)), 1)}

    return (
        [replace(one, ranks=strict(dict(one.ranks))) for one in each[0]],
        [replace(host, ranks=strict(dict(host.ranks))) for host in each[1]],
    )


def _matchings(applicants: list[Applicant], hosts: list[Host]) -> Iterator[tuple[Match, ...]]:
    by_id = {host.id: host for host in hosts}
    for choice in product(*([None, *one.ranks] for one in applicants)):
        made = tuple(
            Match(one.id, name, one.ranks[name], by_id[name].ranks.get(one.id, 0))
            for one, name in zip(applicants, choice, strict=True)
            if name is not None
        )
        if not broken_rules(applicants, hosts, made):
            yield made


@settings(max_examples=300)
@given(sides(), st.integers(0, 3))
def test_no_pair_blocks_and_the_order_of_rows_means_nothing(each: Sides, seed: int) -> None:
    applicants, hosts = each
    made = assign(applicants, hosts, str(seed))
    assert broken_rules(applicants, hosts, made.matches) == ()
    assert blocking_pairs(applicants, hosts, made.matches) == ()
    turned = [replace(one, ranks=dict(reversed(one.ranks.items()))) for one in reversed(applicants)]
    assert assign(turned, hosts[::-1], str(seed)) == made
    given_to = {match.applicant: match.host for match in made.matches}
    ranked = {one.id: one.ranks for one in applicants}
    for outcome in made.applicants:
        assert outcome.host == given_to.get(outcome.applicant) == made.host_of(outcome.applicant)
        assert outcome.host is not None or outcome.reasons
        own = ranked[outcome.applicant]
        named = {str(reason.params["host"]) for reason in outcome.reasons if "host" in reason.params}
        better = {name for name in own if outcome.host is None or own[name] < own[outcome.host]}
        assert better <= named
        assert all(outcome.host is None or own[name] <= own[outcome.host] for name in named)
    assert all(bool(each.reasons) == bool(each.free) for each in made.hosts)


@settings(max_examples=150)
@given(sides(most_rank=9, people=4))
def test_every_applicant_has_the_best_of_all_stable_matchings(each: Sides) -> None:
    applicants, hosts = _strict(each)
    ours = {match.applicant: match.rank for match in assign(applicants, hosts, "").matches}
    stable = [made for made in _matchings(applicants, hosts) if not blocking_pairs(applicants, hosts, made)]
    assert any({m.applicant: m.rank for m in made} == ours for made in stable)
    for made in stable:
        # The rural hospitals theorem: the same people are matched in every stable matching.
        assert {match.applicant for match in made} == set(ours)
        assert all(ours[match.applicant] <= match.rank for match in made)


@settings(max_examples=100)
@given(sides(most_rank=9, people=12, houses=5))
def test_equal_to_the_package_matching_where_that_runs(each: Sides) -> None:
    applicants, hosts = _strict(each)
    # It wants reciprocal lists, nobody without one, at least one place each, and knows no quotas.
    mutual = {(o.id, h.id) for o in applicants for h in hosts if h.id in o.ranks and o.id in h.ranks}
    people = [
        Applicant(o.id, {h: r for h, r in o.ranks.items() if (o.id, h) in mutual})
        for o in applicants
        if any(name == o.id for name, _ in mutual)
    ]
    houses = [
        Host(h.id, {o: r for o, r in h.ranks.items() if (o, h.id) in mutual}, h.capacity or 1)
        for h in hosts
        if any(name == h.id for _, name in mutual)
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from matching.games import HospitalResident

        game = HospitalResident.create_from_dictionaries(
            {one.id: sorted(one.ranks, key=lambda n, o=one: o.ranks[n]) for one in people},
            {host.id: sorted(host.ranks, key=lambda n, h=host: h.ranks[n]) for host in houses},
            {host.id: host.capacity for host in houses},
        )
        theirs = game.solve(optimal="resident")
    expected = {(str(one), str(host)) for host, own in theirs.items() for one in own}
    made = assign(people, houses, "")
    assert {(match.applicant, match.host) for match in made.matches} == expected


def test_a_school_keeps_to_its_quota_though_its_applicants_are_wanted_most() -> None:
    applicants = [Applicant(n, {"h": 1, "i": 2}, "x") for n in "ab"] + [Applicant("c", {"h": 1}, "y")]
    ranks = {"a": 1, "b": 2, "c": 3}
    made = assign(applicants, [Host("h", ranks, 2, {"x": 1}), Host("i", ranks, 0)], "")
    assert [(match.applicant, match.host) for match in made.matches] == [("a", "h"), ("c", "h")]
    outcome = {each.applicant: each.reasons for each in made.applicants}
    assert [each.code for each in outcome["b"]] == ["SCHOOL_QUOTA_FULL", "HOST_WITHOUT_PLACES"]
    assert outcome["b"][0].params == {"host": "h", "rank": 1, "most": 1}


def test_places_left_say_why() -> None:
    applicants = [Applicant("a", {"h": 2, "i": 1}, "x"), Applicant("b", {"h": 1}, "x")]
    hosts = [
        Host("h", {"a": 1, "b": 2}, 3, {"x": 1}),
        Host("i", {"a": 1}, 2),
        Host("j", {"a": 1}, 1),
    ]
    made = assign(applicants, hosts, "")
    reasons = {each.host: [(r.code, dict(r.params)) for r in each.reasons] for each in made.hosts}
    assert reasons == {
        "h": [("HELD_BACK_BY_QUOTA", {"count": 1})],
        "i": [("NOBODY_ELSE_TO_TAKE", {})],
        "j": [("NOBODY_ELSE_TO_TAKE", {})],
    }
    assert (made.one_sided, [each.free for each in made.hosts]) == (1, [2, 1, 1])
    free = assign(applicants, [replace(hosts[0], quotas={}), hosts[1]], "")
    assert [r.code for r in free.hosts[0].reasons] == ["PREFER_ANOTHER_HOST"]


def test_nothing_nobody_and_no_places() -> None:
    empty = assign([], [], "")
    assert (empty.matches, empty.applicants, empty.hosts) == ((), (), ())
    lonely = assign([Applicant("a", {})], [], "")
    assert [each.code for each in lonely.applicants[0].reasons] == ["RANKED_NOBODY"]
    absent = assign([Applicant(n, {}) for n in "ab"], [Host("h", {"a": 1, "b": 2}, 2)], "")
    assert (absent.matches, absent.hosts[0].free, absent.one_sided) == ((), 2, 2)
    unranked = assign([Applicant("a", {"h": 1})], [Host("h", {})], "")
    assert [each.code for each in unranked.applicants[0].reasons] == ["HOST_DID_NOT_RANK"]
    shut = assign([Applicant("a", {"h": 1}, "x")], [Host("h", {"a": 1}, 4, {"x": 0})], "")
    assert [each.code for each in shut.applicants[0].reasons] == ["SCHOOL_QUOTA_FULL"]


def test_a_tie_everywhere_falls_by_one_lot_for_each_applicant() -> None:
    hosts = [f"h{n}" for n in range(3)]
    names = [f"a{n}" for n in range(9)]
    applicants = [Applicant(name, dict.fromkeys(hosts, 1)) for name in names]
    offers = [Host(name, dict.fromkeys(names, 1), 1) for name in hosts]
    winners = set()
    for seed in range(40):
        made = assign(applicants, offers, str(seed))
        assert len(made.matches) == 3
        assert made.ties == 12
        assert not blocking_pairs(applicants, offers, made.matches)
        winners.add(made.matches[0].applicant)
        lost = [each for each in made.applicants if each.host is None]
        assert {reason.code for each in lost for reason in each.reasons} == {"HOST_FULL_BY_LOT"}
    assert len(winners) > 4
    quota = [Host("h0", dict.fromkeys(names, 1), 5, {"x": 1})]
    same = [Applicant(name, {"h0": 1}, "x") for name in names]
    lost = [each for each in assign(same, quota, "").applicants if each.host is None]
    assert {reason.code for each in lost for reason in each.reasons} == {"SCHOOL_QUOTA_FULL_BY_LOT"}


def test_six_hundred_in_a_chain_need_no_stack() -> None:
    count = 3_000
    applicants = [
        Applicant(f"a{n}", {f"h{n}": 2, f"h{n + 1}": 3, f"h{max(n - 1, 0)}": 1}) for n in range(count)
    ]
    hosts = [
        Host(f"h{n}", {f"a{m}": m + 2 for m in range(max(n - 1, 0), min(n + 2, count))})
        for n in range(count + 1)
    ]
    made = assign(applicants, hosts, "")
    assert len(made.matches) == count
    assert not blocking_pairs(applicants, hosts, made.matches)


def test_the_check_sees_what_is_not_stable_or_not_allowed() -> None:
    applicants = [
        Applicant("a", {"h": 1, "i": 2}, "x"),
        Applicant("b", {"h": 1}, "x"),
        Applicant("c", {"h": 1}),
    ]
    hosts = [Host("h", {"a": 1, "b": 2, "c": 3}, 2, {"x": 1}), Host("i", {"a": 1})]

    def blocked(*pairs: tuple[str, str]) -> tuple[tuple[str, str], ...]:
        return blocking_pairs(applicants, hosts, [Match(*pair, 0, 0) for pair in pairs])

    assert blocked(("a", "h"), ("c", "h")) == ()
    assert blocked(("b", "h"), ("c", "h")) == (("a", "h"), ("a", "i"))
    assert blocked(("a", "i"), ("b", "h"), ("c", "h")) == (("a", "h"),)
    assert blocked(("a", "h")) == (("c", "h"),)
    wrong = [Match("a", "h", 1, 1), Match("b", "h", 1, 2), Match("c", "h", 1, 3), Match("a", "i", 9, 9)]
    codes = [each.code for each in broken_rules(applicants, hosts, wrong)]
    assert codes == ["MATCHED_TWICE", "NOT_RANKED", "OVER_CAPACITY", "OVER_QUOTA"]


def test_lower_quotas_and_every_fault_are_refused_at_once() -> None:
    applicants = [Applicant("a", {"z": 1, "h": 0}), Applicant("a", {})]
    hosts = [
        Host("h", {"y": 1, "a": 0}, -1, {"x": -1}, least=1, least_of={"x": 1}),
        Host("h", {}),
    ]
    with pytest.raises(BadInput) as error:
        assign(applicants, hosts, "")
    assert [each.code for each in error.value.reasons] == [
        "DUPLICATE_APPLICANT",
        "DUPLICATE_HOST",
        "UNKNOWN_HOST",
        "RANK_BELOW_ONE",
        "NEGATIVE_CAPACITY_OF_HOST",
        "LOWER_QUOTA",
        "NEGATIVE_QUOTA",
        "LOWER_QUOTA_OF_SCHOOL",
        "UNKNOWN_APPLICANT",
        "RANK_BELOW_ONE",
    ]
