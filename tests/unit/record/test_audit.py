"""With the audit file: each lie about people, panels, weights or proof is refused though all digests fit."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.sortition.lottery import record, verifier


def first(audit: dict[str, Any], kind: int) -> dict[str, Any]:
    return next(p for p in audit["people"] if p["type"] == kind)


def swap_type(audit: dict[str, Any]) -> None:
    first(audit, 0)["type"] = 1


def free_the_excluded(audit: dict[str, Any]) -> None:
    next(p for p in audit["people"] if p["type"] is None)["type"] = 1


FORGERIES: dict[str, tuple[str, Any]] = {
    # who is in the pool
    "another salt": ("audit: people", lambda a: a["people"][0].update(salt="0" * 32)),
    "another id": ("audit: people", lambda a: a["people"][0].update(id="p99")),
    "somebody twice": ("audit: people", lambda a: a["people"][0].update(id=a["people"][1]["id"])),
    "another random id": ("audit: people", lambda a: a["people"][0].update(random_id="0000000000")),
    "another answer": ("audit: people", lambda a: first(a, 0).update(values=["mand"])),
    "an answer without a target": ("audit: people", lambda a: first(a, 0).update(values=["andet"])),
    "no answer": ("audit: people", lambda a: a["people"][0].update(values=[])),
    "one person fewer": ("audit: people", lambda a: a["people"].pop()),
    "must be drawn": ("audit: people", lambda a: first(a, 0).update(must=True)),
    "not excluded": ("audit: people", free_the_excluded),
    "a short salt": ("audit: people", lambda a: a["people"][0].update(salt="00")),
    # who is alike
    "a person of another type": ("audit: types", swap_type),
    "a fake type": ("audit: types", lambda a: a["types"].append(dict(a["types"][0], values=["andet"]))),
    "a type twice": ("audit: types", lambda a: a["types"].append(a["types"][0])),
    "a type fewer": ("audit: types", lambda a: a["types"].pop()),
    "a looser bound": ("audit: types", lambda a: a["types"][0].update(upper=9)),
    "a tighter bound": ("audit: types", lambda a: a["types"][0].update(upper=1)),
    "a false number of members": ("audit: types", lambda a: a["types"][0].update(members=4)),
    "a household from nowhere": (
        "audit: types",
        lambda a: a["types"][0].update(household=[{"values": ["kvinde"], "must": False}]),
    ),
    # the inequalities
    "a row dropped": ("audit: rows", lambda a: a["rows"].pop(1)),
    "a row tightened": ("audit: rows", lambda a: a["rows"][1].update(upper=1)),
    "a row loosened": ("audit: rows", lambda a: a["rows"][1].update(upper=4)),
    "a coefficient": ("audit: rows", lambda a: a["rows"][1]["coefficients"][0].__setitem__(1, 2)),
    "a coefficient of no type": ("audit: rows", lambda a: a["rows"][1]["coefficients"][0].__setitem__(0, 2)),
    "a coefficient cut short": ("audit: rows", lambda a: a["rows"][1]["coefficients"][0].pop()),
    "an empty coefficient": ("audit: rows", lambda a: a["rows"][1]["coefficients"].append([])),
    "a row twice": ("audit: rows", lambda a: a["rows"].append(a["rows"][0])),
    # the exact lottery
    "weights over 1": ("audit: lottery", lambda a: a["lottery"].update(weights=["2/1"])),
    "a negative weight": (
        "audit: lottery",
        lambda a: a["lottery"].update(weights=["2/1", "-1/1"], panels=a["lottery"]["panels"] * 2),
    ),
    "no weights": ("audit: lottery", lambda a: a["lottery"].update(weights=[], panels=[])),
    "a weight not reduced": ("audit: lottery", lambda a: a["lottery"].update(weights=["2/2"])),
    "division by nought": ("audit: lottery", lambda a: a["lottery"].update(weights=["1/0"])),
    "a leading nought": ("audit: lottery", lambda a: a["lottery"].update(weights=["01/1"])),
    "a panel that breaks a quota": (
        "audit: lottery",
        lambda a: a["lottery"].update(panels=[[[0, 3], [1, 1]]]),
    ),
    "a panel with negative seats": (
        "audit: lottery",
        lambda a: a["lottery"].update(panels=[[[0, -2], [1, 6]]]),
    ),
    "a panel of no type": ("audit: lottery", lambda a: a["lottery"].update(panels=[[[0, 2], [2, 2]]])),
    "more weights than panels": ("audit: lottery", lambda a: a["lottery"].update(weights=["1/2", "1/2"])),
    "a higher chance": ("audit: lottery", lambda a: a["lottery"]["chances"].__setitem__(0, "1/3")),
    "a chance fewer": ("audit: lottery", lambda a: a["lottery"]["chances"].pop()),
    "a type said to fit nowhere": (
        "audit: unreachable",
        lambda a: a["unreachable"].append({"type": 0, "reason": ""}),
    ),
    "no such type fits nowhere": (
        "audit: unreachable",
        lambda a: a["unreachable"].append({"type": 7, "reason": ""}),
    ),
    # the proof
    "no stages": ("audit: stages", lambda a: a.update(stages=[])),
    "a stage missing": ("audit: stages", lambda a: a["stages"].pop()),
    "the first stage missing": ("audit: stages 0", lambda a: a["stages"].pop(0)),
    "the stages turned round": ("audit: stages 0", lambda a: a["stages"].reverse()),
    "an inflated level": ("audit: stages 0", lambda a: a["stages"][0].update(level="1/3")),
    "a lowered level": ("audit: stages 1", lambda a: a["stages"][1].update(level="1/3")),
    "settled without weight": ("audit: stages 0", lambda a: a["stages"][0]["settled"].append(1)),
    "settled twice": ("audit: stages 1", lambda a: a["stages"][1]["settled"].append(0)),
    "settled two times over": ("audit: stages 0", lambda a: a["stages"][0]["settled"].append(0)),
    "nobody settled": ("audit: stages 0", lambda a: a["stages"][0].update(settled=[])),
    "no such type settled": ("audit: stages 0", lambda a: a["stages"][0].update(settled=[5])),
    "a slack multiplier": ("audit: stages 0", lambda a: a["stages"][0].update(multipliers=[[1, "1/7"]])),
    "no multiplier": ("audit: stages 0", lambda a: a["stages"][0].update(multipliers=[])),
    "a multiplier of no row": ("audit: stages 0", lambda a: a["stages"][0].update(multipliers=[[9, "1/8"]])),
    "a multiplier twice": (
        "audit: stages 0",
        lambda a: a["stages"][0].update(multipliers=[[1, "1/8"], [1, "1/8"]]),
    ),
    "a multiplier cut short": ("audit: stages 0", lambda a: a["stages"][0].update(multipliers=[["1/8"]])),
    "a negative weight in the proof": (
        "audit: stages 0",
        lambda a: a["stages"][0].update(weights=[[0, "-1/1"]]),
    ),
    "no weight in the proof": ("audit: stages 0", lambda a: a["stages"][0].update(weights=[])),
    "a weight of no type": ("audit: stages 0", lambda a: a["stages"][0].update(weights=[[3, "1/1"]])),
    # what it shares with the record
    "another schema": ("audit: schema", lambda a: a.update(schema="borgerting.audit/2")),
    "another size": ("audit: size", lambda a: a.update(size=3)),
    "other targets": ("audit: targets", lambda a: a["targets"][0].update(maximum=3)),
    "another method": ("audit: method", lambda a: a.update(method="legacy")),
    "other features": ("audit: features", lambda a: a.update(features=["age"])),
    "a part missing": ("audit", lambda a: a.pop("rows")),
    "a part added": ("audit", lambda a: a.update(extra=1)),
    "a shape": ("audit: seed", lambda a: a.update(seed=7)),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_audit_file_is_refused_though_resealed(files, name):
    part, forge = FORGERIES[name]
    forge(files.audit)
    refusals = files.refusals()
    assert [text.split('"')[1] for text in refusals] == [part], refusals


def test_any_changed_byte_of_the_audit_file_is_refused(draw):
    published = draw.publish()
    content = record.reveal(published.commitment, published.audit, drawn=1)
    for at in range(0, len(published.audit), 7):
        changed = published.audit[:at] + bytes([published.audit[at] ^ 1]) + published.audit[at + 1 :]
        assert verifier.verify(content, changed).refused == [
            'part "audit": is not the file that the record names'
        ]


def test_a_seed_that_is_not_the_audit_files_is_refused(seeded_files):
    seeded_files.audit["seed"] = "1849"
    [refusal] = seeded_files.refusals()
    assert refusal == 'part "audit: seed": differs from the record'


def test_counts_that_add_up_but_are_not_the_pools_are_refused(files):
    files.record["pool_counts"]["køn"].update(kvinde=9, mand=5)
    [refusal] = files.refusals()
    assert refusal.startswith('part "pool_counts": køn = kvinde is miscounted')


def test_a_panel_that_breaks_a_quota_is_refused(files):
    by_type: dict[Any, list[str]] = {}
    for p in files.audit["people"]:
        by_type.setdefault(p["type"], []).append(p["random_id"])
    files.record["panels"][0] = sorted([*by_type[0][:3], by_type[1][0]])
    [refusal] = files.refusals()
    assert refusal == 'part "panels": panel 0 breaks the quota row køn kvinde'
    files.record["panels"][0] = sorted([*by_type[0][:2], by_type[1][0], by_type[None][0]])
    [refusal] = files.refusals()
    assert refusal == 'part "panels": panel 0 seats somebody excluded by hand'


def test_panels_that_give_other_chances_than_the_lottery_proved_best_are_refused(files):
    files.record["panels"] = [files.record["outcome"]] * len(files.record["panels"])
    [refusal] = files.refusals()
    assert refusal == 'part "panels": give somebody a chance 0.750000 away from the exact lottery\'s'


def test_a_trusted_inequality_is_counted_in_the_verdict(files):
    row = {"kind": "trusted", "coefficients": [[0, 1]], "lower": None, "upper": 2, "feature": "", "value": ""}
    files.audit["rows"].append(row)
    report = verifier.verify(*files.sealed())
    assert report.exit_code == 0
    assert any("optimal (leximin) given these 1 inequalities" in text for text in report.holds)
    row["upper"] = 1
    [refusal] = files.refusals()
    assert refusal == 'part "panels": panel 0 breaks the trusted row'


def test_a_multiplier_on_an_open_side_is_refused(files):
    row = {"kind": "trusted", "coefficients": [[0, 1]], "lower": None, "upper": 2, "feature": "", "value": ""}
    files.audit["rows"].append(row)
    files.audit["stages"][0]["multipliers"].append([3, "-1/8"])
    [refusal] = files.refusals()
    assert refusal == 'part "audit: stages 0": uses row 3 on a side where it bounds nothing'


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to everything inside a JSON value."""
    found = [path] if path else []
    if isinstance(value, dict):
        return found + [place for key, item in value.items() for place in places(item, (*path, key))]
    if isinstance(value, list):
        return found + [place for i, item in enumerate(value) for place in places(item, (*path, i))]
    return found


ODD = st.sampled_from(
    [
        *(None, True, -1, 0, 1, 2**53 - 1),
        *("", "x", "1/1", "0/1", "-1/2", "9" * 5000 + "/1"),
        *([], [[]], [0], [[0, 1]], {}, {"a": 1}),
    ]
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_stands_in_the_files_the_verifier_answers(files, data):
    """A hostile file may be refused in any words, but never makes the verifier fall over."""
    changed = copy.deepcopy(files)
    for _ in range(data.draw(st.integers(1, 3))):
        file = changed.audit if data.draw(st.integers(0, 3)) else changed.record
        way = data.draw(st.sampled_from(places(file)))
        holder: Any = file
        for step in way[:-1]:
            holder = holder[step]
        holder[way[-1]] = copy.deepcopy(data.draw(ODD))
    try:
        content, audit = changed.sealed()
    except (AttributeError, KeyError, TypeError):
        return  # the forger fell over, not the verifier
    report = verifier.verify(content, audit, files.commitment)
    assert report.exit_code in (0, 1, 2)
    assert report.lines()
