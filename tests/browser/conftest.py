"""A running suite, a signed-in secretariat, and a real Chromium that asks nobody but us."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from chassis.testing.processes import SuiteProcess, running_suite
from tests.browser.desk import TARGETS, Desk, volunteers

MUNICIPALITY = "strandby"
CHROMIUM = "/usr/bin/chromium"
WIDTHS = (360, 1280)
LANGUAGES = ("da", "en")
# --no-sandbox: CI runs as root in a container. The others keep it from calling home.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(frozen=True)
class House:
    """A suite with one municipality; `command` runs `borgerting` beside it."""

    suite: SuiteProcess
    folder: Path

    def command(self, *arguments: str) -> str:
        own = {name: value for name, value in os.environ.items() if not name.startswith("BORGERTING_")}
        own |= {"BORGERTING_DATA_DIR": str(self.folder / "data"), "BORGERTING_BASE_URL": self.suite.http}
        return subprocess.run(
            [sys.executable, "-m", "chassis", *arguments], env=own, check=True, capture_output=True, text=True
        ).stdout.strip()

    def sign_in_link(self, municipality: str = MUNICIPALITY) -> str:
        return self.command("sign-in-link", "--municipality", municipality).splitlines()[-1]

    def operator_link(self) -> str:
        return self.command("sign-in-link", "--role", "operator").splitlines()[-1]


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("suite")
    with running_suite(folder) as suite:
        made = House(suite, folder)
        made.command("municipality", "create", MUNICIPALITY, "--name", "Strandby Kommune")
        yield made


@pytest.fixture(scope="session")
def desk(house: House) -> Iterator[Desk]:
    until_known(house)
    made = Desk(house.suite.http, house.sign_in_link(), MUNICIPALITY)
    yield made
    made.client.close()


def until_known(house: House) -> None:
    """Sortition learns of a municipality by event: a moment after it was made."""
    until = time.monotonic() + 30
    while True:
        try:
            house.suite.get(f"/sortition/{MUNICIPALITY}")
        except urllib.error.HTTPError:
            assert time.monotonic() < until, house.suite.log[-2000:]
            time.sleep(0.1)
        else:
            return


@dataclass(frozen=True)
class Stages:
    """Addresses of selections and draws, one for each state that pages show."""

    empty: str
    wrong_rows: str
    infeasible: str
    ready: str
    person: str
    panels_ready: str
    panels_ready_draw: str
    committed: str
    committed_draw: str
    withdrawn_draw: str
    seeded_draw: str
    asked: str
    asked_draw: str
    confirmed: str
    confirmed_draw: str
    waiting_assembly: str
    assembly: str
    recommendation: str
    initiative: str
    handed_over: str


@pytest.fixture(scope="session")
def stages(desk: Desk) -> Stages:
    def prepared(title: str) -> str:
        selection = desk.create(title)
        desk.set_targets(selection)
        desk.bring_in(selection, volunteers())
        return selection

    empty = desk.create("Tomt ting")
    wrong_rows = desk.create("Ting med fejl")
    desk.set_targets(wrong_rows)
    desk.bring_in(wrong_rows, volunteers(wrong=3))
    infeasible = prepared("Umuligt ting")
    # Two women and two men at most cannot fill twenty seats.
    desk.set_targets(infeasible, TARGETS.replace("9,11", "1,2"))
    ready = prepared("Klart ting")
    panels_ready = prepared("Ting med paneler")
    panels_ready_draw = desk.draw(panels_ready)
    committed = prepared("Låst ting")
    committed_draw = desk.draw(committed)
    desk.commit(committed_draw)
    withdrawn_draw = desk.draw(prepared("Fortrudt ting"))
    desk.commit(withdrawn_draw)
    desk.submit(f"{withdrawn_draw}/cancel", {})
    seeded_draw = desk.draw(prepared("Prøveting"), mode="seeded")
    desk.publish(seeded_draw)
    asked, confirmed = prepared("Spurgt ting"), prepared("Bekræftet ting")
    drawn = {}
    for selection in (asked, confirmed):
        drawn[selection] = desk.draw(selection)
        desk.commit(drawn[selection])
        desk.reveal(drawn[selection])
        desk.publish(drawn[selection])
    desk.answer_all(confirmed)
    desk.confirm(confirmed)
    handed_over, waiting = with_panel(desk, "Overdraget ting"), desk.set_up_assembly(ready, "Ventende ting")
    desk.write_report(handed_over)
    desk.hand_over(handed_over)
    assembly = desk.set_up_assembly(confirmed, "Skrivende ting")
    desk.until_seated(assembly)
    recommendation, initiative = desk.write_report(assembly)
    # Its panel waits for an assembly.
    with_panel(desk, "Bekræftet uden ting", set_up=False)
    return Stages(
        empty=empty,
        wrong_rows=wrong_rows,
        infeasible=infeasible,
        ready=ready,
        person=desk.people(ready)[0],
        panels_ready=panels_ready,
        panels_ready_draw=panels_ready_draw,
        committed=committed,
        committed_draw=committed_draw,
        withdrawn_draw=withdrawn_draw,
        seeded_draw=seeded_draw,
        asked=asked,
        asked_draw=drawn[asked],
        confirmed=confirmed,
        confirmed_draw=drawn[confirmed],
        waiting_assembly=waiting,
        assembly=assembly,
        recommendation=recommendation,
        initiative=initiative,
        handed_over=handed_over,
    )


def with_panel(desk: Desk, title: str, *, set_up: bool = True) -> str:
    """An assembly whose members sit, set up before its panel was confirmed; else the selection."""
    selection = desk.create(title)
    desk.set_targets(selection)
    desk.bring_in(selection, volunteers())
    assembly = desk.set_up_assembly(selection, title) if set_up else ""
    desk.publish(desk.draw(selection, mode="seeded"))
    desk.answer_all(selection)
    desk.confirm(selection)
    if set_up:
        desk.until_seated(assembly)
    return assembly or selection


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
    yield browser
    browser.close()


@pytest.fixture(params=WIDTHS, ids=lambda width: f"{width}px")
def width(request: pytest.FixtureRequest) -> int:
    value: int = request.param
    return value


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest) -> str:
    value: str = request.param
    return value


def public(draw: str) -> str:
    """The public address of a draw whose page for the secretariat is `draw`."""
    parts = draw.split("/")
    return f"/sortition/{parts[2]}/draws/{parts[-1]}"
