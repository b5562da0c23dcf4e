"""One correlation id leads through the log from a call over the event that it told to the work that this
asked for and the question by gRPC which that work asked: in all services' lines, with nobody tracing.
"""

from __future__ import annotations

import json
from typing import Any

from tests.e2e.demo.conftest import FirstStart

HAND_OVER = "/borgerting.deliberation.v1.ReportService/HandOverReport"
GET_REPORT = "/borgerting.deliberation.v1.ReportService/GetReport"


def lines(first_start: FirstStart) -> list[dict[str, Any]]:
    text = (first_start.folder / "log").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def test_one_id_from_a_call_to_all_that_it_caused(first_start: FirstStart) -> None:
    found = lines(first_start)
    (handed_over,) = (line for line in found if line.get("method") == HAND_OVER)
    caused = [line for line in found if line.get("correlation_id") == handed_over["correlation_id"]]
    said = {(line["event"], line.get("method") or line.get("kind")) for line in caused}
    assert said >= {("call", HAND_OVER), ("job", "followup.read-report"), ("call", GET_REPORT)}
    # Followup says what it made of it, under the same id.
    assert any(line["logger"].startswith("services.followup") for line in caused)


def test_every_line_of_a_call_or_request_has_one(first_start: FirstStart) -> None:
    asked = [line for line in lines(first_start) if line["event"] in ("call", "request", "job")]
    assert len(asked) > 100
    assert [line for line in asked if not line.get("correlation_id")] == []
