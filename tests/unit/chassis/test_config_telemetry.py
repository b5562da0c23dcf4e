"""Where traces are sent: what is wrong is said by its name, and a header's value never."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chassis.config import SettingsError, SuiteSettings, describe_settings, load_settings

ENDPOINT = "BORGERTING_TELEMETRY__OTLP_ENDPOINT"
HEADERS = "BORGERTING_TELEMETRY__OTLP_HEADERS"


def load(tmp_path: Path, **variables: str) -> SuiteSettings:
    return load_settings(["toy"], variables, data_dir=tmp_path)


def problems(tmp_path: Path, **variables: str) -> list[str]:
    with pytest.raises(SettingsError) as raised:
        load(tmp_path, **variables)
    return raised.value.problems


def test_off_unless_there_is_a_collector(tmp_path: Path) -> None:
    assert not load(tmp_path).traces
    assert load(tmp_path, **{ENDPOINT: "http://collector:4317"}).traces


@pytest.mark.parametrize(
    "endpoint",
    [
        "collector:4317",
        "http://collector",
        "grpc://collector:4317",
        "http://collector:4317/v1/traces",
        "http://collector:port",
        "http://anna@collector:4317",
        "http://:4317",
    ],
)
def test_an_endpoint_is_scheme_host_and_port(tmp_path: Path, endpoint: str) -> None:
    (problem,) = problems(tmp_path, **{ENDPOINT: endpoint})
    assert problem.startswith(f"{ENDPOINT} must be scheme, host and port")


def test_headers_travel_enciphered_alone_and_are_never_quoted(tmp_path: Path) -> None:
    secret: dict[str, Any] = {HEADERS: "Authorization=Bearer hunter2, x-tenant = a"}
    settings = load(tmp_path, **secret, **{ENDPOINT: "https://collector:4317"})
    assert settings.telemetry_headers == (("authorization", "Bearer hunter2"), ("x-tenant", "a"))
    assert "hunter2" not in repr(settings)
    (problem,) = problems(tmp_path, **secret, **{ENDPOINT: "http://collector:4317"})
    assert problem == f"{HEADERS} would travel in the clear: the endpoint must be https."
    (problem,) = problems(tmp_path, **{HEADERS: "hunter2", ENDPOINT: "https://collector:4317"})
    assert problem == f"{HEADERS} must be name=value, separated by commas."


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    missing = tmp_path / "ca.pem"
    found = problems(
        tmp_path,
        **{ENDPOINT: "collector", "BORGERTING_TELEMETRY__OTLP_CA_FILE": str(missing), HEADERS: "a=b"},
    )
    assert [one.split()[0].rstrip(":") for one in found] == [
        ENDPOINT,
        HEADERS,
        "BORGERTING_TELEMETRY__OTLP_CA_FILE",
    ]


@pytest.mark.parametrize("ratio", ["-0.1", "1.1", "half"])
def test_a_share_is_between_none_and_all(tmp_path: Path, ratio: str) -> None:
    (problem,) = problems(tmp_path, BORGERTING_TELEMETRY__SAMPLE_RATIO=ratio)
    assert problem.startswith("BORGERTING_TELEMETRY__SAMPLE_RATIO: ")


def test_a_misspelt_one_is_no_setting(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, BORGERTING_TELEMETRY__ENDPOINT="http://collector:4317")
    assert "is no setting" in problem


def test_they_are_listed_with_what_they_are_for() -> None:
    listed = {name: (default, words) for name, default, words in describe_settings({})}
    ours = [name for name in listed if "TELEMETRY" in name]
    assert [name.removeprefix("BORGERTING_TELEMETRY__") for name in ours] == [
        "OTLP_ENDPOINT",
        "OTLP_CA_FILE",
        "OTLP_HEADERS",
        "SAMPLE_RATIO",
    ]
    assert all(words for _, words in (listed[name] for name in ours))
