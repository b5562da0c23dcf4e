"""Anyone can check a report: with its file alone, and by making the file anew from the public answers."""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import rfc8785

from tests.component.deliberation.pair import Pair, eventually, running_pair

API = "/deliberation/api/v1"
DOCS = Path(__file__).parents[3] / "docs"


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with running_pair(tmp_path_factory.mktemp("pair")) as running:
        yield running


@pytest.fixture(scope="module")
def handed_over(pair: Pair) -> dict[str, Any]:
    """The report, as REST answered its handover."""
    headers = pair.bearer()
    wish = {"title": "Velfærd 2035", "task": "Hvordan?\r\n\r\nHvornår? ", "selection": pair.selection()}
    assembly = pair.http.post(f"{API}/municipalities/dragoer/assemblies", json=wish, headers=headers).json()
    report = f"{API}/{assembly['name']}/report"
    pair.confirm(wish["selection"])
    made = pair.http.post(
        f"{report}/recommendations", json={"title": "Økonomi “2035”", "vision": "a\n\n€"}, headers=headers
    ).json()
    ballots = {"for": 16, "against": 7, "abstain": 0, "entitled": 27, "present": 0, "base": "CAST"}
    path = f"{API}/{made['name']}/initiatives"
    for body in ({"title": "Bus", "support": ballots}, {"title": "Fond", "text": '\\ " \t<b>'}):
        assert pair.http.post(path, json=body, headers=headers).status_code == 201

    def seated() -> None:
        assert pair.http.get(f"{API}/{assembly['name']}").json()["state"] == "SEATED"

    eventually(seated)
    etag = pair.http.get(report, headers=headers).json()["etag"]
    done = pair.http.post(f"{report}:handOver", json={"etag": etag}, headers=headers)
    assert done.status_code == 200, done.text
    answer: dict[str, Any] = done.json()
    return answer


def page_of(report: dict[str, Any]) -> str:
    _, municipality, _, assembly, _ = report["name"].split("/")
    return f"/deliberation/{municipality}/assemblies/{assembly}/report"


def test_the_file_s_sum_is_the_digest_everywhere(pair: Pair, handed_over: dict[str, Any]) -> None:
    shown = pair.http.get(page_of(handed_over))
    assert "set-cookie" not in shown.headers
    (address,) = re.findall(r'href="([^"]+/report\.json)"', shown.text)
    file = pair.http.get(address)
    assert file.headers["content-type"] == "application/json"
    digest = hashlib.sha256(file.content).hexdigest()
    assert digest == handed_over["digest"]
    assert digest in shown.text
    assert pair.http.get(f"{API}/{handed_over['name']}").json() == handed_over
    text = html.unescape(shown.text)
    assert "69,5\u00a0%" in text
    assert "16 for, 7 imod, 0 blanke; 27 kunne stemme." in text


def test_the_file_is_made_anew_from_what_anyone_may_ask(pair: Pair, handed_over: dict[str, Any]) -> None:
    report = pair.http.get(f"{API}/{handed_over['name']}").json()
    assembly = pair.http.get(f"{API}/{handed_over['name'].removesuffix('/report')}").json()
    day = report["handoverDate"]
    time = report["handoverTime"].removesuffix("Z")
    remade = {
        "format": "borgerting report 1",
        "name": report["name"],
        "title": report["title"],
        "preface": report["preface"],
        "assembly_title": assembly["title"],
        "task": assembly["task"],
        "outside": assembly["outside"],
        "selection": assembly["selection"],
        "members": assembly["members"],
        "handover_date": f"{day['year']:04}-{day['month']:02}-{day['day']:02}",
        "handover_time": (time if "." in time else f"{time}.000000") + "Z",
        "answer_unit": report["answerUnit"],
        "checkpoints": [
            {
                "months": each["months"],
                "kind": each["kind"],
                "working_day_rule": each["workingDayRule"],
            }
            for each in report["checkpoints"]
        ],
        "recommendations": [
            {name: one[name] for name in ("name", "position", "title", "vision")}
            | {
                "initiatives": [
                    {name: each[name] for name in ("name", "position", "title", "text", "support")}
                    for each in one["initiatives"]
                ]
            }
            for one in report["recommendations"]
        ],
    }
    assert hashlib.sha256(rfc8785.dumps(remade)).hexdigest() == handed_over["digest"]
    assert assembly["task"] == "Hvordan?\n\nHvornår?"


def test_the_form_is_as_the_docs_say(pair: Pair, handed_over: dict[str, Any]) -> None:
    told = json.loads(pair.http.get(f"{page_of(handed_over)}/report.json").content)
    table = (DOCS / "report.md").read_text(encoding="utf-8")
    first_cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    named = {name for cell in first_cells for name in re.findall(r"`([a-z_]+)`", cell)}
    assert set(told) == named - {"initiatives", "support"}
    rows = {row.split("|")[1].strip(" `"): row for row in table.splitlines() if row.startswith("| `")}
    (one,) = told["recommendations"]
    for kind, found in (
        ("checkpoints", told["checkpoints"][0]),
        ("recommendations", one),
        ("initiatives", one["initiatives"][0]),
        ("support", one["initiatives"][0]["support"]),
    ):
        assert set(found) <= set(re.findall(r"`([a-z_]+)`", rows[kind])), kind


def test_the_table_of_roles_is_the_programs() -> None:
    from chassis.auth.principal import Role
    from tests.unit.deliberation.test_assembly_authorisation import EVERYONE, TABLE

    columns: list[Role | None] = [Role.SECRETARIAT, Role.EDITOR, Role.FACILITATOR, Role.INTEGRATOR, None]
    page = (DOCS / "deliberation-roles.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in page.splitlines() if "|" in line]
    documented = {
        row[0]: {role for role, cell in zip(columns, row[1:], strict=True) if cell}
        for row in rows
        if row[0].replace("_", "").isalpha() and row[0] != "act"
    }
    first_halves = {"check_new_assembly", "check_assembly_update"}
    assert documented == {
        use_case.__name__: set(columns) if allowed == EVERYONE else set(allowed)
        for use_case, (allowed, _, _) in TABLE.items()
        if use_case.__name__ not in first_halves
    }
