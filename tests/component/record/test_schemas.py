"""The published schemas describe what is really written, field by field, and nothing more."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from services.sortition.lottery import record, verifier
from services.sortition.lottery.draw import solve
from services.sortition.lottery.lottery import Method
from services.sortition.lottery.number import Mode
from services.sortition.lottery.problem import Person, Problem, Target

SCHEMAS = Path(__file__).parents[3] / "docs" / "schemas"


def schema(name: str) -> jsonschema.Draft202012Validator:
    content = json.loads((SCHEMAS / f"{name}.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(content)
    return jsonschema.Draft202012Validator(content)


def files(method: Method, mode: Mode, number: dict[str, Any]) -> dict[str, Any]:
    people = tuple(
        Person(f"p{i}", ("abc"[i % 3 % (1 + i % 2 * 2)], "xy"[i % 5 // 4]), f"h{i // 2}" if i < 8 else None)
        for i in range(40)
    )
    values = sorted({person.values[0] for person in people})
    targets = tuple(Target("letter", value, 1, 5) for value in values)
    problem = Problem(
        ("letter", "sign"),
        (*targets, Target("sign", "x", 4, 7), Target("sign", "y", 0, 2)),
        people,
        7,
        1,
        frozenset({"p1"}),
        frozenset({"p30"}),
    )
    exact, uniform = solve(problem, method, "s", 50)
    published = record.build(
        problem, exact, uniform, mode=mode, seed="s", token_bytes=secrets.token_bytes, program_version="0"
    )
    content = record.reveal(published.commitment, published.audit, **number)
    assert verifier.verify(content, published.audit, published.commitment).exit_code == 0
    return {
        "record": json.loads(content),
        "commitment": json.loads(published.commitment),
        "audit": json.loads(published.audit),
    }


CASES = [
    (Method.LEXIMIN, Mode.PUBLIC, {"drawn": 7}),
    (Method.MAXIMIN, Mode.PUBLIC, {"randomness": "text"}),
    (Method.LEGACY, Mode.SEEDED, {}),
]


@pytest.mark.parametrize(("method", "mode", "number"), CASES)
def test_what_is_written_fits_its_schema(method, mode, number):
    for name, content in files(method, mode, number).items():
        schema(name).validate(content)


@pytest.fixture(scope="module")
def written() -> dict[str, Any]:
    return files(*CASES[0])


@pytest.mark.parametrize("name", ["record", "commitment", "audit"])
def test_a_field_more_or_less_does_not_fit(name, written):
    validator = schema(name)
    content = written[name]
    assert not validator.is_valid(content | {"surprise": 1})
    for field in content:
        assert not validator.is_valid({key: value for key, value in content.items() if key != field})
    for field, value in content.items():
        wrong = 0.5 if not isinstance(value, (int, float)) else "text"
        assert not validator.is_valid(content | {field: wrong}), field


def test_the_schemas_and_the_verifier_name_the_same_fields():
    parts = {
        "record": {*verifier.COMMITTED, *verifier.DRAWN, "digest", "digests"},
        "commitment": {*verifier.COMMITTED, "digest", "digests"},
        "audit": set(verifier.AUDIT),
    }
    for name, expected in parts.items():
        content = json.loads((SCHEMAS / f"{name}.schema.json").read_text())
        assert set(content["properties"]) == set(content["required"]) == expected


def test_no_file_tells_when_or_where_it_was_made(written):
    for content in written.values():
        text = json.dumps(content).lower()
        assert "time" not in text
        assert "host" not in text
