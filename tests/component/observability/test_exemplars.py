"""From a slow bucket to a trace: exemplars of the durations, kept by a real Prometheus."""

from __future__ import annotations

import time

import httpx

from tests.component.followup.suite import HERE
from tests.component.observability.conftest import Watched
from tests.infrastructure.prometheus import Prometheus


def test_a_duration_leads_to_its_trace(watched: Watched, prometheus: Prometheus) -> None:
    trace = "f00d" * 8
    seen: set[str] = set()

    def found() -> bool:
        watched.town.http.get(f"/followup/{HERE}", headers={"traceparent": f"00-{trace}-{'2' * 16}-01"})
        seen.update(
            exemplar["labels"]["trace_id"]
            for series in prometheus.exemplars(
                'borgerting_request_seconds_bucket{service="followup", method="GET /followup/{municipality}"}'
            )
            for exemplar in series["exemplars"]
        )
        return trace in seen

    until = time.monotonic() + 30
    while not found():
        assert time.monotonic() < until, seen
        time.sleep(0.3)
    assert watched.collector.until(bool, trace)


def test_only_who_can_read_them_gets_them(watched: Watched) -> None:
    address = f"{watched.process.ops}/metrics"
    plain = httpx.get(address, trust_env=False)
    assert plain.headers["content-type"].startswith("text/plain")
    assert "trace_id" not in plain.text
    accepting = {"accept": "application/openmetrics-text; version=1.0.0"}
    full = httpx.get(address, headers=accepting, trust_env=False)
    assert full.headers["content-type"].startswith("application/openmetrics-text")
    assert '# {trace_id="' in full.text
    assert full.text.endswith("# EOF\n")
