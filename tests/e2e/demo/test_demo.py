"""`borgerting demo`, as a newcomer runs it: a real process, real pages, and the same at a second start."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

PORTS = {f"BORGERTING_{name}_PORT": "0" for name in ("HTTP", "GRPC", "OPS")}
ROLES = ("secretariat", "operator", "officer", "coordinator", "volunteer")


def get(url: str) -> tuple[int, str]:
    """Status and body, redirects not followed."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=30)
    with closing(connection):
        connection.request("GET", f"{parts.path}?{parts.query}")
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def get_json(url: str) -> Any:
    return json.loads(get(url)[1])


def start(data: Path, environment: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    with (data.parent / "log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "chassis", "demo"],
            env={**os.environ, **PORTS, "BORGERTING_DATA_DIR": str(data), **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )


@contextmanager
def demonstration(data: Path, environment: Mapping[str, str] | None = None) -> Iterator[list[str]]:
    """The lines that it prints, the front page and a link for each role; ended by SIGTERM, exit code 0."""
    process = start(data, environment)
    assert process.stdout is not None
    try:
        yield [process.stdout.readline().strip() for _ in range(1 + len(ROLES))]
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def hold_the_story(front: str) -> None:
    """What anyone sees of it, from the lottery to the volunteers."""
    status, page = get(front)
    assert status == 200
    assert "Havnsted Kommune" in page
    assert "Egebæk Kommune" in page

    sortition = f"{front}sortition/api/v1/municipalities"
    drawn = get_json(f"{sortition}/havnsted/publishedDraws")["publishedDraws"]
    (draw,) = (each for each in drawn if each["poolSize"] == 240)
    assert (draw["size"], draw["panels"], draw["state"], draw["mode"]) == (36, 1000, "PUBLISHED", "PUBLIC")
    assert len(draw["outcome"]) == 36
    assert len({value["feature"] for value in draw["values"]}) == 5
    assert len(drawn) == 2
    (waiting,) = get_json(f"{sortition}/egebaek/publishedDraws")["publishedDraws"]
    assert waiting["state"] == "COMMITTED"

    deliberation = f"{front}deliberation/api/v1"
    (assembly,) = get_json(f"{deliberation}/municipalities/havnsted/assemblies")["assemblies"]
    assert (assembly["state"], assembly["members"]) == ("HANDED_OVER", 36)
    report = get_json(f"{deliberation}/{assembly['name']}/report")
    initiatives = [each for part in report["recommendations"] for each in part["initiatives"]]
    assert (len(report["recommendations"]), len(initiatives)) == (5, 24)
    percents = Counter(
        round(100 * each["support"]["for"] / (each["support"]["for"] + each["support"].get("against", 0)))
        for each in initiatives
    )
    # The reference case's figures, each more than 70 %.
    assert percents == {100: 1, 96: 8, 92: 7, 87: 2, 83: 2, 80: 1, 75: 1, 71: 2}
    status, page = get(f"{front}deliberation/havnsted/{assembly['name'].split('/', 2)[2]}/report")
    assert (status, page.count('class="support-share"')) == (200, 24)

    promises = get_json(f"{front}followup/api/v1/municipalities/havnsted/promises?pageSize=100")["promises"]
    first = Counter(each["checkpoints"][0]["state"] for each in promises)
    assert first == {"ANSWERED_IN_TIME": 14, "ANSWERED_LATE": 4, "OVERDUE": 5, "OPEN": 1}
    (extended,) = (each for each in promises if each["checkpoints"][0].get("extensions"))
    assert extended["checkpoints"][0]["state"] == "OPEN"
    assert sum(bool(each.get("volunteersWanted")) for each in promises) == 4
    # Nobody published the silence; it stands there.
    (silent, *_) = (each for each in promises if each["checkpoints"][0]["state"] == "OVERDUE")
    assert "Intet svar" in get(f"{front}followup/havnsted/promises/{silent['name'].rsplit('/', 1)[1]}")[1]

    tasks = get_json(f"{front}volunteer/api/v1/municipalities/havnsted/tasks")["tasks"]
    assert len(tasks) == 4
    assert sum(bool(each.get("promise")) for each in tasks) == 3
    assert sum(each.get("waiting", 0) for each in tasks) == 2
    for path in ("deliberation/havnsted", "followup/havnsted", "volunteer/havnsted", "sortition/havnsted"):
        assert get(f"{front}{path}")[0] == 200, path


def test_a_newcomer_sees_the_whole_story_and_a_second_start_loads_nothing(data: Path) -> None:
    with demonstration(data) as (front, *links):
        for line, role in zip(links, ROLES, strict=True):
            assert line.startswith(f"{role}: {front}deliberation/sign-in/")
            assert get(line.removeprefix(f"{role}: "))[0] == 200
        hold_the_story(front)

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
