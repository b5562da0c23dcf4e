"""Settings: everything that is wrong is said at once, and the clock reads as it is written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from chassis.clock import FixedClock, SystemClock
from chassis.config import (
    ServiceSettings,
    SettingsError,
    check_settings,
    describe_settings,
    load_settings,
    parse_clock,
    service_settings,
)

SERVICES = ["deliberation", "sortition"]


class OwnSettings(ServiceSettings):
    draw_memory_mib: int = Field(4096, ge=512, description="memory of a draw")


MODELS = {"deliberation": None, "sortition": OwnSettings}


def problems(**environment: str) -> list[str]:
    with pytest.raises(SettingsError) as refused:
        load_settings(SERVICES, environment)
    return refused.value.problems


def test_no_configuration_is_the_embedded_suite() -> None:
    settings = load_settings(SERVICES, {})
    assert (settings.profile, settings.host) == ("embedded", "127.0.0.1")
    assert (settings.http_port, settings.grpc_port, settings.ops_port) == (8080, 9090, 9100)
    assert settings.database_url("sortition") == f"sqlite:///{Path.cwd() / 'data' / 'sortition.sqlite3'}"


def test_the_environment_and_over_it_the_command_line() -> None:
    environment = {
        "BORGERTING_HTTP_PORT": "1",
        "BORGERTING_GRPC_PORT": "2",
        "BORGERTING_SORTITION__DATABASE_URL": "sqlite:////srv/s.sqlite3",
        "BORGERTING_KAFKA__BOOTSTRAP": "broker:9092",
        "BORGERTING_LOG_LEVEL": "",  # empty is as good as not set
        "OTHER": "x",
    }
    settings = load_settings(SERVICES, environment, http_port=7, grpc_port=None)
    assert (settings.http_port, settings.grpc_port) == (7, 2)
    assert settings.database_url("sortition") == "sqlite:////srv/s.sqlite3"
    assert settings.kafka.bootstrap == "broker:9092"
    assert settings.log_level == "info"


def test_everything_wrong_is_said_at_once_by_variable() -> None:
    found = problems(
        BORGERTING_HTTP_PORT="many",
        BORGERTING_OPS_PORT="70000",
        BORGERTING_PROFILE="test",
        BORGERTING_HTP_PORT="8080",
        BORGERTING_FOLLOWUP__DATABASE_URL="sqlite:///x",
    )
    text = "\n".join(found)
    assert len(found) == 5
    for name in (
        "HTTP_PORT:",
        "OPS_PORT:",
        "PROFILE:",
        "HTP_PORT is no setting",
        "FOLLOWUP__DATABASE_URL is no",
    ):
        assert f"BORGERTING_{name}" in text


def test_what_does_not_fit_together_is_said_too() -> None:
    found = problems(
        BORGERTING_HTTP_PORT="9090",
        BORGERTING_CLOCK="tomorrow",
        BORGERTING_BASE_URL="borgerting.example.dk/site",
        BORGERTING_SORTITION__DATABASE_URL="mysql://user:hunter2@host/db",
        BORGERTING_DATA_DIR=__file__,
    )
    text = "\n".join(found)
    assert len(found) == 5
    for name in ("HTTP_PORT", "CLOCK", "BASE_URL", "SORTITION__DATABASE_URL", "DATA_DIR"):
        assert f"BORGERTING_{name}" in text
    assert "hunter2" not in text


def test_free_ports_may_be_asked_for_more_than_once() -> None:
    load_settings(
        SERVICES, {}, http_port=0, grpc_port=0, ops_port=0
    )  # raises if 0 counted as a port that is taken


def test_production_refuses_embedded_defaults() -> None:
    found = "\n".join(problems(BORGERTING_PROFILE="production", BORGERTING_CLOCK="+P1D"))
    assert "BORGERTING_CLOCK" in found
    assert "BORGERTING_BASE_URL" in found
    assert "BORGERTING_SORTITION__DATABASE_URL" in found
    assert "BORGERTING_DELIBERATION__DATABASE_URL" in found
    assert "local sign-in" in found


def test_every_setting_is_described() -> None:
    rows = {name: meaning for name, _, meaning in describe_settings(MODELS)}
    assert all(rows.values())
    assert {
        "BORGERTING_HTTP_PORT",
        "BORGERTING_KAFKA__BOOTSTRAP",
        "BORGERTING_SORTITION__DATABASE_URL",
        "BORGERTING_SORTITION__DRAW_MEMORY_MIB",
    } <= set(rows)


def test_a_service_s_own_settings() -> None:
    environment = {
        "BORGERTING_SORTITION__MEMORY_LIMIT_MIB": "512",
        "BORGERTING_SORTITION__DATABASE_URL": "sqlite:///x",
        "BORGERTING_DELIBERATION__X": "1",
    }
    assert service_settings("sortition", environment) == {"memory_limit_mib": "512"}


NOW = datetime(2027, 1, 31, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "then"),
    [
        ("+P1M", datetime(2027, 2, 28, 12, tzinfo=UTC)),
        ("+P3M", datetime(2027, 4, 30, 12, tzinfo=UTC)),
        ("+P1Y1M", datetime(2028, 2, 29, 12, tzinfo=UTC)),
        ("-P2M", datetime(2026, 11, 30, 12, tzinfo=UTC)),
        ("-P1D", datetime(2027, 1, 30, 12, tzinfo=UTC)),
        ("+P2W", datetime(2027, 2, 14, 12, tzinfo=UTC)),
        ("+PT36H", datetime(2027, 2, 2, 0, tzinfo=UTC)),
        ("+P1DT1H1M1S", datetime(2027, 2, 1, 13, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_shift_moves_by_calendar_months(text: str, then: datetime) -> None:
    clock = parse_clock(text, FixedClock(NOW))
    assert clock == SystemClock(then - NOW)


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=9000)))
def test_a_shift_and_back_is_none(shift: timedelta) -> None:
    text = f"P{shift.days}DT{shift.seconds}S"
    forth, back = parse_clock("+" + text, FixedClock(NOW)), parse_clock("-" + text, FixedClock(NOW))
    assert isinstance(forth, SystemClock)
    assert isinstance(back, SystemClock)
    assert forth.shift + back.shift == timedelta(0)


def test_an_instant_stands_still() -> None:
    clock = parse_clock("2027-03-01T10:00:00+01:00", SystemClock())
    assert clock == FixedClock(datetime(2027, 3, 1, 9, 0, tzinfo=UTC))


def test_no_clock_is_the_machine_s() -> None:
    machine = SystemClock()
    assert parse_clock("", machine) is machine


@pytest.mark.parametrize(
    "text", ["now", "+3M", "+P", "-PT", "P3M", "2027-03-01T09:00:00", "+P9999Y", "+P1.5D"]
)
def test_what_is_no_clock_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"P3M|offset|calendar"):
        parse_clock(text, FixedClock(NOW))


def test_a_services_own_settings_are_checked_with_the_suites() -> None:
    with pytest.raises(SettingsError) as refused:
        check_settings(
            MODELS,
            {
                "BORGERTING_HTTP_PORT": "x",
                "BORGERTING_SORTITION__DRAW_MEMORY_MIB": "12",
                "BORGERTING_DELIBERATION__MISSPELT": "1",
            },
        )
    assert [problem.split(":")[0] for problem in refused.value.problems] == [
        "BORGERTING_HTTP_PORT",
        "BORGERTING_DELIBERATION__MISSPELT",
        "BORGERTING_SORTITION__DRAW_MEMORY_MIB",
    ]
    assert check_settings(MODELS, {"BORGERTING_SORTITION__DRAW_MEMORY_MIB": "512"}).profile == "embedded"
