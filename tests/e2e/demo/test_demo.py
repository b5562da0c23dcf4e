"""`borgerting demo`, as a newcomer runs it: a real process, real pages, and the same at a second start."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from chassis.app import descriptors
from tests.e2e.demo.conftest import FirstStart
from tests.e2e.demo.running import PORTS, ROLES, demonstration, get_json, start
from tests.e2e.demo.story import hold_the_story
from tests.e2e.demo.upgrading import opened, read, tables_of, upgrade_with_data
from tests.infrastructure.revisions import write_revisions
from tests.infrastructure.stores import KINDS, everything
from tests.infrastructure.suites import settings_of


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def test_a_newcomer_sees_the_whole_story_and_a_second_start_loads_nothing(
    first_start: FirstStart, data: Path
) -> None:
    for line, role in zip(first_start.links, ROLES, strict=True):
        assert line.startswith(f"{role}: {first_start.front}deliberation/sign-in/")
    assert first_start.link_statuses == [200] * len(ROLES)

    shutil.copytree(first_start.folder / "data", data)
    with demonstration(data) as (front, *_):
        hold_the_story(front)


@pytest.mark.parametrize("kind", KINDS)
def test_the_story_outlives_every_upgrade(
    kind: str, first_start: FirstStart, data: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Each service's store of its first revision, with the story in it, comes up revision by revision: all
    rows are kept. Of those on PostgreSQL the code of now tells the same story.
    """
    shutil.copytree(first_start.folder / "data", data)
    settings: dict[str, str] = {}
    for service, found in descriptors().items():
        tables = tables_of(service)
        with opened(f"sqlite:///{data}/{service}.sqlite3") as database, everything(database) as whole:
            content = read(whole.connection, tables)
        assert sum(map(len, content.values())) > 20
        owner = f"sqlite:///{tmp_path}/{service}.sqlite3"
        if kind == "postgresql":
            urls = request.getfixturevalue("postgres").bare(service)
            owner = urls.owner
            settings |= settings_of([urls])
        with opened(owner) as target:
            assert upgrade_with_data(found.migrations, tables, content, target) == []
    if kind == "postgresql":
        with demonstration(data, settings) as (front, *_):
            hold_the_story(front)


def test_an_upgrade_that_changes_a_row_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tables = sa.MetaData()
    sa.Table(
        "things",
        tables,
        sa.Column("municipality", sa.String(63), primary_key=True),
        sa.Column("size", sa.Integer),
    )
    package = write_revisions(
        tmp_path,
        monkeypatch,
        "op.create_table('things', sa.Column('municipality', sa.String(63), primary_key=True))",
        "op.add_column('things', sa.Column('size', sa.Integer()))",
        "op.execute('UPDATE things SET size = size + 1')",
    )
    content = {"things": [{"municipality": "udby", "size": 1}]}
    with opened(f"sqlite:///{tmp_path}/things.sqlite3") as target:
        (lost,) = upgrade_with_data(package, tables, content, target)
    assert lost == "0003: rows of things are others than before"


def test_a_story_that_was_broken_off_is_not_shown_as_if_it_were_whole(data: Path) -> None:
    process = start(data)
    assert process.stdout is not None
    with closing(process.stdout):
        log = data.parent / "log"
        while "seated" not in log.read_text():
            assert process.poll() is None, log.read_text()[-3000:]
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 1
        assert process.stdout.read() == ""
    assert "Traceback" not in log.read_text()
    assert f"Delete its folder ({data}), then start again." in log.read_text()

    again = _refused(data)
    assert again.stdout == ""
    assert f"Delete its folder ({data}), then start again." in again.stderr


def test_data_of_somebody_s_own_stay_as_they_are(data: Path) -> None:
    own = {**os.environ, "BORGERTING_DATA_DIR": str(data)}
    for arguments in (["migrate"], ["municipality", "create", "strandby", "--name", "Strandby Kommune"]):
        subprocess.run([sys.executable, "-m", "chassis", *arguments], env=own, check=True, timeout=60)
    process = start(data)
    assert process.stdout is not None
    with closing(process.stdout):
        try:
            front, operator = (process.stdout.readline().strip() for _ in range(2))
            # `/` leads straight to the only municipality, so the page with the list is asked for.
            assert operator.startswith(f"operator: {front}deliberation/sign-in/")
            (found,) = get_json(f"{front}deliberation/api/v1/municipalities")["municipalities"]
            assert found["displayName"] == "Strandby Kommune"
        finally:
            process.terminate()
            assert process.wait(timeout=60) == 0
        assert process.stdout.read() == ""


def test_a_port_that_is_taken_is_told_before_anything_is_loaded(data: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        refused = _refused(data, BORGERTING_HTTP_PORT=port)
    assert port in refused.stderr
    assert refused.stdout == ""
    assert not (data / "demonstration").exists()


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("BORGERTING_PROFILE", "production", "BORGERTING_"),
        ("BORGERTING_BASE_URL", "not an address", "BORGERTING_BASE_URL must be"),
    ],
)
def test_wrong_settings_end_it_with_their_words(data: Path, variable: str, value: str, words: str) -> None:
    refused = _refused(data, **{variable: value})
    assert refused.stdout == ""
    assert words in refused.stderr
    assert not data.exists()


def _refused(data: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "chassis", "demo"],
        env={**os.environ, **PORTS, "BORGERTING_DATA_DIR": str(data), **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode not in (0, None)
    assert "Traceback" not in done.stderr
    return done
