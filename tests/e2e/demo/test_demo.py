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

from tests.e2e.demo.conftest import FirstStart
from tests.e2e.demo.running import PORTS, ROLES, demonstration, get_json, start
from tests.e2e.demo.story import hold_the_story


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
