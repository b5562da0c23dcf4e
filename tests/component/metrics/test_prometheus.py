"""A real Prometheus scrapes the running suite and answers what docs/operating.md says one can ask it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import insert

from chassis.commands import command_context
from chassis.db import Transaction
from chassis.events.envelope import Envelope
from chassis.events.ports import Delivery
from chassis.ids import uuid7
from chassis.inbox import Inbox, Outcome, RetryPolicy, Subscription
from chassis.tables import outbox
from chassis.testing.processes import SuiteProcess, running_suite
from chassis.testing.stores import an_event
from tests.infrastructure.prometheus import Prometheus, Samples, running_prometheus

DOCUMENT = Path(__file__).parents[3] / "docs" / "operating.md"
CONSUMER = "sortition.municipalities"


def park(folder: Path) -> None:
    """Sortition's consumer has a parked event with one behind it, its outbox one that cannot be sent, and
    its queue a job that no worker knows.
    """

    def fail(transaction: Transaction, message: Any, envelope: Envelope) -> None:
        raise ValueError

    with command_context("sortition", data_dir=folder) as context:
        one = Inbox(
            context.database,
            Subscription(CONSUMER, "borgerting.toy.v1", {"google.protobuf.StringValue": fail}),
            RetryPolicy(attempts=1),
        )
        events = (an_event(1), an_event(2))
        outcomes = [
            one.receive(Delivery("borgerting.toy.v1", 0, 1, each.envelope.key, each)) for each in events
        ]
        assert outcomes == [Outcome.PARKED, Outcome.HELD]
        with context.database.writing("hjemby") as transaction:
            transaction.jobs.enqueue("toy.idle", {}, key="1")
            transaction.connection.execute(
                insert(outbox).values(
                    id=uuid7(context.clock),
                    municipality="hjemby",
                    topic="borgerting.toy.v1",
                    key="hjemby/things/1",
                    type="toy",
                    headers={},
                    payload=b"",
                    created=transaction.machine_clock.now(),
                    attempts=0,
                )
            )


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SuiteProcess]:
    folder = tmp_path_factory.mktemp("suite")
    with running_suite(folder) as running:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("BORGERTING_")}
        subprocess.run(
            [sys.executable, "-m", "chassis", "municipality", "create", "hjemby", "--name", "Hjemby"],
            env={**clean, "BORGERTING_DATA_DIR": str(folder / "data")},
            check=True,
            stdout=subprocess.DEVNULL,
        )
        park(folder / "data")
        for path in ("/", "/sortition/api/v1/municipalities/hjemby/selections"):
            httpx.get(running.http + path, trust_env=False)
        yield running


@pytest.fixture(scope="module")
def prometheus(suite: SuiteProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    target = suite.ops.removeprefix("http://")
    with running_prometheus(tmp_path_factory.mktemp("prometheus"), [target]) as running:
        running.until("up", lambda found: list(found.values()) == [1.0])
        yield running


def labelled(**labels: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(labels.items()))


ANSWERS: dict[str, Callable[[Samples], bool]] = {
    "sum by (service, surface, code) (borgerting_requests_total)": lambda found: (
        found.get(labelled(service="sortition", surface="api", code="401")) == 1.0
        and found.get(labelled(service="deliberation", surface="pages", code="200")) == 1.0
    ),
    "histogram_quantile(0.99, sum by (service, le) (borgerting_request_seconds_bucket))": lambda found: (
        found[labelled(service="sortition")] > 0
    ),
    "max by (service) (borgerting_outbox_unpublished)": lambda found: (
        found
        == {
            labelled(service="deliberation"): 0,
            labelled(service="followup"): 0,
            labelled(service="sortition"): 1,
            labelled(service="volunteer"): 0,
        }
    ),
    "max by (service) (borgerting_outbox_oldest_seconds) > 1": lambda found: (
        list(found) == [labelled(service="sortition")]
    ),
    "sum by (service) (borgerting_outbox_failed_attempts_total)": lambda found: (
        found.get(labelled(service="sortition"), 0) > 0
    ),
    "sum by (service) (borgerting_outbox_published_total)": lambda found: (
        found.get(labelled(service="deliberation")) == 1.0
    ),
    "max by (service, consumer) (borgerting_inbox_lag)": lambda found: (
        found[labelled(service="sortition", consumer=CONSUMER)] == 0.0
    ),
    "sum by (service, consumer, outcome) (borgerting_inbox_events_total)": lambda found: (
        found.get(labelled(service="sortition", consumer=CONSUMER, outcome="handled")) == 1.0
    ),
    "max by (service, consumer) (borgerting_inbox_parked) > 0": lambda found: (
        found == {labelled(service="sortition", consumer=CONSUMER): 1.0}
    ),
    "max by (service, consumer) (borgerting_inbox_queued) > 0": lambda found: (
        found == {labelled(service="sortition", consumer=CONSUMER): 1.0}
    ),
    "max by (municipality, service, what) (borgerting_municipality_oldest_seconds)": lambda found: (
        {"unsent", "parked", "QUEUED"}
        <= {
            dict(labels)["what"]
            for labels, seconds in found.items()
            if {("municipality", "hjemby"), ("service", "sortition")} <= set(labels) and seconds > 0
        }
    ),
    "max by (municipality, service) (borgerting_municipality_stored_bytes)": (
        lambda found: len(found) == 4 and found[labelled(municipality="hjemby", service="sortition")] > 100
    ),
    "max by (service, kind, state) (borgerting_jobs_oldest_seconds) > 5": lambda found: (
        labelled(service="sortition", kind="toy.idle", state="QUEUED") in found
    ),
    "max by (municipality) (borgerting_followup_checkpoints_due_7d)": lambda found: (
        found == {labelled(municipality="hjemby"): 0.0}
    ),
    "min(borgerting_signing_key_seconds_left) / 86400": lambda found: (
        found.keys() == {()} and 364.9 < found[()] <= 365
    ),
    "max by (service, kind, state) (borgerting_jobs)": lambda found: (
        found.get(labelled(service="sortition", kind="toy.idle", state="QUEUED")) == 1.0
    ),
}


@pytest.mark.parametrize("promql", ANSWERS)
def test_it_answers_what_an_operator_asks(prometheus: Prometheus, promql: str) -> None:
    assert f"`{promql}`" in DOCUMENT.read_text(encoding="utf-8")
    prometheus.until(promql, ANSWERS[promql])


def test_every_query_of_the_document_is_one(prometheus: Prometheus) -> None:
    section = DOCUMENT.read_text(encoding="utf-8").split("## Questions to Prometheus")[1].split("\n## ")[0]
    queries = re.findall(r"\| `([^`]+)` \|$", section, re.MULTILINE)
    assert len(queries) >= len(ANSWERS)
    for promql in queries:
        prometheus.query(promql)


def test_every_metric_stands_in_the_document_and_names_nobody(
    suite: SuiteProcess, prometheus: Prometheus
) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    exposition = suite.get("/metrics", base=suite.ops)
    # `_created` says when a counter began; Prometheus itself has no use for it.
    exposed = {
        name
        for name in re.findall(r"^# TYPE (borgerting_\w+)", exposition, re.MULTILINE)
        if not name.endswith("_created")
    }
    assert {name for name in exposed if f"`{name}" not in text} == set()
    documented = set(re.findall(r"^\| `(borgerting_\w+)", text, re.MULTILINE))
    only_with_certificates = {"borgerting_tls_certificate_seconds_left"}
    assert documented - exposed == only_with_certificates
    assert prometheus.names("borgerting_") <= {
        name.removesuffix("_total") + suffix
        for name in exposed
        for suffix in ("", "_total", "_bucket", "_count", "_sum", "_created")
    }
    # A municipality is named by the label that says so, of gauges alone; a person nowhere.
    for line in exposition.splitlines():
        if "hjemby" in line:
            assert re.fullmatch(r'borgerting_\w+\{(.*,)?municipality="hjemby"(,.*)?\} [0-9.e+-]+', line)
            assert not re.search(r"_(bucket|count|sum|total|created)\{", line)
