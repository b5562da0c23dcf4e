"""A wrong value is refused by its name; the examples and every value's default are taken."""

from __future__ import annotations

import re
from typing import Any

import helm_python
import pytest
import yaml

from chassis.app import descriptors
from tests.chart.rendering import CASES, CHART, TRIAL, Object, example, merged, objects, refusal, texts

PRODUCTION = example("one-municipality")


@pytest.mark.parametrize("case", CASES)
def test_helm_has_nothing_to_say_against_it(case: str) -> None:
    report = helm_python.lint(CHART, CASES[case], strict=True)
    assert report["errors"] == []
    assert [message["error"] for message in report["messages"]] == ["icon is recommended"]


def path_of(keys: str, value: Any) -> Object:
    for key in reversed(keys.split(".")):
        value = {key: value}
    return dict(value)


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        ("profile", "staging"),
        ("image.repository", "Not An Image"),
        ("image.digest", "sha256:abc"),
        ("image.pullSecret", "Under_score"),
        ("site.address", "borgerting.example.dk"),
        ("site.address", "https://borgerting.example.dk/path"),
        ("site.address", "http://borgerting.example.dk"),
        ("site.annotations", {"size": 5}),
        ("site.controllerNamespace", ""),
        ("integrators.host", "https://grpc.example.dk"),
        ("signIn.issuer", ""),
        ("signIn.issuer", "http://login.example.dk"),
        ("signIn.audience", ""),
        ("signIn.clientId", ""),
        ("signIn.scopes", "profile"),
        ("signIn.rolesClaim", ""),
        ("databases.secret", ""),
        ("databases.ownerSecret", ""),
        ("databases.cloudnativepg.instances", 0),
        ("databases.cloudnativepg.size", "20"),
        ("kafka.bootstrap", ""),
        ("kafka.bootstrap", "kafka.example.dk"),
        ("kafka.security", "PLAINTEXT"),
        ("kafka.security", "TLS"),
        ("kafka.mechanism", "OAUTHBEARER"),
        ("kafka.username", ""),
        ("kafka.passwordSecret", ""),
        ("kafka.createTopics", "yes"),
        ("kafka.partitions", 0),
        ("kafka.replication", 1.5),
        ("kafka.strimzi.replicas", 0),
        ("kafka.strimzi.size", "20"),
        ("tracing.endpoint", "collector:4317"),
        ("tracing.sampleRatio", 1.1),
        ("certificates.certManager", "true"),
        ("keys.secret", "UPPER"),
        ("network.policies", "yes"),
        ("network.databases", []),
        ("network.kafka", [{"cidr": "kafka.example.dk", "port": 9093}]),
        ("network.provider", [{"cidr": "10.0.0.0/8", "port": 0}]),
        ("monitoring.labels", {"release": 1}),
        ("monitoring.dashboards.enabled", "yes"),
        ("monitoring.dashboards.label", "not a label"),
        ("monitoring.dashboards.labelValue", "not a value"),
        ("monitoring.runbooks", "runbooks"),
        ("limits.reads", -1),
        ("limits.changesBurst", 0),
        ("limits.caller", "many"),
        ("limits.atOnce", 33),
        ("limits.proxies", ["ingress-nginx"]),
        ("drainSeconds", 0),
        ("logLevel", "trace"),
        ("services.volunteer.replicas.from", 0),
        ("services.volunteer.replicas.processorPercent", 0),
        ("services.sortition.resources.limits.memory", "2560"),
        ("services.followup.resources.requests.cpu", "half"),
        ("services.sortition.settings.DRAW_MEMORY_MIB", "much"),
        ("services.volunteer.settings.QUOTA_COMING_SLOTS", "many"),
        ("nodeSelector", ["arm64"]),
        ("tolerations", {"key": "x"}),
    ],
)
def test_a_wrong_value_is_refused_by_its_name(keys: str, value: Any) -> None:
    complaint = refusal(merged(PRODUCTION, path_of(keys, value)))
    assert f"/{keys.replace('.', '/')}" in complaint, complaint


@pytest.mark.parametrize(
    ("keys", "value", "named"),
    [
        # Either brokers that are there, or brokers of its own.
        ("kafka.strimzi.enabled", True, "/kafka/bootstrap"),
        # A token would travel in the clear.
        ("tracing.headersSecret", "collector", "/tracing/endpoint"),
    ],
)
def test_two_values_that_do_not_go_together_are_refused(keys: str, value: Any, named: str) -> None:
    complaint = refusal(merged(PRODUCTION, path_of(keys, value)))
    assert named in complaint, complaint


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("", "replicas"),
        ("site", "host"),
        ("kafka", "brokers"),
        ("databases", "password"),
        ("services", "sortitions"),
        ("services.sortition.settings", "DRAW_MEMORY"),
        ("services.sortition.replicas", "min"),
    ],
)
def test_a_misspelt_name_is_refused(place: str, name: str) -> None:
    keys = f"{place}.{name}" if place else name
    complaint = refusal(merged(PRODUCTION, path_of(keys, "x")))
    assert f"'{name}' not allowed" in complaint
    assert f"at '{'/' + place.replace('.', '/') if place else ''}'" in complaint


def test_what_belongs_together_is_asked_for_together() -> None:
    complaint = refusal(merged(PRODUCTION, {"integrators": {"host": "grpc.example.dk"}}))
    assert "/integrators/gateway/name" in complaint
    assert "/integrators/gateway/namespace" in complaint
    # A gateway that speaks in the clear to services that speak TLS would reach nobody.
    assert "/integrators/caConfigMap" in complaint


def test_a_pod_takes_more_memory_than_a_draw_may() -> None:
    tight = {"services": {"sortition": {"settings": {"DRAW_MEMORY_MIB": 2049}}}}
    with pytest.raises(helm_python.HelmError, match=r"services\.sortition\.resources\.limits\.memory"):
        texts(merged(TRIAL, tight))


def test_fewer_replicas_at_most_than_at_least_are_refused() -> None:
    upside_down = {"services": {"volunteer": {"replicas": {"from": 3, "to": 2}}}}
    with pytest.raises(helm_python.HelmError, match=r"services\.volunteer\.replicas"):
        texts(merged(TRIAL, upside_down))


def test_the_defaults_alone_say_what_is_missing() -> None:
    complaint = refusal({})
    for place in ("/site/address", "/kafka/bootstrap", "/signIn/issuer"):
        assert place in complaint


def test_the_services_and_their_settings_are_those_that_there_are() -> None:
    schema = helm_python.Chart.load(CHART).schema
    assert schema is not None
    services = schema["properties"]["services"]
    assert services["required"] == sorted(descriptors())
    for name, found in descriptors().items():
        known = found.settings().model_fields if found.settings else {}
        settings = services["properties"][name]["properties"]["settings"]
        assert set(settings["properties"]) == {each.upper() for each in known}


def test_every_value_has_a_comment_and_a_rule() -> None:
    lines = (CHART / "values.yaml").read_text(encoding="utf-8").splitlines()
    for before, line, after in zip(["", *lines], lines, [*lines[1:], ""], strict=False):
        if re.match(r"[a-zA-Z]+:", line):
            said = before.startswith("#") or after.strip().startswith("#")
            assert said or before.startswith(("nodeSelector", "tolerations")), f"no comment: {line}"
    defaults = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    schema = helm_python.Chart.load(CHART).schema
    assert schema is not None
    assert set(defaults) == set(schema["properties"]) - {"global"}


def test_the_chart_is_the_programs_release() -> None:
    pyproject = (CHART.parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    version = re.search(r'^version = "(.+)"$', pyproject, re.MULTILINE)
    described = yaml.safe_load((CHART / "Chart.yaml").read_text(encoding="utf-8"))
    assert version is not None
    assert described["version"] == described["appVersion"] == version[1]


@pytest.mark.parametrize("case", CASES)
def test_the_notes_say_what_to_do_next(case: str) -> None:
    notes = texts(CASES[case])["borgerting/templates/NOTES.txt"]
    assert "helm test ting --namespace borgerting" in notes
    assert "municipality create" in notes
    assert ("sign-in-link" in notes) == (CASES[case].get("profile") == "embedded")


def test_the_notes_say_that_the_runbooks_are_nowhere_yet() -> None:
    one = CASES["98 municipalities"]
    default = {"monitoring": {"runbooks": "https://example.org/borgerting/docs/runbooks"}}
    assert "docs/runbooks" not in texts(one)["borgerting/templates/NOTES.txt"]
    assert "monitoring.runbooks" in texts(merged(one, default))["borgerting/templates/NOTES.txt"]


def test_a_release_of_another_name_shares_nothing() -> None:
    one = {(each["kind"], each["metadata"]["name"]) for each in objects(CASES["98 municipalities"])}
    other = {
        (each["kind"], each["metadata"]["name"])
        for each in objects(CASES["98 municipalities"], release="other")
    }
    assert not one & other
