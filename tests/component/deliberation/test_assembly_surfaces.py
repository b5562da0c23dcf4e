"""Assemblies and reports over gRPC, REST and pages, beside a real sortition."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

import grpc
import httpx
import pytest
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from borgerting.deliberation.v1 import assembly_service_pb2 as pb
from borgerting.deliberation.v1 import report_service_pb2 as report_pb
from chassis.errors import DomainError
from tests.component.deliberation.pair import Pair, running_pair
from tests.component.deliberation.rooms import BALLOTS, Rooms
from tests.infrastructure.stores import Stores
from tests.unit.deliberation.house import HERE, SECRETARIAT

UNHEARD_OF = "7b1c8f0e-52a4-4d0b-9c3e-0f6a5d2e4b19"  # of nothing; fixed, so that every run has the same tests
API = "/deliberation/api/v1"
PARENT = "municipalities/dragoer"


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with running_pair(tmp_path_factory.mktemp("pair")) as running:
        yield running


def create(pair: Pair, **fields: Any) -> pb.Assembly:
    wish = pb.Assembly(**({"title": "Velfærd 2035", "selection": pair.selection()} | fields))
    request = pb.CreateAssemblyRequest(parent=PARENT, assembly=wish)
    return pair.assemblies.CreateAssembly(request, metadata=pair.metadata())


def refused(call: Any, request: Any, metadata: Any) -> tuple[str, str, dict[str, str]]:
    """Code, reason, and reasons by field."""
    with pytest.raises(grpc.RpcError) as caught:
        call(request, metadata=metadata)
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in rpc_status.from_call(caught.value).details:  # type: ignore[arg-type]
        if not detail.Unpack(info):
            detail.Unpack(bad)
    return caught.value.code().name, info.reason, {v.field: v.reason for v in bad.field_violations}


def test_the_same_over_both(pair: Pair) -> None:
    made = create(pair, task="Hvordan?")
    assert made.state == pb.Assembly.STATE_PREPARING
    assert [each.months for each in made.checkpoints] == [3, 10, 24]
    assert pair.assemblies.GetAssembly(pb.GetAssemblyRequest(name=made.name)) == made
    rest = pair.http.get(f"{API}/{made.name}")
    assert rest.headers["etag"] == made.etag
    assert rest.json()["checkpoints"][0] == {"months": 3, "kind": "WITHIN", "workingDayRule": "FORWARD"}
    assert (rest.json()["state"], rest.json()["selection"]) == ("PREPARING", made.selection)
    changed = pair.http.patch(
        f"{API}/{made.name}",
        params={"updateMask": "title,checkpoints"},
        json={"title": "Nyt", "checkpoints": [{"months": 6}]},
        headers=pair.bearer() | {"if-match": made.etag},
    )
    assert (changed.status_code, changed.json()["title"], changed.json()["task"]) == (200, "Nyt", "Hvordan?")
    stale = pair.http.patch(
        f"{API}/{made.name}", json={"title": "X"}, headers=pair.bearer() | {"if-match": made.etag}
    )
    assert (stale.status_code, stale.json()["reason"]) == (409, "ETAG_STALE")
    listed = pair.http.get(f"{API}/{PARENT}/assemblies", params={"pageSize": 1}).json()
    assert listed["assemblies"][0]["name"] == made.name


def test_every_wrong_field_of_an_assembly_on_both(pair: Pair) -> None:
    wish = pb.Assembly(
        task="x" * 2001,
        selection="selections/1",
        checkpoints=[pb.Checkpoint(months=0), pb.Checkpoint(months=3, kind=7)],  # type: ignore[arg-type]
    )
    request = pb.CreateAssemblyRequest(parent=PARENT, assembly=wish)
    code, reason, fields = refused(pair.assemblies.CreateAssembly, request, pair.metadata())
    assert (code, reason) == ("INVALID_ARGUMENT", "ASSEMBLY_INVALID")
    assert fields == {
        "assembly.title": "TEXT_REQUIRED",
        "assembly.task": "TEXT_TOO_LONG",
        "assembly.selection": "NAME_INVALID",
        "assembly.checkpoints[0].months": "MONTHS_OUT_OF_RANGE",
        "assembly.checkpoints[1].kind": "FIELD_INVALID",
    }
    rest = pair.http.post(
        f"{API}/{PARENT}/assemblies",
        json={"title": "", "selection": "", "checkpoints": [{"months": 700}]},
        headers=pair.bearer() | {"accept-language": "da"},
    )
    assert rest.headers["content-type"] == "application/problem+json"
    assert {each["field"]: each["detail"] for each in rest.json()["errors"]} == {
        "title": "Skriv noget her.",
        "selection": "Vælg den udvælgelse, som borgertingets medlemmer kommer fra.",
        "checkpoints[0].months": "Skriv et antal måneder mellem 1 og 600.",
    }


@pytest.mark.parametrize(
    "selection",
    [
        f"{PARENT}/selections/{UNHEARD_OF}",
        f"{PARENT}/selections/no-uuid",
        f"municipalities/koege/selections/{UNHEARD_OF}",
    ],
)
def test_a_selection_that_sortition_does_not_have(pair: Pair, selection: str) -> None:
    before = len(pair.http.get(f"{API}/{PARENT}/assemblies").json()["assemblies"])
    wish = pb.Assembly(title="Velfærd", selection=selection)
    request = pb.CreateAssemblyRequest(parent=PARENT, assembly=wish)
    code, reason, fields = refused(pair.assemblies.CreateAssembly, request, pair.metadata())
    assert code == "INVALID_ARGUMENT"
    assert fields == {"assembly.selection": "SELECTION_UNKNOWN"}
    assert reason in ("SELECTION_UNKNOWN", "ASSEMBLY_INVALID")
    assert len(pair.http.get(f"{API}/{PARENT}/assemblies").json()["assemblies"]) == before


def test_a_report_is_written_over_rest_and_grpc(pair: Pair) -> None:
    assembly = create(pair)
    report = f"{API}/{assembly.name}/report"
    headers = pair.bearer()
    titled = pair.http.patch(report, json={"title": "Rapporten", "preface": "Tak."}, headers=headers)
    assert (titled.status_code, titled.json()["title"], titled.json()["state"]) == (200, "Rapporten", "DRAFT")
    made = pair.http.post(f"{report}/recommendations", json={"title": "Økonomi"}, headers=headers)
    assert (made.status_code, made.headers["location"]) == (201, f"{API}/{made.json()['name']}")
    ballots = {"for": 23, "against": 1, "abstain": 3, "entitled": 27, "present": 0, "base": "CAST"}
    path = f"{API}/{made.json()['name']}/initiatives"
    one = pair.http.post(path, json={"title": "Bus", "support": ballots}, headers=headers).json()
    assert (one["position"], one["support"]) == (1, ballots)
    two = pair.http.post(path, json={"title": "Fond"}, headers=headers).json()
    assert two["support"] is None
    moved = pair.http.patch(f"{API}/{two['name']}", json={"position": 1}, headers=headers).json()
    assert moved["position"] == 1
    read = pair.reports.GetReport(
        report_pb.GetReportRequest(name=f"{assembly.name}/report"), metadata=pair.metadata()
    )
    assert [each.title for each in read.recommendations[0].initiatives] == ["Fond", "Bus"]
    wrong = pair.http.patch(
        f"{API}/{one['name']}",
        json={"title": " ", "support": ballots | {"entitled": 5, "base": ""}, "position": 9},
        headers=headers | {"accept-language": "en"},
    )
    assert {each["field"]: each["reason"] for each in wrong.json()["errors"]} == {
        "title": "TEXT_REQUIRED",
        "support.base": "BASE_REQUIRED",
    }
    gone = pair.http.delete(f"{API}/{one['name']}", headers=headers | {"if-match": '"old"'})
    assert (gone.status_code, gone.json()["reason"]) == (409, "ETAG_STALE")
    assert pair.http.delete(f"{API}/{one['name']}", headers=headers).status_code == 200
    assert pair.http.delete(f"{API}/{made.json()['name']}", headers=headers).status_code == 200
    assert pair.http.get(report, headers=headers).json()["recommendations"] == []
    # Nobody else learns that there is one.
    assert pair.http.get(report).json()["reason"] == "REPORT_UNKNOWN"
    early = pair.http.post(f"{report}:handOver", json={"etag": titled.json()["etag"]}, headers=headers)
    assert (early.status_code, early.json()["reason"]) == (409, "ETAG_STALE")
    early = pair.http.post(f"{report}:handOver", json={}, headers=headers)
    assert (early.status_code, early.json()["errors"][0]["field"]) == (400, "etag")


def test_what_is_counted(pair: Pair) -> None:
    create(pair)
    metrics = httpx.get(f"{pair.addresses.ops}/metrics", trust_env=False).text
    here = 'municipality="dragoer"'
    assert re.search(rf'borgerting_deliberation_assemblies\{{{here},state="PREPARING"\}} [1-9]', metrics)
    assert f'borgerting_deliberation_assemblies{{{here},state="HANDED_OVER"}} 0.0' in metrics
    assert f"borgerting_deliberation_reports_handed_over{{{here}}} 0.0" in metrics


def form(pair: Pair, path: str, fields: dict[str, str]) -> httpx.Response:
    """The page's form, filled in and sent by a signed-in secretariat."""
    session = pair.session()
    shown = pair.http.get(path, headers=session)
    assert shown.status_code == 200, shown.text
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', shown.text)
    data = {name: html.unescape(value) for name, value in hidden} | fields
    headers = session | {"origin": pair.addresses.http, "sec-fetch-site": "same-origin"}
    return pair.http.post(path, data=data, headers=headers)


def test_a_form_with_errors_keeps_what_was_typed(pair: Pair) -> None:
    selection = pair.selection().rsplit("/", 1)[1]
    page = f"/deliberation/dragoer/assemblies/new?selection={selection}"
    typed = {"title": "", "task": "Hvordan <b>?", "months_0": "tre", "months_1": "700", "kind_1": "AFTER"}
    answer = form(pair, page, typed)
    assert answer.status_code == 400
    assert "Hvordan &lt;b&gt;?" in answer.text
    assert 'value="tre"' in answer.text
    assert 'href="#months_0"' in answer.text
    answer = form(pair, page, typed | {"months_0": ""})
    assert 'href="#title"' in answer.text
    # The only checkpoint that was written stands in the second line of the form.
    assert 'href="#months_1"' in answer.text
    assert 'value="AFTER" selected' in answer.text
    made = form(pair, page, {"title": "Velfærd", "months_0": "3", "answer_unit": "INITIATIVE"})
    assert (made.status_code, made.headers["location"].endswith("/tasks")) == (303, True)


def test_ballots_that_cannot_be(pair: Pair) -> None:
    assembly = create(pair).name.rsplit("/", 1)[1]
    report = f"/deliberation/dragoer/assemblies/{assembly}/report"
    made = form(pair, f"{report}/recommendations/new", {"title": "Økonomi"})
    parent = made.headers["location"].split("#recommendation-")[1]
    page = f"{report}/recommendations/{parent}/initiatives/new"
    typed = {"title": "Bus", "held": "yes", "for": "mange", "against": "", "entitled": "27", "base": ""}
    answer = form(pair, page, typed)
    assert answer.status_code == 400
    for field in ("for", "against", "base"):
        assert f'href="#{field}"' in answer.text, field
    assert 'value="mange"' in answer.text
    answer = form(pair, page, typed | {"for": "20", "against": "9", "base": "CAST"})
    assert "Der er 29 stemmer, men kun 27 kunne stemme." in html.unescape(answer.text)
    answer = form(pair, page, typed | {"for": "20", "against": "7", "base": "CAST"})
    assert answer.status_code == 303
    shown = pair.http.get(f"{report}/edit", headers=pair.session()).text
    assert "74\u00a0%" in html.unescape(shown)  # 20 of 27 is 74,07…, rounded down to a tenth: 74,0


def test_the_page_of_an_act_that_cannot_be_undone_refuses_clearly(pair: Pair) -> None:
    assembly = create(pair).name.rsplit("/", 1)[1]
    page = f"/deliberation/dragoer/assemblies/{assembly}/report/hand-over"
    shown = html.unescape(pair.http.get(page, headers=pair.session()).text)
    assert "Rapporten kan ikke overdrages endnu" in shown
    assert "Rapporten har ingen anbefalinger endnu." in shown
    assert 'action="' + page not in shown


def test_sortition_away_loses_nothing(stores: Stores) -> None:
    rooms = Rooms(stores)
    selection = rooms.selection()
    rooms.selections.away = True
    with pytest.raises(DomainError, match="SORTITION_AWAY"):
        rooms.create(selection)
    assert (
        rooms.assemblies.list_assemblies(
            SECRETARIAT, pb.ListAssembliesRequest(parent=f"municipalities/{HERE}")
        )
        == pb.ListAssembliesResponse()
    )
    rooms.selections.away = False
    assembly = rooms.create(selection)
    rooms.selections.away = True
    # What asks nothing of sortition is done without it.
    rooms.confirm(selection)
    rooms.initiate(rooms.recommend(assembly.name))
    report = rooms.hand_over(assembly.name)
    assert report.recommendations[0].initiatives[0].support == BALLOTS
