"""Possible or not, and why: held against every seating of small rounds."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from services.deliberation.grouping.errors import Cure, CureKind, Infeasible, Rule, RuleKind, Undecided
from services.deliberation.grouping.model import build
from services.deliberation.grouping.plan import plan
from services.deliberation.grouping.types import Member, Problem, Resource, Round
from tests.unit.grouping.cases import can_be_seated, problems

slow = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _error(problem: Problem) -> Infeasible | None:
    try:
        plan(dataclasses.replace(problem, facilitators=(), rounds=_without_leaders(problem)), "s", 1)
    except Infeasible as error:
        return error
    return None


def _without_leaders(problem: Problem) -> tuple[Round, ...]:
    return tuple(Round(each.groups, each.absent - set(problem.facilitators)) for each in problem.rounds)


@slow
@given(problems(most_people=6, most_rounds=1))
def test_infeasible_exactly_when_no_seating_keeps_the_rules(problem: Problem) -> None:
    assert (_error(problem) is None) == can_be_seated(problem, 0, build(problem, ()).rules)


@slow
@given(problems(most_people=6, most_rounds=1))
def test_the_clash_is_minimal_and_every_cure_cures(problem: Problem) -> None:
    error = _error(problem)
    if error is None:
        return
    assert not can_be_seated(problem, 0, error.rules)
    for rule in error.rules:
        assert can_be_seated(problem, 0, [other for other in error.rules if other is not rule])
    rules = build(problem, ()).rules
    for cure in error.cures:
        cured, left = _cured(problem, list(rules), cure)
        assert can_be_seated(cured, 0, left)


def _cured(problem: Problem, rules: list[Rule], cure: Cure) -> tuple[Problem, list[Rule]]:
    if cure.kind is CureKind.DROP_RULE:
        assert cure.rule is not None
        rules.remove(cure.rule)
    elif cure.kind in (CureKind.FEWER_GROUPS, CureKind.MORE_GROUPS):
        problem = dataclasses.replace(problem, rounds=(Round(cure.count, problem.rounds[0].absent),))
    else:
        limit: dict[str, Any] = (
            {"limit": cure.count} if cure.kind is CureKind.MORE_OF_RESOURCE else {"groups": frozenset()}
        )
        problem = dataclasses.replace(
            problem,
            resources=tuple(
                dataclasses.replace(each, **limit) if each.id == cure.resource else each
                for each in problem.resources
            ),
        )
    return problem, rules


def _people(n: int, **needs: str) -> tuple[Member, ...]:
    return tuple(
        Member(i, {}, frozenset(needs.get(i, "").split())) for i in (chr(ord("A") + k) for k in range(n))
    )


def _refused(problem: Problem) -> Infeasible:
    with pytest.raises(Infeasible) as caught:
        plan(problem, "s", 1)
    return caught.value


def test_a_set_larger_than_a_group_is_named_with_the_links_that_make_it() -> None:
    sets = (frozenset("AB"), frozenset("BC"), frozenset("EF"))
    error = _refused(Problem(_people(6), (Round(3),), together=sets))
    assert (error.reason, error.round, error.groups, error.seats) == ("TOGETHER_TOO_LARGE", 1, 3, 2)
    assert {rule.members for rule in error.rules} == {("A", "B"), ("B", "C")}
    assert Cure(CureKind.FEWER_GROUPS, count=2) in error.cures


def test_a_link_through_someone_absent_still_ties() -> None:
    sets = (frozenset("AB"), frozenset("BC"))
    made = plan(Problem(_people(5), (Round(2, frozenset("B")),), together=sets), "s", 100)
    assert any({"A", "C"} <= set(group.members) for group in made.rounds[0].groups)


def test_sets_that_fit_alone_but_not_side_by_side() -> None:
    sets = (frozenset("AB"), frozenset("CD"), frozenset("EF"))
    error = _refused(Problem(_people(6), (Round(2),), together=sets))
    assert error.reason == "TOGETHER_DO_NOT_FIT"
    assert len(error.rules) == 3
    assert {cure.kind for cure in error.cures} == {
        CureKind.DROP_RULE,
        CureKind.FEWER_GROUPS,
        CureKind.MORE_GROUPS,
    }


def test_too_many_apart_names_only_as_many_as_it_takes() -> None:
    error = _refused(Problem(_people(8), (Round(3),), apart=(frozenset("ABCDEF"),)))
    assert error.reason == "APART_TOO_MANY"
    assert [len(rule.members) for rule in error.rules] == [4]
    assert Cure(CureKind.MORE_GROUPS, count=6) in error.cures


def test_together_and_apart() -> None:
    error = _refused(Problem(_people(6), (Round(2),), apart=(frozenset("AC"),), together=(frozenset("ABC"),)))
    assert error.reason == "TOGETHER_AND_APART"
    assert {(rule.kind, rule.members) for rule in error.rules} == {
        (RuleKind.APART, ("A", "C")),
        (RuleKind.TOGETHER, ("A", "C")),
    }


def test_one_interpreter_for_more_than_a_group_holds() -> None:
    problem = Problem(
        _people(6, A="arabic", B="arabic", C="arabic"), (Round(3),), resources=(Resource("arabic", 1),)
    )
    error = _refused(problem)
    assert error.reason == "NEEDS_NOT_MET"
    assert Cure(CureKind.MORE_OF_RESOURCE, count=2, resource="arabic") in error.cures


def test_a_room_only_in_some_groups() -> None:
    rooms = (Resource("ramp", 2, frozenset({3})),)
    problem = Problem(_people(6, A="ramp", B="ramp", C="ramp"), (Round(3),), resources=rooms)
    error = _refused(problem)
    assert Cure(CureKind.ANY_GROUP, resource="ramp") in error.cures


def test_needs_and_apart_clash() -> None:
    problem = Problem(
        _people(4, A="arabic", B="arabic"),
        (Round(2),),
        apart=(frozenset("AB"),),
        resources=(Resource("arabic", 1),),
    )
    error = _refused(problem)
    assert error.reason == "RULES_CLASH"
    assert len(error.rules) == 3


def test_the_larger_group_goes_where_the_rules_need_it() -> None:
    # Five people in groups of 3 and 2, the accessible room is the second: three must fit there.
    rooms = (Resource("ramp", 1, frozenset({2})),)
    made = plan(Problem(_people(5, A="ramp", B="ramp", C="ramp"), (Round(2),), resources=rooms), "s", 100)
    assert made.rounds[0].groups[1].members == ("A", "B", "C")
    assert made.rounds[0].groups[1].resources == ("ramp",)


def test_only_the_round_that_fails_is_named() -> None:
    rounds = (Round(3), Round(2), Round(3))
    assert _refused(Problem(_people(6), rounds, apart=(frozenset("ABC"),))).round == 2


def test_too_few_facilitators() -> None:
    problem = Problem(_people(6), (Round(3), Round(3, frozenset("z"))), facilitators=("x", "y", "z"))
    error = _refused(problem)
    assert (error.reason, error.round) == ("TOO_FEW_FACILITATORS", 2)
    assert error.cures == (Cure(CureKind.MORE_FACILITATORS, count=3), Cure(CureKind.FEWER_GROUPS, count=2))


def test_tangled_rules_are_said_to_be_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    from services.deliberation.grouping import feasibility

    monkeypatch.setattr(feasibility, "MAX_STEPS", 3)
    with pytest.raises(Undecided) as caught:
        plan(Problem(_people(9), (Round(3),), apart=(frozenset("ABC"), frozenset("DEF"))), "s", 1)
    assert (caught.value.round, caught.value.steps) == (1, 3)
