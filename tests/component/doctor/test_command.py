"""`borgerting doctor` on a real suite whose stores are put back to different moments."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from chassis import cli
from chassis.app import descriptors
from chassis.testing.processes import SuiteProcess, running_suite
from tests.component.doctor.line import until


class Town:
    """The data folder of a suite, and what is said of it."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.data = folder / "data"
        self._capsys = capsys

    def command(self, *arguments: str) -> tuple[int, str]:
        self._capsys.readouterr()
        code = cli.run([*arguments, "--data-dir", str(self.data)])
        return code, self._capsys.readouterr().out

    def enter(self, slug: str) -> None:
        assert self.command("municipality", "create", slug, "--name", slug.title())[0] == 0

    def facts(self) -> dict[str, Any]:
        return dict(json.loads(self.command("doctor", "--json")[1]))

    def faults(self) -> set[tuple[str, str, str]]:
        return {
            (misfit["fault"], misfit["key"], misfit["consumer"])
            for service in self.facts()["services"].values()
            for misfit in service["misfits"]
        }

    def run_until_quiet(self) -> None:
        with running_suite(self.folder) as suite:
            until(lambda: not any(one["on_the_way"] for one in self.facts()["services"].values()))
            until(lambda: not {fault for fault, _, _ in self.faults()} - {"lost"})
            self.seen = consumers(suite)

    def keep(self, name: str) -> Path:
        return Path(shutil.copyfile(self.data / name, self.folder / f"kept-{name}"))

    def put_back(self, name: str) -> None:
        shutil.copyfile(self.folder / f"kept-{name}", self.data / name)


def consumers(suite: SuiteProcess) -> set[str]:
    return set(
        re.findall(r'borgerting_inbox_parked\{[^}]*consumer="([^"]+)"', suite.get("/metrics", base=suite.ops))
    )


@pytest.fixture
def town(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Town:
    for name in [name for name in os.environ if name.startswith("BORGERTING_")]:
        if not name.startswith("BORGERTING_TEST_"):
            monkeypatch.delenv(name)
    return Town(tmp_path, capsys)


def test_stores_of_different_moments(town: Town) -> None:
    town.enter("hjemby")
    assert town.facts()["fits"]  # nothing was sent, and nothing is wrong
    town.run_until_quiet()
    listed = {consumer for found in descriptors().values() for consumer in found.listens}
    assert town.seen == listed  # what the doctor knows of who listens is what does listen
    for name in ("volunteer.sqlite3", "deliberation.sqlite3"):
        town.keep(name)
    town.enter("udby")
    town.run_until_quiet()
    code, said = town.command("doctor")
    assert (code, "deliberation: 2 aggregates, 2 events in the log: fits" in said) == (0, True)

    town.put_back("volunteer.sqlite3")
    assert town.faults() == {("not heard", "udby/municipality", "volunteer.municipalities")}
    code, said = town.command("doctor")
    assert (code, "not heard: --mend, or a start, has it heard again" in said) == (1, True)
    town.run_until_quiet()
    assert town.command("doctor")[0] == 0

    town.put_back("deliberation.sqlite3")
    assert town.faults() == {("ahead", "udby/municipality", "")}
    code, said = town.command("doctor", "--mend")
    assert (code, "lost: a decision is needed" in said) == (1, True)
    code, said = town.command("doctor", "--lost")
    (lost,) = [json.loads(line) for line in said.splitlines()]
    assert (lost["key"], lost["number"], lost["event"]["displayName"]) == ("udby/municipality", 1, "Udby")
    town.enter("udby")  # done again, by what was shown
    town.run_until_quiet()
    assert town.command("doctor", "--give-up-lost")[0] == 0
    town.run_until_quiet()
    code, said = town.command("doctor")
    assert (code, "fits" in said) == (0, True)
    assert town.facts()["services"]["deliberation"]["misfits"] == []


def test_one_service_alone_and_a_wrong_name(town: Town, capsys: pytest.CaptureFixture[str]) -> None:
    town.enter("hjemby")
    code, said = town.command("doctor", "--service", "deliberation")
    assert (code, said.count("fits")) == (0, 4)
    assert cli.run(["doctor", "--service", "nobody", "--data-dir", str(town.data)]) == 2
