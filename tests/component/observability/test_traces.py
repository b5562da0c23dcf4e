"""Traces of a served suite, as a collector gets them: one for all that a call causes, and nobody in them."""

from __future__ import annotations

import json
import re
import secrets
from typing import Any

import httpx
import pytest

from borgerting.deliberation.v1 import report_service_pb2 as report_pb
from tests.component.followup.suite import HERE, SECRETARIAT, Running
from tests.component.observability.conftest import Watched
from tests.infrastructure.collector import Span

HAND_OVER = "borgerting.deliberation.v1.ReportService/HandOverReport"
GET_REPORT = "borgerting.deliberation.v1.ReportService/GetReport"
CREATE_ASSEMBLY = "borgerting.deliberation.v1.AssemblyService/CreateAssembly"
GET_SELECTION = "borgerting.sortition.v1.SelectionService/GetSelection"


@pytest.fixture(scope="module")
def handed_over(watched: Watched) -> tuple[str, list[Span]]:
    """A report is handed over by one call: its correlation id, and every span that came of it."""
    town, correlation_id = watched.town, secrets.token_hex(16)
    report = town.report(town.assembly())
    town.reports.HandOverReport(
        report_pb.HandOverReportRequest(name=report.name, etag=report.etag),
        metadata=(*town.metadata(SECRETARIAT), ("x-correlation-id", correlation_id)),
    )
    town.until(lambda: town.of_assembly(report.name.removesuffix("/report")))
    wanted = {"work followup.read-report", HAND_OVER}
    return correlation_id, watched.collector.until(
        lambda spans: wanted <= {one.name for one in spans}, correlation_id
    )


def test_one_call_and_all_that_it_causes_is_one_trace(handed_over: tuple[str, list[Span]]) -> None:
    correlation_id, spans = handed_over
    # A correlation id of a trace id's form is the trace's id.
    assert {one.trace for one in spans} == {correlation_id}
    by_id = {one.id: one for one in spans}
    (root,) = (one for one in spans if not one.parent)

    def chain(one: Span) -> list[tuple[str, str, str]]:
        """From the root to this span."""
        above = chain(by_id[one.parent]) if one.parent else []
        return [*above, (one.service, one.kind, one.name)]

    call = ("deliberation", "SERVER", HAND_OVER)
    assert (root.service, root.kind, root.name) == call
    (sent,) = (one for one in spans if one.name == "send ReportHandedOver")
    assert chain(sent) == [call, ("deliberation", "PRODUCER", "send ReportHandedOver")]
    # The event, the work that it asked for, and the question by gRPC which that work asks.
    (asked,) = (one for one in spans if (one.service, one.name) == ("deliberation", GET_REPORT))
    assert chain(asked) == [
        call,
        ("followup", "CONSUMER", "handle ReportHandedOver"),
        ("followup", "CONSUMER", "work followup.read-report"),
        ("followup", "CLIENT", GET_REPORT),
        ("deliberation", "SERVER", GET_REPORT),
    ]
    assert not any(one.failed for one in spans)


def test_what_a_span_bears(handed_over: tuple[str, list[Span]]) -> None:
    _, spans = handed_over
    allowed = {
        "SERVER": {"rpc.system.name", "rpc.method", "rpc.response.status_code", "borgerting.surface"},
        "CLIENT": {"rpc.system.name", "rpc.method", "rpc.response.status_code"},
        "PRODUCER": {
            "messaging.system",
            "messaging.destination.name",
            "messaging.message.id",
            "messaging.operation.type",
            "messaging.operation.name",
        },
        "CONSUMER": {
            "messaging.system",
            "messaging.destination.name",
            "messaging.message.id",
            "messaging.operation.type",
            "messaging.operation.name",
            "messaging.consumer.group.name",
            "borgerting.job.kind",
            "borgerting.job.attempt",
            "borgerting.job.outcome",
        },
    }
    for one in spans:
        assert one.attributes.keys() - {"borgerting.municipality"} <= allowed[one.kind], one
        assert one.attributes.get("borgerting.municipality", HERE) == HERE
    # Whoever called, events and work know whose it is.
    for one in spans:
        assert one.kind == "CLIENT" or one.attributes["borgerting.municipality"] == HERE
    (work,) = (one for one in spans if one.name.startswith("work"))
    assert work.attributes["borgerting.job.outcome"] == "SUCCEEDED"


def test_a_call_that_asks_a_neighbour(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    trace, span = secrets.token_hex(16), secrets.token_hex(8)
    town = watched.town

    def metadata(*who: Any) -> Any:
        return (*Running.metadata(town, *who), ("traceparent", f"00-{trace}-{span}-01"))

    monkeypatch.setattr(town, "metadata", metadata)
    town.assembly()
    spans = watched.collector.until(
        lambda spans: {CREATE_ASSEMBLY, GET_SELECTION} <= {one.name for one in spans}, trace
    )
    (created,) = (one for one in spans if one.name == CREATE_ASSEMBLY)
    assert created.parent == span
    asking, asked = (
        next(one for one in spans if (one.name, one.kind) == (GET_SELECTION, kind))
        for kind in ("CLIENT", "SERVER")
    )
    assert (asking.service, asking.parent, asked.service, asked.parent) == (
        "deliberation",
        created.id,
        "sortition",
        asking.id,
    )
    # Without a correlation id of the caller's the trace's id is that, in every line of log.
    lines = logged(watched, correlation_id=trace)
    assert {line["method"] for line in lines if line["event"] == "call"} >= {
        f"/{CREATE_ASSEMBLY}",
        f"/{GET_SELECTION}",
    }
    assert all(line["trace_id"] == trace for line in lines)


def test_one_correlation_id_leads_through_every_services_log(
    watched: Watched, handed_over: tuple[str, list[Span]]
) -> None:
    """By gRPC, by event and by job."""
    correlation_id, _ = handed_over
    lines = logged(watched, correlation_id=correlation_id)
    said = {(line["event"], line.get("method") or line.get("kind")) for line in lines}
    assert said >= {("call", f"/{HAND_OVER}"), ("job", "followup.read-report"), ("call", f"/{GET_REPORT}")}
    assert all(line["trace_id"] == correlation_id for line in lines)


def logged(watched: Watched, **fields: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in watched.process.log.splitlines() if line.startswith("{")]
    return [line for line in lines if fields.items() <= line.items()]


ROUTES = {
    f"/followup/{HERE}": "GET /followup/{municipality}",
    f"/followup/api/v1/municipalities/{HERE}/promises": "GET /municipalities/{municipality}/promises",
    "/deliberation/sign-in/Anna-Hansens-secret": "GET /deliberation/sign-in/{secret}",
    "/followup/anna-hansen": "GET /followup/{municipality}",
    "/anna-hansen/nowhere?anna=hansen": "GET -",
}
CALLER = "1" * 16


@pytest.fixture(scope="module")
def asked(watched: Watched) -> dict[str, httpx.Response]:
    """All of them at once, since spans are sent once a second: by path, or by what is odd about it."""
    get = watched.town.http.get
    here = f"/followup/{HERE}"
    traced = {path: {"traceparent": f"00-{secrets.token_hex(16)}-{CALLER}-01"} for path in ROUTES}
    return {path: get(path, headers=headers) for path, headers in traced.items()} | {
        "unreadable": get(here, headers={"traceparent": "00-anna-hansen-01"}),
        "order-66": get(here, headers={"x-correlation-id": "order-66"}),
    }


@pytest.mark.parametrize("path", ROUTES)
def test_a_request_is_named_by_its_route(
    watched: Watched, asked: dict[str, httpx.Response], path: str
) -> None:
    answer = asked[path]
    trace = answer.headers["x-correlation-id"]
    assert answer.request.headers["traceparent"] == f"00-{trace}-{CALLER}-01"
    spans = watched.collector.until(lambda spans: any(one.kind == "SERVER" for one in spans), trace)
    (request,) = (one for one in spans if one.parent == CALLER)
    assert re.sub(r"\{\w+\}$", "{secret}", request.name) == re.sub(r"\{\w+\}$", "{secret}", ROUTES[path])
    assert request.attributes["http.response.status_code"] == answer.status_code
    assert not request.failed
    # What somebody typed is no municipality of ours until it was found to be one.
    known = {HERE} if answer.status_code == 200 else set()
    assert {one.attributes.get("borgerting.municipality") for one in spans} - {None} == known


def test_a_trace_that_cannot_be_read_is_begun_anew(
    watched: Watched, asked: dict[str, httpx.Response]
) -> None:
    (request,) = watched.collector.until(bool, asked["unreadable"].headers["x-correlation-id"])
    assert request.parent == ""


def test_a_clients_own_correlation_id_stays_beside_the_trace(
    watched: Watched, asked: dict[str, httpx.Response]
) -> None:
    assert asked["order-66"].headers["x-correlation-id"] == "order-66"
    (line,) = logged(watched, correlation_id="order-66")
    assert re.fullmatch("[0-9a-f]{32}", line["trace_id"])
    (request,) = watched.collector.until(bool, line["trace_id"])
    assert request.name == "GET /followup/{municipality}"


def test_nobody_is_in_what_was_sent(watched: Watched, handed_over: tuple[str, list[Span]]) -> None:
    text = watched.collector.text.lower()
    assert "handoverreport" in text
    for mark in ("anna", "hansen", "127.0.0.1", "bearer", f"secretariat-of-{HERE}", "velfærd", "order-66"):
        assert mark not in text, mark
