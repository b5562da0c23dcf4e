"""The image's list of parts: valid CycloneDX, of all that the locks name and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from deploy.supply import sbom
from deploy.supply.components import RUNTIME, packages


@pytest.fixture(scope="module")
def text() -> str:
    return JsonV1Dot6(sbom.bill(packages())).output_as_string()


@pytest.fixture
def bill(text: str) -> Any:
    return json.loads(text)


def test_it_is_cyclonedx(text: str, bill: Any) -> None:
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    assert validator.validate_str(text) is None
    del bill["components"][0]["name"]
    assert validator.validate_str(json.dumps(bill)) is not None


def test_every_part_of_the_lock_with_its_licence(bill: Any) -> None:
    lock = RUNTIME.read_text(encoding="utf-8")
    parts = {each["name"]: each for each in bill["components"]}
    for name, each in parts.items():
        assert each["licenses"], name
        if each["purl"].startswith("pkg:pypi/"):
            assert each["purl"] == f"pkg:pypi/{name}@{each['version']}"
            assert f"{name}=={each['version']}" in lock
    assert parts["psycopg"]["licenses"] == [{"license": {"id": "LGPL-3.0-only"}}]
    assert parts["scipy"]["licenses"][0]["expression"].startswith("BSD-3-Clause AND")
    assert parts["htmx.org"]["purl"] == f"pkg:npm/htmx.org@{parts['htmx.org']['version']}"
    assert bill["metadata"]["component"]["licenses"] == [{"license": {"id": "EUPL-1.2"}}]


def test_nothing_is_in_it_that_nobody_asks_for(bill: Any) -> None:
    asked = {each["ref"]: set(each.get("dependsOn", [])) for each in bill["dependencies"]}
    reached, ahead = set(), {"borgerting"}
    while ahead:
        reached |= ahead
        ahead = set().union(*(asked[each] for each in ahead)) - reached
    assert reached == {"borgerting", *(each["bom-ref"] for each in bill["components"])}


def test_a_part_without_its_wheel_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sbom.main(["--wheels", str(tmp_path)]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "no wheel of borgerting" in printed.err
