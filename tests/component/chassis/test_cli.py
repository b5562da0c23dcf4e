"""The command line: exit codes, words instead of tracebacks, results on stdout alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from chassis import app as apps
from chassis import cli
from chassis.app import Descriptor, ExtraCommands
from chassis.errors import Code, DomainError, FieldViolation
from chassis.folder_lock import FolderLock

TOY = "tests.component.chassis.toyservice.migrations"


def fail_with(error: Exception) -> typer.Typer:
    group = typer.Typer()

    @group.command()
    def now() -> None:
        """Fail now."""
        raise error

    @group.command()
    def later(count: int = typer.Option(1)) -> None:
        """Say how often."""
        typer.echo(f"later {count}")

    return group


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> dict[str, Exception]:
    """A suite of one service whose command `fail now` raises what is put under "error"."""
    box: dict[str, Exception] = {}
    descriptor = Descriptor(
        name="toy",
        build=lambda context: apps.Service("toy"),
        migrations=TOY,
        commands=lambda: {"fail": fail_with(box["error"]), "single": lambda: typer.echo("single")},
        command_help={"fail": "Fail in some way.", "single": "One command."},
        number=7,
    )
    # Where they are found, not `descriptors` itself: a module first imported meanwhile would keep a fake.
    groups = {"borgerting.services": [_Point("toy", descriptor)], "borgerting.commands": []}
    monkeypatch.setattr(apps, "entry_points", lambda group: groups[group])
    monkeypatch.setenv("LC_ALL", "C")
    box["error"] = ValueError("Anna Andersen")
    return box


def test_groups_of_services_appear_and_run(
    failing: dict[str, Exception], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["--help"]) == 0
    out = capsys.readouterr().out
    assert "Fail in some way." in out
    assert "serve" in out
    assert cli.run(["fail", "later", "--count", "3"]) == 0
    assert cli.run(["single"]) == 0
    assert capsys.readouterr().out == "later 3\nsingle\n"
    assert cli.run(["fail", "--help"]) == 0
    assert "Say how often." in capsys.readouterr().out


def test_help_does_not_load_a_service_s_commands(
    failing: dict[str, Exception], capsys: pytest.CaptureFixture[str]
) -> None:
    del failing["error"]  # loading them would now raise KeyError
    assert cli.run(["--help"]) == 0
    assert cli.run(["fail", "later"]) == cli.OUR_FAULT


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["serve", "--http-port", "x"],
        ["fail", "later", "--count", "x"],
        ["fail", "nonsense"],
        [],
    ],
)
def test_wrong_usage_is_2(
    failing: dict[str, Exception], arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(arguments) == 2
    assert "Usage: borgerting" in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (DomainError(Code.UNAVAILABLE, "STORE_BUSY"), 1, "The store is busy. Try again in a moment.\n"),
        (
            DomainError(
                Code.INVALID_ARGUMENT,
                "REQUEST_ID_TOO_LONG",
                {"limit": "128"},
                (FieldViolation("name", "FIELD_REQUIRED"),),
            ),
            2,
            "A request id may have 128 characters at most.\nname: Fill in this field.\n",
        ),
        (PermissionError(13, "Permission denied", "data/lock"), 1, "data/lock: Permission denied\n"),
        (
            typer.BadParameter("no such colour"),
            2,
            "Usage: borgerting fail now [OPTIONS]\nTry 'borgerting fail now --help' for help.\n\n"
            "Error: Invalid value: no such colour\n",
        ),
        (typer.Exit(7), 7, ""),
        (typer.Abort(), 1, "Stopped.\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_what_is_raised_has_its_words_and_code(
    failing: dict[str, Exception],
    error: Exception,
    code: int,
    words: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    failing["error"] = error
    assert cli.run(["fail", "now"]) == code
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", words)


def test_words_are_danish_where_the_system_is(
    failing: dict[str, Exception], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LC_ALL", "da_DK.UTF-8")
    failing["error"] = DomainError(Code.UNAVAILABLE, "STORE_BUSY")
    assert cli.run(["fail", "now"]) == 1
    assert capsys.readouterr().err == "Lageret er optaget. Prøv igen om lidt.\n"


def test_a_suite_that_cannot_be_reached_is_said_in_words(
    failing: dict[str, Exception], capsys: pytest.CaptureFixture[str]
) -> None:
    import grpc
    from google.protobuf.wrappers_pb2 import StringValue

    with grpc.insecure_channel("127.0.0.1:1") as channel, pytest.raises(grpc.RpcError) as away:
        channel.unary_unary("/toy.Toy/Wait", request_serializer=StringValue.SerializeToString)(StringValue())
    failing["error"] = away.value
    assert cli.run(["fail", "now"]) == 1
    text = capsys.readouterr().err
    assert "incident" not in text
    assert "127.0.0.1" not in text


def test_our_own_fault_shows_an_incident_and_no_text(
    failing: dict[str, Exception], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["fail", "now"]) == cli.OUR_FAULT
    text = capsys.readouterr().err
    assert text.count("\n") == 1
    assert "incident" in text
    assert "ValueError at test_cli.py:" in text
    assert "Anna" not in text


def test_settings_are_checked_all_at_once(
    failing: dict[str, Exception], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["check-config"]) == 0
    capsys.readouterr()
    monkeypatch.setenv("BORGERTING_PROFILE", "production")
    monkeypatch.setenv("BORGERTING_HTTP_PORT", "9090")
    monkeypatch.setenv("BORGERTING_TYPO", "1")
    assert cli.run(["check-config"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert len(printed.err.splitlines()) == 8
    assert cli.run(["serve"]) == 2  # which checks them as well
    assert cli.run(["check-config", "--list"]) == 0
    listed = capsys.readouterr().out
    assert "BORGERTING_TOY__DATABASE_URL=" in listed
    assert "BORGERTING_KAFKA__BOOTSTRAP=" in listed
    ports = [line.split() for line in listed.splitlines() if line.startswith(("all services", "toy alone"))]
    assert ports == [
        ["all", "services", "8080", "9090", "9100", "9443"],
        ["toy", "alone", "8087", "9097", "9107", "9450"],
    ]


@pytest.mark.parametrize(
    ("service", "broker", "words"),
    [
        ("toy", "", "--service toy needs BORGERTING_KAFKA__BOOTSTRAP"),
        ("toy", "broker", "BORGERTING_KAFKA__BOOTSTRAP: 'broker' is not host:port"),
        ("elsewhere", "", "'elsewhere' is no service; there are: toy."),
    ],
)
def test_a_service_alone_is_refused_with_the_reason(
    failing: dict[str, Exception],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    service: str,
    broker: str,
    words: str,
) -> None:
    monkeypatch.setenv("BORGERTING_KAFKA__BOOTSTRAP", broker)
    assert cli.run(["serve", "--service", service]) == 2
    assert words in capsys.readouterr().err
    assert cli.run(["check-config", "--service", service]) == 2
    assert words in capsys.readouterr().err


def test_migrate_brings_each_store_to_the_head_unless_a_suite_runs(
    failing: dict[str, Exception], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["migrate", "--data-dir", str(tmp_path)]) == 0
    assert cli.run(["migrate", "--data-dir", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "toy: was empty, is now at 0001\ntoy: is at 0001\n"
    with FolderLock(tmp_path):
        assert cli.run(["migrate", "--data-dir", str(tmp_path)]) == 1
    assert f"in use by process {os.getpid()}" in capsys.readouterr().err


def test_a_command_works_beside_a_running_suite(failing: dict[str, Exception], tmp_path: Path) -> None:
    from chassis import commands

    commands_descriptors = commands.descriptors
    try:
        commands.descriptors = apps.descriptors
        with commands.command_context("toy", data_dir=tmp_path) as first, first.database.writing("m") as work:
            work.jobs.enqueue("count", {}, key="1")
        with (
            FolderLock(tmp_path),
            commands.command_context("toy", data_dir=tmp_path) as second,
            second.database.reading("m") as work,
        ):
            assert work.jobs.find("count", "1") is not None
    finally:
        commands.descriptors = commands_descriptors


class _Point:
    def __init__(self, name: str, value: object) -> None:
        self.name = name
        self._value = value

    def load(self) -> object:
        if isinstance(self._value, Exception):
            raise self._value
        return self._value


def test_a_service_that_cannot_be_imported_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [_Point("toy", ModuleNotFoundError("toy"))]
    monkeypatch.setattr(apps, "entry_points", lambda group: points)
    with pytest.raises(ModuleNotFoundError):
        apps.descriptors()


def test_an_entry_point_to_something_else_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    groups = {"borgerting.services": [_Point("toy", object())], "borgerting.commands": []}
    monkeypatch.setattr(apps, "entry_points", lambda group: groups[group])
    with pytest.raises(ImportError, match="no Descriptor"):
        apps.descriptors()
    groups = {"borgerting.services": [], "borgerting.commands": [_Point("demo", object())]}
    with pytest.raises(ImportError, match="no ExtraCommands"):
        apps.command_groups()
    extra = ExtraCommands({"demo": "See it."}, dict)
    groups = {"borgerting.services": [], "borgerting.commands": [_Point("demo", extra)]}
    assert apps.command_groups() == {"demo": ("See it.", dict)}


def test_whoever_stops_reading_gets_no_complaint() -> None:
    # A pipe whose reader is gone before anything is written.
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "chassis", "check-config", "--list"],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")
