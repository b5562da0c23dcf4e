"""The whole way, with the real solvers: what they publish holds, in every method and with every rule."""

from __future__ import annotations

import json
import random
from fractions import Fraction

import pytest
import rfc8785

from services.sortition.lottery import record, verifier
from services.sortition.lottery.audit import read_lottery
from services.sortition.lottery.draw import solve
from services.sortition.lottery.errors import Infeasible
from services.sortition.lottery.lottery import Method
from services.sortition.lottery.number import Mode
from services.sortition.lottery.problem import Person, Problem, Target


def invented(seed: int, people: int = 60, size: int = 12, per_address: int | None = None) -> Problem:
    """A pool with a volunteer's bias, quotas around the population's shares, and shared addresses."""
    chance = random.Random(seed)
    features = {"gender": ("f", "m"), "age": ("young", "middle", "old"), "school": ("short", "long")}
    pool = []
    for i in range(people):
        values = tuple(chance.choices(v, weights=range(1, len(v) + 1))[0] for v in features.values())
        pool.append(Person(f"p{i}", values, f"a{chance.randrange(people)}"))
    targets = []
    for feature, values in features.items():
        share = size / len(values)
        targets += [Target(feature, value, int(share) - 1, int(share) + 2) for value in values]
    chosen = chance.sample([person.id for person in pool], 3)
    return Problem(
        tuple(features),
        tuple(targets),
        tuple(pool),
        size,
        per_address,
        include=frozenset(chosen[:1]),
        exclude=frozenset(chosen[1:]),
    )


@pytest.mark.parametrize("method", list(Method))
@pytest.mark.parametrize("per_address", [None, 1, 2])
def test_what_a_solver_publishes_holds(method, per_address, fresh):
    problem = invented(7, per_address=per_address)
    exact, uniform = solve(problem, method, "1848", 100)
    published = record.build(
        problem, exact, uniform, mode=Mode.PUBLIC, seed="1848", token_bytes=fresh(), program_version="0"
    )
    content = record.reveal(published.commitment, published.audit, drawn=99)
    report = verifier.verify(content, published.audit, published.commitment)
    assert report.exit_code == 0, report.lines()
    assert read_lottery(published.audit) == exact
    proved = [text for text in report.holds if "optimal" in text]
    assert bool(proved) == (method is not Method.LEGACY)
    assert any("makes no claim" in text for text in report.unchecked) == (method is Method.LEGACY)
    assert record.drawn_ids(content, published.audit) == uniform.panels[99]


def test_many_small_pools_hold(fresh):
    held = 0
    for seed in range(25):
        problem = invented(seed, people=30, size=8, per_address=1 + seed % 2)
        try:
            exact, uniform = solve(problem, Method.LEXIMIN, str(seed), 40)
        except Infeasible:
            continue
        published = record.build(
            problem,
            exact,
            uniform,
            mode=Mode.SEEDED,
            seed=str(seed),
            token_bytes=fresh(),
            program_version="0",
        )
        content = record.reveal(published.commitment, published.audit)
        report = verifier.verify(content, published.audit, published.commitment)
        assert report.exit_code == 0, (seed, report.lines())
        held += 1
    assert held >= 20


def test_who_fits_no_panel_has_a_stage_and_a_reason(fresh):
    people = tuple(Person(f"p{i}", ("a" if i < 10 else "b",)) for i in range(11))
    problem = Problem(("x",), (Target("x", "a", 4, 4), Target("x", "b", 0, 0)), people, 4)
    exact, uniform = solve(problem, Method.LEXIMIN, "s", 50)
    [nowhere] = exact.unreachable
    published = record.build(
        problem,
        exact,
        uniform,
        mode=Mode.SEEDED,
        seed="s",
        token_bytes=fresh(),
        program_version="0",
        reasons={nowhere: "x = b: at most 0"},
    )
    assert json.loads(published.audit)["unreachable"] == [{"reason": "x = b: at most 0", "type": nowhere}]
    report = verifier.verify(record.reveal(published.commitment, published.audit), published.audit)
    assert report.exit_code == 0, report.lines()


def test_the_same_draw_twice_differs_in_salts_and_ids_only(fresh):
    problem = invented(3)
    turned = Problem(
        problem.features,
        problem.targets,
        tuple(reversed(problem.people)),
        problem.size,
        include=problem.include,
        exclude=problem.exclude,
    )
    drawn = []
    for pool, start in ((problem, 0), (turned, 10_000)):
        exact, uniform = solve(pool, Method.LEXIMIN, "1848", 60)
        published = record.build(
            pool, exact, uniform, mode=Mode.SEEDED, seed="1848", token_bytes=fresh(start), program_version="0"
        )
        content = record.reveal(published.commitment, published.audit)
        names = {identity.random_id: person for person, identity in published.identities.items()}
        panels = [{names[member] for member in panel} for panel in json.loads(content)["panels"]]
        drawn.append((panels, exact.chances, record.drawn_ids(content, published.audit), set(names)))
    assert drawn[0][:3] == drawn[1][:3]
    assert not drawn[0][3] & drawn[1][3]


def test_a_lottery_that_is_not_the_best_cannot_pass_for_it(fresh):
    """An honest audit file whose weights were shifted, chances and digests made to fit."""
    problem = invented(7)
    exact, uniform = solve(problem, Method.LEXIMIN, "1848", 50)
    assert len(exact.panels) > 1
    published = record.build(
        problem, exact, uniform, mode=Mode.PUBLIC, seed="1848", token_bytes=fresh(), program_version="0"
    )
    audit = json.loads(published.audit)
    shift = min(exact.weights[0], Fraction(1, 100))
    weights = [exact.weights[0] - shift, exact.weights[1] + shift, *exact.weights[2:]]
    chances = [
        sum((w * panel[t] for w, panel in zip(weights, exact.panels, strict=True)), Fraction(0))
        / len(kind.members)
        for t, kind in enumerate(exact.types)
    ]
    audit["lottery"]["weights"] = [f"{w.numerator}/{w.denominator}" for w in weights]
    audit["lottery"]["chances"] = [f"{c.numerator}/{c.denominator}" for c in chances]
    forged = rfc8785.dumps(audit)
    commitment = json.loads(published.commitment)
    parts = {name: part for name, part in commitment.items() if name not in record.SEALS}
    parts["audit"]["sha256"] = verifier.sha256(forged)
    sealed = record._seal({name: rfc8785.dumps(part) for name, part in parts.items()})
    report = verifier.verify(record.reveal(sealed, forged, drawn=1), forged)
    assert report.exit_code == 1
    assert report.refused[0].startswith('part "audit: stages')
