"""docs/integrators.md from top to bottom, as printed, against a running suite; what it says is so."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from borgerting.sortition.v1.selection_service_pb2 import ListSelectionsRequest
from borgerting_client import pages
from chassis.aip.pages import DEFAULT_SIZE, MAXIMUM_SIZE
from chassis.auth.principal import Role
from chassis.errors import Code
from chassis.housekeeping import Retention
from chassis.rpc.server import MAXIMUM_CONNECTION_AGE_MS, MESSAGE_LIMIT
from services.sortition.app.spreadsheets import MAX_POOL_FILE, MAX_TARGETS_FILE
from tests.component.integrators.conftest import HERE, ROOT, Running

PAGE = (ROOT / "docs/integrators.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)(?: (\w+))?\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
PYTHON = "\n".join(text for language, _, text in BLOCKS if language == "python")


@pytest.fixture(scope="module")
def output(running: Running, install: str, declared: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """What its commands print. Replaced are addresses, the suite's environment, and where packages come from:
    the client is built and installed as printed, and beside it there is what it declares that it needs.
    """
    folder = tmp_path_factory.mktemp("page")
    shell = "\n".join(text for language, kind, text in BLOCKS if language == "sh" and not kind)
    replaced = {
        ".venv/bin/": f"{Path(sys.executable).parent}/",
        "127.0.0.1:9090": running.suite.grpc,
        "127.0.0.1:8080": urlsplit(running.suite.http).netloc,
        "python3 -m venv": f"{sys.executable} -m venv --without-pip",
        "$WORK/venv/bin/pip install": f"{sys.executable} {install}",
    }
    for printed, here in replaced.items():
        assert printed in shell
        shell = shell.replace(printed, here)
    program = folder / "page.py"
    program.write_text(PYTHON.replace("127.0.0.1:9090", running.suite.grpc), encoding="utf-8")
    environment = {
        **os.environ,
        "BORGERTING_DATA_DIR": str(running.folder / "data"),
        "PYTHONPATH": f"{install.split()[-1]}:{declared}",
        "TMPDIR": str(folder),
        "NO_PROXY": "127.0.0.1",
        "LC_ALL": "C.UTF-8",
    }
    done = subprocess.run(
        ["bash", "-eu", "-c", f"{shell}\n$WORK/venv/bin/python {program}"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def test_there_is_nothing_on_the_page_that_is_not_run() -> None:
    assert {(language, kind) for language, kind, _ in BLOCKS} == {("sh", ""), ("sh", "kafka"), ("python", "")}
    assert PAGE.count("```") == 2 * len(BLOCKS)
    prose = re.sub(r"^```.*?^```$", "", PAGE, flags=re.MULTILINE | re.DOTALL)
    assert not re.search(r"^ {4}\S", prose, re.MULTILINE)


def test_reflection_says_what_can_be_called(output: str) -> None:
    assert "borgerting.sortition.v1.SelectionService/CreateSelection\n" in output


def test_calls_by_hand(output: str) -> None:
    assert re.search(r'"title": "By hand"', output)
    assert '"code": "permission_denied"' in output
    assert '"reason":"ROLE_REQUIRED"' in output
    assert re.search(rf'"name":"municipalities/{HERE}/selections/', output), "REST"


def test_the_client(output: str) -> None:
    lines = output.splitlines()
    assert sum(bool(re.fullmatch(r"municipalities/\S+ By program 4", line)) for line in lines) == 1
    assert sum(bool(re.fullmatch(r"municipalities/\S+ By hand 4", line)) for line in lines) == 1
    assert any(re.fullmatch(r"ABORTED ETAG_STALE .+ [0-9a-f]{32}", line) for line in lines)
    assert any(line.startswith("selection.size ") for line in lines)
    assert "STATE_DRAWN: a panel of 4" in output


def test_what_was_made_is_there(running: Running, output: str) -> None:
    with running.client(Role.INTEGRATOR) as suite:
        request = ListSelectionsRequest(parent=f"municipalities/{HERE}", page_size=2)
        found = [one for page in pages(suite.selections.ListSelections, request) for one in page.selections]
    assert sorted(one.title for one in found) == ["A trial", "By hand", "By two programs"]


def test_it_is_typed_for_its_user(installed: Path, tmp_path: Path) -> None:
    """The page and the examples pass mypy --strict with what was installed, and wrong ones do not."""
    page = tmp_path / "page.py"
    page.write_text(PYTHON, encoding="utf-8")
    wrong = tmp_path / "wrong.py"
    wrong.write_text(
        "from borgerting.sortition.v1.selection_service_pb2 import GetSelectionRequest\n"
        "from borgerting_client import Borgerting, pages\n"
        "suite = Borgerting('', language='de')\n"
        "suite.selections.ListSelections(GetSelectionRequest())\n"
        "pages(suite.selections.GetSelection, GetSelectionRequest())\n"
        "suite.selections.GetSelection(GetSelectionRequest()).titel\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--config-file", "", "--cache-dir", "/dev/null",
         "--no-color-output", page, wrong, *sorted((ROOT / "clients/python/examples").glob("*.py"))],
        cwd=tmp_path, env={**os.environ, "MYPYPATH": str(installed)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    # As with any installed package, what it is made of is not the user's to answer for.
    own = [line for line in done.stdout.splitlines() if not line.startswith(str(installed))]
    found = re.findall(r"^(\S+?)\.py:(\d+): error: .*\[([a-z-]+)\]$", "\n".join(own), re.MULTILINE)
    assert found == [
        ("wrong", "3", "arg-type"),
        ("wrong", "4", "arg-type"),
        ("wrong", "5", "type-var"),
        ("wrong", "5", "type-var"),
        ("wrong", "6", "attr-defined"),
    ], done.stdout + done.stderr


def row(begin: str) -> str:
    (found,) = re.findall(rf"^\| {re.escape(begin)}.*$", PAGE, re.MULTILINE)
    return str(found)


def test_the_limits_are_those_that_hold() -> None:
    assert f"{MESSAGE_LIMIT >> 20} MiB" in row("one message")
    assert f"{MAX_POOL_FILE >> 20} MiB, {MAX_TARGETS_FILE >> 20} MiB" in row("a file of volunteers")
    assert f"{DEFAULT_SIZE} when you do not say, {MAXIMUM_SIZE} at most" in row("a page")
    assert f"{MAXIMUM_CONNECTION_AGE_MS // 60_000} minutes" in row("a connection")
    assert Retention().answered.days == 7
    assert "within seven days" in PAGE


def test_every_code_is_explained_under_its_status() -> None:
    table = PAGE.split("### Errors")[1].split("### Limits")[0]
    rows = re.findall(r"^\| ([A-Z_, ]+?) \| (\d*) ?\|", table, re.MULTILINE)
    stated = {code: status for codes, status in rows for code in codes.split(", ")}
    assert {code.name: str(code.http_status) for code in Code}.items() <= stated.items()
