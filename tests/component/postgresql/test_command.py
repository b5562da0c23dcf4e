"""`borgerting database sql` and `check-config`, as an operator types them."""

from __future__ import annotations

import pytest

from chassis.app import descriptors
from chassis.cli import run
from tests.infrastructure.postgres import PostgresServer


def test_the_script_names_every_service_s_roles_and_runs(
    postgres: PostgresServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["database", "sql", "--prefix", "printed_"]) == 0
    script = capsys.readouterr().out
    for service in descriptors():
        for ending in ("", "_owner", "_app", "_worker"):
            assert f"printed_{service}{ending}" in script
    postgres.run_script(script)
    postgres.run_script(script)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["database", "drop"], "is no act"),
        (["database", "sql", "--prefix", "Borgerting-"], "small letters, digits and _ only"),
    ],
)
def test_a_wrong_use_is_refused(arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    assert says in " ".join(capsys.readouterr().err.replace("│", " ").split())


def test_check_config_says_what_is_wrong_and_no_password(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BORGERTING_PROFILE", "production")
    monkeypatch.setenv("BORGERTING_SORTITION__DATABASE_URL", "mysql://u:hunter2@db/x")
    monkeypatch.setenv("BORGERTING_SORTITION__MIGRATION_URL", "postgresql://u:hunter2@db/x")
    assert run(["check-config"]) == 2
    said = capsys.readouterr().err
    assert "BORGERTING_SORTITION__DATABASE_URL must be sqlite:///FILE or postgresql://" in said
    assert "BORGERTING_SORTITION__MIGRATION_URL is for PostgreSQL" in said
    assert "BORGERTING_DELIBERATION__DATABASE_URL: the production profile refuses SQLite" in said
    assert "hunter2" not in said


def test_every_store_s_addresses_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check-config", "--list"]) == 0
    listed = capsys.readouterr().out
    for service in descriptors():
        for ending in ("DATABASE_URL", "MIGRATION_URL"):
            assert f"BORGERTING_{service.upper()}__{ending}=" in listed
