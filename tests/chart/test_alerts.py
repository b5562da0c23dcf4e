"""Alerts: Prometheus's own tools take them, and each rests on metrics that exist, is tested, has a page."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from chassis.app import descriptors
from tests.chart.rendering import CASES, CHART, RELEASE, objects, of_kind
from tests.infrastructure.places import program

ROOT = CHART.parents[2]
CASE = "98 municipalities"
SCENARIOS = Path(__file__).parent / "alerts.yaml"


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the chart hands to Prometheus, in a file of its own."""
    rule = of_kind(objects(CASES[CASE]), "PrometheusRule")[RELEASE]
    folder = tmp_path_factory.mktemp("alerts")
    (folder / "alerts-under-test.yaml").write_text(yaml.safe_dump(rule["spec"]), encoding="utf-8")
    shutil.copy(SCENARIOS, folder)
    return folder


def alerts() -> list[dict[str, Any]]:
    rule = of_kind(objects(CASES[CASE]), "PrometheusRule")[RELEASE]
    return [each for group in rule["spec"]["groups"] for each in group["rules"]]


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program("promtool", "prometheus"), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_prometheus_takes_the_rules(rules: Path) -> None:
    done = promtool("check", "rules", rules / "alerts-under-test.yaml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(alerts())} rules found" in done.stdout


def test_each_alert_comes_when_it_should_and_not_before(rules: Path) -> None:
    done = promtool("test", "rules", rules / "alerts.yaml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_alert_that_never_came_would_be_noticed(rules: Path, tmp_path: Path) -> None:
    text = (rules / "alerts-under-test.yaml").read_text(encoding="utf-8")
    assert "oldest_seconds) > 120" in text
    (tmp_path / "alerts-under-test.yaml").write_text(
        text.replace("oldest_seconds) > 120", "oldest_seconds) > 1e9")
    )
    shutil.copy(SCENARIOS, tmp_path)
    assert promtool("test", "rules", tmp_path / "alerts.yaml").returncode != 0


def test_each_alert_is_seen_to_come() -> None:
    expected = set(re.findall(r'alertname="(\w+)", alertstate', SCENARIOS.read_text(encoding="utf-8")))
    assert {alert["alert"] for alert in alerts()} == expected


def test_they_rest_on_metrics_that_the_suite_has() -> None:
    """docs/operating.md lists every metric, which tests/component/metrics holds to a running suite."""
    listed = set(
        re.findall(r"^\| `(borgerting_\w+)`", (ROOT / "docs/operating.md").read_text(), re.MULTILINE)
    )
    for alert in alerts():
        for name in re.findall(r"\bborgerting_\w+", alert["expr"]):
            assert name.removesuffix("_bucket") in listed, f"{alert['alert']}: {name}"


def test_every_service_is_missed() -> None:
    (away,) = (alert for alert in alerts() if alert["alert"] == "BorgertingServiceAway")
    assert re.findall(r'component="(\w+)"', away["expr"]) == sorted(descriptors())


def test_each_leads_to_a_page_that_says_what_to_do() -> None:
    folder = ROOT / "docs/runbooks"
    address = CASES[CASE]["monitoring"]["runbooks"]
    assert {page.stem for page in folder.glob("*.md")} == {alert["alert"] for alert in alerts()}
    for alert in alerts():
        assert alert["annotations"]["runbook_url"] == f"{address}/{alert['alert']}.md"
        assert alert["labels"]["severity"] in ("critical", "warning", "info")
        text = (folder / f"{alert['alert']}.md").read_text(encoding="utf-8")
        titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
        assert titles == [alert["alert"], "For citizens", "See more", "Do"]
        # Each part says something.
        assert all(len(part.strip()) > 60 for part in re.split(r"^## .+$", text, flags=re.MULTILINE)[1:])


def test_what_is_scraped_is_what_the_services_offer() -> None:
    made = objects(CASES[CASE])
    monitor = of_kind(made, "ServiceMonitor")[RELEASE]["spec"]
    wanted = monitor["selector"]["matchLabels"].items()
    found = {
        name: service
        for name, service in of_kind(made, "Service").items()
        if wanted <= service["metadata"]["labels"].items()
    }
    assert sorted(found) == [f"{RELEASE}-{name}" for name in sorted(descriptors())]
    (endpoint,) = monitor["endpoints"]
    for service in found.values():
        assert endpoint["port"] in {port["name"] for port in service["spec"]["ports"]}
    # The label by which the alerts tell services apart.
    assert monitor["targetLabels"] == ["app.kubernetes.io/component"]
