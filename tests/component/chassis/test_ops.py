"""The operator's port: what each check says is what is told."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from chassis.app import CheckResult
from chassis.metrics import Metrics
from chassis.ops import OpsServer, run_check
from chassis.running import named_check


@dataclass
class Ops:
    checks: list[object] = field(default_factory=list)
    serving: bool = True
    metrics: Metrics = field(default_factory=Metrics)
    port: int = 0

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()


@pytest.fixture
def ops() -> Iterator[Ops]:
    made = Ops()
    server = OpsServer(("127.0.0.1", 0), made.metrics, made.checks, lambda: made.serving)  # type: ignore[arg-type]
    made.port = server.port
    server.start()
    yield made
    server.stop()


def test_ready_when_every_check_holds(ops: Ops) -> None:
    ops.checks.append(lambda: CheckResult("store", True))
    status, body = ops.get("/readyz?verbose")
    assert status == 200
    assert [check["name"] for check in json.loads(body)["checks"]] == ["store", "serving"]


def test_not_ready_names_what_is_wrong(ops: Ops) -> None:
    ops.checks += [
        lambda: CheckResult("store", True),
        named_check("relay", lambda: False, "the relay has ended"),
    ]
    status, body = ops.get("/readyz")
    assert status == 503
    assert json.loads(body)["checks"][1] == {"name": "relay", "ok": False, "detail": "the relay has ended"}
    assert ops.get("/livez") == (200, "alive\n")


def test_a_check_can_be_left_out_by_its_name(ops: Ops) -> None:
    ops.checks += [
        named_check("events", lambda: False, "no broker answers"),
        named_check("store", lambda: True, "the store is away"),
    ]
    assert ops.get("/readyz")[0] == 503
    status, body = ops.get("/readyz?exclude=events")
    assert status == 200
    assert [check["name"] for check in json.loads(body)["checks"]] == ["store", "serving"]
    ops.serving = False
    assert ops.get("/readyz?exclude=events")[0] == 503


def test_a_check_that_is_not_there_cannot_be_left_out(ops: Ops) -> None:
    ops.checks.append(named_check("events", lambda: True, ""))
    assert ops.get("/readyz?exclude=evnets") == (400, "no check is called evnets\n")


def test_a_check_that_raises_has_failed_under_its_name(ops: Ops) -> None:
    def fail() -> bool:
        raise OSError("/srv/Anna Andersen")

    result = run_check(named_check("sortition.store", fail, "the store cannot be written"))
    assert result == CheckResult("sortition.store", False, "OSError")
    assert run_check(fail) == CheckResult("fail", False, "OSError")  # type: ignore[arg-type]


def test_a_stop_that_has_begun_is_not_ready(ops: Ops) -> None:
    ops.serving = False
    status, body = ops.get("/readyz")
    assert (status, json.loads(body)["ready"]) == (503, False)


def test_metrics_are_in_prometheus_s_format(ops: Ops) -> None:
    ops.metrics.observe_request("toy", "api", "GET /x", "200", 0.02)
    ops.metrics.at_scrape(
        lambda: [("borgerting_toy_gauge", "A gauge", [("borgerting_toy_gauge", {"service": "toy"}, 7)])]
    )
    status, body = ops.get("/metrics")
    assert status == 200
    assert 'borgerting_requests_total{code="200",method="GET /x",service="toy",surface="api"} 1.0' in body
    assert 'borgerting_toy_gauge{service="toy"} 7.0' in body
    assert body.count("# TYPE borgerting_toy_gauge gauge") == 1


def test_other_paths_and_methods_are_refused(ops: Ops) -> None:
    assert ops.get("/")[0] == 404
    request = urllib.request.Request(f"http://127.0.0.1:{ops.port}/livez", method="POST")
    with pytest.raises(urllib.error.HTTPError, match="501"):
        urllib.request.urlopen(request, timeout=5)
