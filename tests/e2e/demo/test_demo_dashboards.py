"""Every panel of every dashboard, and each alert, is run by a real Prometheus that scrapes the demonstration:
no misspelt metric or label, no panel that stays empty where there is something to see. Traces of the same
run name nobody.
"""

from __future__ import annotations

import itertools
import json
import re
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

import pytest
import yaml

from deploy.dashboards.__main__ import files
from tests.chart.rendering import CHART
from tests.e2e.demo.conftest import FirstStart
from tests.e2e.demo.people import MARKS
from tests.e2e.demo.running import demonstration, get, get_json
from tests.infrastructure.collector import Collector, running_collector
from tests.infrastructure.places import free_port
from tests.infrastructure.prometheus import Prometheus, running_prometheus

# What Grafana puts in for what is chosen at the top; several municipalities, so that each panel finds one of
# them with something in it.
MUNICIPALITIES = ("havnsted", "egebaek")
CHOSEN = {"$namespace": ".*", "$__rate_interval": "30s"}

# Where there is nothing to show, and why.
NOTHING = {"borgerting_tls_certificate_seconds_left": "it runs in one process, without certificates"}

# What the demonstration has no example of: a draw in the queue, work that nobody takes up, an event that
# cannot be sent, an answer due this week; and a sweep that is yet to come, so that work is done and events
# are told while it is watched.
MISSING = {
    "sortition": """
        CREATE TEMP TABLE one AS SELECT * FROM draws WHERE municipality_id = 'havnsted' LIMIT 1;
        UPDATE one SET draw_id = '0198f0000000700080000000000000ff', state = 'QUEUED';
        INSERT INTO draws SELECT * FROM one;
        CREATE TEMP TABLE work AS SELECT * FROM jobs LIMIT 1;
        UPDATE work SET id = '0198f0000000700080000000000000fe', kind = 'toy.idle', state = 'QUEUED',
            created = '2026-01-01 00:00:00.000000';
        INSERT INTO jobs SELECT * FROM work;
        INSERT INTO outbox (id, municipality, topic, key, type, headers, payload, created) VALUES
            ('0198f0000000700080000000000000fd', 'havnsted', 'borgerting.toy.v1', 'havnsted/toys/1', 'toy',
            '{}', '', '2026-01-01 00:00:00.000000');
    """,
    "followup": """
        DELETE FROM jobs WHERE kind = 'followup.tell-overdue';
        UPDATE checkpoints SET told_due = NULL;
        UPDATE checkpoints SET effective_due = date('now', '+5 days') WHERE rowid = (
            SELECT rowid FROM checkpoints
            WHERE answered_on IS NULL AND effective_due > date('now', '+6 days') LIMIT 1);
    """,
}


# Counters that begin when something happens; a rate of them needs several scrapes.
MOVING = (
    'borgerting_requests_total{code="404"}',
    "borgerting_jobs_run_total",
    "borgerting_outbox_published_total",
    "borgerting_outbox_failed_attempts_total",
    "borgerting_inbox_events_total",
    "borgerting_inbox_delay_seconds_count",
)


@dataclass
class Watched:
    front: str
    prometheus: Prometheus
    collector: Collector
    names: set[str]


@pytest.fixture(scope="module")
def watched(first_start: FirstStart, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("watched")
    shutil.copytree(first_start.folder / "data", folder / "data")
    for service, script in MISSING.items():
        with closing(sqlite3.connect(folder / "data" / f"{service}.sqlite3")) as store:
            store.executescript(script)
    ops, rules = free_port(), folder / "alerts.yaml"
    shutil.copy(CHART / "files/alerts.yaml", rules)
    with running_collector() as collector:
        environment = {
            "BORGERTING_OPS_PORT": str(ops),
            "BORGERTING_TELEMETRY__OTLP_ENDPOINT": collector.address,
        }
        with (
            demonstration(folder / "data", environment) as (front, *_),
            running_prometheus(folder / "prometheus", [f"127.0.0.1:{ops}"], rules=[rules]) as prometheus,
        ):
            until = time.monotonic() + 120
            while not all(_often(prometheus, name) for name in MOVING):
                assert time.monotonic() < until, "what is watched does not move"
                for service in ("deliberation", "followup", "sortition", "volunteer"):
                    get(f"{front}{service}/havnsted")
                get_json(f"{front}followup/api/v1/municipalities/havnsted/promises")
                for service in ("followup", "sortition"):
                    assert get(f"{front}{service}/nowhere")[0] == 404
                time.sleep(0.3)
            yield Watched(front, prometheus, collector, prometheus.names(""))


def _often(prometheus: Prometheus, name: str) -> bool:
    """Scraped so often that a rate of it is one."""
    return any(times >= 4 for times in prometheus.query(f"count_over_time({name}[5m])").values())


def expressions() -> list[tuple[str, str, str]]:
    """(dashboard, panel, expression) of all there are."""
    return [
        (board, panel["title"], target["expr"])
        for board, text in files().items()
        for panel in json.loads(text)["panels"]
        for target in panel.get("targets", ())
    ]


def filled_in(expr: str) -> Iterator[str]:
    """With each choice that somebody could make."""
    for name, value in CHOSEN.items():
        expr = expr.replace(name, value)
    for service, municipality in itertools.product(("followup", "sortition"), MUNICIPALITIES):
        yield expr.replace("$service", service).replace("$municipality", municipality)


def metrics_in(expr: str) -> set[str]:
    return set(re.findall(r"\b((?:borgerting|process)_\w+)", expr))


def test_there_is_much_to_run() -> None:
    assert len(expressions()) > 60
    assert {board for board, _, _ in expressions()} == files().keys()


def test_every_metric_in_them_is_one_that_is_scraped(watched: Watched) -> None:
    used = set().union(*(metrics_in(expr) for _, _, expr in expressions()))
    assert len(used) > 30
    assert used - watched.names == NOTHING.keys()


def test_every_panel_shows_something_where_there_is_something(watched: Watched) -> None:
    empty = []
    for board, title, expr in expressions():
        answers = [watched.prometheus.query(each) for each in dict.fromkeys(filled_in(expr))]
        if not any(answers) and not any(reason in expr for reason in NOTHING):
            empty.append(f"{board}: {title}: {expr}")
    assert empty == []


def test_a_misspelt_metric_or_label_would_be_noticed(watched: Watched) -> None:
    assert metrics_in("max(borgerting_inbox_parkd)") - watched.names
    assert not watched.prometheus.query('max(borgerting_inbox_parked{servise="followup"})')
    with pytest.raises(AssertionError, match="parse error"):
        watched.prometheus.query("max by (service (borgerting_inbox_parked)")


def test_what_can_be_chosen_at_the_top_is_there(watched: Watched) -> None:
    for text in files().values():
        for one in json.loads(text)["templating"]["list"]:
            if one["type"] != "query" or one["name"] == "namespace":  # a label of the cluster's own
                continue
            (metric, label) = re.fullmatch(r"label_values\((\w+), (\w+)\)", one["query"]).groups()  # type: ignore[union-attr]
            found = watched.prometheus.query(f"count by ({label}) ({metric})")
            values = {dict(labels)[label] for labels in found}
            assert values >= ({"followup", "sortition"} if label == "service" else set(MUNICIPALITIES))


def test_every_alert_is_one_that_prometheus_can_evaluate(watched: Watched) -> None:
    wanted = {
        rule["alert"]
        for group in yaml.safe_load((CHART / "files/alerts.yaml").read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
    }
    until = time.monotonic() + 30
    found = watched.prometheus.rules()
    while any(rule["health"] == "unknown" for rule in found):
        assert time.monotonic() < until, found
        time.sleep(0.3)
        found = watched.prometheus.rules()
    assert {rule["name"] for rule in found} == wanted
    assert {rule["name"]: rule.get("lastError") for rule in found if rule["health"] != "ok"} == {}
    for rule in found:
        for name in metrics_in(rule["query"]):
            assert name in watched.names or name in NOTHING, f"{rule['name']}: {name}"
    telling = {rule["name"] for rule in found if rule["state"] != "inactive"}
    # What is so in this demonstration; its one process has no pod by which a service could be missed.
    assert telling >= {
        "BorgertingAnswersOverdue",
        "BorgertingAnswersDue",
        "BorgertingDrawWaits",
        "BorgertingEventsUnsent",
        "BorgertingWorkWaits",
    }
    assert not telling & {"BorgertingEventsParked", "BorgertingEventsWait", "BorgertingWorkFails"}


def test_traces_name_nobody(watched: Watched) -> None:
    task = get_json(f"{watched.front}volunteer/api/v1/municipalities/havnsted/tasks")["tasks"][0]["name"]
    get(f"{watched.front}volunteer/havnsted/tasks/{task.rsplit('/', 1)[1]}")
    name = "GET /volunteer/{municipality}/tasks/{task}"
    until = time.monotonic() + 30
    while name not in {one.name for one in watched.collector.spans}:
        assert time.monotonic() < until, {one.name for one in watched.collector.spans}
        time.sleep(0.2)
    text = watched.collector.text
    assert "havnsted" in text
    assert [mark for mark in MARKS if mark in text] == []
